import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceWeights } from '../../src/solve/source-weights.ts';

describe('sourceWeights', () => {
  it('gives programs, repairs, record and simulators one voice each', () => {
    // Two first programs, a repair, the record; of two simulators one bears out the repair and the record, one nothing.
    const weights = sourceWeights({
      rounds: [0, 0, 1, null],
      borneOut: [
        [false, false, true, true],
        [false, false, false, false],
      ],
    });
    expect(weights).toEqual([0.5, 0.5, 1.25, 1.25]);
  });

  it('lets simulators that share a mistake not outvote programs that stand by their answer', () => {
    // 5 of 8 programs and 7 of 8 repairs are right; all simulators bear out the others.
    const rounds = [...Array.from({ length: 8 }, () => 0), ...Array.from({ length: 8 }, () => 1)];
    const isWrong = rounds.map((_, i) => (i < 8 ? i >= 5 : i === 15));
    const weights = sourceWeights({ rounds, borneOut: [isWrong, isWrong] });
    const sum = (wrong: boolean): number => weights.reduce((total, weight, i) => total + (isWrong[i] === wrong ? weight : 0), 0);
    expect(sum(false)).toBeCloseTo(5 / 8 + 7 / 8, 12);
    expect(sum(true)).toBeCloseTo(3 / 8 + 1 / 8 + 1, 12);
  });

  it('sums to the number of sources that say something', () =>
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.integer({ min: 0, max: 4 }), (held, numSimulators) => {
        const weights = sourceWeights({ rounds: held.map(() => 0), borneOut: Array.from({ length: numSimulators }, () => held) });
        const speaking = 1 + Number(numSimulators > 0 && held.includes(true));
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(speaking, 9);
      }),
    ));
});
