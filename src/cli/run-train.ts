/** The work behind `evom train`. */
import type { ConfigSource } from '../config/load.ts';
import type { TrainConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { RunOptions } from './run-options.ts';

export interface RunTrainOptions extends RunOptions {
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  /** Continue the run in `config.run.dir`/`config.run.name` from its last checkpoint. */
  readonly resume: boolean;
}

export async function runTrain(_options: RunTrainOptions): Promise<undefined> {
  throw new EvomError('E_INTERNAL', 'training is not built yet');
}
