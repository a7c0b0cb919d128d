/**
 * Settings of a thread pool whose threads live as long as it does, each with one task at a time.
 *
 * Sleeping in `Atomics.wait` would keep a thread from replacing its solver between tasks.
 */
export const lastingThreads = (count: number) =>
  ({
    minThreads: count,
    maxThreads: count,
    concurrentTasksPerWorker: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
  }) as const;
