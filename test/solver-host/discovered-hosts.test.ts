/** Solver hosts whose addresses are looked up: they come, go, break off and differ while programs run. */
import { execFile } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { emptyOutcome } from '../../src/core/outcome.ts';
import { outcomeToJson } from '../../src/core/outcome-json.ts';
import { createRemoteVerifier } from '../../src/solver-host/remote-verifier.ts';
import type { ExecuteRequest } from '../../src/solver-host/wire.ts';
import type { Verifier } from '../../src/verify/verifier.ts';
import { startDns2 } from '../lib/discover/resolvers.ts';
import { environmentDirectory, skipReason } from './environment.ts';

interface About {
  readonly version?: string;
  readonly library?: string;
  readonly limits?: object;
}

/** A host whose programs end when it is told so; unless it is told otherwise, at once. */
class Host {
  readonly #about: About;
  readonly #server: Server;
  url = '';
  /** Programs that it was given. */
  given = 0;
  healthAsked = 0;
  /** Null: outcomes come at once. */
  held: (() => void)[] | null = null;
  /** Breaks off every batch. */
  breaks = false;
  /** Answers every batch so, instead of running it. */
  instead: ((response: ServerResponse) => void) | null = null;
  /** Answers so when its health is asked for. */
  healthText: string | null = null;
  /** What its outcomes say that ran them. */
  solverVersion = 'S 1 (L 1)';

  constructor(about: About = {}) {
    this.#about = about;
    this.#server = createServer(async (request, response) => {
      if (request.url === '/v1/health') {
        this.healthAsked += 1;
        response.end(this.healthText ?? this.#health());
        return;
      }
      const { programs } = JSON.parse(await textOf(request)) as ExecuteRequest;
      if (this.instead !== null) return void this.instead(response);
      this.given += programs.length;
      if (this.breaks) return void request.socket.destroy();
      response.flushHeaders();
      const answer = (): void => this.#answer(programs, response);
      if (this.held === null) answer();
      else this.held.push(answer);
    });
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  release(): void {
    for (const answer of this.held?.splice(0) ?? []) answer();
    this.held = null;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(programs: ExecuteRequest['programs'], response: ServerResponse): void {
    for (const [index, { code }] of programs.entries()) {
      const about = { dialect: 'highspy', backend: 'highspy' };
      const outcome = { ...emptyOutcome('optimal', about), objective: Number(code), solverVersion: this.solverVersion };
      response.write(`${JSON.stringify({ index, outcome: outcomeToJson(outcome) })}\n`);
    }
    response.end();
  }

  #health(): string {
    const { version = '1.0.0', library = 'L 1', limits = { maxSolves: 8 } } = this.#about;
    const dialect = {
      dialect: 'highspy',
      state: 'ready',
      message: null,
      backend: 'highspy',
      library,
      solver: 'S 1',
      licence: '',
      concurrency: 2,
    };
    return JSON.stringify({ service: 'evom-solver-host', version, resolver: 'R 1', limits, dialects: [dialect] });
  }
}

interface Waits {
  readonly waitMs?: number;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-come-and-go-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hosts: Host[] = [];
const verifiers: Verifier[] = [];
afterEach(async () => {
  for (const verifier of verifiers.splice(0)) await verifier.close();
  for (const host of hosts.splice(0)) host.stop();
});
async function start(about: About = {}): Promise<Host> {
  const host = await new Host(about).start();
  hosts.push(host);
  return host;
}
function name(...named: readonly (Host | string)[]): string {
  const path = join(folder, 'hosts.txt');
  writeFileSync(`${path}.new`, named.map((one) => `${typeof one === 'string' ? one : one.url}\n`).join(''));
  renameSync(`${path}.new`, path);
  return `file:${path}`;
}
async function connect(from: string, { waitMs = 20_000, deadlineMs = 60_000, signal }: Waits = {}) {
  const notices: string[] = [];
  const verifier = await createRemoteVerifier({
    hosts: [],
    discover: { from, everyMs: 50, waitMs },
    dialects: ['highspy'],
    onNotice: (text) => notices.push(text),
    batchSize: 2,
    deadlineMs,
    signal,
  });
  verifiers.push(verifier);
  return { verifier, notices };
}
let asked = 0;
const ask = async (verifier: Verifier, count: number): Promise<void> => {
  const codes = Array.from({ length: count }, () => String(++asked));
  const outcomes = await Promise.all(codes.map((code) => verifier.verify({ dialect: 'highspy', code })));
  expect(outcomes.map(({ status, objective }) => [status, objective])).toEqual(codes.map((code) => ['optimal', Number(code)]));
};
const told = async (notices: readonly string[], what: RegExp): Promise<string> => {
  for (;;) {
    const text = notices.find((one) => what.test(one));
    if (text !== undefined) return text;
    await sleep(10);
  }
};

describe('a verifier whose hosts are looked up', () => {
  it('gives work to a host that comes while programs wait', async () => {
    const [first, second] = [await start(), await start()];
    first.held = [];
    const { verifier, notices } = await connect(name(first));
    const all = ask(verifier, 12);
    while (first.given < 4) await sleep(5);
    name(first, second);
    while (second.given < 8) await sleep(5); // all that the first has no room for
    first.release();
    await all;
    expect([first.given, second.given]).toEqual([4, 8]);
    expect(notices).toEqual([`solver host ${second.url} joined`]);
  });

  it('lets a host that leaves end what it is at, and sends what it cannot end elsewhere', async () => {
    const [first, second, third] = [await start(), await start(), await start()];
    first.held = [];
    second.held = [];
    const { verifier, notices } = await connect(name(first, second));
    const all = ask(verifier, 8);
    while (first.given + second.given < 8) await sleep(5);
    name(third);
    await told(notices, new RegExp(`${first.url} left; 4 programs may end there`));
    await told(notices, new RegExp(`${second.url} left`));
    second.stop();
    first.release();
    await all;
    expect([first.given, third.given]).toEqual([4, 4]);
    await ask(verifier, 6);
    expect([first.given, third.given]).toEqual([4, 10]);
  });

  it('does not hold it against a program that the hosts under it are taken away one by one', async () => {
    const { verifier, notices } = await (async () => {
      const first = await start();
      first.held = [];
      return connect(name(first));
    })();
    const one = ask(verifier, 1);
    for (let k = 0; k < 7; k++) {
      const host = hosts.at(-1) as Host;
      while (host.given === 0) await sleep(5);
      const next = await start();
      if (k < 6) next.held = [];
      name(next);
      await told(notices, new RegExp(`${host.url} left`));
      host.stop();
    }
    await one;
    expect(verifier.stats()).toMatchObject({ infraErrors: 0, requeued: 7 });
  });

  it.each([
    ['another library', { library: 'L 2' }, /runs S 1 \(L 2\) and .* runs S 1 \(L 1\); set them up alike/],
    ['another release of evom', { version: '1.1.0' }, /is evom-solver-host 1\.1\.0 and .* is 1\.0\.0; install the same release/],
    ['other limits', { limits: { maxSolves: 9 } }, /has the limits .*9.* and .*8/],
  ] as const)('refuses a host with %s, with both names, at the start and later', async (_, about, why) => {
    const [first, second] = [await start(), await start(about)];
    const { verifier, notices } = await connect(name(first));
    name(first, second);
    const text = await told(notices, why);
    expect([first, second].every(({ url }) => text.includes(url))).toBe(true);
    await ask(verifier, 12);
    expect(second.given).toBe(0);
    expect(notices.filter((one) => one === text)).toHaveLength(1);
    await expect(connect(name(second, first))).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining(first.url) });
  });

  it('takes no outcome of a host that was set up anew at the same address', async () => {
    const [first, second] = [await start(), await start()];
    const { verifier, notices } = await connect(name(first, second));
    second.solverVersion = 'S 1 (L 2)';
    await ask(verifier, 12);
    expect(await told(notices, /refused/)).toMatch(new RegExp(`${second.url} runs S 1 \\(L 2\\) and ${first.url} runs S 1 \\(L 1\\)`));
  });

  const answers = (status: number, text: string) => (response: ServerResponse) => void response.writeHead(status).end(text);
  it.each([
    ['asks for another token', answers(401, '{"error": "send the token"}'), /asks for a token/],
    ['is another program', answers(404, 'no such page'), /answered 404: no such page/],
    ['sends elsewhere', answers(307, ''), /answered 307/],
  ] as const)('goes on without a host that %s, and ends when no other is left', async (_, instead, why) => {
    const [good, bad] = [await start(), await start()];
    bad.instead = instead;
    const { verifier, notices } = await connect(name(good));
    name(good, bad);
    while (bad.healthAsked === 0) await sleep(10);
    await ask(verifier, 24);
    expect(await told(notices, /refused/)).toMatch(why);
    expect(verifier.stats()).toMatchObject({ infraErrors: 0 });
    name(bad);
    await told(notices, new RegExp(`${good.url} left`));
    const alone = verifier.verify({ dialect: 'highspy', code: '1e8' });
    await expect(alone).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringMatching(why) });
  });

  it.each(['nonsense', 'null', '{"index":0,"outcome":{"status":"weird"}}', '{"index":0,"outcome":{"status":"optimal","objective":"x"}}'])(
    'loses nothing by a host that answers %s',
    async (line) => {
      const [good, bad] = [await start(), await start()];
      bad.instead = answers(200, `${line}\n`);
      const { verifier } = await connect(name(good, bad));
      await ask(verifier, 12);
      expect(verifier.stats()).toMatchObject({ infraErrors: 0 });
    },
  );

  it.each([
    'null',
    '{"service":"evom-solver-host"}',
    '{"service":"evom-solver-host","dialects":[null]}',
    '{"service":"evom-solver-host","dialects":[{"concurrency":"x"}]}',
  ])('asks a host again whose health is %s', async (text) => {
    const [good, bad] = [await start(), await start()];
    bad.healthText = text;
    good.held = [];
    const { verifier } = await connect(name(good, bad));
    const all = ask(verifier, 8);
    while (bad.healthAsked < 2) await sleep(10);
    bad.healthText = null;
    while (bad.given < 4) await sleep(10);
    good.release();
    await all;
  });

  it('says which named host does not answer, and why', async () => {
    const [good, elsewhere] = [await start(), await start()];
    elsewhere.healthText = 'a page';
    good.held = [];
    const { verifier, notices } = await connect(name(good, elsewhere, `https${elsewhere.url.slice(4)}`));
    const all = ask(verifier, 5);
    expect(await told(notices, new RegExp(`is not asked: ${elsewhere.url} `))).toMatch(/something else than JSON: a page/);
    expect(await told(notices, /is not asked: https:/)).toMatch(/cannot be reached/);
    good.release();
    await all;
  });

  it('waits as long for hosts that are named and do not answer, or are left out', async () => {
    const host = await start();
    const { verifier } = await connect(name(host), { waitMs: 600 });
    host.held = [];
    const all = Promise.allSettled([1, 2, 3].map((k) => verifier.verify({ dialect: 'highspy', code: `${k}e7` })));
    while (host.given === 0) await sleep(5);
    host.stop();
    for (const one of await all)
      expect((one as PromiseRejectedResult).reason).toMatchObject({
        code: 'E_SANDBOX',
        message: expect.stringMatching(/within 0\.6 s, and programs wait: no solver host answers at http:\/\/127/),
      });
    const [first, other] = [await start(), await start({ library: 'L 2' })];
    const next = await connect(name(first), { waitMs: 600 });
    name(other);
    await told(next.notices, /left/);
    await expect(next.verifier.verify({ dialect: 'highspy', code: '4e7' })).rejects.toThrow(/left out: .* runs S 1 \(L 2\)/);
  });

  it('ends a wait for the first host when it is told to, whatever is waited for', async () => {
    const silent = await start();
    silent.healthText = 'null';
    const nobody = 'dns://nobody.test:1?server=127.0.0.1:9';
    const half = join(folder, 'half.txt');
    writeFileSync(half, 'http://127.0.0.1:86');
    for (const from of [name(), name(silent), nobody, `file:${half}`]) {
      const stop = new AbortController();
      const began = performance.now();
      const waiting = createRemoteVerifier({
        hosts: [],
        discover: { from, everyMs: 60_000, waitMs: 60_000 },
        dialects: ['highspy'],
        signal: stop.signal,
      });
      setTimeout(() => stop.abort(new Error('no more')), 100);
      await expect(waiting).rejects.toThrow('no more');
      expect(performance.now() - began).toBeLessThan(10_000);
    }
  });

  it('waits for a bounded time where no host is named, then ends every program with the reason', async () => {
    const host = await start();
    const { verifier, notices } = await connect(name(host), { waitMs: 400 });
    name();
    await told(notices, /left/);
    const began = performance.now();
    const settled = await Promise.allSettled([1, 2, 3].map((k) => verifier.verify({ dialect: 'highspy', code: `${k}e9` })));
    expect(performance.now() - began).toBeGreaterThan(390);
    for (const one of settled)
      expect((one as PromiseRejectedResult).reason).toMatchObject({
        code: 'E_SANDBOX',
        message: expect.stringMatching(/no solver host from file:.*hosts\.txt within 0\.4 s, and programs wait: it names none; start one/),
      });
    expect(host.given).toBe(0);
    // Whoever goes on asking, as a server of rewards does, has its outcomes once a host is back.
    name(host);
    while (host.given === 0) await verifier.verify({ dialect: 'highspy', code: '4e9' }).catch(() => sleep(50));
    await ask(verifier, 2);
  });

  it('loses nothing when the list is empty for less than that', async () => {
    const host = await start();
    const { verifier, notices } = await connect(name(host));
    name();
    await told(notices, /left/);
    const all = ask(verifier, 3);
    await sleep(200);
    expect(host.given).toBe(0);
    name(host);
    await all;
    await told(notices, /left/);
  });

  it('begins when the first host is named and answers, and says why it cannot', async () => {
    const late = new Host();
    hosts.push(late);
    const port = await (async () => {
      const probe = await new Host().start();
      probe.stop();
      return Number(new URL(probe.url).port);
    })();
    const waiting = connect(name(`http://127.0.0.1:${port}`));
    await sleep(300);
    await late.start(port);
    await ask((await waiting).verifier, 2);
    const short = { waitMs: 300 };
    await expect(connect(name(), short)).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringMatching(/it names none/) });
    await expect(connect(name('http://127.0.0.1:9'), short)).rejects.toThrow(/no solver host answers at http:\/\/127\.0\.0\.1:9/);
    await expect(connect('file:nowhere.txt', short)).rejects.toThrow(/cannot read nowhere\.txt: no such file/);
    await expect(connect(name('http://127.0.0.1:9', 'not this'))).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringMatching(/hosts\.txt:2: "not this" is not an address/),
    });
  });

  it('says after two seconds that it waits for a first host, and why, once', async () => {
    const notices: string[] = [];
    const onNotice = (text: string) => notices.push(text);
    const discover = { from: 'file:nowhere.txt', everyMs: 50, waitMs: 2500 };
    await expect(createRemoteVerifier({ hosts: [], discover, dialects: ['highspy'], onNotice })).rejects.toThrow(/within 2\.5 s/);
    const waits = notices.filter((text) => text.startsWith('waiting'));
    expect(waits).toEqual([
      'waiting up to 2.5 s for a solver host from file:nowhere.txt: cannot read nowhere.txt: no such file; check the path',
    ]);
  });

  it('asks a host that is well and breaks off everything less and less often', async () => {
    const [good, bad] = [await start(), await start()];
    bad.breaks = true;
    good.held = [];
    const { verifier } = await connect(name(good, bad));
    const all = ask(verifier, 10);
    const began = performance.now();
    while (performance.now() - began < 3000) await sleep(50);
    expect(bad.healthAsked).toBeLessThan(8); // after 0.2, 0.4, 0.8 and 1.6 s; once a pause of 0.2 s it would be fifteen times
    name(good);
    good.release();
    await all;
  });

  it('follows a resolver', async () => {
    const resolver = await startDns2();
    const [first, second] = [await start(), await start()];
    const service = (...all: Host[]) =>
      resolver.set({
        hosts: { 'here.test': ['127.0.0.1'] },
        services: { '_evom._tcp.test': all.map(({ url }) => ({ target: 'here.test', port: Number(new URL(url).port) })) },
      });
    await service(first);
    first.held = [];
    const { verifier } = await connect(`dns://_evom._tcp.test?server=${resolver.server}`);
    const all = ask(verifier, 6);
    while (first.given < 4) await sleep(5);
    await service(second);
    while (second.given < 2) await sleep(5);
    first.release();
    await all;
    await resolver.fail(true);
    await ask(verifier, 4); // who is known stays
    expect([first.given, second.given]).toEqual([4, 6]);
    await verifier.close();
    await resolver.close();
  });
});

describe.skipIf(skipReason !== null)('real hosts that come, go and die', () => {
  it.each(['file', 'dns'])('lose no program and change no outcome (%s)', async (by) => {
    const script = join(packageRoot, 'scripts/solver-hosts-come-and-go.mjs');
    const flags = ['--programs', '200', '--by', by, '--environment', environmentDirectory, '--within', '250'];
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...flags]);
    const found = JSON.parse(stdout) as { right: number; infraErrors: number; executed: number; untilAtWork: number[] };
    expect(found).toMatchObject({ right: 200, infraErrors: 0, executed: 200 });
    expect(found.untilAtWork.length).toBeGreaterThan(0);
  });
});
