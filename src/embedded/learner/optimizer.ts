/** One optimizer step over a share of the parameters; workers hold disjoint shares. */
import { smallest } from '../../lib/extremes.ts';
import type { OptimizerConfig } from '../../policy/optimizer-config.ts';
import { adamwUpdate } from './adamw.ts';
import { Muon, type MuonMatrix } from './muon.ts';
import type { Parameter } from './parameters.ts';

/** Flat arrays of all parameters; `first` is AdamW's first moment or Muon's momentum, `second` AdamW's second moment. */
export interface OptimizerArrays {
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

export interface UpdateOptions {
  /** Multiplies all learning rates. */
  readonly learningRateFactor: number;
  /** Number of this update, from 1. */
  readonly step: number;
  /** Factor on the gradient (clipping by global norm). */
  readonly gradientScale: number;
}

export function usesMuon(config: OptimizerConfig, parameter: Pick<Parameter, 'kind'>): boolean {
  return config.type === 'muon' && parameter.kind === 'matrix';
}

export class Optimizer {
  private readonly config: OptimizerConfig;
  private readonly muon: Muon | null;

  constructor(config: OptimizerConfig) {
    this.config = config;
    this.muon = config.type === 'muon' ? new Muon(config.nsSteps) : null;
  }

  /** Updates the given parameters in place. */
  async update(parameters: readonly Parameter[], arrays: OptimizerArrays, options: UpdateOptions): Promise<void> {
    const { config } = this;
    const view = (array: Float32Array, { offset, length }: Parameter) => array.subarray(offset, offset + length);
    const { learningRateFactor, step, gradientScale } = options;
    for (const parameter of parameters) {
      if (usesMuon(config, parameter)) continue;
      const decays = config.type === 'adamw' && (parameter.kind === 'matrix' || parameter.kind === 'embedding');
      adamwUpdate(
        view(arrays.weights, parameter),
        view(arrays.gradient, parameter),
        view(arrays.first, parameter),
        view(arrays.second, parameter),
        {
          lr: (config.type === 'muon' ? config.adamLr : config.lr) * learningRateFactor,
          betas: config.type === 'muon' ? config.adamBetas : config.betas,
          eps: config.type === 'muon' ? config.adamEps : config.eps,
          weightDecay: decays ? config.weightDecay : 0,
          step,
          gradientScale,
        },
      );
    }
    if (config.type !== 'muon' || this.muon === null) return;
    const byShape = new Map<string, { rows: number; columns: number; matrices: MuonMatrix[] }>();
    for (const parameter of parameters.filter((p) => usesMuon(config, p))) {
      const [rows, columns] = parameter.shape as [number, number];
      const entry = byShape.get(`${rows}x${columns}`) ?? { rows, columns, matrices: [] };
      entry.matrices.push({
        weights: view(arrays.weights, parameter),
        gradient: view(arrays.gradient, parameter),
        momentum: view(arrays.first, parameter),
      });
      byShape.set(`${rows}x${columns}`, entry);
    }
    for (const { rows, columns, matrices } of byShape.values()) {
      const { momentum, weightDecay } = config;
      await this.muon.update(matrices, rows, columns, { lr: config.lr * learningRateFactor, momentum, weightDecay, gradientScale });
    }
  }

  async close(): Promise<void> {
    await this.muon?.close();
  }
}

/**
 * Disjoint shares of the parameters, about equal in work, the same for the same arguments.
 *
 * @returns [threads] lists of parameter indices in ascending order.
 */
export function shareParameters(config: OptimizerConfig, parameters: readonly Parameter[], threads: number): number[][] {
  const shares: number[][] = Array.from({ length: threads }, () => []);
  const load = new Array<number>(threads).fill(0);
  const cost = (parameter: Parameter): number => {
    const [rows = 1, columns = 1] = parameter.shape;
    // A Newton-Schulz step is some four products with the shorter side; an AdamW value costs about as much as 30 of their terms.
    return parameter.length * (usesMuon(config, parameter) ? 30 + Math.min(rows, columns) : 30);
  };
  const order = parameters.map((_, i) => i).sort((i, j) => cost(parameters[j] as Parameter) - cost(parameters[i] as Parameter) || i - j);
  for (const index of order) {
    const thread = load.indexOf(smallest(load));
    shares[thread]?.push(index);
    load[thread] = (load[thread] as number) + cost(parameters[index] as Parameter);
  }
  for (const share of shares) share.sort((i, j) => i - j);
  return shares;
}
