import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';
import { outcomeToJson } from '../../src/core/outcome-json.ts';
import type { Program } from '../../src/core/program.ts';
import type { Service } from '../../src/lib/http-server.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import { createRemoteVerifier } from '../../src/solver-host/remote-verifier.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { routeByDialect } from '../../src/solver-host/verifier-router.ts';
import type { ExecuteRequest } from '../../src/solver-host/wire.ts';
import { createVerifier } from '../../src/verify/verifier.ts';
import { skipReason, startHost } from './environment.ts';

/** max x with x <= k: the optimum is k. */
const program = (k: number) => ({
  dialect: 'highspy',
  code: `import highspy\nh = highspy.Highs()\nx = h.addVariable(ub=${k})\ny = h.addVariable()\nh.addConstr(y <= 1)\nh.maximize(x)`,
});

type Execute = (destroy: () => void, request: IncomingMessage, response: ServerResponse) => unknown;

/** Answers each program of a request with an outcome. */
const answering =
  (outcome: (program: Program) => Outcome): Execute =>
  async (_, request, response) => {
    const { programs } = JSON.parse(await textOf(request)) as ExecuteRequest;
    for (const [index, one] of programs.entries()) response.write(`${JSON.stringify({ index, outcome: outcomeToJson(outcome(one)) })}\n`);
    response.end();
  };
const about = { dialect: 'highspy', backend: 'highspy' };
const faulty = (type: string): Outcome => emptyOutcome('infra_error', { ...about, error: { type, message: 'ours', line: null } });

const health = JSON.stringify({
  service: 'evom-solver-host',
  version: 'test',
  dialects: [
    {
      dialect: 'highspy',
      state: 'ready',
      message: null,
      backend: 'highspy',
      library: 'L 1',
      solver: 'S 1',
      licence: '',
      concurrency: 2,
    },
  ],
});

/** A host that is well and whose `/v1/execute` does as told. */
async function troubledHost(execute: Execute): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    if (request.url !== '/v1/health') return execute(() => request.destroy(), request, response);
    response.end(health);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('a remote verifier', () => {
  it('refuses to begin without a host that answers, serves the dialect and runs what the others run', async () => {
    await expect(createRemoteVerifier({ hosts: [], dialects: ['highspy'] })).rejects.toThrow(/no solver host is named/);
    await expect(createRemoteVerifier({ hosts: ['http://127.0.0.1:9'], dialects: ['highspy'] })).rejects.toThrow(
      /no solver host answers at http:\/\/127\.0\.0\.1:9; start one with "evom solver-host --dialects highspy"/,
    );
    const { url, server } = await troubledHost(() => undefined);
    await expect(createRemoteVerifier({ hosts: [url], dialects: ['coptpy'] })).rejects.toThrow(/no solver host serves coptpy/);
    server.close();
  });

  it('gives a program that every host breaks off under up as a fault of ours, after five tries', async () => {
    const { url, server } = await troubledHost((destroy) => destroy());
    const verifier = await createRemoteVerifier({ hosts: [url], dialects: ['highspy'], deadlineMs: 60_000 });
    const outcome = await verifier.verify(program(1));
    expect(outcome).toMatchObject({
      status: 'infra_error',
      error: { type: 'HostUnavailable', message: expect.stringContaining('5 times') },
    });
    expect(verifier.stats()).toMatchObject({ infraErrors: 1, requeued: 4 });
    await verifier.close();
    server.close();
  });

  it('runs a program that a host starved on another, and on the same one not again', async () => {
    let asked = 0;
    const starve = answering(() => {
      asked += 1;
      return faulty('Starved');
    });
    const hosts = await Promise.all([troubledHost(starve), troubledHost(starve), troubledHost(starve)]);
    const alone = await createRemoteVerifier({ hosts: [hosts[0]?.url as string], dialects: ['highspy'] });
    expect(await alone.verify(program(1))).toMatchObject({ status: 'infra_error', error: { type: 'Starved' } });
    expect(asked).toBe(1);
    await alone.close();
    asked = 0;
    const among = await createRemoteVerifier({ hosts: hosts.map(({ url }) => url), dialects: ['highspy'] });
    expect(await among.verify(program(2))).toMatchObject({ status: 'infra_error', error: { type: 'Starved' } });
    expect(asked).toBe(2);
    await among.close();
    for (const { server } of hosts) server.close();
  });

  it('runs a program whose package one host lacks on a host that has it', async () => {
    const lacking = await troubledHost(answering(() => faulty('MissingLibrary')));
    const complete = await troubledHost(answering(() => emptyOutcome('no_solve', about)));
    const verifier = await createRemoteVerifier({ hosts: [lacking.url, complete.url], dialects: ['highspy'] });
    expect(await verifier.verify(program(1))).toMatchObject({ status: 'no_solve' });
    await verifier.close();
    const alone = await createRemoteVerifier({ hosts: [lacking.url], dialects: ['highspy'] });
    expect(await alone.verify(program(1))).toMatchObject({ error: { type: 'MissingLibrary' } });
    await alone.close();
    for (const { server } of [lacking, complete]) server.close();
  });

  it('ends every program with the reason when its host begins to refuse in the middle', async () => {
    let requests = 0;
    const { url, server } = await troubledHost((destroy, request, response) => {
      requests += 1;
      if (requests === 1) return answering(() => emptyOutcome('no_solve', about))(destroy, request, response);
      request.resume();
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"error": "not any more"}');
    });
    const verifier = await createRemoteVerifier({ hosts: [url], dialects: ['highspy'], batchSize: 4 });
    const settled = await Promise.allSettled(Array.from({ length: 40 }, (_, k) => verifier.verify(program(k))));
    // What was answered before stands.
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    for (const one of settled.slice(4))
      expect((one as PromiseRejectedResult).reason).toMatchObject({
        code: 'E_CONFIG',
        message: expect.stringMatching(/refuses the request: .* answered 403: .*not any more/),
      });
    expect(requests).toBeLessThan(5);
    await expect(verifier.verify(program(99))).rejects.toThrow(/403/);
    await verifier.close();
    server.close();
  });

  it('leaves a host that is too busy alone for as long as it asks, and takes another meanwhile', async () => {
    const askedAt: number[] = [];
    const busy = await troubledHost((destroy, request, response) => {
      askedAt.push(performance.now());
      if (askedAt.length > 1) return answering(() => emptyOutcome('no_solve', about))(destroy, request, response);
      request.resume();
      response.writeHead(503, { 'retry-after': '1' });
      response.end('{"error": "its queue is full"}');
    });
    const verifier = await createRemoteVerifier({ hosts: [busy.url], dialects: ['highspy'] });
    expect(await verifier.verify(program(1))).toMatchObject({ status: 'no_solve' });
    expect((askedAt[1] as number) - (askedAt[0] as number)).toBeGreaterThan(990);
    await verifier.close();
    for (const status of [408, 429, 500, 503]) {
      const full = await troubledHost((_, request, response) => {
        request.resume();
        response.writeHead(status, { 'retry-after': '60' });
        response.end();
      });
      const free = await troubledHost(answering(() => emptyOutcome('no_solve', about)));
      const among = await createRemoteVerifier({ hosts: [full.url, free.url], dialects: ['highspy'], deadlineMs: 20_000 });
      expect(await among.verify(program(status))).toMatchObject({ status: 'no_solve' });
      await among.close();
      for (const { server } of [full, free]) server.close();
    }
    busy.server.close();
  });

  it('asks a host that came back as something else less and less often', async () => {
    let asked = 0;
    const server = createServer((request, response) => {
      if (request.url !== '/v1/health') return void request.destroy();
      asked += 1;
      response.end(asked === 1 ? health : '{"service": "something else"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const verifier = await createRemoteVerifier({ hosts: [url], dialects: ['highspy'], deadlineMs: 2000 });
    expect(await verifier.verify(program(1))).toMatchObject({ status: 'infra_error' });
    expect(asked).toBeLessThan(8); // after 0.2, 0.4, 0.8 and 1.6 s
    await verifier.close();
    server.close();
  });

  it('takes nothing from a host that lies about its programs', async () => {
    const lies: readonly [string, string][] = [
      ['no JSON', 'this is not JSON\n'],
      ['an index of no program', `${JSON.stringify({ index: 7, outcome: outcomeToJson(emptyOutcome('no_solve', about)) })}\n`],
      ['no outcome', '{"index": 0, "outcome": {"status": "splendid"}}\n'],
      ['nothing', ''],
    ];
    for (const [, text] of lies) {
      const { url, server } = await troubledHost((_, request, response) => {
        request.resume();
        response.end(text);
      });
      const verifier = await createRemoteVerifier({ hosts: [url], dialects: ['highspy'], deadlineMs: 1500 });
      const outcome = await verifier.verify(program(1)).catch((error: unknown) => error);
      expect(outcome).toMatchObject(outcome instanceof Error ? { code: expect.stringMatching(/^E_/) } : { status: 'infra_error' });
      await verifier.close();
      server.close();
    }
  });

  it('warns of no leak when many requests are under way', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    const hosts = await Promise.all(Array.from({ length: 14 }, () => troubledHost((_, request) => request.resume())));
    const verifier = await createRemoteVerifier({
      hosts: hosts.map(({ url }) => url),
      dialects: ['highspy'],
      batchSize: 1,
      deadlineMs: 1000,
      stallMs: 500,
    });
    const outcomes = await Promise.all(Array.from({ length: 28 }, (_, k) => verifier.verify(program(k))));
    expect(outcomes.every(({ status }) => status === 'infra_error')).toBe(true);
    await verifier.close();
    for (const { server } of hosts) {
      server.closeAllConnections();
      server.close();
    }
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('does not wait for a host that never answers beyond the deadline', async () => {
    const { url, server } = await troubledHost(() => undefined);
    const verifier = await createRemoteVerifier({ hosts: [url], dialects: ['highspy'], deadlineMs: 2000, stallMs: 500 });
    expect(await verifier.verify(program(1))).toMatchObject({ status: 'infra_error', error: { type: 'HostUnavailable' } });
    await verifier.close();
    server.closeAllConnections();
    server.close();
  });
});

describe.skipIf(skipReason !== null)('a remote verifier with real hosts', () => {
  const hosts: SolverHost[] = [];
  const services: Service[] = [];
  beforeAll(async () => {
    for (const _ of [1, 2]) {
      const host = await startHost(['highspy']);
      hosts.push(host);
      services.push(await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: 'secret' }));
    }
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.close()));
    await Promise.all(hosts.map((host) => host.close()));
  });
  const connect = (options: object = {}) =>
    createRemoteVerifier({ hosts: services.map(({ url }) => url), dialects: ['highspy'], token: 'secret', ...options });

  it('runs equal programs once and remembers them, on disk too', async () => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), 'evom-outcomes-'));
    const verifier = await connect({ cacheDirectory });
    const outcomes = await Promise.all([3, 3, 3, 4].map((k) => verifier.verify(program(k))));
    expect(outcomes.map(({ objective }) => objective)).toEqual([3, 3, 3, 4]);
    expect(verifier.stats()).toMatchObject({ verified: 4, executed: 2, shared: 2, infraErrors: 0 });
    await verifier.close();
    const again = await connect({ cacheDirectory });
    expect(await again.verify(program(3))).toEqual(outcomes[0]);
    expect(again.stats()).toMatchObject({ executed: 0, cacheHits: 1 });
    await again.close();
    await rm(cacheDirectory, { recursive: true });
  });

  it('does not take an outcome on disk that a host with other limits gave', async () => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), 'evom-outcomes-'));
    const twice = { ...program(5), code: `${program(5).code}\nh.run()` };
    for (const [maxSolves, status] of [
      [8, 'optimal'],
      [1, 'deadline'],
    ] as const) {
      const host = await startHost(['highspy'], { limits: { maxSolves } });
      const service = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null });
      const verifier = await createRemoteVerifier({ hosts: [service.url], dialects: ['highspy'], cacheDirectory });
      expect((await verifier.verify(twice)).status).toBe(status);
      await verifier.close();
      await service.close();
      await host.close();
    }
    await rm(cacheDirectory, { recursive: true });
  });

  it('says so when the token is missing', async () => {
    const verifier = await connect({ token: null });
    await expect(verifier.verify(program(1))).rejects.toThrow(/asks for a token/);
    await verifier.close();
  });

  it('stands beside the sandbox: each program goes to the verifier of its dialect', async () => {
    const router = routeByDialect([await connect(), await createVerifier({ dialects: ['highs-js'], workers: 1 })]);
    const js = 'const h = await require("highs")();\nreport(h.solve(`Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd`).ObjectiveValue);';
    const [python, javascript] = await Promise.all([router.verify(program(7)), router.verify({ dialect: 'highs-js', code: js })]);
    expect([python.objective, python.backend, javascript.objective, javascript.backend]).toEqual([7, 'highspy', 3.5, 'highs']);
    expect(router.stats().verified).toBe(2);
    await expect(router.verify({ dialect: 'gurobipy', code: '' })).rejects.toThrow(/not one of this verifier's/);
    await router.close();
  });

  it('loses nothing when one of two hosts goes away in the middle', async () => {
    const verifier = await connect({ batchSize: 4 });
    let answered = 0;
    const asked = Array.from({ length: 120 }, async (_, k) => {
      const outcome = await verifier.verify(program(100 + k));
      answered += 1;
      if (answered === 30) await services[0]?.close();
      return outcome;
    });
    const outcomes = await Promise.all(asked);
    expect(outcomes.map(({ objective }) => objective)).toEqual(Array.from({ length: 120 }, (_, k) => 100 + k));
    expect(verifier.stats()).toMatchObject({ verified: 120, infraErrors: 0 });
    expect(verifier.stats().requeued).toBeGreaterThan(0);
    await verifier.close();
  });
});
