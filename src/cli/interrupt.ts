/** Ctrl-C: the first asks the command to finish its step, the second ends the process. */
import { EvomError } from '../core/errors.ts';
import type { CommandIo } from './io.ts';

/** Runs work under a signal that the first interrupt aborts. */
export async function withInterrupt<Result>(io: CommandIo, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const stopListening = io.onInterrupt(() => {
    if (controller.signal.aborted) {
      io.exit(130);
      return;
    }
    io.stderr('\nStopping after this step, training with a checkpoint; Ctrl-C again stops at once.\n');
    // Training writes a checkpoint and throws its own; other work throws this reason and keeps nothing.
    controller.abort(new EvomError('E_INTERRUPTED', 'interrupted before the work was done'));
  });
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
  }
}
