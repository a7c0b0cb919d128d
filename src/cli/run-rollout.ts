/** The work behind `evom rollout`. */
import type { ConfigSource } from '../config/load.ts';
import type { TrainConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { RunOptions } from './run-options.ts';

export interface RunRolloutOptions extends RunOptions {
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** Problems to sample, `sampling.group_size` completions each. */
  readonly problems: number;
  /** Draw from the evaluation set of this name; null: from `dataset.train`. */
  readonly set: string | null;
  /** Arrow file to write rollouts to; null: readable text on stdout, or one JSON object a rollout with `json`. */
  readonly out: string | null;
}

export async function runRollout(_options: RunRolloutOptions): Promise<undefined> {
  throw new EvomError('E_INTERNAL', 'rollout is not built yet');
}
