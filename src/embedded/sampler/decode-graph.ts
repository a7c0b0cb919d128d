/**
 * The graph of one decoding step. Attention is split in three: the prompt's keys, computed once a prompt and met by the
 * queries of all its samples in one product; the sample's own keys; and the token itself. Caches are inputs and never
 * outputs (onnxruntime-node copies outputs): the step returns the new keys and values, and the caller writes them in.
 */
import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import { Graph, type Value } from '../nn/graph.ts';
import { type AttentionInputs, DecoderLayers, type ModelWeights, splitLast } from './decoder-layers.ts';

/** The graph, and the names of its outputs by layer: giving them names of our own would copy them. */
export interface DecodeGraph {
  readonly graph: Graph;
  readonly newKeys: readonly string[];
  readonly newValues: readonly string[];
}

/**
 * Inputs, with R rows (samples), P prompts, S grid cells a prompt and head, Tp and C cache capacities, K key-value heads:
 * `ids` int32 [R]; `positions` int64 [R, 1]; `inverse_temperature` [1];
 * `to_grid` int32 [P*K*S]: row and head (r*K+h) of each grid cell; `to_rows` int32 [R*K]: the cell of each row and head;
 * `mask` [R, 1, 1, Tp+C+1]: 0 where a key counts, a large negative number where not; `part_sizes` int64 [3]: Tp, C, 1;
 * `prefix_key.l`, `prefix_value.l` [P, K, Tp, D]; `key.l`, `value.l` [R, K, C, D].
 *
 * Outputs: `probs` [R, V], `entropy_parts` [R, 3], and the new keys [R, 1, K*D] and values [R, K*D] of each layer.
 */
export function buildDecodeGraph(config: DecoderConfig, weights: ModelWeights): DecodeGraph {
  const g = new Graph('decode');
  const { numKeyValueHeads: heads, headDim } = config;
  const layers = new DecoderLayers(g, config, weights, config.maxPositions);
  const ids = g.input('ids', 'int32', ['R']);
  const positions = g.input('positions', 'int64', ['R', 1]);
  const inverseTemperature = g.input('inverse_temperature', 'float32', [1]);
  const grid: GridInputs = {
    toGrid: g.input('to_grid', 'int32', ['P*K*S']),
    toRows: g.input('to_rows', 'int32', ['R*K']),
    mask: g.input('mask', 'float32', ['R', 1, 1, 'Tp+C+1']),
    partSizes: g.input('part_sizes', 'int64', [3]),
  };
  const newKeys: string[] = [];
  const newValues: string[] = [];
  let x = layers.embed(ids);
  for (let l = 0; l < config.numLayers; l++) {
    const caches: Caches = {
      prefixKey: g.input(`prefix_key.${l}`, 'float32', ['P', heads, 'Tp', headDim]),
      prefixValue: g.input(`prefix_value.${l}`, 'float32', ['P', heads, 'Tp', headDim]),
      key: g.input(`key.${l}`, 'float32', ['R', heads, 'C', headDim]),
      value: g.input(`value.${l}`, 'float32', ['R', heads, 'C', headDim]),
    };
    x = layers.apply(l, x, positions, (inputs) => {
      newKeys.push(g.output(inputs.k));
      newValues.push(g.output(inputs.v));
      return splitAttention(g, config, inputs, caches, grid);
    });
  }
  layers.outputDistribution(layers.logits(x, inverseTemperature));
  return { graph: g, newKeys, newValues };
}

interface GridInputs {
  readonly toGrid: Value;
  readonly toRows: Value;
  readonly mask: Value;
  readonly partSizes: Value;
}

interface Caches {
  readonly prefixKey: Value;
  readonly prefixValue: Value;
  readonly key: Value;
  readonly value: Value;
}

/** Attention of one query a row over prompt, own past and itself, with one softmax. Q queries share a key-value head. */
function splitAttention(g: Graph, config: DecoderConfig, { q, k, v }: AttentionInputs, caches: Caches, grid: GridInputs): Value {
  const { numKeyValueHeads: heads, headDim } = config;
  const queries = config.numHeads / heads;
  const gather = (x: Value, width: number | string, index: Value): Value => g.gather(g.reshape(x, ['R*K', width]), index);
  const perHead = g.reshape(q, ['R', heads, queries, headDim]);
  const ownKey = g.reshape(k, ['R', heads, 1, headDim]);
  const ownValue = g.reshape(v, ['R', heads, 1, headDim]);

  // One gather brings each prompt's queries together, head by head: no transposes.
  const gridQueries = g.reshape(gather(q, queries * headDim, grid.toGrid), ['P', heads, `S*${queries}`, headDim]);
  const gridScores = g.matmul(gridQueries, caches.prefixKey, { transB: true });
  const prefixScores = g.reshape(g.gather(g.reshape(gridScores, ['P*K*S', `${queries}*Tp`]), grid.toRows), ['R', heads, queries, 'Tp']);
  const pastScores = g.matmul(perHead, caches.key, { transB: true });
  const ownScores = g.reduceSum(g.mul(perHead, ownKey), -1);

  const scores = g.add(g.concat([prefixScores, pastScores, ownScores], -1, 'Tp+C+1'), grid.mask);
  const [prefix, past, own] = splitLast(g, g.softmax(scores), ['Tp', 'C', 1], grid.partSizes) as [Value, Value, Value];

  const gridShares = g.reshape(gather(prefix, `${queries}*Tp`, grid.toGrid), ['P', heads, `S*${queries}`, 'Tp']);
  const gridValues = g.reshape(g.matmul(gridShares, caches.prefixValue), ['P*K*S', queries * headDim]);
  const fromPrefix = g.reshape(g.gather(gridValues, grid.toRows), ['R', heads, queries, headDim]);
  const fromPast = g.matmul(past, caches.value);
  const sum = g.op('Sum', [fromPrefix, fromPast, g.mul(own, ownValue)], fromPast.shape);
  return g.reshape(sum, ['R', config.numHeads * headDim]);
}
