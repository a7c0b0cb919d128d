import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { type HostileProgram, hostilePrograms } from '../sandbox/hostile.ts';

// Small, so that a program that runs into each of them costs little.
const limits = { ticks: 100, maxOutputChars: 8192, cpuMs: 3000, solverMs: 800, nodes: 300, hardMs: 1500, memoryMb: 32, solverMemoryMb: 64 };
const good = (n: number): string =>
  `const h = await require("highs")();\nreport(h.solve(\`Max\nx + y\nst\nx + y <= ${n}\nEnd\`).ObjectiveValue);`;
const programOf = ({ dialect, code }: HostileProgram) => ({ dialect: dialect ?? ('highs-js' as const), code });
const named = (name: string): HostileProgram => hostilePrograms.find((program) => program.name === name) as HostileProgram;

describe('hostile programs', () => {
  it('are of every kind, each with a name of its own', () => {
    expect(hostilePrograms.length).toBeGreaterThan(200);
    expect(new Set(hostilePrograms.map(({ name }) => name)).size).toBe(hostilePrograms.length);
  });

  it('get the outcome they deserve within their limits, harm no other and replay', async () => {
    const run = async (programs: readonly HostileProgram[]): Promise<Outcome[]> => {
      const verifier = await createVerifier({ workers: 2, cacheSize: 0, limits });
      const hostile = programs.map((program) => verifier.verify(programOf(program)));
      const innocent = programs.map((_, n) => verifier.verify({ dialect: 'highs-js', code: good(n + 1) }));
      const outcomes = await Promise.all(hostile);
      expect((await Promise.all(innocent)).map((o) => o.objective)).toEqual(programs.map((_, n) => n + 1));
      const { infraErrors, workersReplaced } = verifier.stats();
      await verifier.close();
      expect(infraErrors).toBe(0);
      // Only what runs inside one call of the interpreter takes the end of its worker, each its own.
      const ended = outcomes.filter(({ error }) => error?.type === 'HardLimit');
      expect(ended.length).toBeLessThanOrEqual(6);
      // On a busy machine what the clock decided is tried twice.
      expect(workersReplaced).toBeGreaterThanOrEqual(ended.length);
      expect(workersReplaced).toBeLessThanOrEqual(12);
      return outcomes;
    };
    const first = await run(hostilePrograms);
    for (const [i, { name, status, objective }] of hostilePrograms.entries()) {
      expect(status, name).toContain(first[i]?.status);
      if (objective !== undefined) expect(first[i]?.objective, name).toBeCloseTo(objective, 9);
    }
    const replayed = hostilePrograms.filter((_, i) => first[i]?.wallLimited === false);
    const second = await run(replayed);
    for (const [i, program] of replayed.entries()) expect(second[i], program.name).toEqual(first[hostilePrograms.indexOf(program)]);
    // Seven at a load of 17; a busier machine lets the clock decide a few more.
    expect(first.filter((outcome) => outcome.wallLimited).length).toBeLessThan(hostilePrograms.length / 10);
  }, 300_000);

  it('take nothing from 200 good ones beside five of the worst', async () => {
    const worst = [
      'fills memory and catches it',
      'loops for ever',
      'fills memory with bytes',
      'hands over a hard model',
      'overflows the host by a library',
    ];
    const verifier = await createVerifier({ workers: 2, cacheSize: 0, limits });
    const outcomes = await Promise.all(
      Array.from({ length: 205 }, (_, i) =>
        verifier.verify(i % 41 === 20 ? programOf(named(worst[Math.floor(i / 41)] ?? '')) : { dialect: 'highs-js', code: good(i) }),
      ),
    );
    const stats = verifier.stats();
    await verifier.close();
    const bad = outcomes.filter((_, i) => i % 41 === 20);
    expect(bad.map((outcome, i) => named(worst[i] ?? '').status.includes(outcome.status))).toEqual([true, true, true, true, true]);
    const right = outcomes.map((outcome, i) => i % 41 === 20 || (outcome.status === 'optimal' && outcome.objective === i));
    expect(right.filter((isRight) => !isRight)).toEqual([]);
    expect(stats.workersReplaced).toBeGreaterThanOrEqual(1);
    expect(stats.workersReplaced).toBeLessThanOrEqual(4);
    expect(stats.requeued).toBeGreaterThan(0);
  }, 120_000);
});

describe('a program that cheats', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await createVerifier({ workers: 1 });
  });
  afterAll(() => verifier.close());

  it('cannot change what the host recorded', async () => {
    const fake = await verifier.verify(programOf(named('fakes a solve')));
    expect(fake).toMatchObject({ status: 'no_solve', objective: null, reported: 42, solves: [] });
    for (const name of ['hooks JSON', 'hooks the setters of results', 'asks for a huge gap']) {
      const outcome = await verifier.verify(programOf(named(name)));
      expect([2, 3.5], name).toContain(outcome.objective);
      expect(outcome.solves, name).toHaveLength(1);
    }
  });

  it('learns nothing of the machine', async () => {
    const { stdout } = await verifier.verify({
      dialect: 'highs-js',
      code: 'console.log(JSON.stringify(process.env), process.cwd(), new Error("x").stack, Object.keys(globalThis).join());',
    });
    expect(stdout).toContain('{} /');
    expect(stdout).not.toMatch(/\/(?:home|root|tmp|usr|work|node_modules)\b/);
  });
});
