/** Ctrl-C: the first asks the command to finish its step, the second ends the process. */
import type { CommandIo } from './io.ts';

/** Runs work under a signal that the first interrupt aborts. */
export async function withInterrupt<Result>(io: CommandIo, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const stopListening = io.onInterrupt(() => {
    if (controller.signal.aborted) {
      io.exit(130);
      return;
    }
    io.stderr('\nStopping after this step, with a checkpoint; Ctrl-C again stops at once.\n');
    controller.abort();
  });
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
  }
}
