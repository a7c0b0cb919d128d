/** From an aggregation rule to one weight a token: the only place where denominators are decided. */

import type { LossConfig, TrainingRow } from '../core/training.ts';
import { EvomError } from '../lib/errors.ts';

/** What counts a row's tokens: its mask, and the weight that can take the whole row out of the gradient. */
export type MaskedRow = Pick<TrainingRow, 'lossMask' | 'lossWeight'>;

/** Denominators of the whole batch, whichever shard of it is at hand. */
export interface LossDenominators {
  /** Loss tokens of rows with `lossWeight` > 0. */
  readonly globalLossTokens: number;
  /** Rows with at least one such token. */
  readonly globalLossRows: number;
}

/** Number of tokens that a row sends to the loss: its unmasked tokens, or 0 when its weight is not positive. */
export function lossTokens(row: MaskedRow): number {
  return row.lossWeight > 0 ? unmasked(row.lossMask) : 0;
}

/**
 * Denominators of a batch, counted over all of its rows.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { lossDenominators } from 'evom/rl';
 * const rows = [
 *   { lossMask: Uint8Array.of(0, 1, 1), lossWeight: 1 },
 *   { lossMask: Uint8Array.of(0, 0, 1), lossWeight: 0 }, // truncated: out of the gradient and of the counts
 * ];
 * assert.deepEqual(lossDenominators(rows), { globalLossTokens: 2, globalLossRows: 1 });
 * ```
 */
export function lossDenominators(rows: readonly MaskedRow[]): LossDenominators {
  const counts = rows.map(lossTokens);
  return { globalLossTokens: counts.reduce((sum, count) => sum + count, 0), globalLossRows: counts.filter((count) => count > 0).length };
}

/**
 * Row weights that make a token mean of the batch the mean over prompts of each prompt's token mean (`prompt_mean` in SkyRL), so that a
 * prompt with long answers weighs no more than one with short ones. They go into the batch: no learner knows of prompts.
 *
 * @param rows [R] all rows of the batch.
 * @returns [R] the rows' `lossWeight`, scaled; 0 stays 0.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { promptMeanWeights } from 'evom/rl';
 * const row = (groupId: string, tokens: number) => ({ groupId, lossMask: new Uint8Array(tokens).fill(1), lossWeight: 1 });
 * assert.deepEqual(promptMeanWeights([row('a', 1), row('a', 2), row('b', 1)]), [4 / 6, 4 / 6, 4 / 2]);
 * ```
 */
export function promptMeanWeights(rows: readonly (MaskedRow & Pick<TrainingRow, 'groupId'>)[]): number[] {
  const tokens = new Map<string, number>();
  for (const row of rows) tokens.set(row.groupId, (tokens.get(row.groupId) ?? 0) + lossTokens(row));
  const prompts = [...tokens.values()].filter((count) => count > 0).length;
  const { globalLossTokens } = lossDenominators(rows);
  return rows.map((row) =>
    lossTokens(row) === 0 ? row.lossWeight : (row.lossWeight * globalLossTokens) / ((tokens.get(row.groupId) as number) * prompts),
  );
}

/**
 * Weight of each token in the batch loss: `loss = -sum(weight * surrogate)` over any set of shards.
 *
 * | aggregation | weight of an unmasked token |
 * |---|---|
 * | `token_mean` | `1 / globalLossTokens` |
 * | `seq_mean_token_mean` | `1 / (tokens of the row * globalLossRows)` |
 * | `seq_mean_token_sum` | `1 / globalLossRows` |
 * | `seq_mean_token_sum_norm` | `1 / (normLength * globalLossRows)` |
 *
 * each times the row's `lossWeight`. Differences to note: verl's `seq-mean-token-sum-norm` does not divide by the number
 * of rows, which ties the learning rate to the batch size; its value is ours with `normLength` divided by the rows. A
 * fully masked row counts in no mean (as in verl; TRL counts it as a zero). A batch without loss tokens has weights 0.
 *
 * @param rows [R] rows of one shard.
 * @returns [R][T] weights, 0 where the mask is 0.
 * @throws {EvomError} E_BATCH when `seq_mean_token_sum_norm` comes without a positive `normLength`.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { tokenWeights } from 'evom/rl';
 * const rows = [{ lossMask: Uint8Array.of(0, 1, 1), lossWeight: 1 }];
 * const weights = tokenWeights(rows, { type: 'cross_entropy', aggregation: 'token_mean' }, { globalLossTokens: 4, globalLossRows: 2 });
 * assert.deepEqual(weights, [Float32Array.of(0, 0.25, 0.25)]);
 * ```
 */
export function tokenWeights(rows: readonly MaskedRow[], loss: LossConfig, denominators: LossDenominators): Float32Array[] {
  return rows.map((row) => {
    const weights = new Float32Array(row.lossMask.length);
    const scale = rowScale(row, loss, denominators);
    if (scale !== 0) for (let t = 0; t < weights.length; t++) if (row.lossMask[t] !== 0) weights[t] = scale;
    return weights;
  });
}

/** Weight shared by all unmasked tokens of a row, in float64. */
function rowScale(row: MaskedRow, loss: LossConfig, { globalLossTokens, globalLossRows }: LossDenominators): number {
  const tokens = lossTokens(row);
  if (tokens === 0) return 0;
  switch (loss.aggregation) {
    case 'token_mean':
      return globalLossTokens > 0 ? row.lossWeight / globalLossTokens : 0;
    case 'seq_mean_token_mean':
      return globalLossRows > 0 ? row.lossWeight / (tokens * globalLossRows) : 0;
    case 'seq_mean_token_sum':
      return globalLossRows > 0 ? row.lossWeight / globalLossRows : 0;
    case 'seq_mean_token_sum_norm': {
      if (loss.normLength === null || !(loss.normLength > 0))
        throw new EvomError(
          'E_BATCH',
          'aggregation seq_mean_token_sum_norm needs loss.normLength > 0: set it to the longest completion in tokens',
        );
      return globalLossRows > 0 ? row.lossWeight / (loss.normLength * globalLossRows) : 0;
    }
    default:
      return loss satisfies never;
  }
}

function unmasked(mask: Uint8Array): number {
  let count = 0;
  for (const bit of mask) if (bit !== 0) count++;
  return count;
}
