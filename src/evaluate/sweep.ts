/** Runs of several arms over the same seeds, pooled: means over seeds with intervals, and paired tests over problems and over seeds. Pure. */
import { EvomError } from '../lib/errors.ts';
import { meanInterval, pairedPermutationTest } from '../lib/statistics.ts';
import type { Evaluation, ProblemScore } from './evaluate.ts';

/** One finished run: an arm is what is compared, e.g. a configuration; a seed repeats it. */
export interface SweepRun {
  readonly arm: string;
  readonly seed: number;
  /** In the order of their steps; step 0 is before training. */
  readonly evaluations: readonly { readonly step: number; readonly sets: readonly Evaluation[] }[];
}

/** A figure over seeds. */
export interface Pooled {
  /** [seeds] in the order of the report's seeds that have it. */
  readonly values: readonly number[];
  readonly mean: number;
  /** Student's 95 % interval of the mean, seeds as trials; null of a single seed. */
  readonly interval: readonly [number, number] | null;
}

/** The difference of two pooled rates, each seed with itself and each problem with itself. */
export interface PairedDifference extends Pooled {
  /** Two-sided sign flips over problems, each with its mean over seeds: is it more than the luck of the problems? */
  readonly pProblems: number;
  /** The same over seeds. The smallest that n seeds can give is 2 / 2^n. */
  readonly pSeeds: number;
}

export interface SweepRow {
  readonly arm: string;
  readonly set: string;
  readonly judge: string;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly problems: number;
  readonly samples: number;
  /** pass@1 before training; null where nothing was measured then, as in supervised runs. */
  readonly before: Pooled | null;
  readonly after: Pooled;
  readonly identical: Pooled | null;
  readonly executed: Pooled | null;
  readonly gain: PairedDifference | null;
}

/** One arm against the first, after training. */
export interface SweepComparison extends PairedDifference {
  readonly from: string;
  readonly to: string;
  readonly set: string;
}

export interface SweepReport {
  readonly seeds: readonly number[];
  readonly arms: readonly string[];
  readonly rows: readonly SweepRow[];
  readonly comparisons: readonly SweepComparison[];
  /** pass@1 by step, where it was measured in all seeds of an arm. */
  readonly curves: readonly {
    readonly arm: string;
    readonly set: string;
    readonly points: readonly (Pooled & { readonly step: number })[];
  }[];
}

/**
 * Pools the runs of a sweep. A set that an arm did not measure at its last step has no row there.
 *
 * @param runs one for each arm and seed.
 * @throws {EvomError} `E_DATA` where two runs measured a set of one name by different problems, judges, temperatures or numbers of samples.
 */
export function sweepReport(runs: readonly SweepRun[]): SweepReport {
  checkAlike(runs);
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const sets = [...new Set(runs.flatMap(({ evaluations }) => evaluations.at(-1)?.sets.map(({ summary }) => summary.name) ?? []))];
  const of = (arm: string): SweepRun[] => seeds.flatMap((seed) => runs.filter((run) => run.arm === arm && run.seed === seed));
  const each = <T>(make: (arm: string, set: string) => T | null): T[] =>
    sets.flatMap((set) => arms.map((arm) => make(arm, set))).filter((made) => made !== null);
  return {
    seeds,
    arms,
    rows: each((arm, set) => rowOf(arm, set, of(arm))),
    comparisons: each((arm, set) => {
      const first = arms[0] ?? '';
      const difference = arm === first ? null : paired(lastOf(of(first), set), lastOf(of(arm), set));
      return difference === null ? null : { from: first, to: arm, set, ...difference };
    }),
    curves: each((arm, set) => {
      const points = curveOf(of(arm), set);
      return points.length < 2 ? null : { arm, set, points };
    }),
  };
}

/** What is pooled and compared has to be measured alike. */
function checkAlike(runs: readonly SweepRun[]): void {
  const first = new Map<string, { readonly run: string; readonly measure: string }>();
  for (const { arm, seed, evaluations } of runs)
    for (const { summary, scores } of evaluations.flatMap(({ sets }) => sets)) {
      const { name, judge, temperature, samples } = summary;
      const measure = JSON.stringify([judge, temperature, samples, scores.map(({ id }) => id).sort()]);
      const earlier = first.get(name);
      if (earlier === undefined) first.set(name, { run: `${arm}-seed${seed}`, measure });
      else if (earlier.measure !== measure)
        throw new EvomError(
          'E_DATA',
          `${arm}-seed${seed} measures ${name} otherwise than ${earlier.run}: other problems, judge, temperature or number of samples; compare runs over the same sets, or give them different names`,
        );
    }
}

/** Evaluations of one set by seed. */
type BySeed = ReadonlyMap<number, Evaluation>;

const setAt = (runs: readonly SweepRun[], set: string, at: (run: SweepRun) => SweepRun['evaluations'][number] | undefined): BySeed =>
  new Map(
    runs.flatMap((run) => {
      const found = at(run)?.sets.find(({ summary }) => summary.name === set);
      return found === undefined ? [] : [[run.seed, found] as const];
    }),
  );
const lastOf = (runs: readonly SweepRun[], set: string): BySeed => setAt(runs, set, ({ evaluations }) => evaluations.at(-1));
const firstOf = (runs: readonly SweepRun[], set: string): BySeed =>
  setAt(runs, set, ({ evaluations }) => evaluations.find(({ step }) => step === 0));

function rowOf(arm: string, set: string, runs: readonly SweepRun[]): SweepRow | null {
  const [before, after] = [firstOf(runs, set), lastOf(runs, set)];
  const [any] = after.values();
  const rate = pooledRate(after, 'pass_at_1');
  if (any === undefined || rate === null) return null;
  const { judge, temperature, problems, samples } = any.summary;
  return {
    ...{ arm, set, judge, temperature, problems, samples },
    before: pooledRate(before, 'pass_at_1'),
    after: rate,
    identical: pooledRate(after, 'identical'),
    executed: pooledRate(after, 'execution_rate'),
    gain: paired(before, after),
  };
}

function curveOf(runs: readonly SweepRun[], set: string): (Pooled & { readonly step: number })[] {
  const steps = [...new Set(runs.flatMap(({ evaluations }) => evaluations.map(({ step }) => step)))].sort((a, b) => a - b);
  return steps.flatMap((step) => {
    const here = setAt(runs, set, ({ evaluations }) => evaluations.find((one) => one.step === step));
    const rate = here.size === runs.length ? pooledRate(here, 'pass_at_1') : null;
    return rate === null ? [] : [{ step, ...rate }];
  });
}

function pooledRate(evaluations: BySeed, key: 'pass_at_1' | 'identical' | 'execution_rate'): Pooled | null {
  const values = [...evaluations.values()].flatMap(({ summary }) => summary[key] ?? []);
  return values.length === 0 ? null : pooled(values);
}

const pooled = (values: readonly number[]): Pooled => ({ values, ...meanInterval(values) });

/** `after` minus `before` of the seeds that both have, over the problems that can be scored in both. */
function paired(before: BySeed, after: BySeed): PairedDifference | null {
  const seeds = [...before.keys()].filter((seed) => after.has(seed));
  const pairs = seeds.map((seed) => pairedScores(before.get(seed), after.get(seed)));
  const differences = pairs.flatMap((scores) => (scores.length === 0 ? [] : mean(scores.map(({ a, b }) => a - b))));
  if (differences.length === 0) return null;
  const byProblem = new Map<string, { a: number; b: number }>();
  for (const { id, a, b } of pairs.flat()) {
    const sums = byProblem.get(id) ?? { a: 0, b: 0 };
    byProblem.set(id, { a: sums.a + a, b: sums.b + b });
  }
  const problems = [...byProblem.values()];
  const overProblems = pairedPermutationTest(
    problems.map(({ a }) => a),
    problems.map(({ b }) => b),
    { seed: 'sweep/problems' },
  );
  const overSeeds = pairedPermutationTest(
    differences,
    differences.map(() => 0),
    { seed: 'sweep/seeds' },
  );
  return { ...pooled(differences), pProblems: overProblems.pValue, pSeeds: overSeeds.pValue };
}

/** Shares of passes of the problems that both evaluations could score. */
function pairedScores(before: Evaluation | undefined, after: Evaluation | undefined): { id: string; a: number; b: number }[] {
  const earlier = new Map((before?.scores ?? []).map((score) => [score.id, score]));
  return (after?.scores ?? []).flatMap((score) => {
    const other = earlier.get(score.id);
    return other === undefined || other.scorable === 0 || score.scorable === 0
      ? []
      : [{ id: score.id, a: shareOf(score), b: shareOf(other) }];
  });
}

const shareOf = ({ passes, scorable }: ProblemScore): number => passes / scorable;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
