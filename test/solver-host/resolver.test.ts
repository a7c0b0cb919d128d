import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Resolver } from '../../src/solver-host/resolver.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const limits = { timeLimitMs: 60_000 };
/** Of a solve that is ended early. */
const impatient = { timeLimitMs: 50_000 };
const small = parseLp('max\n x\nst\n c: 2 x <= 5\ngen\n x\nend');
/** Forty whole numbers that have to split five sums in the middle: far more than a solver gets through in the test's time. */
const split = ((): ReturnType<typeof parseLp> => {
  const names = Array.from({ length: 40 }, (_, j) => `b${j}`);
  const rows = Array.from({ length: 5 }, (_, i) => names.map((_, j) => ((i + 2) * 7919 * (j + 3) * (j + 11) + 31 * j) % 97));
  const row = (weights: number[], i: number): string =>
    ` r${i}: ${weights.map((w, j) => `${w} ${names[j]}`).join(' + ')} + s${i} - t${i} = ${Math.floor(weights.reduce((a, b) => a + b) / 2)}`;
  const slacks = rows.map((_, i) => `s${i} + t${i}`).join(' + ');
  return parseLp(`min\n ${slacks}\nst\n${rows.map(row).join('\n')}\nbin\n ${names.join('\n ')}\nend`);
})();

describe('a resolver', () => {
  let resolver: Resolver;
  beforeAll(async () => {
    resolver = await Resolver.create(1, ({ timeLimitMs }) => (timeLimitMs === impatient.timeLimitMs ? 400 : timeLimitMs));
  });
  afterAll(() => resolver.close());

  it('ends a solve that outlasts its patience, tells what waited behind it, and goes on in a new thread', async () => {
    expect((await resolver.solve(small, limits)).solution).toMatchObject({ status: 'optimal', objective: 2 });
    const [long, behind] = await Promise.allSettled([resolver.solve(split, impatient), resolver.solve(small, limits)]);
    expect(long).toMatchObject({ value: { modelHash: '', solution: { status: 'time_limit', wallLimited: true, ms: 400 } } });
    expect(behind).toMatchObject({ status: 'rejected', reason: { code: 'E_SOLVER' } });
    expect((await resolver.solve(small, limits)).solution).toMatchObject({ status: 'optimal', objective: 2 });
  });

  it('counts no wait: each solve has its own patience', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => resolver.solve(small, limits)));
    expect(new Set(all.map(({ solution }) => solution.status))).toEqual(new Set(['optimal']));
  });
});
