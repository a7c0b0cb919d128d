/** Waiting for work no longer than somebody wants it. */

/**
 * The result of some work; on abort the work is left to itself.
 *
 * @param reason what is thrown on abort; default the signal's own.
 * @throws that reason, else what the work throws.
 */
export async function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  reason: () => unknown = () => signal?.reason,
): Promise<Result> {
  if (signal === undefined) return work;
  let stopWaiting = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(reason());
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    stopWaiting = () => signal.removeEventListener('abort', abort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stopWaiting();
  }
}
