/** Policies x backends: the zero-shot table, each cell an evaluation of the same problems on the same draws. */
import { mcnemarTest, pairedPermutationTest, wilsonInterval } from '../lib/statistics.ts';
import type { Evaluation, EvaluationSummary, ProblemScore } from './evaluate.ts';

/** What one cell runs under. */
export interface TransferTarget {
  readonly backend: string;
  readonly dialect: string;
}

export interface TransferCell extends TransferTarget {
  /** The policy's name in the table. */
  readonly policy: string;
  readonly evaluation: Evaluation;
}

/** A cell as it is printed. */
export interface TransferRow extends TransferTarget {
  readonly policy: string;
  readonly set: string;
  readonly judge: string;
  readonly pass_at_1: number | null;
  /** Wilson's 95 % interval, its sample size corrected for samples of one problem that go together. */
  readonly interval: readonly [number, number] | null;
  readonly problems: number;
  readonly denominator: number;
  readonly samples: number;
  readonly identical: number | null;
  readonly execution_rate: number | null;
  readonly taxonomy: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
  /** How the models of wrong answers differ from the references, by kind; null where nothing was diagnosed. */
  readonly diagnosis: Readonly<Record<string, number>> | null;
  readonly by_judge: EvaluationSummary['by_judge'];
}

/** Two cells on the problems that both could score. */
export interface TransferComparison {
  readonly set: string;
  readonly from: TransferTarget & { readonly policy: string };
  readonly to: TransferTarget & { readonly policy: string };
  readonly problems: number;
  /** pass@1 of `to` minus that of `from`. */
  readonly difference: number;
  /** Two-sided, paired sign flips over problems. */
  readonly p_value: number;
  /** With one sample a problem, problems gained and lost and McNemar's exact test; null otherwise. */
  readonly mcnemar: { readonly gained: number; readonly lost: number; readonly p_value: number } | null;
}

export interface TransferReport {
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly rows: readonly TransferRow[];
  readonly comparisons: readonly TransferComparison[];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/**
 * Wilson's interval for a mean of pass rates. S samples of one problem are less than S independent trials: the number of trials is
 * `p (1 - p) / Var(mean)`, with the variance taken between problems, and lies between the problems and the samples.
 *
 * @param rates [P] share of passes of each problem.
 * @param samples scorable samples in all.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { clusteredWilson } from 'evom/evaluate';
 * import { wilsonInterval } from 'evom/lib';
 * const { low, high } = wilsonInterval(1, 4);
 * assert.deepEqual(clusteredWilson([1, 0, 0, 0], 4), [low, high]); // one sample a problem
 * ```
 */
export function clusteredWilson(rates: readonly number[], samples: number): [number, number] | null {
  if (rates.length === 0) return null;
  const p = mean(rates);
  const between = rates.reduce((sum, rate) => sum + (rate - p) ** 2, 0) / rates.length ** 2;
  const trials = between === 0 ? rates.length : Math.min(samples, Math.max(rates.length, (p * (1 - p)) / between));
  const { low, high } = wilsonInterval(p * trials, trials);
  return [low, high];
}

function rowOf({ policy, backend, dialect, evaluation: { summary, scores } }: TransferCell): TransferRow {
  const scored = scores.filter(({ scorable }) => scorable > 0);
  const samples = scored.reduce((sum, { scorable }) => sum + scorable, 0);
  const rates = scored.map(({ passes, scorable }) => passes / scorable);
  const { name, judge, pass_at_1, problems, denominator, identical, execution_rate, taxonomy, flags, diagnosis, by_judge } = summary;
  return {
    policy,
    backend,
    dialect,
    set: name,
    judge,
    pass_at_1,
    interval: clusteredWilson(rates, samples),
    problems,
    denominator,
    samples: summary.samples,
    identical,
    execution_rate,
    taxonomy,
    flags,
    diagnosis,
    by_judge,
  };
}

function compare(from: TransferCell, to: TransferCell, seed: number): TransferComparison | null {
  const before = new Map(from.evaluation.scores.map((score) => [score.id, score]));
  const pairs = to.evaluation.scores.flatMap((after): [ProblemScore, ProblemScore][] => {
    const score = before.get(after.id);
    return score === undefined || score.scorable === 0 || after.scorable === 0 ? [] : [[score, after]];
  });
  if (pairs.length === 0) return null;
  const rate = ({ passes, scorable }: ProblemScore): number => passes / scorable;
  const a = pairs.map(([score]) => rate(score));
  const b = pairs.map(([, score]) => rate(score));
  const { meanDifference, pValue } = pairedPermutationTest(b, a, { seed: `${seed}/transfer` });
  const isSingle = pairs.every(([x, y]) => x.scorable === 1 && y.scorable === 1);
  const gained = b.filter((value, i) => value > (a[i] ?? 0)).length;
  const lost = b.filter((value, i) => value < (a[i] ?? 0)).length;
  const about = ({ policy, backend, dialect }: TransferCell) => ({ policy, backend, dialect });
  return {
    set: to.evaluation.summary.name,
    from: about(from),
    to: about(to),
    problems: pairs.length,
    difference: meanDifference,
    p_value: pValue,
    mcnemar: isSingle ? { gained, lost, p_value: mcnemarTest(gained, lost) } : null,
  };
}

/**
 * The report of a table. Compared are, on each set, every backend of a policy with its first one (what moving costs), and every policy
 * with the first one under the same backend (what training brings).
 *
 * @param cells in the order of the table.
 */
export function transferReport(cells: readonly TransferCell[], seed: number): TransferReport {
  const comparisons: TransferComparison[] = [];
  const add = (from: TransferCell | undefined, to: TransferCell): void => {
    if (from === undefined || from === to) return;
    const comparison = compare(from, to, seed);
    if (comparison !== null) comparisons.push(comparison);
  };
  for (const cell of cells) {
    const sameSet = cells.filter(({ evaluation }) => evaluation.summary.name === cell.evaluation.summary.name);
    add(
      sameSet.find(({ policy }) => policy === cell.policy),
      cell,
    );
    add(
      sameSet.find(({ backend, dialect }) => backend === cell.backend && dialect === cell.dialect),
      cell,
    );
  }
  return {
    labels: Object.fromEntries(cells.map(({ evaluation: { summary } }) => [summary.name, summary.labels])),
    rows: cells.map(rowOf),
    comparisons,
  };
}
