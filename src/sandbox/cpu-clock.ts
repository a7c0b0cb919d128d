/** Processor time of the calling thread, where the platform tells it. */
import { openSync, readFileSync, readlinkSync, readSync } from 'node:fs';

/**
 * A function that gives this thread's processor time so far, in milliseconds.
 *
 * From `process.threadCpuUsage` (Node 23.9) or Linux's `/proc/thread-self/schedstat`, which moves in steps of up to 4 ms: sums
 * over many programs are right, single ones are rough. Elsewhere it is the wall clock.
 */
export function threadCpuClock(): () => number {
  const usage = (process as { threadCpuUsage?: () => { user: number; system: number } }).threadCpuUsage;
  if (typeof usage === 'function') {
    return () => {
      const { user, system } = usage.call(process);
      return (user + system) / 1000;
    };
  }
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const buffer = Buffer.alloc(96);
    const read = (): number => Number.parseInt(buffer.toString('latin1', 0, readSync(file, buffer, 0, 96, 0)), 10) / 1e6;
    if (Number.isFinite(read())) return read;
  } catch {
    // Not Linux, or no /proc: the wall clock below.
  }
  return () => performance.now();
}

/** Linux's number of the calling thread, by which others find its processor time; 0 elsewhere. */
export function threadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1)) || 0;
  } catch {
    return 0;
  }
}

/** Processor time of a thread of this process so far, in milliseconds; null where it cannot be told. */
export function cpuMsOfThread(id: number): number | null {
  if (id === 0) return null;
  try {
    return Number.parseInt(readFileSync(`/proc/self/task/${id}/schedstat`, 'latin1'), 10) / 1e6;
  } catch {
    return null;
  }
}
