/** Advantages of a whole batch: group estimators one by one, REINFORCE++ whitened over all tokens. */
import { type AdvantageEstimator, groupAdvantages, scorableRewards } from './advantage.ts';
import { type AdvantageConventions, type Compat, conventionsOf } from './conventions.ts';

/** Rewards and response lengths of one group; both have G entries. */
export interface RewardedGroup {
  readonly rewards: readonly (number | null)[];
  /** Loss tokens of each response. */
  readonly lengths: readonly number[];
}

const whitenEps = 1e-8;

/**
 * Advantages of all groups of a batch under any estimator.
 *
 * `reinforce_pp` (arXiv:2501.03262, discount 1) gives each token its rollout's reward and whitens over the batch's
 * tokens: `(x - mean) / sqrt(var + 1e-8)`, Bessel's variance, long responses weighing more; `reinforce_pp_baseline`
 * subtracts the group's mean first. With fewer than two tokens, or no variance, they are 0.
 *
 * @param groups [P] groups.
 * @returns [P][G] advantages; 0 for a null reward.
 * @throws {RangeError} as `groupAdvantages` does.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { batchAdvantages } from 'evom';
 * const [first] = batchAdvantages([{ rewards: [1, 0], lengths: [3, 5] }], { estimator: 'dr_grpo', compat: 'exact' });
 * assert.deepEqual(first, [0.5, -0.5]);
 * ```
 */
export function batchAdvantages(
  groups: readonly RewardedGroup[],
  { estimator, compat }: { readonly estimator: AdvantageEstimator; readonly compat: Compat | AdvantageConventions },
): number[][] {
  switch (estimator) {
    case 'reinforce_pp':
    case 'reinforce_pp_baseline':
      return whitened(groups, estimator === 'reinforce_pp_baseline', conventionsOf(compat));
    default:
      return groups.map(({ rewards, lengths }) => groupAdvantages(rewards, { estimator, compat, lengths }));
  }
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
  const out = groups.map(({ rewards }) => new Array<number>(rewards.length).fill(0));
  const counted = rows.filter((row) => row.tokens > 0).map((row) => row.value);
  if (tokens < 2 || Math.max(...counted) - Math.min(...counted) <= conventions.zeroRange) return out;
  const mean = rows.reduce((sum, row) => sum + row.value * row.tokens, 0) / tokens;
  const variance = rows.reduce((sum, row) => sum + (row.value - mean) ** 2 * row.tokens, 0) / (tokens - 1);
  for (const { group, index, value } of rows) {
    const advantages = out[group];
    if (advantages) advantages[index] = (value - mean) / Math.sqrt(variance + whitenEps);
  }
  return out;
}
