/** What a Hugging Face `config.json` says about a decoder that our graphs can run, and the parameters it has. */
import { EvomError } from '../lib/errors.ts';

export type DecoderArchitecture = 'LlamaForCausalLM' | 'Qwen2ForCausalLM' | 'Qwen3ForCausalLM';

export interface DecoderConfig {
  readonly architecture: DecoderArchitecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKeyValueHeads: number;
  readonly headDim: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  /** Longest sequence the model was made for, in tokens. */
  readonly maxPositions: number;
  /** The vocabulary projection is the embedding. */
  readonly tieWordEmbeddings: boolean;
  /** Biases on the query, key and value projections (Qwen2). */
  readonly qkvBias: boolean;
  /** Bias on the attention's output projection (Llama with `attention_bias`). */
  readonly outputBias: boolean;
  /** RMSNorm of each head's query and key (Qwen3). */
  readonly qkNorm: boolean;
}

/** One parameter: its Hugging Face name and shape, matrices as [out, in]. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: 'embedding' | 'matrix' | 'norm' | 'bias';
}

/**
 * Reads a parsed `config.json`.
 *
 * @throws {EvomError} `E_CHECKPOINT` when a field is missing or asks for something our graphs do not compute.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseDecoderConfig } from 'evom/checkpoint';
 * const config = parseDecoderConfig({
 *   architectures: ['LlamaForCausalLM'], vocab_size: 512, hidden_size: 128, intermediate_size: 344, num_hidden_layers: 4,
 *   num_attention_heads: 4, rms_norm_eps: 1e-5, rope_theta: 10000, max_position_embeddings: 512, tie_word_embeddings: true,
 * });
 * assert.equal(config.headDim, 32);
 * ```
 */
export function parseDecoderConfig(json: unknown, path = 'config.json'): DecoderConfig {
  const fail = (problem: string): never => {
    throw new EvomError('E_CHECKPOINT', `${path}: ${problem}`);
  };
  if (typeof json !== 'object' || json === null) return fail('is not a JSON object');
  const fields = json as Readonly<Record<string, unknown>>;
  const number = (key: string, fallback?: number): number => {
    const value = fields[key] ?? fallback;
    return typeof value === 'number' && Number.isFinite(value) && value > 0
      ? value
      : fail(`"${key}" must be a positive number, not ${JSON.stringify(fields[key])}`);
  };
  const size = (key: string, fallback?: number): number => {
    const value = number(key, fallback);
    return Number.isInteger(value) ? value : fail(`"${key}" must be a whole number, not ${value}`);
  };
  const listed: unknown = Array.isArray(fields.architectures) ? fields.architectures[0] : undefined;
  if (listed !== 'LlamaForCausalLM' && listed !== 'Qwen2ForCausalLM' && listed !== 'Qwen3ForCausalLM') {
    return fail(
      `"architectures" is ${JSON.stringify(fields.architectures)}; the embedded engine runs LlamaForCausalLM, Qwen2ForCausalLM and Qwen3ForCausalLM (use a served policy for others)`,
    );
  }
  // transformers 5 writes rope_parameters where 4 wrote rope_theta and rope_scaling.
  const ropeParameters = (fields.rope_parameters ?? {}) as Readonly<Record<string, unknown>>;
  const scaling = (fields.rope_scaling ?? null) as Readonly<Record<string, unknown>> | null;
  const ropeType = scaling === null ? (ropeParameters.rope_type ?? 'default') : (scaling.rope_type ?? scaling.type ?? 'unnamed');
  if (ropeType !== 'default')
    return fail(`rope scaling "${String(ropeType)}" is not supported by the embedded engine; use a served policy`);
  const activation = fields.hidden_act ?? 'silu';
  if (activation !== 'silu') return fail(`"hidden_act" is ${JSON.stringify(activation)}; only "silu" is supported`);
  if (fields.use_sliding_window === true) return fail('"use_sliding_window" is not supported by the embedded engine');
  if (fields.mlp_bias === true) return fail('"mlp_bias" is not supported by the embedded engine');
  if (fields.quantization_config != null) return fail('a quantized checkpoint cannot be trained; dequantize it to float32 first');
  const partial = fields.partial_rotary_factor ?? ropeParameters.partial_rotary_factor ?? 1;
  if (partial !== 1) return fail('"partial_rotary_factor" other than 1 is not supported');
  const hiddenSize = size('hidden_size');
  const numHeads = size('num_attention_heads');
  const numKeyValueHeads = size('num_key_value_heads', numHeads);
  const headDim = size('head_dim', listed === 'Qwen3ForCausalLM' ? 128 : hiddenSize / numHeads);
  if (numHeads % numKeyValueHeads !== 0) return fail('"num_attention_heads" must be a multiple of "num_key_value_heads"');
  if (headDim % 2 !== 0) return fail('"head_dim" must be even');
  if (listed === 'Qwen3ForCausalLM' && fields.attention_bias === true) return fail('"attention_bias" is not supported for Qwen3');
  const theta = fields.rope_theta ?? ropeParameters.rope_theta ?? 10_000;
  if (typeof theta !== 'number' || !(theta > 0)) return fail('"rope_theta" must be a positive number');
  const llamaBias = listed === 'LlamaForCausalLM' && fields.attention_bias === true;
  return {
    architecture: listed,
    vocabSize: size('vocab_size'),
    hiddenSize,
    intermediateSize: size('intermediate_size'),
    numLayers: size('num_hidden_layers'),
    numHeads,
    numKeyValueHeads,
    headDim,
    rmsNormEps: number('rms_norm_eps', 1e-6),
    ropeTheta: theta,
    maxPositions: size('max_position_embeddings', 2048),
    tieWordEmbeddings: fields.tie_word_embeddings === true,
    qkvBias: listed === 'Qwen2ForCausalLM' || llamaBias,
    outputBias: llamaBias,
    qkNorm: listed === 'Qwen3ForCausalLM',
  };
}

/** The `config.json` that `transformers` reads back, from a config. Token ids come from the tokenizer. */
export function decoderConfigJson(
  config: DecoderConfig,
  tokens: { readonly bosTokenId?: number | null; readonly eosTokenId: number | readonly number[]; readonly padTokenId: number },
): Record<string, unknown> {
  const modelType = { LlamaForCausalLM: 'llama', Qwen2ForCausalLM: 'qwen2', Qwen3ForCausalLM: 'qwen3' }[config.architecture];
  return {
    architectures: [config.architecture],
    model_type: modelType,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numLayers,
    num_attention_heads: config.numHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    max_position_embeddings: config.maxPositions,
    tie_word_embeddings: config.tieWordEmbeddings,
    ...(config.architecture === 'LlamaForCausalLM' ? { attention_bias: config.qkvBias, mlp_bias: false } : {}),
    attention_dropout: 0,
    bos_token_id: tokens.bosTokenId ?? null,
    eos_token_id: tokens.eosTokenId,
    pad_token_id: tokens.padTokenId,
    torch_dtype: 'float32',
    use_cache: true,
  };
}

/**
 * The parameters in the order of the forward pass, Hugging Face names.
 *
 * @returns embedding, per layer its norms, projections and biases, the final norm, and `lm_head.weight` unless tied.
 */
export function decoderParameters(config: DecoderConfig): ParameterSpec[] {
  const { hiddenSize: d, intermediateSize: f, headDim } = config;
  const q = config.numHeads * headDim;
  const kv = config.numKeyValueHeads * headDim;
  const specs: ParameterSpec[] = [{ name: 'model.embed_tokens.weight', shape: [config.vocabSize, d], kind: 'embedding' }];
  for (let layer = 0; layer < config.numLayers; layer++) {
    const prefix = `model.layers.${layer}`;
    const matrix = (name: string, out: number, inner: number) =>
      specs.push({ name: `${prefix}.${name}.weight`, shape: [out, inner], kind: 'matrix' });
    const vector = (name: string, length: number, kind: 'norm' | 'bias') =>
      specs.push({ name: `${prefix}.${name}`, shape: [length], kind });
    vector('input_layernorm.weight', d, 'norm');
    for (const [name, out] of [
      ['q', q],
      ['k', kv],
      ['v', kv],
    ] as const) {
      matrix(`self_attn.${name}_proj`, out, d);
      if (config.qkvBias) vector(`self_attn.${name}_proj.bias`, out, 'bias');
    }
    if (config.qkNorm) for (const name of ['q', 'k']) vector(`self_attn.${name}_norm.weight`, headDim, 'norm');
    matrix('self_attn.o_proj', d, q);
    if (config.outputBias) vector('self_attn.o_proj.bias', d, 'bias');
    vector('post_attention_layernorm.weight', d, 'norm');
    matrix('mlp.gate_proj', f, d);
    matrix('mlp.up_proj', f, d);
    matrix('mlp.down_proj', d, f);
  }
  specs.push({ name: 'model.norm.weight', shape: [d], kind: 'norm' });
  if (!config.tieWordEmbeddings) specs.push({ name: 'lm_head.weight', shape: [config.vocabSize, d], kind: 'embedding' });
  return specs;
}
