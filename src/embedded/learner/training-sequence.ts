/** A training row cut to what the gradient step computes: context, the tokens read and the tokens predicted. */

import type { BatchMetadata, LossConfig, TrainingRow } from '../../core/training.ts';
import { EvomError } from '../../lib/errors.ts';
import { tokenWeights } from '../../rl/aggregate.ts';
import { noDualClip } from './loss-graph.ts';

/** Numbers of each predicted token, [C] each. */
export interface TokenColumns {
  readonly weight: Float32Array;
  readonly advantage: Float32Array;
  readonly old_logprob: Float32Array;
  readonly sampler_logprob: Float32Array;
  readonly ref_logprob: Float32Array;
  readonly kl_weight: Float32Array;
  readonly dual_bound: Float32Array;
  readonly row_mean_weight: Float32Array;
  readonly inverse_temperature: Float32Array;
}

export const tokenColumnNames = [
  'weight',
  'advantage',
  'old_logprob',
  'sampler_logprob',
  'ref_logprob',
  'kl_weight',
  'dual_bound',
  'row_mean_weight',
  'inverse_temperature',
] as const satisfies readonly (keyof TokenColumns)[];

export interface TrainingSequence {
  readonly rowIndex: number;
  /** Sequences with equal keys share their context. */
  readonly contextKey: string;
  /** Tokens before the one that predicts the first loss token; may be empty. */
  readonly context: Int32Array;
  /** [C] tokens read: the one before the first loss token up to the one before the last. */
  readonly read: Int32Array;
  /** [C] tokens predicted; those between loss tokens that the mask leaves out have weight 0. */
  readonly targets: Int32Array;
  readonly columns: TokenColumns;
}

/**
 * Cuts the rows of a batch; rows that send nothing to the gradient are left out: those whose mask or weight keeps them out of the
 * loss, and, without a KL penalty, those of advantage 0, which every group of equal rewards has.
 *
 * Works for any mask: several turns (a mask with holes), or a prompt that is trained too. The cut starts one token before
 * the first loss token and ends with the last.
 *
 * @throws {EvomError} `E_BATCH` when a list has the wrong length, the first token is in the loss (nothing predicts it), or
 *   log-probabilities that the loss needs are missing.
 */
export function trainingSequences(rows: readonly TrainingRow[], metadata: BatchMetadata): TrainingSequence[] {
  const weights = tokenWeights(rows, metadata.loss, metadata);
  return rows.flatMap((row, rowIndex) => {
    const all = weights[rowIndex] as Float32Array;
    checkLengths(row);
    const first = all.findIndex((weight) => weight !== 0);
    if (first === -1 || hasNoGradient(row, metadata.loss)) return [];
    if (first === 0)
      throw new EvomError('E_BATCH', `row ${row.sampleId}: its first token is in the loss but nothing predicts it; mask it out`);
    const last = all.findLastIndex((weight) => weight !== 0);
    const context = row.inputIds.subarray(0, first - 1);
    return [
      {
        rowIndex,
        contextKey: `${row.groupId}/${context.join(',')}`,
        context,
        read: row.inputIds.subarray(first - 1, last),
        targets: row.inputIds.subarray(first, last + 1),
        columns: columnsOf(row, metadata, all, first, last + 1),
      },
    ];
  });
}

/** Without a KL penalty each token's loss is a multiple of its advantage. */
function hasNoGradient({ advantage, tokenAdvantages }: TrainingRow, loss: LossConfig): boolean {
  if (loss.type !== 'policy_gradient' || loss.klCoef !== 0) return false;
  return tokenAdvantages === null ? advantage === 0 : tokenAdvantages.every((a) => a === 0);
}

function checkLengths(row: TrainingRow): void {
  const length = row.inputIds.length;
  for (const name of ['lossMask', 'samplerLogprobs', 'oldLogprobs', 'refLogprobs', 'tokenAdvantages', 'klWeights'] as const) {
    const list = row[name];
    if (list !== null && list.length !== length) {
      throw new EvomError('E_BATCH', `row ${row.sampleId}: ${name} has ${list.length} values for ${length} tokens`);
    }
  }
}

function columnsOf(row: TrainingRow, { loss }: BatchMetadata, weights: Float32Array, from: number, to: number): TokenColumns {
  const length = to - from;
  const weight = weights.slice(from, to);
  const column = (value: (token: number) => number): Float32Array =>
    Float32Array.from({ length }, (_, i) => (weight[i] === 0 ? 0 : value(from + i)));
  const isPolicyGradient = loss.type === 'policy_gradient';
  if (isPolicyGradient && loss.klCoef !== 0 && row.refLogprobs === null) {
    throw new EvomError(
      'E_BATCH',
      `row ${row.sampleId}: the loss has a KL coefficient but refLogprobs is null; score the batch with the reference policy`,
    );
  }
  const tokens = weight.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
  const advantage = column((t) => row.tokenAdvantages?.[t] ?? row.advantage);
  const klCoef = isPolicyGradient ? loss.klCoef : 0;
  // A mask leaves the ratio to the sampler and its clip as they are; a weight takes the sampler out of the ratio.
  const isCorrected = isPolicyGradient && loss.samplerCorrection != null && loss.samplerCorrection.type !== 'off_policy_mask';
  const unknown = isCorrected ? new Float32Array(row.inputIds.length).fill(Number.NaN) : row.samplerLogprobs;
  const dualClip = isPolicyGradient ? loss.dualClip : null;
  return {
    weight,
    advantage,
    // NaN leaves it to the learner, which has to compute its own first.
    old_logprob: column((t) => (row.oldLogprobs ?? (isCorrected ? unknown : row.samplerLogprobs))[t] as number),
    sampler_logprob: column((t) => row.samplerLogprobs[t] as number),
    ref_logprob: column((t) => row.refLogprobs?.[t] ?? 0),
    kl_weight: column((t) => klCoef * (row.klWeights?.[t] ?? 1)),
    dual_bound: advantage.map((a) => (dualClip !== null && a < 0 ? -a * dualClip : noDualClip)),
    row_mean_weight: column(() => 1 / tokens),
    inverse_temperature: new Float32Array(length).fill(row.temperature > 0 ? 1 / row.temperature : 1),
  };
}
