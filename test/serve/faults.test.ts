/** What is our fault is never a reward: each format has its own word for it, and the load that brings it about is refused. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { emptyOutcome } from '../../src/core/outcome.ts';
import { failureKindOf } from '../../src/serve/formats/nemo-gym.ts';
import type { RewardServer, RewardServerOptions } from '../../src/serve/open-server.ts';
import { NoRoom, Sessions } from '../../src/serve/sessions.ts';
import { endOf, get, openServer, post, problems, question, right } from './open.ts';

type Verify = RewardServerOptions['verify'];

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
});
async function open(change: Partial<RewardServerOptions>): Promise<RewardServer> {
  const opened = await openServer(change);
  toClose.push(opened.close);
  return opened.server;
}

/** An outcome as the verifier gives it when a machine and not a program failed. */
const faulty =
  (type: string): Verify =>
  async () => ({
    outcome: emptyOutcome('infra_error', { dialect: 'highs-js', backend: 'highs', error: { type, message: 'of ours', line: null } }),
    reward: { value: null, parts: {}, correct: null, identical: null, flags: [] },
  });
const never: Verify = () => new Promise(() => {});

const row = { responses_create_params: { input: question }, response: { output: [{ type: 'message', content: right }] } };

/** Every way to ask for the reward of one completion, and the numbers in the answer that a trainer would take for it. */
async function everyRoute(server: RewardServer): Promise<Record<string, unknown>> {
  const sse = async (): Promise<unknown> => {
    const headers = { 'x-session-id': `s${Math.random()}` };
    await post(server, '/create', { split: 'train', index: 1 }, headers);
    return endOf((await post(server, '/evom/call', { name: 'submit_program', input: { completion: right } }, headers)).body);
  };
  const socket = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
      ws.on('error', reject);
      ws.on('open', () => ws.send('{"type":"reset","data":{"problem_id":"lp"}}'));
      let heard = 0;
      ws.on('message', (data) => {
        heard += 1;
        if (heard === 1) return ws.send(JSON.stringify({ type: 'step', data: { completion: right } }));
        ws.close();
        resolve(JSON.parse(String(data)));
      });
    });
  const [score, verify, step, openrlhf, slime, details, ors, openenv] = await Promise.all([
    post(server, '/v1/score', { problem: 'lp', completions: [right] }),
    post(server, '/verify', row),
    post(server, '/step', { action: { completion: right, problem_id: 'lp' } }),
    post(server, '/get_reward', { query: [question + right], prompts: [question], labels: [''] }),
    post(server, '/rm', { prompt: question, response: right, label: '' }),
    post(server, '/rm_details', { prompt: question, response: right, label: '' }),
    sse(),
    socket(),
  ]);
  return { score, verify, step, openrlhf, slime, details, ors, openenv };
}

describe('a fault of ours', () => {
  it.each(['Killed', 'LicenceRefused', 'NotResolved', 'HostUnavailable'])('%s is said in the words of each format', async (type) => {
    const server = await open({ verify: faulty(type) });
    const reason = new RegExp(`unscorable \\(${type}\\): of ours`);
    expect(await everyRoute(server)).toMatchObject({
      score: { status: 200, body: { rewards: [null], outcomes: [{ unscorable: { kind: type } }] } },
      verify: { status: 200, body: { mask_sample: true, failure_kind: failureKindOf({ kind: type }), failure_reason: `${type}: of ours` } },
      step: { status: 503, body: { error: expect.stringMatching(reason) } },
      openrlhf: { status: 503 },
      slime: { status: 503 },
      details: { status: 503 },
      ors: { ok: false, error: expect.stringMatching(reason) },
      openenv: { type: 'error', data: { code: 'EXECUTION_ERROR', message: expect.stringMatching(reason) } },
    });
    expect(server.health()).toMatchObject({ scored: 0, unscorable: { [type]: 8 }, zeroed: 0 });
  });

  it('of the verifier itself is one too', async () => {
    const server = await open({
      verify: () => {
        throw new TypeError('x is undefined');
      },
    });
    const { body } = await post(server, '/v1/score', { problem: 'lp', completions: [right] });
    expect(body).toMatchObject({ rewards: [null], outcomes: [{ unscorable: { kind: 'VerifierFault', message: 'x is undefined' } }] });
  });

  it('is a counted 0 where the user says so, and only for clients that know numbers alone', async () => {
    const server = await open({ verify: faulty('Killed'), unscorable: 'zero' });
    expect(await everyRoute(server)).toMatchObject({
      score: { body: { rewards: [null] } },
      openrlhf: { status: 200, body: { rewards: [0], extra_logs: { unscorable: [1] } } },
      slime: { status: 200, body: 0 },
      details: { body: { score: 0, unscorable: 1, kind: 'Killed' } },
      ors: { ok: false },
    });
    expect((await get(server, '/v1/health')).body).toMatchObject({ zeroed: 3, unscorable_policy: 'zero', unscorable: { Killed: 8 } });
  });

  it('is held until there is a reward where the user says so', async () => {
    let tries = 0;
    const held = await openServer();
    toClose.push(held.close);
    const server = await open({
      unscorable: 'hold',
      verify: (item) => {
        tries += 1;
        return tries < 3 ? faulty('Killed')(item) : held.verification.verify(item);
      },
    });
    expect((await post(server, '/rm', { prompt: question, response: right, label: '' })).body).toBe(1.1);
    expect(tries).toBe(3);
    // What no second try can help is not held.
    expect((await post(server, '/rm', { prompt: problems[2]?.question, response: right, label: '' })).status).toBe(503);
  });

  it('leaves an episode open, so that the same completion can be sent again', async () => {
    let isDown = true;
    const held = await openServer();
    toClose.push(held.close);
    const server = await open({ verify: (item) => (isDown ? faulty('Killed')(item) : held.verification.verify(item)) });
    const headers = { 'x-session-id': 'again' };
    await post(server, '/create', { split: 'train', index: 1 }, headers);
    const call = async () => endOf((await post(server, '/call', { name: 'submit_program', input: { completion: right } }, headers)).body);
    expect(await call()).toMatchObject({ ok: false });
    isDown = false;
    expect(await call()).toMatchObject({ ok: true, output: { reward: 1.1 } });
  });
});

describe('the deadline', () => {
  it('counts the waiting, and is no reward', async () => {
    const server = await open({ verify: never, atOnce: 1, deadlineMs: 300 });
    const { body } = await post(server, '/v1/score', { problem: 'lp', completions: [right, right, right] });
    expect(body.rewards).toEqual([null, null, null]);
    expect(body.outcomes.map((one: { unscorable: { kind: string } }) => one.unscorable.kind)).toEqual(['Deadline', 'Deadline', 'Deadline']);
    expect(server.health()).toMatchObject({ waiting: 0, unscorable: { Deadline: 3 } });
  });

  it('is not waited for by a client that has left', async () => {
    const server = await open({ verify: never, atOnce: 1 });
    const leave = new AbortController();
    const body = JSON.stringify({ problem: 'lp', completions: [right, right] });
    const sent = fetch(`${server.url}/v1/score`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      signal: leave.signal,
    });
    await expect.poll(() => server.health().waiting).toBe(1);
    leave.abort();
    await expect(sent).rejects.toThrow();
    await expect.poll(() => server.health()).toMatchObject({ waiting: 0, unscorable: { Gone: 2 } });
  });
});

describe('too much', () => {
  it('is refused whole with 503 before anything of it is begun', async () => {
    const server = await open({ verify: never, atOnce: 1, maxWaiting: 3 });
    void post(server, '/v1/score', { problem: 'lp', completions: [right] }).catch(() => {});
    void post(server, '/v1/score', { problem: 'lp', completions: [right] }).catch(() => {});
    await expect.poll(() => server.health()).toMatchObject({ running: 1, waiting: 1 });
    const { status, body } = await post(server, '/v1/score', { problem: 'lp', completions: [right, right, right] });
    expect([status, body.error]).toEqual([503, expect.stringContaining('try again')]);
    expect(server.health()).toMatchObject({ running: 1, waiting: 1, refused: 3 });
    const streamed = await post(server, '/v1/score', { problem: 'lp', completions: [right, right, right], stream: true });
    expect(streamed.status).toBe(503);
  });

  it('of episodes is refused, in the words of each format', async () => {
    const server = await open({ maxSessions: 1 });
    const task = { split: 'train', index: 0 };
    expect((await post(server, '/create', task, { 'x-session-id': 'a' })).status).toBe(200);
    expect((await post(server, '/create', task, { 'x-session-id': 'b' })).status).toBe(503);
    const seed = { resources_session_id: 'c', episode_id: 'e', task_id: 'lp', task_data: {} };
    expect((await post(server, '/seed_session', seed)).status).toBe(503);
    expect((await everyRoute(server)).openenv).toMatchObject({ type: 'error' });
    await post(server, '/delete', undefined, { 'x-session-id': 'a' });
    expect((await post(server, '/seed_session', seed)).status).toBe(200);
  });
});

describe('Sessions', () => {
  const problem = problems[0] as (typeof problems)[0];
  it('drops the idle ones and keeps those that are asked about', () => {
    let ms = 0;
    const sessions = new Sessions({ maxSessions: 5000, idleMs: 1000, now: () => ms });
    for (let i = 0; i < 5000; i++) sessions.open(problem, `s${i}`);
    expect(() => sessions.open(problem)).toThrow(NoRoom);
    ms = 900;
    for (let i = 0; i < 10; i++) sessions.find(`s${i}`);
    ms = 1500;
    sessions.reap();
    expect(sessions.counts()).toEqual({ open: 10, reaped: 4990 });
    sessions.stop();
  });
  it('counts an id once, whatever is done to it', () => {
    const sessions = new Sessions({ maxSessions: 2, idleMs: 1000 });
    sessions.open(problem, 'a');
    sessions.open(problem, 'a');
    expect(sessions.counts().open).toBe(1);
    sessions.close('a', { isFinal: true });
    sessions.close('a', { isFinal: true });
    sessions.close('b');
    expect(sessions.counts().open).toBe(0);
    expect([sessions.isClosed('a'), sessions.isClosed('b'), sessions.find('a')]).toEqual([true, false, null]);
    sessions.stop();
  });
});

describe('who may ask', () => {
  /** A request with headers that `fetch` does not let through. */
  const raw = (server: RewardServer, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const sent = httpRequest({ hostname, port, path, method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const upgrade = (server: RewardServer, headers: Readonly<Record<string, string>>, path = '/ws'): Promise<number | 'open'> =>
    new Promise((resolve) => {
      const ws = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, { headers });
      ws.on('open', () => {
        ws.close();
        resolve('open');
      });
      ws.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? 0));
      ws.on('error', () => {});
    });
  const json = { 'content-type': 'application/json' };
  const body = JSON.stringify({ problem: 'lp', completions: [] });

  it('is no web page', async () => {
    const server = await open({});
    for (const path of ['/v1/score', '/rm', '/verify', '/step', '/get_reward', '/run_code', '/evom/call']) {
      expect(await raw(server, path, { ...json, origin: 'https://example.org' }, body)).toBe(403);
      expect(await raw(server, path, { ...json, host: 'evil.example' }, body)).toBe(403);
      expect(await raw(server, path, { 'content-type': 'text/plain' }, body)).toBe(415);
    }
    for (const path of ['/v1/health', '/health', '/v1/problems']) expect(await raw(server, path, { origin: 'null' })).toBe(403);
    expect(await upgrade(server, { origin: 'https://example.org' })).toBe(403);
    expect(await upgrade(server, { host: 'evil.example' })).toBe(403);
    expect(await upgrade(server, {}, '/other')).toBe(404);
    expect(await upgrade(server, {})).toBe('open');
  });

  it('knows the token, but for health', async () => {
    const server = await open({ token: 'secret' });
    for (const path of ['/v1/health', '/health', '/v1/ping']) expect(await raw(server, path, {})).toBe(200);
    for (const path of ['/v1/problems', '/metadata', '/evom/splits', '/nothing']) expect(await raw(server, path, {})).toBe(401);
    for (const headers of [{ authorization: 'Bearer secret' }, { 'x-api-key': 'secret' }]) {
      expect(await raw(server, '/v1/score', { ...json, ...headers }, body)).toBe(200);
      expect(await upgrade(server, headers)).toBe('open');
    }
    expect(await raw(server, '/v1/score', { ...json, authorization: 'Bearer wrong' }, body)).toBe(401);
    expect(await upgrade(server, { 'x-api-key': 'wrong' })).toBe(401);
  });

  it('sends its request in time and in size', async () => {
    const server = await open({ sendingMs: 300 });
    const { hostname, port } = new URL(server.url);
    const slow = connect(Number(port), hostname);
    slow.write('POST /v1/score HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    const said = await new Promise<string>((resolve) => slow.on('data', (data) => resolve(String(data))));
    expect(said).toMatch(/^HTTP\/1\.1 408/);
    slow.destroy();
    const large = JSON.stringify({ problem: 'lp', completions: ['x'.repeat(33 * 1024 * 1024)] });
    const patient = await open({});
    expect((await post(patient, '/v1/score', JSON.parse(large))).status).toBe(413);
    expect((await get(patient, '/v1/health')).status).toBe(200);
  });

  it('loses nothing with 64 clients at once', async () => {
    const server = await open({ maxSessions: 1000 });
    const clients = Array.from({ length: 64 }, async (_, i) => {
      const text = right.replace('const h', `// client ${i}\nconst h`);
      const rewards = [];
      for (let k = 0; k < 4; k++) rewards.push((await post(server, '/rm', { prompt: question, response: text, label: '' })).body);
      return rewards;
    });
    expect(new Set((await Promise.all(clients)).flat())).toEqual(new Set([1.1]));
    expect(server.health()).toMatchObject({ scored: 256, unscorable: {}, running: 0, waiting: 0 });
  });
});
