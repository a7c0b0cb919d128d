/** A training batch as one Arrow IPC file. */

import type { BatchMetadata, LossConfig, TrainingBatch, TrainingRow } from '../core/training.ts';
import { EvomError } from '../lib/errors.ts';
import { type batchColumns, batchVersion, batchVersionKey, checkRows } from './schema.ts';
import { type Column, readTable, type TableReader, writeTable } from './table.ts';

/**
 * Writes a batch: the file appears whole or not at all. Numbers typed float32 in `batchColumns` are rounded to it.
 *
 * @throws {EvomError} E_BATCH naming row and column when a row breaks a promise of `checkRows`.
 */
export async function writeBatch(path: string, batch: TrainingBatch): Promise<void> {
  checkRows(batch.rows, path);
  await writeTable(path, columnsOf(batch), metadataOf(batch.metadata));
}

/**
 * Reads a batch and checks it.
 *
 * @throws {EvomError} E_BATCH when the version is another, a column is missing or of another type, or a row is broken.
 */
export async function readBatch(path: string): Promise<TrainingBatch> {
  const table = await readTable(path);
  const metadata = readMetadata(table);
  const rows = readRows(table);
  checkRows(rows, path);
  return { metadata, rows };
}

function columnsOf({ metadata, rows }: TrainingBatch): Readonly<Record<keyof typeof batchColumns, Column>> {
  const text = (value: (row: TrainingRow) => string) => ({ type: 'utf8', values: rows.map(value) }) as const;
  const int = (value: (row: TrainingRow) => number) => ({ type: 'int32', values: rows.map(value) }) as const;
  const float = (value: (row: TrainingRow) => number | null) => ({ type: 'float32', values: rows.map(value) }) as const;
  const floats = (value: (row: TrainingRow) => Float32Array | null) => ({ type: 'list_float32', values: rows.map(value) }) as const;
  return {
    run_id: text(() => metadata.runId),
    step: int(() => metadata.step),
    gen_step: int(() => metadata.genStep),
    sample_id: text((row) => row.sampleId),
    group_id: text((row) => row.groupId),
    rollout_index: int((row) => row.rolloutIndex),
    task_key: text((row) => row.taskKey),
    env: text((row) => row.env),
    solver: text((row) => row.solver),
    weight_version_min: int((row) => row.weightVersionMin),
    weight_version_max: int((row) => row.weightVersionMax),
    input_ids: { type: 'list_int32', values: rows.map((row) => row.inputIds) },
    prompt_len: int((row) => row.promptLength),
    loss_mask: { type: 'list_uint8', values: rows.map((row) => row.lossMask) },
    sampler_logprobs: floats((row) => row.samplerLogprobs),
    old_logprobs: floats((row) => row.oldLogprobs),
    ref_logprobs: floats((row) => row.refLogprobs),
    advantage: float((row) => row.advantage),
    token_advantages: floats((row) => row.tokenAdvantages),
    kl_weights: floats((row) => row.klWeights),
    loss_weight: float((row) => row.lossWeight),
    reward: { type: 'float64', values: rows.map((row) => row.reward) },
    acc: float((row) => (row.correct === null ? null : Number(row.correct))),
    reward_components: { type: 'struct_float64', values: rows.map((row) => row.rewardParts) },
    status: { type: 'dictionary', values: rows.map((row) => row.status) },
    temperature: float((row) => row.temperature),
    top_p: float((row) => row.topP),
    top_k: int((row) => row.topK),
    seed: text((row) => row.seed),
    finish_reason: text((row) => row.finishReason),
    response_len: int((row) => row.responseLength),
  };
}

function metadataOf(metadata: BatchMetadata): Record<string, string> {
  return {
    [batchVersionKey]: batchVersion,
    run_id: metadata.runId,
    step: `${metadata.step}`,
    gen_step: `${metadata.genStep}`,
    adv_estimator: metadata.estimator,
    compat: metadata.compat,
    eps: `${metadata.eps}`,
    ddof: `${metadata.ddof}`,
    loss: JSON.stringify(metadata.loss),
    global_loss_tokens: `${metadata.globalLossTokens}`,
    global_loss_rows: `${metadata.globalLossRows}`,
    n_groups: `${metadata.numGroups}`,
    tokenizer_sha256: metadata.tokenizerSha256,
    model_id: metadata.modelId,
    pad_id: `${metadata.padId}`,
  };
}

function readMetadata({ path, metadata }: TableReader): BatchMetadata {
  const text = (key: string): string => {
    const value = metadata.get(key);
    if (value === undefined)
      throw new EvomError('E_BATCH', `${path}: metadata ${key} is missing; write the batch with this version of evom`);
    return value;
  };
  const number = (key: string): number => {
    const value = Number(text(key));
    if (!Number.isFinite(value)) throw new EvomError('E_BATCH', `${path}: metadata ${key} is "${text(key)}", not a number`);
    return value;
  };
  const version = text(batchVersionKey);
  if (version !== batchVersion)
    throw new EvomError(
      'E_BATCH',
      `${path}: ${batchVersionKey} is ${version}, this evom reads ${batchVersion}; use the evom that wrote it`,
    );
  return {
    runId: text('run_id'),
    step: number('step'),
    genStep: number('gen_step'),
    estimator: text('adv_estimator'),
    compat: text('compat'),
    eps: number('eps'),
    ddof: number('ddof'),
    loss: lossConfig(text('loss'), path),
    globalLossTokens: number('global_loss_tokens'),
    globalLossRows: number('global_loss_rows'),
    numGroups: number('n_groups'),
    tokenizerSha256: text('tokenizer_sha256'),
    modelId: text('model_id'),
    padId: number('pad_id'),
  };
}

function lossConfig(json: string, path: string): LossConfig {
  try {
    const loss = JSON.parse(json) as LossConfig;
    if (loss.type === 'policy_gradient' || loss.type === 'cross_entropy') return loss;
  } catch (cause) {
    throw new EvomError('E_BATCH', `${path}: metadata loss is not JSON`, { cause });
  }
  throw new EvomError('E_BATCH', `${path}: metadata loss has no known type`);
}

function readRows(table: TableReader): TrainingRow[] {
  /** The value of a row, or the fault that it is null. */
  const required = <T>(name: string, values: readonly (T | null)[]) => {
    return (row: number): T => {
      const value = values[row];
      if (value === null || value === undefined) throw new EvomError('E_BATCH', `${table.path}: row ${row}, column ${name} is null`);
      return value;
    };
  };
  const text = (name: string) => required(name, table.strings(name));
  const number = (name: string) => required(name, table.numbers(name));
  const optional =
    <T>(values: readonly (T | null)[]) =>
    (row: number) =>
      values[row] ?? null;
  const floats = (name: string) => optional(table.lists(name, Float32Array));
  const acc = optional(table.numbers('acc'));
  const parts = table.records('reward_components');
  const column = {
    sampleId: text('sample_id'),
    groupId: text('group_id'),
    rolloutIndex: number('rollout_index'),
    taskKey: text('task_key'),
    env: text('env'),
    solver: text('solver'),
    weightVersionMin: number('weight_version_min'),
    weightVersionMax: number('weight_version_max'),
    inputIds: required('input_ids', table.lists('input_ids', Int32Array)),
    promptLength: number('prompt_len'),
    lossMask: required('loss_mask', table.lists('loss_mask', Uint8Array)),
    samplerLogprobs: required('sampler_logprobs', table.lists('sampler_logprobs', Float32Array)),
    oldLogprobs: floats('old_logprobs'),
    refLogprobs: floats('ref_logprobs'),
    advantage: number('advantage'),
    tokenAdvantages: floats('token_advantages'),
    klWeights: floats('kl_weights'),
    lossWeight: number('loss_weight'),
    reward: optional(table.numbers('reward')),
    correct: (row: number) => (acc(row) === null ? null : acc(row) === 1),
    rewardParts: (row: number) => parts[row] ?? {},
    status: text('status'),
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    seed: text('seed'),
    finishReason: text('finish_reason'),
    responseLength: number('response_len'),
  } satisfies { readonly [K in keyof TrainingRow]: (row: number) => TrainingRow[K] };
  return Array.from(
    { length: table.numRows },
    (_, row): TrainingRow => ({
      sampleId: column.sampleId(row),
      groupId: column.groupId(row),
      rolloutIndex: column.rolloutIndex(row),
      taskKey: column.taskKey(row),
      env: column.env(row),
      solver: column.solver(row),
      weightVersionMin: column.weightVersionMin(row),
      weightVersionMax: column.weightVersionMax(row),
      inputIds: column.inputIds(row),
      promptLength: column.promptLength(row),
      lossMask: column.lossMask(row),
      samplerLogprobs: column.samplerLogprobs(row),
      oldLogprobs: column.oldLogprobs(row),
      refLogprobs: column.refLogprobs(row),
      advantage: column.advantage(row),
      tokenAdvantages: column.tokenAdvantages(row),
      klWeights: column.klWeights(row),
      lossWeight: column.lossWeight(row),
      reward: column.reward(row),
      correct: column.correct(row),
      rewardParts: column.rewardParts(row),
      status: column.status(row),
      temperature: column.temperature(row),
      topP: column.topP(row),
      topK: column.topK(row),
      seed: column.seed(row),
      finishReason: column.finishReason(row),
      responseLength: column.responseLength(row),
    }),
  );
}
