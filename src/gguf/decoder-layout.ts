/** A decoder's GGUF metadata and tensor names, in the words of Hugging Face. */

import { type DecoderArchitecture, type DecoderConfig, decoderParameters } from '../checkpoint/decoder-config.ts';
import { EvomError } from '../lib/errors.ts';
import type { GgufFile, GgufTensor } from './gguf-file.ts';

const architectures: Readonly<Record<string, DecoderArchitecture>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/**
 * The model that a GGUF file holds.
 *
 * @throws {EvomError} `E_CHECKPOINT` for another architecture, a field that is missing, or a rope scaling.
 */
export function decoderConfigOf({ path, metadata, tensors }: GgufFile): DecoderConfig {
  const fail = (problem: string): never => {
    throw new EvomError('E_CHECKPOINT', `${path}: ${problem}`);
  };
  const name = String(metadata['general.architecture']);
  const architecture = architectures[name];
  if (architecture === undefined) return fail(`general.architecture is ${name}; ${Object.keys(architectures).join(', ')} can be imported`);
  const number = (key: string, fallback?: number): number => {
    const value = metadata[`${name}.${key}`] ?? fallback;
    return typeof value === 'number' || typeof value === 'bigint' ? shortest(Number(value)) : fail(`${name}.${key} is missing`);
  };
  const scaling = metadata[`${name}.rope.scaling.type`];
  if ((scaling !== undefined && scaling !== 'none') || tensors.has('rope_freqs.weight'))
    return fail('it has a scaled rope (Llama 3.1 and later), which evom does not run; take a model without one');
  if (tensors.has('blk.0.ffn_gate_exps.weight')) return fail('it is a mixture of experts, which evom does not run');
  const embedding = tensors.get('token_embd.weight') ?? fail('tensor token_embd.weight is missing');
  const hiddenSize = number('embedding_length');
  const numHeads = number('attention.head_count');
  const qkvBias = tensors.has('blk.0.attn_q.bias');
  return {
    architecture,
    vocabSize: embedding.shape[0] as number,
    hiddenSize,
    intermediateSize: number('feed_forward_length'),
    numLayers: number('block_count'),
    numHeads,
    numKeyValueHeads: number('attention.head_count_kv', numHeads),
    headDim: number('attention.key_length', hiddenSize / numHeads),
    rmsNormEps: number('attention.layer_norm_rms_epsilon'),
    ropeTheta: number('rope.freq_base', 10_000),
    maxPositions: number('context_length'),
    tieWordEmbeddings: !tensors.has('output.weight'),
    qkvBias,
    outputBias: tensors.has('blk.0.attn_output.bias'),
    qkNorm: tensors.has('blk.0.attn_q_norm.weight'),
  };
}

/** GGUF has float32: 1e-5 is written 0.00000999999974737875. The shortest decimal that is the same float32. */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === Math.fround(value) ? short : value;
}

export interface ImportedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/**
 * The weights under their Hugging Face names, rows in their order: llama.cpp interleaves the halves of each head's rope in the query
 * and key projections of Llama models (not of Qwen's).
 *
 * @throws {EvomError} `E_CHECKPOINT` naming a tensor that is missing, left over, or of another shape.
 */
export function importedTensors({ path, tensors }: GgufFile, config: DecoderConfig): ImportedTensor[] {
  const left = new Map(tensors);
  const taken = decoderParameters(config).map(({ name, shape }): ImportedTensor => {
    const from = ggufName(name);
    const tensor = left.get(from);
    left.delete(from);
    if (tensor === undefined) throw new EvomError('E_CHECKPOINT', `${path}: tensor ${from} (${name}) is missing`);
    if (tensor.shape.join() !== shape.join())
      throw new EvomError('E_CHECKPOINT', `${path}: tensor ${from} is [${tensor.shape.join(', ')}] instead of [${shape.join(', ')}]`);
    return { name, shape, read: () => readInOrder(tensor, name, config) };
  });
  if (left.size > 0)
    throw new EvomError('E_CHECKPOINT', `${path}: what is tensor ${[...left.keys()].slice(0, 5).join(', ')} for? evom would leave it out`);
  return taken;
}

async function readInOrder(tensor: GgufTensor, name: string, config: DecoderConfig): Promise<Float32Array> {
  const values = await tensor.read();
  const projection = /[.](q|k)_proj[.]/.exec(name)?.[1];
  if (config.architecture !== 'LlamaForCausalLM' || projection === undefined) return values;
  return withSplitHalves(values, projection === 'q' ? config.numHeads : config.numKeyValueHeads, config.headDim);
}

/** Rows 2i and 2i+1 of a head, a pair that rope turns, go to i and i + half. */
function withSplitHalves(values: Float32Array, heads: number, headDim: number): Float32Array {
  const out = new Float32Array(values.length);
  const width = values.length / (heads * headDim);
  for (let row = 0; row < heads * headDim; row++) {
    const within = row % headDim;
    const to = row - within + (within % 2) * (headDim / 2) + Math.floor(within / 2);
    out.set(values.subarray(row * width, (row + 1) * width), to * width);
  }
  return out;
}

const layerNames: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

function ggufName(name: string): string {
  if (name === 'model.embed_tokens.weight') return 'token_embd.weight';
  if (name === 'model.norm.weight') return 'output_norm.weight';
  if (name === 'lm_head.weight') return 'output.weight';
  const parts = /^model[.]layers[.](\d+)[.](.+)[.](weight|bias)$/.exec(name);
  const within = layerNames[parts?.[2] ?? ''];
  if (parts === null || within === undefined) throw new EvomError('E_INTERNAL', `no GGUF name for ${name}`);
  return `blk.${parts[1]}.${within}.${parts[3]}`;
}
