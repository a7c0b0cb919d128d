/** Abort signals that many pieces of work listen to at once. */
import { setMaxListeners } from 'node:events';

/**
 * Marks a signal as one for many listeners: Node warns of more than ten as of a leak.
 *
 * Whoever makes a signal that a batch, or everything that a command does, shares marks it where it is made.
 *
 * @returns the signal.
 */
export function sharedSignal(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}
