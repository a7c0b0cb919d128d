import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverage, evaluatorOrder, generatorProbabilities, guaranteeOf, isAligned, robustPortfolio } from '../../src/decode/portfolio.ts';

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const weights = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 2, maxLength: 30 });
const normalised = (values: readonly number[]): number[] => values.map((value) => value / sum(values));
const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const permutation = (n: number) => fc.shuffledSubarray(indices(n), { minLength: n, maxLength: n });
const alphas = fc.double({ min: 0, max: 1, noNaN: true });

describe('generatorProbabilities', () => {
  it('weighs candidates by the exponential of their mean token log-probability', () => {
    // exp(-1) : exp(-2) = 0.7310585786 : 0.2689414214, the logistic function at 1 and -1
    const [a, b] = generatorProbabilities([[-0.5, -1.5], [-2]]);
    expect(a).toBeCloseTo(0.7310585786, 9);
    expect(b).toBeCloseTo(0.2689414214, 9);
  });

  it('sums to one however small the probabilities are', () => {
    const p = generatorProbabilities([[-2000], [-2001], [-3000]]);
    expect(sum(p)).toBeCloseTo(1, 12);
    expect(p[0]).toBeCloseTo(0.7310585786, 9);
  });

  it('refuses a candidate without tokens and a log-probability that is not finite', () => {
    expect(() => generatorProbabilities([[-1], []])).toThrow(/candidate 1 has no tokens/);
    expect(() => generatorProbabilities([[Number.NaN]])).toThrow(/candidate 0/);
    expect(() => generatorProbabilities([])).toThrow(/at least one/);
  });
});

describe('evaluatorOrder', () => {
  it('sorts by the mean of repeated scores', () => expect(evaluatorOrder([[1, 3], [5, 5], [0]], 1)).toEqual([1, 0, 2]));

  it('breaks ties at random, the same way for the same seed', () => {
    const tied = Array.from({ length: 8 }, () => [50]);
    expect(evaluatorOrder(tied, 'a')).toEqual(evaluatorOrder(tied, 'a'));
    const firsts = new Set(indices(40).map((seed) => evaluatorOrder(tied, seed)[0]));
    expect(firsts.size).toBeGreaterThan(4);
  });

  it('refuses a candidate without scores', () => expect(() => evaluatorOrder([[1], []], 1)).toThrow(/candidate 1 has no score/));
});

describe('robustPortfolio', () => {
  it("takes candidates in the evaluator's order until their mass is 1 - alpha", () => {
    const p = [0.4, 0.3, 0.2, 0.1];
    expect(robustPortfolio([3, 0, 1, 2], p, 0.5).members).toEqual([3, 0]); // 0.1 + 0.4, exactly 1/2
    expect(robustPortfolio([3, 0, 1, 2], p, 0.2).members).toEqual([3, 0, 1]);
    expect(robustPortfolio([0, 1, 2, 3], p, 0).members).toHaveLength(4);
    expect(robustPortfolio([0, 1, 2, 3], p, 1).members).toEqual([0]);
  });

  it('is the smallest prefix with that mass', () =>
    fc.assert(
      fc.property(
        weights.chain((w) => fc.tuple(fc.constant(normalised(w)), permutation(w.length), alphas)),
        ([p, order, alpha]) => {
          const { members, mass } = robustPortfolio(order, p, alpha);
          expect(members).toEqual(order.slice(0, members.length));
          expect(mass).toBeGreaterThanOrEqual(1 - alpha - 1e-9);
          if (members.length > 1) expect(sum(members.slice(0, -1).map((i) => p[i] ?? 0))).toBeLessThan(1 - alpha);
        },
      ),
    ));

  it('grows as alpha falls', () =>
    fc.assert(
      fc.property(
        weights.chain((w) => fc.tuple(fc.constant(normalised(w)), permutation(w.length), alphas, alphas)),
        ([p, order, a, b]) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          expect(robustPortfolio(order, p, low).members.length).toBeGreaterThanOrEqual(robustPortfolio(order, p, high).members.length);
        },
      ),
    ));

  it('refuses an alpha outside [0, 1] and an order that is no permutation', () => {
    expect(() => robustPortfolio([0], [1], 1.1)).toThrow(/alpha/);
    expect(() => robustPortfolio([0, 0], [0.5, 0.5], 0.1)).toThrow(/order/);
    expect(() => robustPortfolio([0, 2], [0.5, 0.5], 0.1)).toThrow(/candidate 2/);
  });
});

describe('probabilities that are none', () => {
  it.each([
    [[0.2, 0.2], /the probabilities of 2 candidates sum to 0\.4, not to 1/],
    [[0, 0], /sum to 0, not to 1/],
    [[0.6, 0.6], /sum to 1\.2, not to 1/],
    [[0.5, 0.49999], /sum to 0\.9999\d*, not to 1/],
    [[5, 5], /the probability of candidate 0 is 5; it must be from 0 to 1/],
    [[Number.POSITIVE_INFINITY, 1], /candidate 0 is Infinity/],
    [[1.5, -0.5], /candidate 0 is 1\.5/],
    [[1, -0.0001], /candidate 1 is -0\.0001/],
    [[0.5, Number.NaN], /candidate 1 is NaN/],
  ])('%j are refused, wherever the portfolio would end', (probabilities, message) => {
    for (const alpha of [0, 0.2, 1]) expect(() => robustPortfolio([0, 1], probabilities, alpha)).toThrow(message);
  });

  it('may be off by the rounding of single precision, which is divided out', () => {
    const rounded = Array.from(Float32Array.from(Array.from({ length: 10 }, () => 0.1)));
    expect(robustPortfolio(indices(10), rounded, 0.5)).toMatchObject({ members: indices(5), mass: 0.5 });
    expect(robustPortfolio([0, 1], [0.5, 0.5 - 9e-7], 0).mass).toBe(1);
    expect(() => robustPortfolio([0, 1], [0.5, 0.5 - 2e-6], 0)).toThrow(/sum to/);
  });
});

describe('guarantees', () => {
  it('Corollary 3.5: an aligned evaluator covers, whatever the generator and alpha', () =>
    fc.assert(
      fc.property(weights, alphas, (w, alpha) => {
        const truth = indices(w.length);
        expect(coverage(robustPortfolio(truth, normalised(w), alpha).members, truth)).toBe(1);
      }),
    ));

  it('Proposition 3.6: with an aligned generator and alpha < 1/2 coverage is above (1 - 2 alpha) / k, whatever the evaluator', () =>
    fc.assert(
      fc.property(
        weights.chain((w) => fc.tuple(fc.constant(w), permutation(w.length), fc.double({ min: 0, max: 0.4999, noNaN: true }))),
        ([w, order, alpha]) => {
          const p = normalised([...w].sort((a, b) => b - a));
          const truth = indices(w.length);
          expect(isAligned(p, truth)).toBe(true);
          const portfolio = robustPortfolio(order, p, alpha);
          expect(coverage(portfolio.members, truth)).toBeGreaterThan(guaranteeOf(portfolio).alignedGenerator ?? 0);
        },
      ),
      { numRuns: 500 },
    ));

  it('promises nothing of the generator from alpha 1/2 on', () =>
    expect(guaranteeOf({ members: [0], mass: 0.6, alpha: 0.5 })).toEqual({ alignedGenerator: null, alignedEvaluator: 1 }));
});
