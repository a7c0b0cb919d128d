/** The coverage simulation of Robust portfolios (arXiv:2605.27013, section 4.1 and appendix B.1), every bound checked on every run. */
import { type RandomStream, randomStream } from '../lib/random.ts';
import { isAligned } from './portfolio.ts';

export const generatorKinds = ['aligned', 'weakly_aligned', 'uniform', 'misaligned'] as const;
export type GeneratorKind = (typeof generatorKinds)[number];

export interface SimulationOptions {
  readonly generators: readonly GeneratorKind[];
  /** Shares of wrongly placed candidates, each in [0, 1]; 1 is the reversed ranking. */
  readonly errors: readonly number[];
  /** Numbers of candidates K, each at least 2. */
  readonly sizes: readonly number[];
  readonly alphas: readonly number[];
  readonly seeds: number;
  readonly seed: number;
}

/** The paper's settings: alpha from 0 to 1 in steps of 0.02, 40 seeds. */
export const paperSettings: SimulationOptions = {
  generators: generatorKinds,
  errors: [0, 0.3, 0.5, 0.7, 1],
  sizes: [10, 20, 50, 100],
  alphas: Array.from({ length: 51 }, (_, i) => i / 50),
  seeds: 40,
  seed: 1,
};

/** A mean over seeds with the half-width of its 95 % interval by Student's t. */
export interface Mean {
  readonly mean: number;
  readonly halfWidth: number;
}

/** One curve: coverage and size of the portfolio at each alpha. */
export interface SimulationCurve {
  readonly generator: GeneratorKind;
  readonly error: number;
  readonly candidates: number;
  /** [alphas] */
  readonly coverage: readonly Mean[];
  /** [alphas] */
  readonly size: readonly Mean[];
}

export interface SimulationResult {
  readonly options: SimulationOptions;
  readonly curves: readonly SimulationCurve[];
  /** Portfolios on which a guarantee's premise held, so that it was checked. */
  readonly checked: { readonly corollary: number; readonly proposition: number };
  /** Guarantees that were broken: none, unless this code or the paper is wrong. */
  readonly violations: readonly string[];
}

/**
 * Generator probabilities over K candidates whose true ranking is 0, 1, ..., K - 1.
 *
 * `aligned` falls linearly from K to 1, `misaligned` rises so, `uniform` is 1/K; `weakly_aligned` draws random values such that the
 * first half has a total drawn evenly from [0.5, 0.99), so more than the second.
 */
export function generatorOf(kind: GeneratorKind, size: number, random: RandomStream): number[] {
  const indices = Array.from({ length: size }, (_, i) => i);
  const normalised = (values: readonly number[], total = 1): number[] => {
    const sum = values.reduce((a, b) => a + b, 0);
    return values.map((value) => (total * value) / sum);
  };
  switch (kind) {
    case 'aligned':
      return normalised(indices.map((i) => size - i));
    case 'misaligned':
      return normalised(indices.map((i) => i + 1));
    case 'uniform':
      return indices.map(() => 1 / size);
    case 'weakly_aligned': {
      const half = Math.floor(size / 2);
      const first = 0.5 + 0.49 * random.next();
      const values = indices.map(() => 1 - random.next()); // in (0, 1]: no half sums to 0
      return [...normalised(values.slice(0, half), first), ...normalised(values.slice(half), 1 - first)];
    }
    default:
      return kind satisfies never;
  }
}

/**
 * An evaluator's ranking in which `round(error * K)` candidates, drawn at random, each stand in another's place; error 1 reverses all.
 *
 * @returns [K] candidates, best first; candidate i truly ranks i-th.
 */
export function evaluatorOf(error: number, size: number, random: RandomStream): number[] {
  const order = Array.from({ length: size }, (_, i) => i);
  if (error >= 1) return order.reverse();
  const wrong = Math.round(error * size);
  const places = random.shuffle(order).slice(0, wrong === 1 ? 2 : wrong); // one alone has no other's place to stand in
  // Sattolo's algorithm: a random cycle, so nobody keeps a place.
  const swapped = [...places];
  for (let i = swapped.length - 1; i > 0; i--) {
    const j = random.int(0, i - 1);
    [swapped[i], swapped[j]] = [swapped[j] as number, swapped[i] as number];
  }
  for (const [k, place] of places.entries()) order[place] = swapped[k] as number;
  return order;
}

/**
 * Coverage and size of robust portfolios for every combination of generator, evaluator error and K, with all guarantees checked.
 *
 * @throws {RangeError} for a K below 2, an error or alpha outside [0, 1], or fewer than 2 seeds.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { paperSettings, simulatePortfolios } from 'evom/solve';
 * const { curves, violations } = simulatePortfolios({ ...paperSettings, sizes: [10], errors: [0], seeds: 5 });
 * assert.deepEqual(violations, []);
 * assert.ok(curves.every((curve) => curve.coverage.every(({ mean }) => mean === 1))); // an aligned evaluator covers
 * ```
 */
export function simulatePortfolios(options: SimulationOptions): SimulationResult {
  checkOptions(options);
  const checked = { corollary: 0, proposition: 0 };
  const violations: string[] = [];
  const curves: SimulationCurve[] = [];
  for (const candidates of options.sizes) {
    for (const generator of options.generators) {
      for (const error of options.errors) {
        const runs = Array.from({ length: options.seeds }, (_, seed) => {
          const random = (what: string): RandomStream => randomStream(options.seed, 'portfolio', what, candidates, seed);
          const probabilities = generatorOf(generator, candidates, random(generator));
          const order = evaluatorOf(error, candidates, random(`evaluator ${error}`));
          const run = runOf(probabilities, order, options.alphas);
          for (const fault of run.check(checked)) violations.push(`${generator}, error ${error}, K ${candidates}, seed ${seed}: ${fault}`);
          return run;
        });
        curves.push({
          generator,
          error,
          candidates,
          coverage: options.alphas.map((_, a) => meanOf(runs.map((run) => run.coverage[a] ?? Number.NaN))),
          size: options.alphas.map((_, a) => meanOf(runs.map((run) => run.sizes[a] ?? Number.NaN))),
        });
      }
    }
  }
  return { options, curves, checked, violations };
}

function checkOptions({ sizes, errors, alphas, seeds }: SimulationOptions): void {
  const inUnit = (value: number): boolean => value >= 0 && value <= 1;
  if (!sizes.every((size) => Number.isInteger(size) && size >= 2)) throw new RangeError('every K must be a whole number from 2');
  if (!errors.every(inUnit)) throw new RangeError('every evaluator error must be in [0, 1]');
  if (!alphas.every(inUnit)) throw new RangeError('every alpha must be in [0, 1]');
  if (!(Number.isInteger(seeds) && seeds >= 2)) throw new RangeError('an interval needs at least 2 seeds');
}

/** Size and coverage at every alpha, by prefix sums: the same numbers as `robustPortfolio` and `coverage` one alpha at a time. */
function runOf(probabilities: readonly number[], order: readonly number[], alphas: readonly number[]) {
  const masses: number[] = [];
  const overlaps: number[] = [];
  const seen = new Set<number>();
  let mass = 0;
  let overlap = 0;
  for (const [i, candidate] of order.entries()) {
    mass += probabilities[candidate] ?? 0;
    seen.add(candidate);
    // Of the first i + 1 by each ranking: the new candidate may be among them, and candidate i may have been kept before.
    if (candidate < i) overlap += 1;
    if (seen.has(i)) overlap += 1;
    masses.push(mass);
    overlaps.push(overlap);
  }
  const sizes = alphas.map((alpha) => {
    const k = masses.findIndex((m) => m >= 1 - alpha - 1e-12);
    return k === -1 ? order.length : k + 1;
  });
  const coverage = sizes.map((k) => (overlaps[k - 1] ?? 0) / k);
  const truth = order.map((_, i) => i);
  const check = (checked: { corollary: number; proposition: number }): string[] => {
    const alignedEvaluator = order.every((candidate, i) => candidate === i);
    const alignedGenerator = isAligned(probabilities, truth);
    return alphas.flatMap((alpha, a) => {
      const [k, c] = [sizes[a] ?? 0, coverage[a] ?? 0];
      const faults: string[] = [];
      if (alignedEvaluator) {
        checked.corollary += 1;
        if (c !== 1) faults.push(`alpha ${alpha}: aligned evaluator, coverage ${c}`);
      }
      if (alignedGenerator && alpha < 0.5) {
        checked.proposition += 1;
        if (!(c > (1 - 2 * alpha) / k)) faults.push(`alpha ${alpha}: aligned generator, coverage ${c} <= (1 - 2 alpha) / ${k}`);
      }
      return faults;
    });
  };
  return { sizes, coverage, check };
}

function meanOf(values: readonly number[]): Mean {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, halfWidth: studentQuantile(n - 1) * Math.sqrt(variance / n) };
}

/** The 97.5 % point of Student's t by its expansion around the normal (Abramowitz and Stegun 26.7.5); within 0.5 % from 4 degrees on. */
export function studentQuantile(degrees: number): number {
  const z = 1.959963984540054;
  const [z3, z5, z7] = [z ** 3, z ** 5, z ** 7];
  return (
    z +
    (z3 + z) / (4 * degrees) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * degrees ** 3)
  );
}
