/** Ctrl-C: the first asks the command to finish its step, the second ends the process. */
import { EvomError } from '../lib/errors.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import type { CommandIo } from './io.ts';

/**
 * What the first Ctrl-C does to a command: it writes a checkpoint, it closes what it holds, or it ends as any process does because
 * nothing is half done.
 */
export type OnInterrupt = 'checkpoint' | 'close' | 'end';

const announcements: Readonly<Record<Exclude<OnInterrupt, 'end'>, string>> = {
  checkpoint:
    'Stopping after this step, with a checkpoint (before the first step: at once, with nothing written); Ctrl-C again stops at once.',
  close: 'Stopping; Ctrl-C again stops at once.',
};

/** Runs work under a signal that the first interrupt aborts, where the command heeds it. */
export async function withInterrupt<Result>(
  io: CommandIo,
  onInterrupt: OnInterrupt,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  sharedSignal(controller.signal);
  if (onInterrupt === 'end') return work(controller.signal);
  const stopListening = io.onInterrupt(() => {
    if (controller.signal.aborted) {
      io.exit(130);
      return;
    }
    io.stderr(`\n${announcements[onInterrupt]}\n`);
    // Training writes a checkpoint and throws its own; other work throws this reason and keeps nothing.
    controller.abort(new EvomError('E_INTERRUPTED', 'interrupted before the work was done'));
  });
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
  }
}

/** Waits for the first interrupt: how a server spends its time. */
export const untilInterrupted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
