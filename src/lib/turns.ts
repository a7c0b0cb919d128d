/** Work that must not overlap. */

/** A queue: each call waits for those before it, whether these succeed or fail, and gives its own work's result. */
export function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}
