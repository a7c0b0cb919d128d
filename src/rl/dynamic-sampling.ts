/**
 * Which groups a training step uses: sample until enough groups can teach something, keep what is left over.
 *
 * Differences to DAPO (arXiv:2503.14476, 3.2) as its implementations have it: the filter looks at accuracy and not at the
 * shaped reward (length shaping would let all-right groups pass); surplus groups are carried to the next step instead of
 * thrown away; a step that cannot be filled trains on what there is, or is skipped, and never ends the run.
 */

import type { RolloutGroup } from '../core/rollout.ts';
import { ownTokens } from '../core/turns.ts';
import { smallest } from '../lib/extremes.ts';

export interface DynamicSamplingConfig {
  /** Groups a training step wants. */
  readonly batchGroups: number;
  /** Accepted: accuracy strictly between; null accepts every scorable group (plain GRPO). */
  readonly band: { readonly low: number; readonly high: number } | null;
  /** Fewest scorable rollouts that make a group, at least 1; 2 where the group is its own baseline. */
  readonly minScorable: number;
  /** Sampling rounds a step, at least 1. */
  readonly maxRounds: number;
  /** Share of `batchGroups`, in (0, 1], that is enough to train on when the rounds are used up. */
  readonly minFill: number;
  /** Versions that a carried group may lie behind the policy that samples for the step; fresh groups lie behind by none. */
  readonly maxStaleness: number;
  /** What becomes of an older one, by default dropped. A kept one is trained on under the sampler correction. */
  readonly staleGroups?: 'drop' | 'keep';
}

/** What the decision needs to know of a group. */
export interface GroupSummary {
  readonly scorable: number;
  /** Mean over scorable rollouts of the share of the answer's reward that was paid, in [0, 1]; null when none is scorable. */
  readonly accuracy: number | null;
  /** Oldest policy version that sampled it. */
  readonly policyVersion: number;
  readonly tokens: number;
}

/** Weights of the reward's terms that accuracy is read off. */
export interface AccuracyWeights {
  readonly answer: number;
  readonly consistency: number;
}

export type RejectionReason = 'unscorable' | 'too_hard' | 'too_easy';

/** Counts of one step. */
export interface SamplingCounts {
  readonly rounds: number;
  readonly offered: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** Carried groups that became too old, and were dropped. */
  readonly stale: number;
  /** Carried groups that are too old, and were kept. */
  readonly staleKept: number;
  /** Tokens of those: the only accepted ones that are ever thrown away. */
  readonly discardedTokens: number;
}

/** State between and within steps; plain data, as serialisable as its groups. */
export interface DynamicSamplingState<Group> {
  /** Accepted groups, oldest first: what a checkpoint must keep. */
  readonly carry: readonly Group[];
  readonly counts: SamplingCounts;
}

export type SamplingDecision<Group> =
  /** Sample another round, at least `missing` more groups are wanted. */
  | { readonly type: 'sample'; readonly missing: number }
  | { readonly type: 'train'; readonly groups: readonly Group[]; readonly state: DynamicSamplingState<Group> }
  /** Too few groups after the last round: no training step; what was accepted stays in `state`. */
  | { readonly type: 'skip'; readonly state: DynamicSamplingState<Group> };

const noCounts: SamplingCounts = {
  rounds: 0,
  offered: 0,
  accepted: 0,
  rejected: { unscorable: 0, too_hard: 0, too_easy: 0 },
  stale: 0,
  staleKept: 0,
  discardedTokens: 0,
};

/** The state before the first step, or one restored with the groups of a checkpoint. */
export function initialSamplingState<Group>(carry: readonly Group[] = []): DynamicSamplingState<Group> {
  return { carry, counts: noCounts };
}

/** Starts a step: counts from zero, carried groups that lie too far behind `policyVersion` dropped or counted. */
export function beginSamplingStep<Group>(
  state: DynamicSamplingState<Group>,
  config: DynamicSamplingConfig,
  policyVersion: number,
  summarize: (group: Group) => GroupSummary,
): DynamicSamplingState<Group> {
  const summaries = state.carry.map((group) => ({ group, summary: summarize(group) }));
  const isStale = ({ summary }: { summary: GroupSummary }): boolean => policyVersion - summary.policyVersion > config.maxStaleness;
  const stale = summaries.filter(isStale);
  if (config.staleGroups === 'keep') return { carry: state.carry, counts: { ...noCounts, staleKept: stale.length } };
  return {
    carry: summaries.filter((entry) => !isStale(entry)).map(({ group }) => group),
    counts: { ...noCounts, stale: stale.length, discardedTokens: stale.reduce((sum, { summary }) => sum + summary.tokens, 0) },
  };
}

/** Takes in the groups of one sampling round. */
export function offerGroups<Group>(
  state: DynamicSamplingState<Group>,
  config: DynamicSamplingConfig,
  groups: readonly Group[],
  summarize: (group: Group) => GroupSummary,
): DynamicSamplingState<Group> {
  const accepted: Group[] = [];
  const rejected = { ...state.counts.rejected };
  for (const group of groups) {
    const reason = rejectionReason(summarize(group), config);
    if (reason === null) accepted.push(group);
    else rejected[reason]++;
  }
  const { counts } = state;
  return {
    carry: [...state.carry, ...accepted],
    counts: {
      ...counts,
      rounds: counts.rounds + 1,
      offered: counts.offered + groups.length,
      accepted: counts.accepted + accepted.length,
      rejected,
    },
  };
}

/**
 * What to do next: train on the oldest `batchGroups`, sample again, train on fewer, or skip the step.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { beginSamplingStep, initialSamplingState, nextSamplingAction, offerGroups } from 'evom/rl';
 * const config = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 3, minFill: 0.5, maxStaleness: 1 };
 * const summarize = (accuracy: number) => ({ scorable: 8, accuracy, policyVersion: 0, tokens: 100 });
 * let state = beginSamplingStep(initialSamplingState<number>(), config, 0, summarize);
 * state = offerGroups(state, config, [0.5, 0, 1], summarize);
 * assert.deepEqual(nextSamplingAction(state, config), { type: 'sample', missing: 1 });
 * state = offerGroups(state, config, [0.25, 0.75], summarize);
 * const next = nextSamplingAction(state, config);
 * assert.ok(next.type === 'train');
 * assert.deepEqual([next.groups, next.state.carry], [[0.5, 0.25], [0.75]]);
 * ```
 */
export function nextSamplingAction<Group>(state: DynamicSamplingState<Group>, config: DynamicSamplingConfig): SamplingDecision<Group> {
  const { carry, counts } = state;
  const missing = config.batchGroups - carry.length;
  if (missing > 0 && counts.rounds < config.maxRounds) return { type: 'sample', missing };
  const enough = carry.length >= Math.max(1, Math.ceil(config.minFill * config.batchGroups));
  if (!enough) return { type: 'skip', state };
  return {
    type: 'train',
    groups: carry.slice(0, config.batchGroups),
    state: { carry: carry.slice(config.batchGroups), counts },
  };
}

/**
 * The summary of a rollout group; a rollout is scorable when it has a reward.
 *
 * Accuracy is what the reward pays as right, and not what the judge calls right: a pass that the audit denies, or one from
 * a wrong model where those earn nothing, teaches like a wrong answer, and a group of such passes and failures has one reward.
 *
 * @param weights what a right answer earns, and what full consistency does; default 1 and 0. Where a right answer earns nothing,
 *   `consistency` counts where it is paid, so that no label decides what is trained on, else the judge's word.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { summarizeGroup } from 'evom/rl';
 * const rollout = (share: number) => ({
 *   reward: { value: 0.5 * share, parts: { consistency: 0.5 * share }, correct: null },
 *   completion: { tokenIds: [1, 2], policyVersion: 3 },
 * });
 * const group = { rollouts: [rollout(1), rollout(0.5)] };
 * assert.equal(summarizeGroup(group as never, { answer: 0, consistency: 0.5 }).accuracy, 0.75);
 * ```
 */
export function summarizeGroup(group: RolloutGroup, weights: AccuracyWeights = { answer: 1, consistency: 0 }): GroupSummary {
  const scorable = group.rollouts.filter((rollout) => rollout.reward.value !== null);
  const paid = scorable.map(({ reward }) => {
    if (weights.answer > 0) return (reward.parts.answer ?? 0) / weights.answer;
    const { consistency } = reward.parts;
    return weights.consistency > 0 && consistency !== undefined ? consistency / weights.consistency : Number(reward.correct === true);
  });
  return {
    scorable: scorable.length,
    accuracy: scorable.length > 0 ? paid.reduce((sum, share) => sum + share, 0) / scorable.length : null,
    policyVersion: smallest(group.rollouts.map((rollout) => rollout.completion.policyVersion)),
    tokens: group.rollouts.reduce((sum, rollout) => sum + ownTokens(rollout.completion), 0),
  };
}

function rejectionReason({ scorable, accuracy }: GroupSummary, { band, minScorable }: DynamicSamplingConfig): RejectionReason | null {
  if (accuracy === null || scorable < Math.max(1, minScorable)) return 'unscorable';
  if (band === null) return null;
  if (accuracy <= band.low) return 'too_hard';
  return accuracy >= band.high ? 'too_easy' : null;
}
