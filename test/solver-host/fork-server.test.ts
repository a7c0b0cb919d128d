/** Both ends of the pipe to a fork server, where what speaks at the other end is not one. */
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DialectServer } from '../../src/solver-host/dialect-server.ts';
import { ForkServer, type ForkServerOptions, type Job } from '../../src/solver-host/fork-server.ts';
import { defaultHostLimits as limits } from '../../src/solver-host/host-limits.ts';

const hello = { ready: true, backend: 'b', library: 'l', solver: 's', licence: '', python: '3', features: {}, missing: [], absent: [] };
const ended = { exit: 0, started: true, overdue: false, queued_ms: 0, cpu_ms: 1, wall_ms: 1, rss_mb: 1, fault: null };

/** Something that is started as a fork server: `body` sees `say`, `job` (a listener's setter) and what a good one would say. */
function speaking(body: string): Omit<ForkServerOptions, 'scratch' | 'preload'> & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'evom-fork-server-'));
  const python = join(directory, 'python');
  writeFileSync(
    python,
    `#!${process.execPath}
const say = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify(value)) + '\\n');
const hello = ${JSON.stringify(hello)}, ended = ${JSON.stringify(ended)};
let onJob = () => undefined;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => onJob(JSON.parse(line)));
${body}`,
  );
  chmodSync(python, 0o755);
  return { python, script: 'x', dialect: 'highspy', slots: 1, readable: [], env: {}, directory };
}

const start = (body: string): Promise<ForkServer> => {
  const { directory, ...options } = speaking(body);
  return ForkServer.start({ ...options, preload: 'all', scratch: directory });
};
const job = (id: number) => ({ id, slot: 0 }) as Job;

describe('a fork server', () => {
  it.each(['what a library prints', 'null', '3', '{"id": 1'])('that begins with %s is refused', async (line) => {
    await expect(start(`say(${JSON.stringify(line)});`)).rejects.toMatchObject({
      code: 'E_SANDBOX',
      message: expect.stringContaining('does not speak its protocol'),
    });
  });

  it.each(['a stray line', 'null', '{"exit": 0}', '{"id": 77}', ''])('that writes %j is ended, its jobs rejected', async (line) => {
    const server = await start(`say(hello); onJob = () => say(${JSON.stringify(line)});`);
    await expect(server.run(job(1))).rejects.toMatchObject({ code: 'E_SANDBOX', message: expect.stringContaining('not of its protocol') });
    expect(server.ended).toBe(true);
    await expect(server.run(job(2))).rejects.toThrow(/has ended/);
  });

  it('answers jobs in any order', async () => {
    const server = await start(
      'say(hello); const jobs = []; onJob = (job) => { if (jobs.push(job) === 2) for (const { id } of jobs.reverse()) say({ id, ...ended }); };',
    );
    expect((await Promise.all([server.run(job(1)), server.run(job(2))])).map(({ id }) => id)).toEqual([1, 2]);
    server.close();
  });
});

describe('the queue of a dialect', () => {
  const program = (code: string) => ({ dialect: 'highspy', code });
  const serve = async (body: string): Promise<DialectServer> => {
    const { directory, ...options } = speaking(body);
    mkdirSync(join(directory, 'dialect'));
    return DialectServer.start(options, join(directory, 'dialect'));
  };
  const patient = 'say(hello); onJob = ({ id }) => setTimeout(() => say({ id, ...ended }), 20);';

  it('is first come first served, also for those who come as a slot falls free', async () => {
    const server = await serve(patient);
    const order: number[] = [];
    const run = (k: number): Promise<void> => server.run(program(`${k}`), limits).then(() => void order.push(k));
    const first = run(0).then(() => run(10)); // asks again the moment that its slot is free
    await Promise.all([first, ...[1, 2, 3].map(run)]);
    expect(order).toEqual([0, 1, 2, 3, 10]);
    server.close();
  });

  it('is left at once by who goes away, whose place the next one takes', async () => {
    const server = await serve(patient);
    const going = new AbortController();
    const order: number[] = [];
    const run = (k: number, signal?: AbortSignal): Promise<void> =>
      server.run(program(`${k}`), limits, signal).then(() => void order.push(k));
    const kept = [run(0), run(3)];
    const left = [1, 2].map((k) => run(k, going.signal));
    expect(server.queued).toBe(3);
    going.abort();
    expect(server.queued).toBe(1);
    for (const one of left) await expect(one).rejects.toThrow(/went away before/);
    await Promise.all(kept);
    await expect(run(4, going.signal)).rejects.toThrow(/went away before/);
    expect(order).toEqual([0, 3]);
    expect([server.running, server.queued]).toEqual([0, 0]);
    server.close();
  });

  it('goes on with a new fork server after one that broke its protocol', async () => {
    const flag = join(mkdtempSync(join(tmpdir(), 'evom-fork-server-')), 'broken');
    const server = await serve(`say(hello); const fs = require('node:fs'), flag = ${JSON.stringify(flag)};
onJob = ({ id }) => { if (fs.existsSync(flag)) return say({ id, ...ended }); fs.writeFileSync(flag, ''); say('noise'); };`);
    await expect(server.run(program('a'), limits)).rejects.toThrow(/not of its protocol/);
    expect((await server.run(program('b'), limits)).end.exit).toBe(0);
    server.close();
  });
});
