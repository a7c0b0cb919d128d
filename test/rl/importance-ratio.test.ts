import { samplerWeights, sequenceRatio, tokenRatios } from 'evom/rl';
import { describe, expect, it } from 'vitest';

const all = (length: number) => new Uint8Array(length).fill(1);

describe('tokenRatios', () => {
  it('is exp of the difference, clamped to 20 either way, and 0 under the mask', () => {
    const ratios = tokenRatios([-1, 0, -30, Number.NaN], [-2, -30, 0, -1], Uint8Array.of(1, 1, 1, 0));
    expect([...ratios]).toEqual([Math.E, Math.exp(20), Math.exp(-20), 0]);
  });
  it('shows a log-probability that is missing', () => {
    expect([...tokenRatios([-1], [-1, -1], all(2))]).toEqual([1, Number.NaN]);
  });
});

describe('sequenceRatio', () => {
  it('is the geometric mean over what is not masked, at most exp(10), and as small as it comes', () => {
    expect(sequenceRatio([-1, -3, 0], [-2, -6, -9], Uint8Array.of(1, 1, 0))).toBeCloseTo(Math.exp(2), 9);
    expect(sequenceRatio([0, 0], [-30, -30], all(2))).toBe(Math.exp(10));
    expect(sequenceRatio([-30, -30], [0, 0], all(2))).toBe(Math.exp(-30));
  });
  it('is 1 without loss tokens', () => {
    expect(sequenceRatio([-1], [-2], Uint8Array.of(0))).toBe(1);
  });
});

describe('samplerWeights', () => {
  // Log-ratios 2, -2 and, under the mask, 5.
  const [old, sampler, mask] = [[-1, -3, 0], [-3, -1, -5], Uint8Array.of(1, 1, 0)] as const;
  const weigh = (correction: Parameters<typeof samplerWeights>[3], advantages?: readonly number[]) => [
    ...samplerWeights(old, sampler, mask, correction, advantages),
  ];
  const close = (actual: readonly number[], expected: readonly number[]) => {
    expect(actual).toHaveLength(expected.length);
    for (const [t, value] of expected.entries()) expect(actual[t]).toBeCloseTo(value, 9);
  };

  it('truncates from both sides, and gives masked tokens 0 whatever the lower bound', () => {
    close(weigh({ type: 'truncate', level: 'token', low: 0.5, high: 3 }), [3, 0.5, 0]);
    close(weigh({ type: 'truncate', level: 'token', low: 0, high: 100 }), [Math.exp(2), Math.exp(-2), 0]);
    close(weigh({ type: 'truncate', level: 'sequence', low: 0.5, high: 3 }), [1, 1, 0]);
  });

  it('clamps the log-ratio of a sequence to 20 either way', () => {
    const wide = { type: 'truncate', level: 'sequence', low: 0, high: Number.MAX_VALUE } as const;
    expect([...samplerWeights([0, 0], [-15, -15], all(2), wide)]).toEqual([Math.exp(20), Math.exp(20)]);
    expect([...samplerWeights([-15, -15], [0, 0], all(2), wide)]).toEqual([Math.exp(-20), Math.exp(-20)]);
  });

  it('keeps what lies in the range, its ends among it, and drops the rest', () => {
    close(weigh({ type: 'mask', level: 'token', low: 1, high: 8 }), [Math.exp(2), 0, 0]);
    close(weigh({ type: 'mask', level: 'token', low: 0, high: 1 }), [0, Math.exp(-2), 0]);
    // A ratio of exactly 1 at both ends.
    for (const level of ['token', 'sequence', 'geometric'] as const)
      expect([...samplerWeights([-1], [-1], all(1), { type: 'mask', level, low: 1, high: 1 })]).toEqual([1]);
  });

  it('looks at the whole sequence where the level says so: its product, or its geometric mean', () => {
    // The product is 1 and so is the mean: each token stays, with the sequence's ratio or its own.
    close(weigh({ type: 'mask', level: 'sequence', low: 0.9, high: 1.1 }), [1, 1, 0]);
    close(weigh({ type: 'mask', level: 'geometric', low: 0.9, high: 1.1 }), [Math.exp(2), Math.exp(-2), 0]);
    // Two tokens at 2: the product is 4, the mean 2.
    const twice = (level: 'sequence' | 'geometric', low: number, high: number) => [
      ...samplerWeights([Math.log(2), Math.log(2)], [0, 0], all(2), { type: 'mask', level, low, high }),
    ];
    close(twice('sequence', 3, 5), [4, 4]);
    close(twice('sequence', 1, 3), [0, 0]);
    close(twice('geometric', 1, 3), [2, 2]);
    close(twice('geometric', 3, 5), [0, 0]);
  });

  it('takes a sequence without loss tokens for one that has not moved', () => {
    expect([...samplerWeights([-1], [-9], Uint8Array.of(0), { type: 'mask', level: 'geometric', low: 0.5, high: 2 })]).toEqual([0]);
    expect([...samplerWeights([-1], [-9], Uint8Array.of(0), { type: 'off_policy_mask', threshold: 1 }, [-1])]).toEqual([0]);
  });

  it('drops tokens of negative advantage alone, and only beyond the threshold', () => {
    // The policy finds both tokens less likely by 1 nat in the mean.
    const far = (threshold: number, advantages?: readonly number[]) => [
      ...samplerWeights([-3, -2, -1], [-1, -2, 0], Uint8Array.of(1, 1, 0), { type: 'off_policy_mask', threshold }, advantages),
    ];
    expect(far(0.5, [-1, 2, -1])).toEqual([0, 1, 0]);
    expect(far(0.5, [-1, 0, -1])).toEqual([0, 1, 0]); // 0 is not negative
    expect(far(1, [-1, -1, -1])).toEqual([1, 1, 0]); // at the threshold, not beyond it
    expect(far(0.5)).toEqual([1, 1, 0]); // without advantages nothing is known to be bad
    // A policy that finds them more likely is not far.
    expect([...samplerWeights([-1, -1], [-3, -3], all(2), { type: 'off_policy_mask', threshold: 1 }, [-1, -1])]).toEqual([1, 1]);
  });
});
