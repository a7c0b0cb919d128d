/** The graphs that read whole sequences: prompts before decoding, and given tokens to be scored. */
import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import { Graph, type Value } from '../nn/graph.ts';
import { type AttentionInputs, DecoderLayers, type ModelWeights } from './decoder-layers.ts';

/**
 * Inputs, with B right-padded sequences of T tokens and N selected rows: `ids` int32 [B*T]; `positions` int64 [B*T, 1];
 * `causal_mask` [T, T]; `select` int32 [N], rows of [B*T] that predict something; `inverse_temperature` [1]; the shapes
 * of `graph.shapeInputs()`. Padding on the right needs no mask: no token before it looks that far.
 *
 * Outputs of `prefill`: `key.l`, `value.l` [B, K, T, D], and `probs`, `entropy_parts` of the selected rows.
 * `score` also takes `targets` int64 [N, 1] and gives `logprobs` [N, 1].
 */
export function buildPrefillGraph(config: DecoderConfig, weights: ModelWeights, purpose: 'prefill' | 'score'): Graph {
  const g = new Graph(purpose);
  const layers = new DecoderLayers(g, config, weights, config.maxPositions);
  const ids = g.input('ids', 'int32', ['B*T']);
  const positions = g.input('positions', 'int64', ['B*T', 1]);
  const mask = g.input('causal_mask', 'float32', ['T', 'T']);
  const select = g.input('select', 'int32', ['N']);
  const inverseTemperature = g.input('inverse_temperature', 'float32', [1]);
  let x = layers.embed(ids);
  for (let l = 0; l < config.numLayers; l++)
    x = layers.apply(l, x, positions, (inputs) => {
      const { attended, key, value } = causalAttention(g, config, inputs, mask);
      if (purpose === 'prefill') {
        g.output(key, `key.${l}`);
        g.output(value, `value.${l}`);
      }
      return attended;
    });
  const logits = layers.logits(g.gather(x, select), inverseTemperature);
  if (purpose === 'prefill') layers.outputDistribution(logits);
  else {
    const targets = g.input('targets', 'int64', ['N', 1]);
    const logprobs = g.op('LogSoftmax', [logits], logits.shape, { attributes: { axis: { int: -1 } } });
    g.output(g.op('GatherElements', [logprobs, targets], ['N', 1], { attributes: { axis: { int: 1 } } }), 'logprobs');
  }
  return g;
}

function causalAttention(g: Graph, config: DecoderConfig, { q, k, v }: AttentionInputs, mask: Value) {
  const { numKeyValueHeads: heads, numHeads, headDim } = config;
  const queries = numHeads / heads;
  const byHead = (x: Value, count: number): Value => g.transpose(g.reshape(x, ['B', 'T', count, headDim]), [0, 2, 1, 3]);
  const key = byHead(k, heads);
  const value = byHead(v, heads);
  // The queries of one key-value head lie side by side, so they form one matrix.
  const query = g.reshape(byHead(q, numHeads), ['B', heads, `${queries}*T`, headDim]);
  const scores = g.reshape(g.matmul(query, key, { transB: true }), ['B', numHeads, 'T', 'T']);
  const shares = g.reshape(g.softmax(g.add(scores, mask)), ['B', heads, `${queries}*T`, 'T']);
  const mixed = g.reshape(g.matmul(shares, value), ['B', numHeads, 'T', headDim]);
  return { attended: g.reshape(g.transpose(mixed, [0, 2, 1, 3]), ['B*T', numHeads * headDim]), key, value };
}
