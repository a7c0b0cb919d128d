/** What `evom verify --input` does when its solver host refuses while other programs are under way. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import { type ForbiddingHost, startForbiddingHost } from '../fakes/forbidding-host.ts';
import { fakeIo } from './fake-io.ts';

const cwd = mkdtempSync(join(tmpdir(), 'evom-refused-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const unheard: unknown[] = [];
const listen = (error: unknown): void => void unheard.push(error);
let host: ForbiddingHost;
beforeEach(async () => {
  process.on('unhandledRejection', listen);
  host = await startForbiddingHost('the licence has ended');
});
afterEach(async () => {
  process.off('unhandledRejection', listen);
  await host.close();
});

describe('evom verify --input at a host that answers 403 in the middle', () => {
  it('keeps what came before, names the refusal in a message, and hears every fault', async () => {
    const programs = Array.from({ length: 8 }, (_, i) => ({ id: `p${i}`, code: `import gurobipy # ${i}`, answer: 1 }));
    writeFileSync(join(cwd, 'in.jsonl'), programs.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const io = fakeIo({ cwd });
    const argv = ['verify', '--input', 'in.jsonl', '--output', 'out.jsonl', '--dialect', 'gurobipy', '--host', host.url];
    const code = await main(argv, io);
    expect(io.err()).toMatch(/refuses the request: .* answered 403: the licence has ended/);
    expect(io.err()).not.toMatch(/\n +at /); // no stack
    expect(code).toBe(3);
    expect(host.refused()).toBeGreaterThan(0);
    const kept = readFileSync(join(cwd, 'out.jsonl'), 'utf8').trim().split('\n');
    expect(kept.map((line) => JSON.parse(line).id)).toEqual(programs.slice(0, kept.length).map(({ id }) => id));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(8);
    expect(unheard).toEqual([]);
  });
});
