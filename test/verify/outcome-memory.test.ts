import { emptyOutcome, type Outcome } from 'evom';
import { describe, expect, it } from 'vitest';
import { OutcomeMemory } from '../../src/verify/outcome-memory.ts';

const about = { dialect: 'highs-js', backend: 'highs' };
const optimal: Outcome = {
  ...emptyOutcome('optimal', about),
  objective: 7,
  wallMs: 12,
  cpuMs: 9,
  solves: [
    { status: 'optimal', objective: 7, certificate: 'dual', modelHash: 'a', numVariables: 1, numIntegers: 0, numConstraints: 1, ms: 3 },
  ],
};
const timeless: Outcome = { ...optimal, wallMs: 0, cpuMs: 0, solves: optimal.solves.map((solve) => ({ ...solve, ms: 0 })) };

/** Runs that come back with what they are given, and are counted. */
function counted(outcome: Outcome) {
  const runs = { number: 0 };
  const run = async (): Promise<Outcome> => {
    runs.number += 1;
    return outcome;
  };
  return { runs, run };
}

describe('OutcomeMemory', () => {
  it('runs equal programs once, at the same time or later, and tells no times', async () => {
    const memory = new OutcomeMemory(10);
    const { runs, run } = counted(optimal);
    expect(await Promise.all([memory.outcome('a', run), memory.outcome('a', run)])).toEqual([timeless, timeless]);
    expect(await memory.outcome('a', run)).toEqual(timeless);
    expect(runs.number).toBe(1);
    expect(memory.stats()).toEqual({ verified: 3, cacheHits: 1, shared: 1, infraErrors: 0, wallMs: 12, cpuMs: 9 });
  });

  it('remembers neither a verdict of the clock nor a fault of ours', async () => {
    const memory = new OutcomeMemory(10);
    const ended = [{ ...optimal, wallLimited: true }, emptyOutcome('infra_error', about)].map(counted);
    for (const [i, { runs, run }] of ended.entries()) {
      await memory.outcome(String(i), run);
      await memory.outcome(String(i), run);
      expect(runs.number).toBe(2);
    }
    expect(memory.stats()).toMatchObject({ cacheHits: 0, infraErrors: 2 });
  });

  it('passes on what a run rejects with, and tries again', async () => {
    const memory = new OutcomeMemory(10);
    await expect(memory.outcome('a', () => Promise.reject(new Error('closed')))).rejects.toThrow('closed');
    expect(await memory.outcome('a', async () => optimal)).toEqual(timeless);
  });

  it('keeps no more than its capacity', async () => {
    const memory = new OutcomeMemory(1);
    const { runs, run } = counted(optimal);
    for (const key of ['a', 'b', 'a']) await memory.outcome(key, run);
    expect(runs.number).toBe(3);
  });

  it('asks its archive first and gives it what it may keep', async () => {
    const kept = new Map([['old', timeless]]);
    const archive = {
      get: async (key: string) => kept.get(key) ?? null,
      put: (key: string, outcome: Outcome) => void kept.set(key, outcome),
    };
    const memory = new OutcomeMemory(10, archive);
    const { runs, run } = counted({ ...optimal, objective: 8 });
    expect((await memory.outcome('old', run)).objective).toBe(7);
    expect((await memory.outcome('new', run)).objective).toBe(8);
    await memory.outcome('late', async () => ({ ...optimal, wallLimited: true }));
    expect(runs.number).toBe(1);
    expect([...kept.keys()]).toEqual(['old', 'new']);
    expect(memory.stats()).toMatchObject({ verified: 3, cacheHits: 1 });
  });
});
