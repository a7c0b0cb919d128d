/** Robust portfolios of candidate models: how many of the evaluator's favourites to keep, and what that guarantees. */
import { randomStream } from '../lib/random.ts';

/** Sums of probabilities are compared with `1 - alpha` up to this, so that rounding never costs a candidate more. */
const massTolerance = 1e-12;

/** Probabilities may miss a sum of 1 by this much: what rounding to single precision does. */
const sumTolerance = 1e-6;

/** The candidates to keep, best first. */
export interface Portfolio {
  /** Indices of candidates, in the evaluator's order. */
  readonly members: readonly number[];
  /** Their generator probability in total: at least `1 - alpha`. */
  readonly mass: number;
  readonly alpha: number;
}

/**
 * Generator probabilities of N candidates: the exponential of each one's mean token log-probability, normalised over the candidates.
 *
 * @param logprobs [N][T_i] nats, of the sampled tokens of each candidate.
 * @returns [N] probabilities that sum to 1.
 * @throws {RangeError} for no candidate, a candidate without tokens or a log-probability that is not finite.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { generatorProbabilities } from 'evom/solve';
 * const [short, long] = generatorProbabilities([[-1], [-1, -1, -1]]);
 * assert.equal(short, long); // length does not count
 * ```
 */
export function generatorProbabilities(logprobs: readonly ArrayLike<number>[]): number[] {
  const means = logprobs.map((tokens, i) => {
    if (tokens.length === 0) throw new RangeError(`candidate ${i} has no tokens, so no log-probability`);
    const mean = Array.from(tokens).reduce((sum, value) => sum + value, 0) / tokens.length;
    if (!Number.isFinite(mean)) throw new RangeError(`the log-probabilities of candidate ${i} are not all finite`);
    return mean;
  });
  if (means.length === 0) throw new RangeError('a portfolio needs at least one candidate');
  const largest = means.reduce((a, b) => Math.max(a, b)); // so that exp neither overflows nor loses the best one
  const weights = means.map((mean) => Math.exp(mean - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * The evaluator's order of N candidates: by the mean of repeated scores, higher first, ties in random order.
 *
 * @param scores [N][S_i] scores of each candidate, one or more.
 * @param seed names the stream that breaks ties.
 * @returns [N] indices, best first.
 * @throws {RangeError} for a candidate without scores or a score that is not finite.
 */
export function evaluatorOrder(scores: readonly (readonly number[])[], seed: string | number): number[] {
  const means = scores.map((repeated, i) => {
    const mean = repeated.reduce((sum, value) => sum + value, 0) / repeated.length;
    if (!Number.isFinite(mean)) throw new RangeError(`candidate ${i} has no score, or one that is not finite`);
    return mean;
  });
  // The sort is stable: a random order beforehand decides among equals.
  return randomStream(seed, 'ties')
    .shuffle([...means.keys()])
    .sort((a, b) => (means[b] ?? 0) - (means[a] ?? 0));
}

/**
 * The first `k*(alpha) = min{k >= 1 : sum_{i <= k} p(o_(i)^e) >= 1 - alpha}` candidates in the evaluator's order.
 *
 * Equation 2 of Robust portfolios (arXiv:2605.27013). Where the paper takes alpha from the open interval (0, 1), the ends are
 * allowed here: 0 keeps every candidate that has probability, 1 the first alone; a portfolio is never empty.
 *
 * @param order [N] indices of the candidates, best first.
 * @param probabilities [N] generator probabilities, sum 1 to within 1e-6; what is left of that is divided out.
 * @throws {RangeError} for an alpha outside [0, 1], an order that is no permutation of the candidates, a probability outside [0, 1], or
 *   probabilities that do not sum to 1.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { robustPortfolio } from 'evom/solve';
 * const { members } = robustPortfolio([2, 0, 1], [0.5, 0.2, 0.3], 0.25);
 * assert.deepEqual(members, [2, 0]); // 0.3 + 0.5 >= 0.75
 * ```
 */
export function robustPortfolio(order: readonly number[], probabilities: readonly number[], alpha: number): Portfolio {
  if (!(alpha >= 0 && alpha <= 1)) throw new RangeError(`alpha must be in [0, 1], not ${alpha}`);
  if (order.length !== probabilities.length || new Set(order).size !== order.length || order.length === 0)
    throw new RangeError(`an order of ${order.length} candidates for ${probabilities.length} probabilities`);
  for (const candidate of order)
    if (probabilities[candidate] === undefined) throw new RangeError(`candidate ${candidate} has no probability`);
  const total = sumOfProbabilities(probabilities);
  let mass = 0;
  for (const [k, candidate] of order.entries()) {
    mass += (probabilities[candidate] ?? 0) / total;
    if (mass >= 1 - alpha - massTolerance) return { members: order.slice(0, k + 1), mass, alpha };
  }
  return { members: [...order], mass, alpha };
}

/** @throws {RangeError} naming the candidate whose probability is none, or the sum that is not 1. */
function sumOfProbabilities(probabilities: readonly number[]): number {
  const wrong = probabilities.findIndex((p) => !(p >= 0 && p <= 1 + sumTolerance));
  if (wrong !== -1) throw new RangeError(`the probability of candidate ${wrong} is ${probabilities[wrong]}; it must be from 0 to 1`);
  const total = probabilities.reduce((sum, p) => sum + p, 0);
  if (Math.abs(total - 1) > sumTolerance)
    throw new RangeError(
      `the probabilities of ${probabilities.length} candidates sum to ${total}, not to 1; divide each by their sum, or take generatorProbabilities`,
    );
  return total;
}

/**
 * Coverage `c(P) = (1/k) #{i <= k : o_(i)^* in P}` of a portfolio of k candidates: how many of the k best are in it.
 *
 * @param members [k] candidates of the portfolio.
 * @param truth [N] indices of the candidates by the ranking that counts, best first.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { coverage } from 'evom/solve';
 * assert.equal(coverage([0, 3], [0, 1, 2, 3]), 0.5);
 * ```
 */
export function coverage(members: readonly number[], truth: readonly number[]): number {
  const kept = new Set(members);
  return truth.slice(0, members.length).filter((candidate) => kept.has(candidate)).length / members.length;
}

/** Whether the generator is aligned: no candidate is likelier than one that ranks above it. */
export function isAligned(probabilities: readonly number[], truth: readonly number[]): boolean {
  return truth.every((candidate, i) => i === 0 || (probabilities[truth[i - 1] ?? -1] ?? 0) >= (probabilities[candidate] ?? 0));
}

/** What holds whatever the evaluator does (proposition), or whatever the generator does (corollary). */
export interface Guarantee {
  /** `(1 - 2 alpha) / k`: with an aligned generator and alpha < 1/2 coverage is above it; null for a larger alpha. */
  readonly alignedGenerator: number | null;
  /** With an aligned evaluator coverage is this: 1, for every generator and alpha. */
  readonly alignedEvaluator: 1;
}

/** The guarantees of a portfolio of k candidates: Corollary 3.5 and Proposition 3.6 of Robust portfolios. */
export function guaranteeOf({ members, alpha }: Portfolio): Guarantee {
  // Closer to 1/2 than sums are compared, a mass of 1 - alpha may be a mass of 1/2.
  return { alignedGenerator: 1 - 2 * alpha > 4 * massTolerance ? (1 - 2 * alpha) / members.length : null, alignedEvaluator: 1 };
}
