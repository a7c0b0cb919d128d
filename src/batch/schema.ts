/** Layout of `evom.batch_version = 1`: column names, and the promises every row keeps. */

import type { TrainingRow } from '../core/training.ts';
import { EvomError } from '../lib/errors.ts';

export const batchVersion = '1';
export const batchVersionKey = 'evom.batch_version';

/**
 * Columns of a batch file in their order, with their Arrow types; `?` marks a nullable one.
 *
 * `sampler_logprobs` are nats at `temperature`, before top-k and top-p filtering. `kl_weights` scales the KL penalty of
 * a token without touching `loss_mask`. `solver` is the backend that verified the row and `env` the problems' source.
 */
export const batchColumns = {
  run_id: 'utf8',
  step: 'int32',
  gen_step: 'int32',
  sample_id: 'utf8',
  group_id: 'utf8',
  rollout_index: 'int32',
  task_key: 'utf8',
  env: 'utf8',
  solver: 'utf8',
  weight_version_min: 'int32',
  weight_version_max: 'int32',
  input_ids: 'list<int32>',
  prompt_len: 'int32',
  loss_mask: 'list<uint8>',
  sampler_logprobs: 'list<float32>',
  old_logprobs: 'list<float32>?',
  ref_logprobs: 'list<float32>?',
  advantage: 'float32',
  token_advantages: 'list<float32>?',
  kl_weights: 'list<float32>?',
  loss_weight: 'float32',
  reward: 'float64?',
  acc: 'float32?',
  reward_components: 'struct<float64?>',
  status: 'dictionary<utf8>',
  temperature: 'float32',
  top_p: 'float32',
  top_k: 'int32',
  seed: 'utf8',
  finish_reason: 'utf8',
  response_len: 'int32',
} as const;

const listColumns = [
  ['loss_mask', 'lossMask'],
  ['sampler_logprobs', 'samplerLogprobs'],
  ['old_logprobs', 'oldLogprobs'],
  ['ref_logprobs', 'refLogprobs'],
  ['token_advantages', 'tokenAdvantages'],
  ['kl_weights', 'klWeights'],
] as const satisfies readonly (readonly [keyof typeof batchColumns, keyof TrainingRow])[];

/**
 * Checks what both sides of the hand-off rely on: lists as long as `input_ids`, a mask of 0 and 1 that leaves the prompt
 * out, finite advantages and weights, finite log-probabilities of at most 0 under the mask.
 *
 * @param where file or step, for the message.
 * @throws {EvomError} E_BATCH naming row and column.
 */
export function checkRows(rows: readonly TrainingRow[], where: string): void {
  for (const [index, row] of rows.entries()) {
    const fault = rowFault(row);
    if (fault) throw new EvomError('E_BATCH', `${where}: row ${index} (sample ${row.sampleId}), column ${fault}`);
  }
}

/** A float32 log-softmax may round to a little above 0. */
const maxLogprob = 1e-4;

function rowFault(row: TrainingRow): string | null {
  const length = row.inputIds.length;
  for (const [column, key] of listColumns) {
    const list = row[key];
    if (list && list.length !== length) return `${column} has ${list.length} entries, input_ids ${length}: lists of a row are equally long`;
  }
  if (!(Number.isInteger(row.promptLength) && row.promptLength >= 0 && row.promptLength <= length))
    return `prompt_len is ${row.promptLength} of ${length} tokens`;
  for (let t = 0; t < length; t++) {
    const bit = row.lossMask[t];
    if (bit === 0) continue;
    if (bit !== 1) return `loss_mask is ${bit} at token ${t}: it holds 0 and 1`;
    if (t < row.promptLength) return `loss_mask is 1 at token ${t}, which belongs to the prompt`;
    const logprob = row.samplerLogprobs[t] ?? Number.NaN;
    if (!(logprob <= maxLogprob && logprob > -Infinity))
      return `sampler_logprobs is ${logprob} at token ${t}: it holds finite nats of at most 0`;
  }
  if (!Number.isFinite(row.advantage)) return `advantage is ${row.advantage}: it is finite`;
  if (!(row.lossWeight >= 0 && row.lossWeight < Infinity)) return `loss_weight is ${row.lossWeight}: it is finite and at least 0`;
  return null;
}
