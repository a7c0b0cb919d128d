/** Random weights of a new decoder. */
import { type RandomStream, randomStream } from '../lib/random.ts';
import type { Tensor } from '../lib/safetensors.ts';

/** A weight by its Hugging Face name and shape. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Draws the weights of a new decoder: normal(0, `std`), residual projections (`o_proj`, `down_proj`) divided by
 * `sqrt(2 * numLayers)` as in GPT-2, norms one, biases zero. Each tensor has its own stream, so adding one
 * changes no other.
 *
 * @param parameters names and shapes; the name's ending decides the rule.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { initialWeights } from 'evom/checkpoint';
 * const weights = initialWeights([{ name: 'model.norm.weight', shape: [2] }], { numLayers: 1, seed: 0 });
 * assert.deepEqual([...(weights.get('model.norm.weight')?.data ?? [])], [1, 1]);
 * ```
 */
export function initialWeights(
  parameters: readonly ParameterShape[],
  { numLayers, seed, std = 0.02 }: { readonly numLayers: number; readonly seed: number | string; readonly std?: number },
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of parameters) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (/norm\.weight$/.test(name)) data.fill(1);
    else if (!/\.bias$/.test(name)) {
      const scale = /(o_proj|down_proj)\.weight$/.test(name) ? std / Math.sqrt(2 * numLayers) : std;
      fillNormal(data, scale, randomStream(seed, 'init', name));
    }
    tensors.set(name, { dtype: 'F32', shape, data });
  }
  return tensors;
}

/** Box-Muller, two draws a pair; `1 - u` keeps the logarithm's argument above zero. */
function fillNormal(data: Float32Array, std: number, stream: RandomStream): void {
  for (let i = 0; i < data.length; i += 2) {
    const radius = std * Math.sqrt(-2 * Math.log(1 - stream.next()));
    const angle = 2 * Math.PI * stream.next();
    data[i] = radius * Math.cos(angle);
    if (i + 1 < data.length) data[i + 1] = radius * Math.sin(angle);
  }
}
