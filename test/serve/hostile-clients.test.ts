/** Clients that send rubbish, leave, never read or ask too much: each is refused in words, and none costs another its reward. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Problem } from '../../src/core/problem.ts';
import { forEachAtOnce } from '../../src/lib/in-order.ts';
import type { RewardServer, RewardServerOptions } from '../../src/serve/open-server.ts';
import { get, openServer, post, question, right } from './open.ts';

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
});
async function open(change: Partial<RewardServerOptions> = {}): Promise<RewardServer> {
  const opened = await openServer(change);
  toClose.push(opened.close);
  return opened.server;
}

/** What everybody else still gets. */
async function servesOthers(server: RewardServer): Promise<void> {
  expect((await post(server, '/rm', { prompt: question, response: right, label: '' })).body).toBe(1.1);
}

/** Bytes as they are, on a connection of their own; what was answered until the server closed it, or a second passed. */
function raw({ url }: RewardServer, bytes: string | Buffer, { waitMs = 1000 } = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let said = '';
    const done = (): void => {
      socket.destroy();
      resolve(said);
    };
    setTimeout(done, waitMs);
    socket.on('data', (data) => {
      said += String(data);
    });
    socket.on('close', done);
    socket.on('error', () => {});
    socket.write(bytes);
  });
}

const routes = [
  '/v1/score',
  '/step',
  '/reset',
  '/mcp',
  '/seed_session',
  '/verify',
  '/close_session',
  '/create_session',
  '/create',
  '/call',
];
const others = ['/ping', '/delete', '/get_reward', '/rm', '/rm_details', '/run_code', '/tasks', '/num_tasks', '/task', '/task_range'];
const keys = [
  'problem',
  'question',
  'answer',
  'completions',
  'truncated',
  'stream',
  'said',
  'action',
  'completion',
  'problem_id',
  'run_only',
];
const moreKeys = ['split', 'index', 'seed', 'task_spec', 'id', 'name', 'input', 'response', 'output', 'content', 'type', 'label', 'prompt'];
const rareKeys = [
  'query',
  'prompts',
  'labels',
  'resources_session_id',
  'task_data',
  'verifier_metadata',
  'responses_create_params',
  '__proto__',
];

describe('a body that is no request', () => {
  it('is refused in words by every route', async () => {
    const server = await open();
    const bodies = ['{', '{"completions":', 'null', '[]', '"x"', '7', '\u0000', '{"a":1}{', '\ufeff', '{"a":\ud800}'];
    for (const path of [...routes, ...others]) {
      for (const body of bodies) {
        const response = await fetch(`${server.url}${path}`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'x-session-id': 'a' },
        });
        expect([path, body, response.status]).toEqual([path, body, expect.toBeOneOf([400, 422])]);
        expect(JSON.parse(await response.text())).toEqual({ error: expect.any(String) });
      }
    }
    await servesOthers(server);
  });

  it('of any values under the names that routes know is never a fault of ours', async () => {
    const server = await open();
    const key = fc.constantFrom(...keys, ...moreKeys, ...rareKeys);
    const some = fc.constantFrom<unknown>(
      'lp',
      'evom:lp',
      question,
      'submit_program',
      'train',
      'message',
      'user',
      -1,
      0,
      1e308,
      null,
      true,
      '',
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        some,
        fc.string(),
        fc.double(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }));
    const property = fc.asyncProperty(
      fc.constantFrom(...routes, ...others),
      fc.dictionary(key, value, { maxKeys: 5 }),
      async (path, body) => {
        const { status, body: said } = await post(server, path, body, { 'x-session-id': 'a' });
        // 503 is what a problem without an answer is for a client that knows numbers alone.
        if (status >= 500)
          expect([path, body, status, said]).toEqual([path, body, 503, { error: expect.stringMatching(/^unscorable|open/) }]);
      },
    );
    await fc.assert(property, { numRuns: 500 });
    await servesOthers(server);
  });

  it('nested a hundred thousand times is refused, or comes back', async () => {
    const server = await open();
    const deep = `${'['.repeat(1e5)}${']'.repeat(1e5)}`;
    for (const path of [...routes, ...others]) {
      const body = `{"problem":"lp","completions":["no"],"verifier_metadata":{"problem":"lp"},"response":{"output":[]},"x":${deep},"id":${deep}}`;
      const response = await fetch(`${server.url}${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'x-session-id': 'a' },
      });
      expect((await response.text()).length, path).toBeGreaterThan(0);
    }
    await servesOthers(server);
  });

  it('and bytes that are no HTTP end their own connection alone', async () => {
    const server = await open();
    const head = 'POST /rm HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';
    const sent = [
      '\u0000\u0001\u0002\r\n\r\n',
      'GET\r\n\r\n',
      'GET http://[ HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
      'GET // HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
      'GET /%00%ff HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n',
      'GET /v1/health HTTP/1.0\r\n\r\n',
      `GET /v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(1e5)}\r\n\r\n`,
      `${head}content-length: -1\r\n\r\n{}`,
      `${head}content-length: 5\r\ncontent-length: 6\r\n\r\n{}`,
      `${head}transfer-encoding: chunked\r\n\r\nzzz\r\n{}`,
      `${head}transfer-encoding: chunked\r\n\r\nffffffffff\r\n{}`,
      `${head}expect: 200-ok\r\ncontent-length: 2\r\n\r\n{}`,
      'GET /ws HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
      'GET /v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
      'GET /v1/ping HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'.repeat(300),
    ];
    const said = await Promise.all(sent.map((bytes) => raw(server, bytes)));
    expect(said.filter((text) => text !== '' && !text.startsWith('HTTP/1.1 '))).toEqual([]);
    expect(said.filter((text) => text.startsWith('HTTP/1.1 5'))).toEqual([]);
    await servesOthers(server);
  });
});

describe('a client that leaves', () => {
  it('takes its episode with it, whatever messages of it still wait', async () => {
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const held = await openServer();
    toClose.push(held.close);
    const server = await open({
      verify: async (item) => {
        await gate;
        return held.verification.verify(item);
      },
    });
    for (let i = 0; i < 5; i++) {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
      await new Promise((resolve) => socket.on('open', resolve));
      const reset = JSON.stringify({ type: 'reset', data: { problem_id: 'lp' } });
      for (const message of [reset, JSON.stringify({ type: 'step', data: { completion: `${right}\n${i}` } }), reset, reset])
        socket.send(message);
      await expect.poll(() => server.health().sessions).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.terminate();
    }
    go();
    await expect.poll(() => server.health()).toMatchObject({ sessions: 0, running: 0, waiting: 0 });
    // What waited behind the step is heard by nobody, and opens nothing.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.health().sessions).toBe(0);
  });

  it('a thousand times costs nobody a place', async () => {
    const server = await open({ maxSessions: 1000 });
    const drop = async (): Promise<void> => {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
      await new Promise((resolve, reject) => {
        socket.on('error', reject);
        socket.on('open', () => socket.send('{"type":"reset","data":{}}'));
        socket.on('message', resolve);
      });
      socket.terminate();
    };
    await forEachAtOnce(Array.from({ length: 1000 }), drop, 50);
    await expect.poll(() => server.health().sessions).toBe(0);
    const create = async (): Promise<void> => {
      const headers = { 'x-session-id': randomUUID() };
      expect((await post(server, '/create', { split: 'train', index: 0 }, headers)).status).toBe(200);
    };
    await forEachAtOnce(Array.from({ length: 1000 }), create, 50);
    expect(server.health().sessions).toBe(1000);
    expect((await post(server, '/create', { split: 'train', index: 0 }, { 'x-session-id': 'more' })).status).toBe(503);
    await servesOthers(server);
  });

  it('in the middle of a batch leaves the others theirs', async () => {
    const server = await open();
    const body = JSON.stringify({ problem: 'lp', completions: Array.from({ length: 20 }, (_, i) => `${right}\n${i}`), stream: true });
    const head = `POST /v1/score HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const leaving = Array.from({ length: 20 }, (_, i) =>
      raw(server, head + body.slice(0, i % 2 === 0 ? undefined : -5), { waitMs: 5 * i }),
    );
    const staying = Array.from({ length: 10 }, () => servesOthers(server));
    await Promise.all([...leaving, ...staying]);
    await expect.poll(() => server.health(), { timeout: 60_000 }).toMatchObject({ running: 0, waiting: 0 });
  });
});

describe('a client that does not read', () => {
  it('is left when as much waits for it as one message may hold', async () => {
    const server = await open();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`);
    await new Promise((resolve) => socket.on('open', resolve));
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.pause();
    const large = JSON.stringify({ type: 'mcp', data: { jsonrpc: '2.0', method: 'x', id: 'x'.repeat(4 * 1024 * 1024) } });
    for (let i = 0; i < 60 && socket.readyState === WebSocket.OPEN; i++) {
      await new Promise<void>((resolve) => socket.send(large, () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    socket.resume();
    expect(await closed).not.toBe(1000);
    await servesOthers(server);
  }, 60_000);

  it('an answer is left as one that does not send its request', async () => {
    const long: Problem[] = Array.from({ length: 40 }, (_, i) => ({
      id: `long${i}`,
      question: `${i} ${'word '.repeat(200_000)}`,
      answer: i,
      source: 'test',
      split: 'train',
    }));
    const server = await open({ sets: [{ name: 'long', problems: long }], sendingMs: 400 });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.write('GET /v1/problems HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    let bytes = 0;
    socket.on('data', (data) => {
      bytes += data.length;
    });
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume();
    await closed;
    expect(bytes).toBeLessThan(40_000_000);
  }, 60_000);
});

describe('too much at once', () => {
  it('is refused whole by OpenRLHF too, before anything of it is begun', async () => {
    const server = await open({ verify: () => new Promise(() => {}), atOnce: 1, maxWaiting: 3 });
    const sent = (n: number) => ({ query: Array(n).fill(question + right), prompts: Array(n).fill(question), labels: Array(n).fill('') });
    void post(server, '/get_reward', sent(3)).catch(() => {});
    await expect.poll(() => server.health()).toMatchObject({ running: 1, waiting: 2 });
    expect((await post(server, '/get_reward', sent(2))).status).toBe(503);
    expect(server.health()).toMatchObject({ running: 1, waiting: 2, refused: 2 });
  });

  it('is said to be too much where it never fits', async () => {
    const server = await open({ maxWaiting: 3 });
    const { status, body } = await post(server, '/v1/score', { problem: 'lp', completions: Array(4).fill(right) });
    expect([status, body.error]).toEqual([
      413,
      '4 completions at once; at most 3 may wait: send fewer, or start the server with a larger --max-waiting',
    ]);
  });

  it('text in one completion is refused', async () => {
    const server = await open();
    const { status, body } = await post(server, '/rm', { prompt: question, response: '`'.repeat(2_000_001), label: '' });
    expect([status, body.error]).toEqual([413, expect.stringContaining('2000000')]);
    expect((await get(server, '/v1/health')).status).toBe(200);
  });
});
