/** The work behind `evom data generate` and `evom data check`. */
import type { GeneratedConfig } from '../config/schema.ts';
import { EvomError } from '../core/errors.ts';
import type { RunOptions } from './run-options.ts';

export interface RunDataGenerateOptions extends RunOptions {
  readonly dataset: GeneratedConfig;
  /** JSONL file to write; null: stdout. */
  readonly out: string | null;
}

export interface RunDataCheckOptions extends RunOptions {
  /** JSONL files; problems shared between two files are reported as leaks. */
  readonly files: readonly string[];
}

export async function runDataGenerate(_options: RunDataGenerateOptions): Promise<undefined> {
  throw new EvomError('E_INTERNAL', 'data generate is not built yet');
}

export async function runDataCheck(_options: RunDataCheckOptions): Promise<undefined> {
  throw new EvomError('E_INTERNAL', 'data check is not built yet');
}
