/** Advantages of a whole batch: group estimators one by one, the others by figures of all groups. */
import { type AdvantageEstimator, deviation, groupAdvantages, isZeroVariance, scorableRewards } from './advantage.ts';
import { type AdvantageConventions, type Compat, conventionsOf } from './conventions.ts';

/** Rewards and response lengths of one group; all lists have G entries. */
export interface RewardedGroup {
  readonly rewards: readonly (number | null)[];
  /** Loss tokens of each response. */
  readonly lengths: readonly number[];
  /** The terms that a reward is the sum of, each with its weight multiplied in; `gdpo` needs them. A term left out could not be had. */
  readonly parts?: readonly Readonly<Record<string, number>>[];
}

export interface BatchAdvantageOptions {
  readonly estimator: AdvantageEstimator;
  readonly compat: Compat | AdvantageConventions;
  /** Weight of each term of `parts`; `gdpo` needs them. */
  readonly termWeights?: Readonly<Record<string, number>>;
}

const whitenEps = 1e-8;

/**
 * Advantages of all groups of a batch under any estimator.
 *
 * | estimator | advantage | source |
 * |---|---|---|
 * | `reinforce_pp` | `r`, whitened over the batch's tokens | arXiv:2501.03262, discount 1 |
 * | `reinforce_pp_baseline` | `r - mean`, whitened so | the same |
 * | `grpo_batch` | `(r - mean) / (std of the batch + eps)` | TRL `scale_rewards: batch` |
 * | `gpg` | `(r - mean) * rewards / rewards that are not 0` | arXiv:2504.02546, as in verl |
 * | `gdpo` | each term normalized in its group, their weighted sum in the batch | arXiv:2601.05242, as in TRL |
 *
 * Whitening is `(x - mean) / sqrt(var + 1e-8)` with Bessel's variance, long responses weighing more. Where there is nothing to
 * divide by (fewer than two values, or all equal) advantages are 0.
 *
 * @param groups [P] groups.
 * @returns [P][G] advantages; 0 for a null reward.
 * @throws {RangeError} as `groupAdvantages` does, and when `gdpo` lacks parts or weights.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { batchAdvantages } from 'evom/rl';
 * const [first] = batchAdvantages([{ rewards: [1, 0], lengths: [3, 5] }], { estimator: 'dr_grpo', compat: 'exact' });
 * assert.deepEqual(first, [0.5, -0.5]);
 * ```
 */
export function batchAdvantages(groups: readonly RewardedGroup[], options: BatchAdvantageOptions): number[][] {
  const { estimator, compat } = options;
  const conventions = conventionsOf(compat);
  switch (estimator) {
    case 'reinforce_pp':
    case 'reinforce_pp_baseline':
      return whitened(groups, estimator === 'reinforce_pp_baseline', conventions);
    case 'grpo_batch': {
      const rewards = groups.flatMap((group) => scorableRewards(group.rewards, conventions).map(({ reward }) => reward));
      if (rewards.length < 2 || isZeroVariance(rewards, conventions.zeroRange)) return zeros(groups);
      const divisor = Math.max(deviation(rewards, conventions.ddof), conventions.stdFloor) + conventions.eps;
      return centred(groups, conventions).map((group) => group.map((value) => value / divisor));
    }
    case 'gpg': {
      const rewards = groups.flatMap((group) => scorableRewards(group.rewards, conventions).map(({ reward }) => reward));
      const scale = rewards.length / Math.max(1, rewards.filter((reward) => reward !== 0).length);
      return centred(groups, conventions).map((group) => group.map((value) => value * scale));
    }
    case 'gdpo':
      return decoupled(groups, options.termWeights, conventions);
    default:
      return groups.map(({ rewards, lengths }) => groupAdvantages(rewards, { estimator, compat, lengths }));
  }
}

const zeros = (groups: readonly RewardedGroup[]): number[][] => groups.map(({ rewards }) => new Array<number>(rewards.length).fill(0));

const centred = (groups: readonly RewardedGroup[], compat: AdvantageConventions): number[][] =>
  groups.map(({ rewards }) => groupAdvantages(rewards, { estimator: 'dr_grpo', compat }));

/** GDPO: a term that all of a group have alike says nothing there, and no term drowns another by its spread. */
function decoupled(
  groups: readonly RewardedGroup[],
  weights: Readonly<Record<string, number>> | undefined,
  conventions: AdvantageConventions,
): number[][] {
  const sums = groups.map(({ rewards, parts }) => {
    if (parts === undefined || weights === undefined) throw new RangeError('gdpo needs the parts of the rewards and their weights');
    const scorable = new Set(scorableRewards(rewards, conventions).map(({ index }) => index));
    const names = [...new Set(parts.flatMap((part) => Object.keys(part)))];
    const normalized = names.map((name) => {
      const weight = weights[name];
      if (weight === undefined) throw new RangeError(`gdpo: no weight for the reward term "${name}"`);
      // Back to the term as it was before its weight, whose deviation eps is added to.
      const values = parts.map((part, i) => (scorable.has(i) && weight !== 0 ? (part[name] ?? Number.NaN) / weight : Number.NaN));
      return groupAdvantages(
        values.map((value) => (Number.isNaN(value) ? null : value)),
        { compat: { ...conventions, singleton: 'zero', unscorable: 'exclude' } },
      ).map((advantage) => weight * advantage);
    });
    return rewards.map((_, i) => (scorable.has(i) ? normalized.reduce((sum, term) => sum + (term[i] ?? 0), 0) : null));
  });
  const all = sums.flat().filter((sum) => sum !== null);
  if (all.length < 2 || isZeroVariance(all, conventions.zeroRange)) return zeros(groups);
  const mean = all.reduce((total, sum) => total + sum, 0) / all.length;
  const divisor = Math.max(deviation(all, conventions.ddof), conventions.stdFloor) + conventions.eps;
  return sums.map((group) => group.map((sum) => (sum === null ? 0 : (sum - mean) / divisor)));
}

function whitened(groups: readonly RewardedGroup[], baseline: boolean, conventions: AdvantageConventions): number[][] {
  const rows = groups.flatMap(({ rewards, lengths }, group) => {
    const scorable = scorableRewards(rewards, conventions);
    // The group's mean of a lone reward is that reward: the singleton convention says whether it is subtracted.
    const centre = baseline && (scorable.length > 1 || conventions.singleton === 'zero');
    const mean = centre ? scorable.reduce((sum, { reward }) => sum + reward, 0) / Math.max(scorable.length, 1) : 0;
    return scorable.map(({ index, reward }) => ({ group, index, value: reward - mean, tokens: lengths[index] ?? 0 }));
  });
  const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
  const out = zeros(groups);
  const counted = rows.filter((row) => row.tokens > 0).map((row) => row.value);
  if (tokens < 2 || isZeroVariance(counted, conventions.zeroRange)) return out;
  const mean = rows.reduce((sum, row) => sum + row.value * row.tokens, 0) / tokens;
  const variance = rows.reduce((sum, row) => sum + (row.value - mean) ** 2 * row.tokens, 0) / (tokens - 1);
  for (const { group, index, value } of rows) {
    const advantages = out[group];
    if (advantages) advantages[index] = (value - mean) / Math.sqrt(variance + whitenEps);
  }
  return out;
}
