/** All parameters of a decoder side by side in one flat array, so that gradients and moments are plain Float32Arrays. */

import { type DecoderConfig, decoderParameters, type ParameterSpec } from '../../checkpoint/decoder-config.ts';
import { EvomError } from '../../lib/errors.ts';

export interface Parameter extends ParameterSpec {
  /** Position of its first value in the flat array. */
  readonly offset: number;
  readonly length: number;
}

export interface ParameterLayout {
  readonly parameters: readonly Parameter[];
  /** Number of values in the flat array. */
  readonly total: number;
}

export function parameterLayout(config: DecoderConfig): ParameterLayout {
  let offset = 0;
  const parameters = decoderParameters(config).map((spec) => {
    const length = spec.shape.reduce((product, size) => product * size, 1);
    const parameter = { ...spec, offset, length };
    offset += length;
    return parameter;
  });
  return { parameters, total: offset };
}

/** Views of a flat array by parameter name. */
export function parameterViews(layout: ParameterLayout, flat: Float32Array): Map<string, Float32Array> {
  return new Map(layout.parameters.map(({ name, offset, length }) => [name, flat.subarray(offset, offset + length)]));
}

/**
 * Copies named tensors into a flat array.
 *
 * @param source where they come from, for messages.
 * @throws {EvomError} `E_CHECKPOINT` when one is missing or of another shape.
 */
export function fillFromTensors(
  layout: ParameterLayout,
  flat: Float32Array,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  source: string,
): void {
  for (const { name, shape, offset } of layout.parameters) {
    const tensor = tensors.get(name);
    if (tensor === undefined)
      throw new EvomError('E_CHECKPOINT', `${source}: tensor "${name}" is missing; does config.json belong to these weights?`);
    if (tensor.shape.join() !== shape.join()) {
      throw new EvomError('E_CHECKPOINT', `${source}: tensor "${name}" has shape [${tensor.shape}] where config.json says [${shape}]`);
    }
    flat.set(tensor.data, offset);
  }
}
