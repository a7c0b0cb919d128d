/** The work behind `evom sft`. */
import type { ConfigSource } from '../config/load.ts';
import type { SftConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { RunOptions } from './run-options.ts';

export interface RunSftOptions extends RunOptions {
  readonly config: SftConfig;
  readonly source: ConfigSource;
  /** Continue the run in `config.run.dir`/`config.run.name` from its last checkpoint. */
  readonly resume: boolean;
}

export async function runSft(_options: RunSftOptions): Promise<undefined> {
  throw new EvomError('E_INTERNAL', 'supervised fine-tuning is not built yet');
}
