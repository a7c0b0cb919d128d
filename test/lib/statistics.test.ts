import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapMeanInterval, learningRateFactor, mcnemarTest, pairedPermutationTest, passAtK, wilsonInterval } from '../../src/index.ts';

describe('passAtK', () => {
  it.each([
    [4, 1, 2, 0.5],
    [4, 1, 4, 1],
    [8, 2, 4, 0.7857142857],
    [8, 2, 8, 1],
    [8, 0, 3, 0],
    [10, 3, 1, 0.3],
  ])('n=%i c=%i k=%i', (n, c, k, expected) => expect(passAtK(n, c, k)).toBeCloseTo(expected, 9));
  it('is the share of subsets of size k with a right sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(8), fc.integer({ min: 1, max: 8 }), (n, c0, k0) => {
        const [c, k] = [Math.min(c0, n), Math.min(k0, n)];
        let [right, all] = [0, 0];
        for (let set = 0; set < 2 ** n; set++) {
          if (set.toString(2).replaceAll('0', '').length !== k) continue;
          all++;
          if (set & (2 ** c - 1)) right++;
        }
        expect(passAtK(n, c, k)).toBeCloseTo(right / all, 9);
      }),
    );
  });
  it('refuses more draws than samples', () => expect(() => passAtK(4, 1, 5)).toThrow(RangeError));
});

describe('wilsonInterval', () => {
  it.each([
    [0, 20, 0, 0.1611252],
    [8, 10, 0.4901625, 0.9433178],
    [50, 100, 0.4038315, 0.5961685],
  ])('%i of %i', (successes, trials, low, high) => {
    expect(wilsonInterval(successes, trials).low).toBeCloseTo(low, 6);
    expect(wilsonInterval(successes, trials).high).toBeCloseTo(high, 6);
  });
});

describe('bootstrapMeanInterval', () => {
  it('covers the mean, replays, and is near the normal interval', () => {
    const values = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const [low, high] = bootstrapMeanInterval(values, { seed: 'a' });
    expect([low, high]).toEqual(bootstrapMeanInterval(values, { seed: 'a' }));
    const half = 1.96 * Math.sqrt((0.25 * 0.75) / 400);
    expect(Math.abs(low - (0.25 - half))).toBeLessThan(0.008);
    expect(Math.abs(high - (0.25 + half))).toBeLessThan(0.008);
  });
  it('is a point for one value and NaN for none', () => {
    expect(bootstrapMeanInterval([0.5], { seed: 1 })).toEqual([0.5, 0.5]);
    expect(bootstrapMeanInterval([], { seed: 1 })).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('pairedPermutationTest', () => {
  it('equals McNemar on pass/fail results, for both decide by fair coins', () => {
    fc.assert(
      fc.property(fc.nat(8), fc.nat(8), fc.nat(5), (gained, lost, same) => {
        const after = [...new Array(gained).fill(1), ...new Array(lost).fill(0), ...new Array(same).fill(1)];
        const before = [...new Array(gained).fill(0), ...new Array(lost).fill(1), ...new Array(same).fill(1)];
        expect(pairedPermutationTest(after, before, { seed: 1 }).pValue).toBeCloseTo(mcnemarTest(gained, lost), 9);
      }),
    );
  });
  it('sees a difference among many problems, and none where there is none', () => {
    const before = Array.from({ length: 200 }, (_, i) => ((i * 37) % 11) / 11);
    const better = before.map((value, i) => value + 0.1 + (((i * 13) % 7) - 3) / 20);
    const noise = before.map((value, i) => value + (i % 2 === 0 ? 0.1 : -0.1));
    expect(pairedPermutationTest(better, before, { seed: 1 }).pValue).toBeLessThan(0.001);
    expect(pairedPermutationTest(noise, before, { seed: 1 }).pValue).toBeGreaterThan(0.5);
    expect(pairedPermutationTest(before, before, { seed: 1 })).toEqual({ meanDifference: 0, pValue: 1 });
  });
  it('draws what it cannot list, near the exact value', () => {
    const after = new Array(20).fill(1).map((x, i) => (i < 15 ? x : 0));
    const before = after.map((x) => 1 - x);
    expect(Math.abs(pairedPermutationTest(after, before, { seed: 3 }).pValue - mcnemarTest(15, 5))).toBeLessThan(0.008);
  });
  it('refuses lists of different problems', () => expect(() => pairedPermutationTest([1], [1, 0], { seed: 1 })).toThrow(RangeError));
});

describe('mcnemarTest', () => {
  it.each([
    [0, 0, 1],
    [5, 0, 0.0625],
    [1, 9, 0.021484375],
    [10, 10, 1],
  ])('%i gained, %i lost', (gained, lost, expected) => expect(mcnemarTest(gained, lost)).toBeCloseTo(expected, 9));
  it('does not overflow', () => expect(mcnemarTest(3000, 2500)).toBeLessThan(1e-10));
});

describe('learningRateFactor', () => {
  it('warms up, then stays', () => {
    expect([0, 1, 2, 3, 100].map((s) => learningRateFactor({ type: 'constant', warmupSteps: 3 }, s))).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });
  it('decays linearly to its floor and stays there', () => {
    const linear = { type: 'linear', warmupSteps: 0, totalSteps: 10, minFactor: 0.2 } as const;
    expect([0, 5, 10, 20].map((s) => Number(learningRateFactor(linear, s).toFixed(9)))).toEqual([1, 0.6, 0.2, 0.2]);
  });
  it('holds, then decays, under wsd', () => {
    const wsd = { type: 'wsd', warmupSteps: 1, totalSteps: 10, decaySteps: 4 } as const;
    expect([0, 1, 6, 8, 10].map((s) => learningRateFactor(wsd, s))).toEqual([0.5, 1, 1, 0.5, 0]);
  });
  it('stays within [0, 1] and falls after the warm-up', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linear' as const, 'cosine' as const),
        fc.nat(20),
        fc.nat(50),
        fc.nat(100),
        (type, warmupSteps, totalSteps, step) => {
          const at = (s: number) => learningRateFactor({ type, warmupSteps, totalSteps }, s);
          expect(at(step)).toBeGreaterThanOrEqual(0);
          expect(at(step)).toBeLessThanOrEqual(1);
          if (step >= warmupSteps) expect(at(step + 1)).toBeLessThanOrEqual(at(step));
        },
      ),
    );
  });
});
