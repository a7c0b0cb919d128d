import { type KlEstimator, klTerm } from 'evom/rl';
import { describe, expect, it } from 'vitest';

describe('klTerm', () => {
  const pairs = [
    [-1, -1.1],
    [-0.5, -0.6],
    [-2, -1],
    [-0.7, -0.7],
    [-1.2, -2],
    [-9, 0],
  ] as const;
  it.each<[KlEstimator, readonly number[]]>([
    ['k1', [0.1, 0.1, -1, 0, 0.8, -9]],
    ['k2', [0.005, 0.005, 0.5, 0, 0.32, 40.5]],
    ['k3', [0.0048374, 0.0048374, 0.7182817, 0, 0.249329, 10]], // the last is clamped, as in verl
  ])('%s has the values of verl', (estimator, expected) => {
    for (const [i, [logprob, ref]] of pairs.entries()) expect(klTerm(estimator, logprob, ref).value).toBeCloseTo(expected[i] as number, 6);
  });

  it('has the value of k1 and k3 with the gradient of k2, where a + says so', () => {
    for (const [logprob, ref] of pairs) {
      const { gradient } = klTerm('k2', logprob, ref);
      expect(klTerm('k1+', logprob, ref)).toEqual({ value: klTerm('k1', logprob, ref).value, gradient });
      expect(klTerm('k3+', logprob, ref)).toEqual({ value: klTerm('k3', logprob, ref).value, gradient });
    }
  });

  it('has the gradient of its value, and none beyond the clamp', () => {
    for (const estimator of ['k1', 'k2', 'k3'] as const)
      for (const [logprob, ref] of pairs.slice(0, 5)) {
        const slope = (klTerm(estimator, logprob + 1e-6, ref).value - klTerm(estimator, logprob - 1e-6, ref).value) / 2e-6;
        expect(klTerm(estimator, logprob, ref).gradient).toBeCloseTo(slope, 5);
      }
    expect(klTerm('k3', -9, 0).gradient).toBe(0);
    expect(klTerm('k3', 0, -50)).toEqual({ value: 10, gradient: 0 });
  });

  it('never is negative under k2 and k3', () => {
    for (let d = -25; d <= 25; d += 0.5)
      for (const estimator of ['k2', 'k3'] as const) expect(klTerm(estimator, d, 0).value).toBeGreaterThanOrEqual(0);
  });
});
