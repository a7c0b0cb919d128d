/** A training run that stands, and what it comes to. */
import type { ConfigSource } from '../config/load/load.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { Report } from './events.ts';
import type { Lifetime } from './lifetime.ts';

export interface Run {
  /** Where everything of the run is. */
  readonly directory: string;
  /**
   * Evaluates, trains to `run.steps` and evaluates again. Call it once.
   *
   * @throws {EvomError} `E_GUARD` when a guard stops the run and `E_INTERRUPTED` on abort, both after a checkpoint.
   */
  train(): Promise<RunResult>;
  /** Closes all parts and gives the lock free; a run that has not begun leaves no directory behind. */
  close(): Promise<void>;
}

export interface RunResult {
  readonly directory: string;
  /** Folder of the last checkpoint. */
  readonly checkpoint: string;
  /** Steps taken, those before a resume included. */
  readonly steps: number;
  /** Of the initial policy; empty without evaluation sets, and in supervised runs. */
  readonly before: readonly Evaluation[];
  readonly after: readonly Evaluation[];
  /** Folder that a supervised run published its model to; null for none. */
  readonly output: string | null;
}

/** What the kinds of runs are opened with. */
export interface Opening {
  readonly lifetime: Lifetime;
  readonly report: Report;
  readonly signal: AbortSignal | undefined;
  readonly source: ConfigSource | null;
  readonly cwd: string;
}

/** A run of one kind, opened: what is left is to train. */
export type OpenedRun = Pick<Run, 'train'>;
