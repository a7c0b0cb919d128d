/** The one table of a training row's columns: schema, writer, reader and checks come from it. */
import type { BatchMetadata, TrainingRow } from '../core/training.ts';

/** Arrow types; `?` marks a nullable column. */
export type ColumnType =
  | 'utf8'
  | 'dictionary<utf8>'
  | 'int32'
  | 'float32'
  | 'float32?'
  | 'float64?'
  | 'list<int32>'
  | 'list<int32>?'
  | 'list<uint8>'
  | 'list<float32>'
  | 'list<float32>?'
  | 'struct<float64?>';

export interface RowColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** A list with one entry for each entry of `input_ids`. */
  readonly perToken?: true;
  /** Stored as 1 and 0. */
  readonly isBoolean?: true;
  /** Written where some row has a value; a file without it has none. */
  readonly isOptional?: true;
}

/** In the file's order, after `run_id`, `step` and `gen_step`, which repeat the metadata. */
export const rowColumns = {
  sampleId: { name: 'sample_id', type: 'utf8' },
  groupId: { name: 'group_id', type: 'utf8' },
  rolloutIndex: { name: 'rollout_index', type: 'int32' },
  taskKey: { name: 'task_key', type: 'utf8' },
  env: { name: 'env', type: 'utf8' },
  solver: { name: 'solver', type: 'utf8' },
  weightVersionMin: { name: 'weight_version_min', type: 'int32' },
  weightVersionMax: { name: 'weight_version_max', type: 'int32' },
  inputIds: { name: 'input_ids', type: 'list<int32>' },
  promptLength: { name: 'prompt_len', type: 'int32' },
  lossMask: { name: 'loss_mask', type: 'list<uint8>', perToken: true },
  // Nats at `temperature`, before top-k and top-p filtering.
  samplerLogprobs: { name: 'sampler_logprobs', type: 'list<float32>', perToken: true },
  oldLogprobs: { name: 'old_logprobs', type: 'list<float32>?', perToken: true },
  refLogprobs: { name: 'ref_logprobs', type: 'list<float32>?', perToken: true },
  advantage: { name: 'advantage', type: 'float32' },
  tokenAdvantages: { name: 'token_advantages', type: 'list<float32>?', perToken: true },
  // Scales the KL penalty of a token without touching `loss_mask`.
  klWeights: { name: 'kl_weights', type: 'list<float32>?', perToken: true },
  lossWeight: { name: 'loss_weight', type: 'float32' },
  reward: { name: 'reward', type: 'float64?' },
  correct: { name: 'acc', type: 'float32?', isBoolean: true },
  rewardParts: { name: 'reward_components', type: 'struct<float64?>' },
  status: { name: 'status', type: 'dictionary<utf8>' },
  temperature: { name: 'temperature', type: 'float32' },
  topP: { name: 'top_p', type: 'float32' },
  topK: { name: 'top_k', type: 'int32' },
  seed: { name: 'seed', type: 'utf8' },
  finishReason: { name: 'finish_reason', type: 'utf8' },
  responseLength: { name: 'response_len', type: 'int32' },
  // Several turns: tokens of the first, of what was told about it, of the second, and so on; they add up to `response_len`.
  turnLengths: { name: 'turn_lengths', type: 'list<int32>?', isOptional: true },
} as const satisfies { readonly [K in keyof TrainingRow]: RowColumn };

/** The batch's facts in the file's metadata, each a text. */
export const metadataKeys = {
  runId: { name: 'run_id', type: 'text' },
  step: { name: 'step', type: 'number' },
  genStep: { name: 'gen_step', type: 'number' },
  estimator: { name: 'adv_estimator', type: 'text' },
  compat: { name: 'compat', type: 'text' },
  eps: { name: 'eps', type: 'number' },
  ddof: { name: 'ddof', type: 'number' },
  loss: { name: 'loss', type: 'loss' },
  globalLossTokens: { name: 'global_loss_tokens', type: 'number' },
  globalLossRows: { name: 'global_loss_rows', type: 'number' },
  numGroups: { name: 'n_groups', type: 'number' },
  tokenizerSha256: { name: 'tokenizer_sha256', type: 'text' },
  modelId: { name: 'model_id', type: 'text' },
  padId: { name: 'pad_id', type: 'number' },
} as const satisfies { readonly [K in keyof BatchMetadata]: { readonly name: string; readonly type: 'text' | 'number' | 'loss' } };
