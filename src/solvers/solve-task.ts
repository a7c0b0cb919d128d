/** What a worker is given to solve, and how far it has come with it, as both sides see it. */
import type { ModelText } from './solve-text.ts';

export interface SolveTask {
  /** null: only make the backend ready. */
  readonly text: ModelText | null;
  /** [1] one of the values of `Phase`, in shared memory. */
  readonly phase: Int32Array;
}

/** A task waits for a worker, then the worker makes its backend ready, then it solves. */
export const Phase = { waiting: 0, starting: 1, solving: 2 } as const;

export const newPhase = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));
