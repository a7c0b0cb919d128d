/** The parts of a decoder layer that decoding and prefill share: projections, rotation, MLP, vocabulary. */

import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import { EvomError } from '../../lib/errors.ts';
import type { Graph, Value } from '../nn/graph.ts';
import type { Dim } from '../nn/onnx-proto.ts';
import { ropeTables } from '../nn/rope.ts';
import { float32Projections, type Int8Matrices, int8Projections, type Projections, type Weight } from './projections.ts';

/** Weights by Hugging Face name, row-major [out, in]. */
export type WeightMap = ReadonlyMap<string, Float32Array>;

const embeddingName = 'model.embed_tokens.weight';

/** One layer's weights in the graph: query, key and value in one matrix, gate and up apart. */
interface LayerWeights {
  readonly inputNorm: Value;
  readonly qkv: Weight;
  readonly qkvBias: Value | undefined;
  readonly qNorm: Value | undefined;
  readonly kNorm: Value | undefined;
  readonly output: Weight;
  readonly outputBias: Value | undefined;
  readonly postNorm: Value;
  readonly gate: Weight;
  readonly up: Weight;
  readonly down: Weight;
}

/** Weights of a model as its graphs take them. */
export interface ModelWeights {
  readonly tensors: WeightMap;
  /** Products in int8, by matrices that the graphs of one engine share; null: in float32. Embeddings and norms are float32 always. */
  readonly int8: Int8Matrices | null;
}

/** Query (scaled by 1 / sqrt(headDim) and rotated), key (rotated), both [rows, 1, heads * headDim], and value [rows, heads * headDim]. */
export interface AttentionInputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** Builds the layers of one model into one graph, with weights as initializers (onnxruntime packs them for GEMM). */
export class DecoderLayers {
  private readonly graph: Graph;
  private readonly config: DecoderConfig;
  private readonly weights: WeightMap;
  private readonly projections: Projections;
  private readonly isInt8: boolean;
  private readonly embedding: Value;
  private readonly cos: Value;
  private readonly sin: Value;

  /** @param positions rows of the rotation tables: the longest sequence. */
  constructor(graph: Graph, config: DecoderConfig, weights: ModelWeights, positions: number) {
    const { vocabSize, hiddenSize } = config;
    this.graph = graph;
    this.config = config;
    this.weights = weights.tensors;
    this.isInt8 = weights.int8 !== null;
    this.projections = weights.int8 === null ? float32Projections(graph) : int8Projections(graph, weights.int8);
    const embedding = this.data(embeddingName, vocabSize * hiddenSize);
    this.embedding = graph.initializer(embeddingName, embedding, 'float32', [vocabSize, hiddenSize]);
    const { cos, sin } = ropeTables(positions, config.headDim, config.ropeTheta);
    this.cos = graph.initializer('rope.cos', cos, 'float32', [positions, config.headDim / 2]);
    this.sin = graph.initializer('rope.sin', sin, 'float32', [positions, config.headDim / 2]);
  }

  private data(name: string, length: number): Float32Array {
    const data = this.weights.get(name);
    if (data === undefined) throw new EvomError('E_CHECKPOINT', `the weights lack "${name}"; does config.json belong to them?`);
    if (data.length !== length)
      throw new EvomError(
        'E_CHECKPOINT',
        `"${name}" has ${data.length} values where config.json asks for ${length}; take both from one checkpoint`,
      );
    return data;
  }

  private matrix(name: string, out: number, inner: number): Weight {
    return this.projections.weight(name, () => this.data(name, out * inner), out, inner);
  }

  private vector(name: string, length: number, scale = 1): Value {
    const data = this.data(name, length);
    return this.graph.initializer(name, scale === 1 ? data : data.map((x) => x * scale), 'float32', [length]);
  }

  /** Rows of the embedding: ids [rows] to [rows, hidden]. */
  embed(ids: Value): Value {
    return this.graph.gather(this.embedding, ids);
  }

  private layer(index: number): LayerWeights {
    const { config } = this;
    const { hiddenSize: d, intermediateSize: f, headDim } = config;
    const prefix = `model.layers.${index}`;
    const sizes = { q: config.numHeads * headDim, k: config.numKeyValueHeads * headDim, v: config.numKeyValueHeads * headDim };
    const total = sizes.q + sizes.k + sizes.v;
    // The attention scale goes into the query's weights, or into its norm where there is one: no node spends time on it.
    const scale = 1 / Math.sqrt(headDim);
    const joined = (suffix: 'weight' | 'bias', width: number): Float32Array => {
      const out = new Float32Array(total * width);
      let at = 0;
      for (const name of ['q', 'k', 'v'] as const) {
        const part = this.data(`${prefix}.self_attn.${name}_proj.${suffix}`, sizes[name] * width);
        out.set(name === 'q' && !config.qkNorm ? part.map((x) => x * scale) : part, at);
        at += part.length;
      }
      return out;
    };
    return {
      inputNorm: this.vector(`${prefix}.input_layernorm.weight`, d),
      qkv: this.projections.weight(`${prefix}.qkv`, () => joined('weight', d), total, d),
      qkvBias: config.qkvBias ? this.graph.initializer(`${prefix}.qkv.bias`, joined('bias', 1), 'float32', [total]) : undefined,
      qNorm: config.qkNorm ? this.vector(`${prefix}.self_attn.q_norm.weight`, headDim, scale) : undefined,
      kNorm: config.qkNorm ? this.vector(`${prefix}.self_attn.k_norm.weight`, headDim) : undefined,
      output: this.matrix(`${prefix}.self_attn.o_proj.weight`, d, sizes.q),
      outputBias: config.outputBias ? this.vector(`${prefix}.self_attn.o_proj.bias`, d) : undefined,
      postNorm: this.vector(`${prefix}.post_attention_layernorm.weight`, d),
      gate: this.matrix(`${prefix}.mlp.gate_proj.weight`, f, d),
      up: this.matrix(`${prefix}.mlp.up_proj.weight`, f, d),
      down: this.matrix(`${prefix}.mlp.down_proj.weight`, d, f),
    };
  }

  /**
   * One layer: `attend` turns queries, keys and values into the attention's result [rows, heads * headDim].
   *
   * @param x [rows, hidden].
   * @param positions int64 [rows, 1].
   */
  apply(index: number, x: Value, positions: Value, attend: (inputs: AttentionInputs) => Value): Value {
    const { graph: g, config, projections: p } = this;
    const w = this.layer(index);
    const [normed] = g.rmsNorm(x, w.inputNorm, config.rmsNormEps);
    const attended = attend(this.project(w, normed, positions));
    let y = p.product(p.operand(attended), w.output, x);
    if (w.outputBias) y = g.add(y, w.outputBias);
    const [inner] = g.rmsNorm(y, w.postNorm, config.rmsNormEps);
    const rows = p.operand(inner);
    const gate = p.product(rows, w.gate);
    const silu = g.op('QuickGelu', [gate], gate.shape, { attributes: { alpha: { float: 1 } }, domain: 'com.microsoft' });
    return p.product(p.operand(g.mul(silu, p.product(rows, w.up))), w.down, y);
  }

  private project(w: LayerWeights, normed: Value, positions: Value): AttentionInputs {
    const { graph: g, config } = this;
    const { numHeads, numKeyValueHeads, headDim } = config;
    const rows = normed.shape[0] as Dim;
    const sizes = [numHeads * headDim, numKeyValueHeads * headDim] as const;
    const qkv = this.projections.product(this.projections.operand(normed), w.qkv, w.qkvBias);
    const rotate = (values: Value, heads: number): Value =>
      g.rope(g.reshape(values, [rows, 1, heads * headDim]), positions, this.cos, this.sin, heads);
    if (w.qNorm && w.kNorm) {
      const [q, k, v] = this.split(qkv, [...sizes, sizes[1]]) as [Value, Value, Value];
      const norm = (values: Value, heads: number, weight: Value): Value =>
        g.reshape(g.rmsNorm(g.reshape(values, [rows, heads, headDim]), weight, config.rmsNormEps)[0], [rows, heads * headDim]);
      return { q: rotate(norm(q, numHeads, w.qNorm), numHeads), k: rotate(norm(k, numKeyValueHeads, w.kNorm), numKeyValueHeads), v };
    }
    const [qk, v] = this.split(qkv, [sizes[0] + sizes[1], sizes[1]]) as [Value, Value];
    const [q, k] = this.split(rotate(qk, numHeads + numKeyValueHeads), sizes) as [Value, Value];
    return { q, k, v };
  }

  /** Columns of a matrix, apart. */
  private split(x: Value, sizes: readonly number[]): Value[] {
    return splitLast(this.graph, x, sizes);
  }

  /** Logits divided by the temperature: x [rows, hidden] to [rows, vocabulary]. */
  logits(x: Value, inverseTemperature: Value): Value {
    const { graph: g, config, projections: p } = this;
    const [normed] = g.rmsNorm(x, this.vector('model.norm.weight', config.hiddenSize), config.rmsNormEps);
    // Scaling the hidden rows is far cheaper than scaling the logits.
    return p.product(p.operand(g.mul(normed, inverseTemperature)), this.head());
  }

  private head(): Weight {
    const { tieWordEmbeddings, vocabSize, hiddenSize } = this.config;
    // In float32 the tied head is the embedding itself, stored once.
    if (tieWordEmbeddings && !this.isInt8) return { values: this.embedding, scales: null, out: vocabSize };
    return this.matrix(tieWordEmbeddings ? embeddingName : 'lm_head.weight', vocabSize, hiddenSize);
  }

  /**
   * Outputs `probs` [rows, V] and `entropy_parts` [rows, 3]: largest logit m, largest probability q, and sum p z, so that
   * the entropy is `m - ln q - sum p z` (no logarithm of small probabilities, one row at a time outside the graph).
   */
  outputDistribution(logits: Value): void {
    const g = this.graph;
    const rows = logits.shape[0] as Dim;
    const probs = g.softmax(logits);
    const max = (x: Value) => g.op('ReduceMax', [x, g.constant([-1], [1], 'int64')], [rows, 1], { attributes: { keepdims: { int: 1 } } });
    const parts = g.concat([max(logits), max(probs), g.reduceSum(g.mul(probs, logits), -1)], 1, 3);
    g.output(probs, 'probs');
    g.output(parts, 'entropy_parts');
  }
}

/** Splits the last axis; sizes may be expressions if they come with a tensor that says them at run time. */
export function splitLast(g: Graph, x: Value, sizes: readonly Dim[], runtimeSizes?: Value): Value[] {
  const lengths = runtimeSizes ?? g.constant(sizes as readonly number[], [sizes.length], 'int64');
  return g.ops(
    'Split',
    [x, lengths],
    sizes.map((size) => ({ type: x.type, shape: [...x.shape.slice(0, -1), size] })),
    { attributes: { axis: { int: -1 } } },
  );
}
