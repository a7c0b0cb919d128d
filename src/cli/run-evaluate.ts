/** The work behind `evom evaluate`. */
import type { ConfigSource } from '../config/load.ts';
import type { TrainConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { RunOptions } from './run-options.ts';

export interface RunEvaluateOptions extends RunOptions {
  /** Evaluates `policy.checkpoint` on every set of `dataset.eval` (at least one). */
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** File to write each problem's score to, one JSON object a line; null for none. */
  readonly out: string | null;
}

export async function runEvaluate(_options: RunEvaluateOptions): Promise<undefined> {
  throw new EvomError('E_INTERNAL', 'evaluation is not built yet');
}
