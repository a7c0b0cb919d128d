/** A step in figures: what was sampled, what is trained on, and how old it is. */

import type { Certificate, Outcome } from '../core/outcome.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { largest, smallest } from '../lib/extremes.ts';
import { isHardFlagged } from '../reward/audit.ts';
import type { GatheredStep } from './gather.ts';

/** Figures of a step by name; those under `time/` are wall clock and do not replay. */
export type StepMetrics = Readonly<Record<string, number>>;

/** An evaluation as figures of its step. */
export function evaluationMetrics(evaluations: readonly Evaluation[]): StepMetrics {
  const metrics: Record<string, number> = {};
  for (const { summary } of evaluations) {
    for (const name of ['pass_at_1', 'identical', 'execution_rate'] as const) {
      const rate = summary[name];
      if (rate !== null) metrics[`eval/${summary.name}/${name}`] = rate;
    }
  }
  return metrics;
}

/**
 * Figures of what was sampled (`seen`) and what is trained on (`groups`).
 *
 * @param version of the learner's weights before the step: staleness is counted from there, in versions.
 */
export function rolloutMetrics({ seen, groups, counts }: GatheredStep, version: number): StepMetrics {
  const rollouts = seen.flatMap((group) => group.rollouts);
  const scorable = rollouts.filter((r) => r.reward.value !== null);
  const share = (count: number): number => count / Math.max(1, rollouts.length);
  const rewards = scorable.map((r) => r.reward.value as number);
  const rewardMean = average(rewards);
  const staleness = groups.flatMap(versionsOf).map((sampled) => version - sampled);
  // Where problems have reference models, a wrong answer without a model is not identical either.
  const modelled = seen.flatMap((group) => (group.problem.model ? group.rollouts.filter((r) => r.reward.value !== null) : []));
  return {
    reward: rewardMean,
    reward_std: Math.sqrt(average(rewards.map((r) => (r - rewardMean) ** 2))),
    accuracy: average(scorable.map((r) => (r.reward.correct ? 1 : 0))),
    ...(modelled.length > 0 ? { identical: average(modelled.map((r) => (r.reward.correct && r.reward.identical ? 1 : 0))) } : {}),
    executed: share(rollouts.filter((r) => r.outcome.solves.length > 0).length),
    entropy: averageEntropy(seen),
    'completions/mean_length': average(rollouts.map((r) => r.completion.tokenIds.length)),
    'completions/clipped_ratio': share(rollouts.filter((r) => r.completion.finishReason === 'length').length),
    infra_rate: share(rollouts.filter((r) => r.outcome.status === 'infra_error').length),
    flag_rate: share(rollouts.filter((r) => isHardFlagged(r.reward.flags)).length),
    value_only_rate: share(rollouts.filter((r) => r.reward.flags.includes('value_only')).length),
    uncertified_rate: share(rollouts.filter((r) => r.reward.flags.includes('uncertified')).length),
    ...certificateCounts(rollouts.map((r) => r.outcome)),
    groups_trained: groups.length,
    'groups/sampled': counts.offered,
    'groups/accepted': counts.accepted,
    'groups/too_easy': counts.rejected.too_easy,
    'groups/too_hard': counts.rejected.too_hard,
    'groups/unscorable': counts.rejected.unscorable,
    'groups/stale': counts.stale,
    'groups/stale_kept': counts.staleKept,
    'groups/mixed_versions': groups.filter((group) => new Set(versionsOf(group)).size > 1).length,
    'groups/rounds': counts.rounds,
    'staleness/mean': average(staleness),
    'staleness/max': staleness.reduce((most, one) => Math.max(most, one), 0),
    frac_reward_zero_std: average(seen.map((group) => (hasOneReward(group) ? 1 : 0))),
  };
}

const certificates: readonly Certificate[] = ['dual', 'farkas', 'ray', 'enumeration', 'second_look', 'second_solver', 'none'];
const decided: ReadonlySet<string> = new Set(['optimal', 'infeasible', 'unbounded', 'infeasible_or_unbounded']);

/** How the verdicts of programs that reached one are known. */
function certificateCounts(outcomes: readonly Outcome[]): StepMetrics {
  const verdicts = outcomes.filter(({ status }) => decided.has(status));
  return Object.fromEntries(
    certificates.map((kind) => [`certificates/${kind}`, verdicts.filter(({ certificate }) => certificate === kind).length]),
  );
}

const versionsOf = (group: RolloutGroup): number[] => group.rollouts.map((rollout) => rollout.completion.policyVersion);

export const averageEntropy = (groups: readonly RolloutGroup[]): number =>
  average(groups.flatMap((group) => group.rollouts.map((r) => r.completion.entropy ?? Number.NaN)));

/** Whether the rewards of a group are all the same, so that it teaches nothing. */
export function hasOneReward(group: RolloutGroup): boolean {
  const values = group.rollouts.map((r) => r.reward.value).filter((v) => v !== null);
  return values.length === 0 || largest(values) - smallest(values) <= 1e-12;
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
