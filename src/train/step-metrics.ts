/** A step in figures: what was sampled, what is trained on, and how old it is. */

import type { Certificate, Outcome } from '../core/outcome.ts';
import type { Rollout, RolloutGroup } from '../core/rollout.ts';
import { ownTokens } from '../core/turns.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { largest, smallest } from '../lib/extremes.ts';
import { isHardFlagged } from '../reward/audit.ts';
import type { Verification } from '../rollout/engine.ts';
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
 * @param mostTurns turns that an episode may have; above 1 there are figures by turn.
 */
export function rolloutMetrics({ seen, groups, counts }: GatheredStep, version: number, mostTurns = 1): StepMetrics {
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
    'completions/mean_length': average(rollouts.map((r) => ownTokens(r.completion))),
    'completions/clipped_ratio': share(rollouts.filter((r) => r.completion.finishReason === 'length').length),
    infra_rate: share(rollouts.filter((r) => r.outcome.status === 'infra_error').length),
    flag_rate: share(rollouts.filter((r) => isHardFlagged(r.reward.flags)).length),
    value_only_rate: share(rollouts.filter((r) => r.reward.flags.includes('value_only')).length),
    uncertified_rate: share(rollouts.filter((r) => r.reward.flags.includes('uncertified')).length),
    ...certificateCounts(rollouts.map((r) => r.outcome)),
    ...outcomeMetrics(rollouts),
    ...(mostTurns > 1 ? turnMetrics(rollouts, mostTurns) : {}),
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

/** Turns taken and tokens told on the average, and the share of scorable rollouts that were right after at most k turns. */
export function turnMetrics(rollouts: readonly Rollout[], most: number): StepMetrics {
  const turnsOf = ({ turns }: Rollout): number => turns?.length ?? 1;
  const scorable = rollouts.filter(({ reward }) => reward.value !== null);
  const rightBy = (turn: number): number => average(scorable.map((r) => (r.reward.correct && turnsOf(r) <= turn ? 1 : 0)));
  return {
    'turns/mean': average(rollouts.map(turnsOf)),
    'turns/told_tokens': average(rollouts.map(({ completion }) => completion.tokenIds.length - ownTokens(completion))),
    ...Object.fromEntries(Array.from({ length: most }, (_, i) => [`turns/accuracy_${i + 1}`, rightBy(i + 1)])),
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

/** How programs ended and what was flagged, as shares of the rollouts; the reward's terms, each a mean over the scorable ones. */
export function outcomeMetrics(rollouts: readonly Rollout[]): StepMetrics {
  const scorable = rollouts.filter((r) => r.reward.value !== null);
  const shares = (prefix: string, names: readonly string[]): [string, number][] =>
    [...new Set(names)].sort().map((name) => [`${prefix}/${name}`, names.filter((one) => one === name).length / rollouts.length]);
  const parts = [...new Set(scorable.flatMap((r) => Object.keys(r.reward.parts)))].sort();
  return Object.fromEntries([
    ...shares(
      'outcomes',
      rollouts.map((r) => r.outcome.status),
    ),
    ...shares(
      'flags',
      rollouts.flatMap((r) => [...new Set(r.reward.flags)]),
    ),
    ...parts.map((name): [string, number] => [`reward_parts/${name}`, average(scorable.map((r) => r.reward.parts[name] ?? 0))]),
  ]);
}

/** Wall clock of verifying one program: median, 99th percentile and the three slowest, in seconds. */
export function verificationMetrics(verifications: readonly Verification[]): StepMetrics {
  if (verifications.length === 0) return {};
  const seconds = verifications.map((one) => one.seconds).sort((a, b) => a - b);
  // Nearest rank: a time that a program took.
  const rank = (share: number): number => seconds[Math.ceil(share * seconds.length) - 1] ?? 0;
  return {
    'time/verify_p50_s': rank(0.5),
    'time/verify_p99_s': rank(0.99),
    ...Object.fromEntries(slowest(verifications).map((one, i) => [`time/verify_slowest_${i + 1}_s`, one.seconds])),
  };
}

/** The samples behind `time/verify_slowest_1_s` to `_3_s`, as `problem#sample`. */
export const slowestNames = (verifications: readonly Verification[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    slowest(verifications).map(({ problem, sampleIndex }, i) => [`time/verify_slowest_${i + 1}`, `${problem}#${sampleIndex}`]),
  );

const slowest = (verifications: readonly Verification[]): Verification[] =>
  [...verifications].sort((a, b) => b.seconds - a.seconds).slice(0, 3);

const versionsOf = (group: RolloutGroup): number[] => group.rollouts.map((rollout) => rollout.completion.policyVersion);

export const averageEntropy = (groups: readonly RolloutGroup[]): number =>
  average(groups.flatMap((group) => group.rollouts.map((r) => r.completion.entropy ?? Number.NaN)));

/**
 * Whether format is all that tells rewards apart: some group has mixed rewards, and in each such group every other term is the same for all
 * of its samples.
 */
export function onlyFormatTells(groups: readonly RolloutGroup[]): boolean {
  const mixed = groups.filter((group) => !hasOneReward(group));
  return mixed.length > 0 && mixed.every((group) => termsThatDiffer(group).every((name) => name === 'format'));
}

function termsThatDiffer({ rollouts }: RolloutGroup): string[] {
  const parts = rollouts.flatMap(({ reward }) => (reward.value === null ? [] : [reward.parts]));
  const names = [...new Set(parts.flatMap((some) => Object.keys(some)))];
  return names.filter((name) => {
    const values = parts.map((some) => some[name] ?? 0);
    return largest(values) - smallest(values) > 1e-12;
  });
}

/** Whether the rewards of a group are all the same, so that it teaches nothing. */
export function hasOneReward(group: RolloutGroup): boolean {
  const values = group.rollouts.map((r) => r.reward.value).filter((v) => v !== null);
  return values.length === 0 || largest(values) - smallest(values) <= 1e-12;
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
