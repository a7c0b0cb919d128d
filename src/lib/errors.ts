/** What our code, machine or user does wrong. What a sampled program does wrong is an `Outcome`, never an exception. */

/** One code per boundary that a fault can cross. */
export type EvomErrorCode =
  | 'E_USAGE' // a command line that cannot be understood
  | 'E_CONFIG' // a configuration file or `--set` value
  | 'E_DATA' // a dataset or record on disk
  | 'E_FILE' // a file that the machine has no room or means for
  | 'E_CHECKPOINT' // a model or training state on disk
  | 'E_RUN' // a run directory that is there, is not, or belongs to somebody else
  | 'E_SETUP' // what a run needs of this machine and of its servers, looked at before it starts
  | 'E_BATCH' // an Arrow batch or the exchange directory
  | 'E_SANDBOX' // the pool that executes programs
  | 'E_SOLVER' // a solver backend
  | 'E_POLICY' // sampling or scoring
  | 'E_PLUGIN' // a module of the user's: a policy, a learner, a solver backend, a reward term
  | 'E_LEARNER' // the gradient step
  | 'E_GUARD' // a training guard stopped the run
  | 'E_INTERRUPTED' // the user stopped the command; a training run has written a checkpoint
  | 'E_INTERNAL'; // a promise between our own parts was broken

/** Exit code of the command line for each kind of fault: 0 done, 1 fault, 2 usage, 3 bad input, 4 guard, 130 interrupted. */
export function exitCodeOf(code: EvomErrorCode): number {
  switch (code) {
    case 'E_USAGE':
      return 2;
    case 'E_CONFIG':
    case 'E_DATA':
    case 'E_CHECKPOINT':
    case 'E_RUN':
    case 'E_SETUP':
      return 3;
    case 'E_GUARD':
      return 4;
    case 'E_INTERRUPTED':
      return 130;
    default:
      return 1;
  }
}

/**
 * A fault of ours, of the machine or of the user: what happened, where, and what to do next.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { EvomError } from 'evom';
 * const error = new EvomError('E_DATA', 'problems.jsonl:3: "question" is missing; add it or map a field with --question-field');
 * assert.equal(error.code, 'E_DATA');
 * ```
 */
export class EvomError extends Error {
  readonly code: EvomErrorCode;

  constructor(code: EvomErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EvomError';
    this.code = code;
  }
}
