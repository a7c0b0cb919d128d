/** Abort signals that many pieces of work listen to at once. */
import { setMaxListeners } from 'node:events';

/**
 * Marks a signal as one for many listeners: Node warns of more than ten as of a leak.
 *
 * Whoever makes a signal that a batch, or everything that a command does, shares marks it where it is made.
 *
 * @returns the signal.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { getMaxListeners } from 'node:events';
 * import { sharedSignal } from '../../../src/lib/shared-signal.ts';
 *
 * assert.equal(getMaxListeners(sharedSignal(new AbortController().signal)), 0);
 * ```
 */
export function sharedSignal(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}
