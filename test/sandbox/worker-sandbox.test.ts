import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { createWorkerSandbox, type Sandbox } from '../../src/sandbox/worker-sandbox.ts';
import { writeEchoGuest } from './echo-guest.ts';

const directory = mkdtempSync(join(tmpdir(), 'evom-sandbox-'));
const guests = { echo: { url: writeEchoGuest(directory), data: '!' } };
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createWorkerSandbox({ guests, workers: 2, batchSize: 4, limits: { hardMs: 1500 } });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true });
});
const run = (code: string): Promise<Outcome> => sandbox.execute({ dialect: 'echo', code });
const stdout = async (code: string): Promise<string> => (await run(code)).stdout;

describe('a program in the sandbox', () => {
  it('reaches its library by require, import and dynamic import', async () => {
    expect(await stdout('console.log(require("echo")("a"));')).toBe('a!\n');
    expect(await stdout('import echo from "echo";\nconsole.log(echo("a"));')).toBe('a!\n');
    expect(await stdout('const { default: echo } = await import("echo");\nconsole.log(echo("a"));')).toBe('a!\n');
  });

  it('is the main module', async () => {
    expect(await stdout('const main = () => console.log("ran");\nif (require.main === module) main();')).toBe('ran\n');
  });

  it('may throw a SyntaxError of its own, which is no fault of its syntax', async () => {
    for (const start of ['', 'import echo from "echo";\n']) {
      expect(await run(`${start}JSON.parse("{");`)).toMatchObject({ status: 'runtime_error', error: { type: 'SyntaxError' } });
    }
  });

  it.each([
    ['parentheses that nobody closes', '('.repeat(40_000)],
    ['parentheses', `${'('.repeat(40_000)}1${')'.repeat(40_000)}`],
    ['brackets', `${'['.repeat(40_000)}${']'.repeat(40_000)}`],
    ['objects', `x = ${'{a:'.repeat(40_000)}1${'}'.repeat(40_000)}`],
    ['unary operators', `${'~'.repeat(40_000)}1`],
    ['arrow functions', `${'a=>'.repeat(40_000)}1`],
    ['blocks', `${'{'.repeat(40_000)}${'}'.repeat(40_000)}`],
    ['conditions', `${'1?'.repeat(40_000)}1${':1'.repeat(40_000)}`],
  ])('whose %s are nested too deep for the parser has an error of syntax, as a script and as a module', async (_, code) => {
    for (const start of ['', 'import echo from "echo";\n'])
      expect(await run(`${start}${code}`)).toMatchObject({
        status: 'syntax_error',
        error: { type: 'SyntaxError', message: 'stack overflow' },
      });
  });

  it('that calls itself too deep, or parses too deep a text of its own, fails as it runs', async () => {
    expect(await run('const f = (x) => f(x);\nf(1);')).toMatchObject({ status: 'runtime_error', error: { type: 'InternalError' } });
    for (const text of ['(', '~']) expect(await run(`eval('${text}'.repeat(40000));`)).toMatchObject({ status: 'runtime_error' });
  });

  it('prints what it logs, one line a call', async () => {
    expect(await stdout('console.log("a", 1, null, { b: [2] });\nconsole.error("c");\nprocess.stdout.write("d");')).toBe(
      'a 1 null {"b":[2]}\nc\nd',
    );
  });

  it('reports a number, or a numeral; anything else is no claim', async () => {
    expect((await run('report(2.5);')).reported).toBe(2.5);
    expect((await run('report("2.5");')).reported).toBe(2.5);
    expect((await run('report({});')).reported).toBeNull();
    expect((await run('report(NaN);')).reported).toBeNull();
    expect((await run('report(1); report(2);')).reported).toBe(2);
  });

  it('runs timers in the order of their delays, without waiting for them', async () => {
    expect(
      await stdout(
        'setTimeout(() => console.log("late"), 1e9);\nsetTimeout(() => console.log("early"), 10);\nawait new Promise((f) => setTimeout(f, 5));\nconsole.log("first");',
      ),
    ).toBe('first\nearly\nlate\n');
  });

  it('finds the same random numbers and the same time in every run', async () => {
    const code = 'console.log(Math.random(), Math.random(), Date.now(), new Date().toISOString(), new Date(0).getTime());';
    const first = await stdout(code);
    expect(await stdout(`${code} `)).toBe(first);
    expect(first).toContain('1735689600000 2025-01-01T00:00:00.000Z 0');
  });

  it('names the line of a syntax error, in its own numbering', async () => {
    const { status, error } = await run('const a = 1;\nconst b = ;\n');
    expect({ status, type: error?.type, line: error?.line }).toEqual({ status: 'syntax_error', type: 'SyntaxError', line: 2 });
  });

  it('names the line of a runtime error, also in modules, functions and promises', async () => {
    for (const code of [
      'const a = 1;\n\nundefined.b;',
      'import echo from "echo";\n\nundefined.b;',
      'const f = () => {\n  const a = 1;\n  return undefined.b; };\nf();',
      'async function main() {\n  await null;\n  undefined.b;\n}\nmain();',
      '(async () => {\n  await null;\n  undefined.b;\n})();',
    ]) {
      const { status, error } = await run(code);
      expect({ status, type: error?.type, line: error?.line }).toEqual({ status: 'runtime_error', type: 'TypeError', line: 3 });
    }
  });

  it('places an unclosed bracket on its last line, not behind it', async () => {
    expect((await run('const a = 1;\nfunction f() {')).error?.line).toBe(2);
  });

  it('calls an error of the host a fault of ours', async () => {
    const { status, error } = await run('try { require("echo")("fault"); } catch {}\n');
    expect({ status, message: error?.message }).toEqual({ status: 'infra_error', message: 'a fault of the host' });
  });

  it('is refused when it is too long', async () => {
    expect((await run(`//${'x'.repeat(300_000)}`)).error?.type).toBe('CodeTooLong');
  });

  it('cannot be left to an unknown dialect', async () => {
    expect((await sandbox.execute({ dialect: 'nope', code: '' })).status).toBe('infra_error');
  });
});

describe('the pool', () => {
  it('answers each of many programs with its own outcome', async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => run(`report(${i});`)));
    expect(outcomes.map((o) => o.reported)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('ends a worker that a program holds, and loses no other program', async () => {
    const before = sandbox.stats().workersReplaced;
    const codes = Array.from({ length: 30 }, (_, i) => (i === 7 ? 'require("echo")("spin");' : `report(${i});`));
    const outcomes = await Promise.all(codes.map(run));
    expect(outcomes[7]).toMatchObject({ status: 'time_limit', wallLimited: true });
    expect(outcomes.filter((_, i) => i !== 7).map((o) => o.reported)).toEqual(
      Array.from({ length: 30 }, (_, i) => i).filter((i) => i !== 7),
    );
    expect(sandbox.stats().workersReplaced).toBe(before + 1);
  });

  it('ends a solver that does not heed its time limit, and says so of its program alone', async () => {
    const limits = { solverMs: 300, hardMs: 600_000 };
    const patient = await createWorkerSandbox({ guests, workers: 1, limits, graceMs: 500 });
    const codes = ['report(1);', 'require("echo")("a"); require("echo")("spin");', 'report(3);'];
    const outcomes = await Promise.all(codes.map((code) => patient.execute({ dialect: 'echo', code })));
    expect(outcomes.map(({ status }) => status)).toEqual(['no_solve', 'time_limit', 'no_solve']);
    expect(outcomes[1]).toMatchObject({ wallLimited: true, wallMs: 800, error: { type: 'SolverHardLimit' } });
    await patient.close();
  });

  it('closes at once while a program or a solver holds a worker', async () => {
    const closing = await createWorkerSandbox({ guests, workers: 2, limits: { hardMs: 600_000, cpuMs: 600_000, ticks: 1e9 } });
    const running = ['for (;;);', 'require("echo")("spin");'].map((code) => closing.execute({ dialect: 'echo', code }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ends = Promise.allSettled(running);
    await closing.close();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('charges a crash to the program that crashes again when alone', async () => {
    const codes = Array.from({ length: 20 }, (_, i) => (i === 3 ? 'require("echo")("kill");' : `report(${i});`));
    const outcomes = await Promise.all(codes.map(run));
    expect(outcomes.map((o) => o.status)).toEqual(codes.map((_, i) => (i === 3 ? 'crash' : 'no_solve')));
  });

  it('says why workers do not start', async () => {
    const missing = { echo: { url: `file://${directory}/missing.mjs`, data: null } };
    await expect(createWorkerSandbox({ guests: missing, workers: 1 })).rejects.toThrow(/workers did not start.*missing\.mjs/);
  });

  it('refuses programs once closed, and those still waiting', async () => {
    const other = await createWorkerSandbox({ guests, workers: 1, batchSize: 1 });
    const waiting = Promise.allSettled([1, 2, 3].map((i) => other.execute({ dialect: 'echo', code: `report(${i});` })));
    await other.close();
    expect((await waiting).at(-1)).toMatchObject({ status: 'rejected' });
    await expect(other.execute({ dialect: 'echo', code: '' })).rejects.toThrow(/closed/);
  });
});
