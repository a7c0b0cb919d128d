/** Layout of `evom.batch_version = 1`: the promises every row keeps. */

import type { TrainingRow } from '../core/training.ts';
import { stretchesOf } from '../core/turns.ts';
import { EvomError } from '../lib/errors.ts';
import { rowColumns } from './columns.ts';

export const batchVersion = '1';
export const batchVersionKey = 'evom.batch_version';

type PerToken = { [K in keyof typeof rowColumns]: (typeof rowColumns)[K] extends { perToken: true } ? K : never }[keyof typeof rowColumns];

/** Keys and names of the lists that are as long as `input_ids`. */
const listColumns = Object.entries(rowColumns).flatMap(([key, column]) =>
  'perToken' in column ? [[column.name, key as PerToken] as const] : [],
);

/**
 * Checks what both sides of the hand-off rely on: lists as long as `input_ids`, a mask of 0 and 1 that leaves the prompt
 * and what was told between turns out, finite advantages and weights, finite log-probabilities of at most 0 under the mask.
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

/** What is told between turns is part of the response, and never in the loss. */
function turnFault({ turnLengths, inputIds, promptLength, lossMask }: TrainingRow): string | null {
  if (turnLengths === null) return null;
  const [total, response] = [turnLengths.reduce((sum, length) => sum + length, 0), inputIds.length - promptLength];
  if (turnLengths.length % 2 === 0 || turnLengths.some((length) => length < 0) || total !== response)
    return `turn_lengths is [${turnLengths.join(', ')}]: own and told tokens by turns, an odd number of counts, ${response} in all`;
  const trained = stretchesOf({ tokenIds: inputIds.subarray(promptLength), turnLengths }).find(
    ({ start, end, isOwn }) => !isOwn && lossMask.subarray(promptLength + start, promptLength + end).includes(1),
  );
  return trained === undefined ? null : `loss_mask is 1 on what was told from token ${promptLength + trained.start} on`;
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
  const turns = turnFault(row);
  if (turns !== null) return turns;
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
