/** What every command hands to the work behind it. */
import type { CommandIo } from './io.ts';

export interface RunOptions {
  readonly io: CommandIo;
  /** End with one JSON line on stdout. */
  readonly json: boolean;
  readonly quiet: boolean;
  /** Aborted by the first Ctrl-C: finish the step, write a checkpoint, throw `E_INTERRUPTED`. */
  readonly signal: AbortSignal;
}
