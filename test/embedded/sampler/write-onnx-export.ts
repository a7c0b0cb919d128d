/** Writes a decoder as exports on the Hub are written: token ids, attention mask, positions and caches in, logits and caches out. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { Graph, type Value } from '../../../src/embedded/nn/graph.ts';
import { DecoderLayers, type WeightMap } from '../../../src/embedded/sampler/decoder-layers.ts';

/** Writes `onnx/model.onnx` (or `model.onnx`) into a folder that holds `config.json`. */
export async function writeOnnxExport(directory: string, subfolder: 'onnx' | '', config: DecoderConfig, weights: WeightMap): Promise<void> {
  const { numHeads, numKeyValueHeads: heads, headDim } = config;
  const g = new Graph('export');
  const ids = g.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const attentionMask = g.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  const positionIds = g.input('position_ids', 'int64', ['batch_size', 'sequence_length']);
  const int64 = (values: number[]): Value => g.constant(values, [values.length], 'int64');
  const reshape = (x: Value, shape: number[]): Value => g.op('Reshape', [x, int64(shape)], shape);
  const size = (x: Value, axis: number): Value =>
    g.op('Gather', [g.op('Shape', [x], [2], { type: 'int64' }), int64([axis])], [1], { type: 'int64' });

  // 0 up to each query's own place, a large negative number after it; masked keys likewise.
  const length = size(ids, 1);
  const total = size(attentionMask, 1);
  const past = g.op('Sub', [total, length], [1], { type: 'int64' });
  const square = g.op('Expand', [g.constant([-1e9]), g.concat([length, total], 0, 2)], ['T', 'N']);
  const diagonal = reshape(g.op('Add', [past, int64([1])], [1], { type: 'int64' }), []);
  const causal = g.op('Trilu', [square, diagonal], ['T', 'N'], { attributes: { upper: { int: 1 } } });
  const ones = g.op('Cast', [attentionMask], ['B', 'N'], { type: 'float32', attributes: { to: { int: 1 } } });
  const padding = g.op('Mul', [g.op('Sub', [g.constant([1]), ones], ['B', 'N']), g.constant([-1e9])], ['B', 'N']);
  const mask = g.op('Add', [causal, g.op('Unsqueeze', [padding, int64([1, 2])], ['B', 1, 1, 'N'])], ['B', 1, 'T', 'N']);

  const layers = new DecoderLayers(g, config, { tensors: weights, int8: null }, config.maxPositions);
  const rowPositions = g.op('Reshape', [positionIds, int64([-1, 1])], ['R', 1]);
  let x = layers.embed(g.op('Reshape', [ids, int64([-1])], ['R']));
  const one = g.concat([size(ids, 0), length], 0, 2);
  for (let l = 0; l < config.numLayers; l++) {
    const cache = (name: string) =>
      g.input(`past_key_values.${l}.${name}`, 'float32', ['batch_size', heads, 'past_sequence_length', headDim]);
    const pastKey = cache('key');
    const pastValue = cache('value');
    x = layers.apply(l, x, rowPositions, ({ q, k, v }) => {
      const split = (y: Value, count: number): Value => {
        const shape = g.concat([one, int64([count, headDim])], 0, 4);
        return g.op('Transpose', [g.op('Reshape', [y, shape], ['B', 'T', count, headDim])], ['B', count, 'T', headDim], {
          attributes: { perm: { ints: [0, 2, 1, 3] } },
        });
      };
      const key = g.concat([pastKey, split(k, heads)], 2, 'N');
      const value = g.concat([pastValue, split(v, heads)], 2, 'N');
      g.output(key, `present.${l}.key`);
      g.output(value, `present.${l}.value`);
      const repeat = (y: Value): Value => {
        const tiled = g.op('Tile', [g.op('Unsqueeze', [y, int64([2])], []), int64([1, 1, numHeads / heads, 1, 1])], []);
        const shape = g.concat([size(ids, 0), int64([numHeads, -1, headDim])], 0, 4);
        return g.op('Reshape', [tiled, shape], ['B', numHeads, 'N', headDim]);
      };
      const transposed = g.op('Transpose', [repeat(key)], [], { attributes: { perm: { ints: [0, 1, 3, 2] } } });
      const scores = g.op('Add', [g.op('MatMul', [split(q, numHeads), transposed], []), mask], ['B', numHeads, 'T', 'N']);
      const mixed = g.op('MatMul', [g.softmax(scores), repeat(value)], ['B', numHeads, 'T', headDim]);
      return g.op('Reshape', [g.transpose(mixed, [0, 2, 1, 3]), int64([-1, numHeads * headDim])], ['R', numHeads * headDim]);
    });
  }
  const logits = layers.logits(x, g.constant([1]));
  const shaped = g.op(
    'Reshape',
    [logits, g.concat([one, int64([config.vocabSize])], 0, 3)],
    ['batch_size', 'sequence_length', config.vocabSize],
  );
  g.output(shaped, 'logits');
  await mkdir(join(directory, subfolder), { recursive: true });
  await writeFile(join(directory, subfolder, 'model.onnx'), g.encode());
}
