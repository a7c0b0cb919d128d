/** Self-consistency on typed outcomes: many programs for one problem, one answer. */

import type { Outcome, OutcomeStatus } from '../core/outcome.ts';
import { largest, smallest } from '../lib/extremes.ts';

/** What a program's run amounts to, best first: the order in which kinds with as many votes are preferred. */
export const answerKinds = ['optimal', 'time_limit', 'infeasible', 'unbounded', 'error'] as const;
export type AnswerKind = (typeof answerKinds)[number];

export interface ConsistencyOptions {
  /** Values closer than this are the same answer whatever their size. Default 1e-6. */
  readonly absolute?: number;
  /** Values that differ by less than this share are the same answer. Default 1e-6. */
  readonly relative?: number;
  /** [outcomes] votes of each, 0 or more; default 1 each. */
  readonly weights?: readonly number[];
}

/** The answer that the samples agree on. */
export interface Consensus {
  readonly kind: AnswerKind;
  /** Median of the largest cluster of values; null where the kind has no value. */
  readonly value: number | null;
  /** Indices of the outcomes that say so. */
  readonly members: readonly number[];
  /** The member to show: of those with the median value the one whose model most members share. */
  readonly representative: number;
  /** Outcomes that count: all but faults of ours. */
  readonly numOutcomes: number;
}

/** What kind of answer an outcome gives. */
export function answerKindOf(status: OutcomeStatus): AnswerKind | null {
  switch (status) {
    case 'optimal':
      return 'optimal';
    case 'time_limit':
    case 'feasible':
      return 'time_limit';
    case 'infeasible':
      return 'infeasible';
    case 'unbounded':
    case 'infeasible_or_unbounded':
      return 'unbounded';
    case 'infra_error':
      return null;
    default:
      return 'error';
  }
}

/**
 * The answer of several outcomes of one problem, as NEMO (arXiv:2601.21372, 3.6.1) pools them: the status that most have, of those with as
 * many the first of Optimal > TimeLimit > Infeasible > Unbounded > Error, then the median of the largest cluster of values.
 *
 * A cluster is a run of sorted values whose neighbours are within tolerance; its size is the sum of its weights. Of two clusters as large, that whose models are the
 * more alike wins, then that with the earlier member. Programs with equal `modelHash` are one candidate with as many votes as it
 * was sampled. Of an even number of values the lower middle is the median, so that the answer is one that a program gave. Values cluster
 * within 1e-6 where the paper takes 1e-9: a solver's optimum of 0 is known no better.
 *
 * @returns null when no outcome counts.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome } from 'evom';
 * import { selfConsistent } from 'evom/solve';
 * const about = { dialect: 'highs-js', backend: 'highs' };
 * const outcome = (objective: number) => ({ ...emptyOutcome('optimal', about), objective });
 * const consensus = selfConsistent([outcome(7), outcome(5), outcome(7.0000001), emptyOutcome('infeasible', about)]);
 * assert.equal(consensus?.value, 7);
 * assert.deepEqual(consensus?.members, [0, 2]);
 * ```
 */
export function selfConsistent(outcomes: readonly Outcome[], options: ConsistencyOptions = {}): Consensus | null {
  const counted = outcomes.flatMap((outcome, index) => {
    const kind = answerKindOf(outcome.status);
    return kind === null ? [] : [{ index, outcome, kind }];
  });
  const kind = majorityOf(counted.map((entry) => ({ kind: entry.kind, weight: options.weights?.[entry.index] ?? 1 })));
  if (kind === null) return null;
  const of = counted.filter((entry) => entry.kind === kind);
  const valued = of.flatMap(({ index, outcome }) =>
    outcome.objective === null ? [] : [{ index, outcome, value: outcome.objective, weight: options.weights?.[index] ?? 1 }],
  );
  const [first] = of;
  if ((kind !== 'optimal' && kind !== 'time_limit') || valued.length === 0) {
    const members = of.map(({ index }) => index);
    return { kind, value: null, members, representative: first?.index ?? 0, numOutcomes: counted.length };
  }
  const best = clustersOf(valued, options).reduce((a, b) => (preferred(b, a) ? b : a));
  const value = (best[Math.floor((best.length - 1) / 2)] as Valued).value;
  return {
    kind,
    value,
    members: best.map(({ index }) => index).sort((a, b) => a - b),
    representative: representativeOf(best, value),
    numOutcomes: counted.length,
  };
}

/** The kind with most votes, of equal ones the first by priority; sums of the same weights in another order may differ in their last bits. */
function majorityOf(given: readonly { readonly kind: AnswerKind; readonly weight: number }[]): AnswerKind | null {
  const votesOf = (kind: AnswerKind): number => given.reduce((sum, vote) => sum + (vote.kind === kind ? vote.weight : 0), 0);
  const present = answerKinds.filter((kind) => given.some((vote) => vote.kind === kind));
  return present.reduce<AnswerKind | null>((best, kind) => (best === null || votesOf(kind) > votesOf(best) + 1e-9 ? kind : best), null);
}

interface Valued {
  readonly index: number;
  readonly outcome: Outcome;
  readonly value: number;
  readonly weight: number;
}

/** Runs of sorted values whose neighbours are within tolerance. */
function clustersOf(valued: readonly Valued[], { absolute = 1e-6, relative = 1e-6 }: ConsistencyOptions): Valued[][] {
  const sorted = [...valued].sort((a, b) => a.value - b.value || a.index - b.index);
  const clusters: Valued[][] = [];
  let last: Valued | undefined;
  for (const entry of sorted) {
    const joins =
      last !== undefined && entry.value - last.value <= absolute + relative * Math.max(Math.abs(last.value), Math.abs(entry.value));
    if (joins) clusters.at(-1)?.push(entry);
    else clusters.push([entry]);
    last = entry;
  }
  return clusters;
}

/** Canonical hash of the model of an outcome's last solve; null without one. */
export const modelHashOf = (outcome: Outcome): string | null => outcome.solves.at(-1)?.modelHash || null;

const votes = (cluster: readonly Valued[]): Map<string | null, number> => {
  const counts = new Map<string | null, number>();
  for (const { outcome, weight } of cluster) counts.set(modelHashOf(outcome), (counts.get(modelHashOf(outcome)) ?? 0) + weight);
  return counts;
};
const weightOf = (cluster: readonly Valued[]): number => cluster.reduce((sum, { weight }) => sum + weight, 0);
const largestVote = (cluster: readonly Valued[]): number => largest(votes(cluster).values());
const earliest = (cluster: readonly Valued[]): number => smallest(cluster.map(({ index }) => index));

function preferred(a: readonly Valued[], b: readonly Valued[]): boolean {
  const gap = weightOf(a) - weightOf(b);
  // Sums of the same weights in another order may differ in their last bits.
  if (Math.abs(gap) > 1e-9) return gap > 0;
  if (largestVote(a) !== largestVote(b)) return largestVote(a) > largestVote(b);
  return earliest(a) < earliest(b);
}

function representativeOf(cluster: readonly Valued[], value: number): number {
  const counts = votes(cluster);
  const [chosen] = cluster
    .filter((entry) => entry.value === value)
    .sort((a, b) => (counts.get(modelHashOf(b.outcome)) ?? 0) - (counts.get(modelHashOf(a.outcome)) ?? 0) || a.index - b.index);
  return chosen?.index ?? 0;
}
