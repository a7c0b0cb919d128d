/** The optimizer's moments and counters as a safetensors file. */

import { EvomError } from '../../lib/errors.ts';
import { readSafetensors } from '../../lib/safetensors.ts';
import type { OptimizerConfig } from '../../policy/optimizer-config.ts';
import { usesMuon } from './optimizer.ts';
import type { Parameter, ParameterLayout } from './parameters.ts';

export interface OptimizerCounters {
  readonly version: number;
  /** Updates applied, which AdamW's bias correction counts. */
  readonly updates: number;
  readonly skippedInARow: number;
}

/** Moments by name: `momentum.<parameter>` for Muon, `exp_avg.` and `exp_avg_sq.` for AdamW (torch's names). */
export function optimizerTensors(
  config: OptimizerConfig,
  layout: ParameterLayout,
  first: Float32Array,
  second: Float32Array,
): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }> {
  return new Map(moments(config, layout, first, second).map(([name, { shape }, data]) => [name, { shape, data }]));
}

function moments(config: OptimizerConfig, layout: ParameterLayout, first: Float32Array, second: Float32Array) {
  return layout.parameters.flatMap((parameter): (readonly [string, Parameter, Float32Array])[] => {
    const { name, offset, length } = parameter;
    const view = (array: Float32Array) => array.subarray(offset, offset + length);
    if (usesMuon(config, parameter)) return [[`momentum.${name}`, parameter, view(first)]];
    return [
      [`exp_avg.${name}`, parameter, view(first)],
      [`exp_avg_sq.${name}`, parameter, view(second)],
    ];
  });
}

/** Fills the moments from a file and returns its counters. */
export async function loadOptimizerState(
  path: string,
  config: OptimizerConfig,
  layout: ParameterLayout,
  first: Float32Array,
  second: Float32Array,
): Promise<OptimizerCounters> {
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.optimizer !== config.type) {
    throw new EvomError(
      'E_CHECKPOINT',
      `${path} holds the state of "${metadata.optimizer}" but optimizer.type is "${config.type}"; resume with the same type`,
    );
  }
  for (const [name, { shape }, into] of moments(config, layout, first, second)) {
    const tensor = tensors.get(name);
    if (tensor === undefined || tensor.shape.join() !== shape.join()) {
      throw new EvomError(
        'E_CHECKPOINT',
        `${path}: tensor "${name}" is missing or has another shape; does this state belong to this model?`,
      );
    }
    into.set(tensor.data);
  }
  const count = (key: keyof OptimizerCounters): number => {
    const value = Number(metadata[key]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new EvomError('E_CHECKPOINT', `${path}: metadata "${key}" is ${JSON.stringify(metadata[key])}`);
    return value;
  };
  return { version: count('version'), updates: count('updates'), skippedInARow: count('skippedInARow') };
}
