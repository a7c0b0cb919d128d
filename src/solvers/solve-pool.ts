/** Solves model texts on worker threads: the caller's thread stays free for Ctrl-C, and no model can hang the process. */
import { Piscina } from 'piscina';
import { compiledEntry } from '../lib/compiled.ts';
import { EvomError } from '../lib/errors.ts';
import { lastingThreads } from '../lib/lasting-threads.ts';
import type { SolveLimits } from './backend.ts';
import { compileHighs } from './highs.ts';
import { newPhase, Phase, type SolveTask } from './solve-task.ts';
import { failedAnswer, type ModelAnswer, type ModelText } from './solve-text.ts';
import type { SolveWorkerData } from './solve-worker.ts';

export interface SolvePoolOptions {
  /** `highs`, `glpk` or the path of a module that creates a backend. */
  readonly backend: string;
  readonly directory: string;
  /** Worker threads, each with a solver of its own. */
  readonly workers: number;
  readonly limits: SolveLimits;
  /** Answers also hold the values of the variables; default false. */
  readonly withSolution?: boolean;
  /** A solver that does not heed its time limit is stopped after as much again and this; default 10,000. */
  readonly graceMs?: number;
  /** A backend that is not ready after this is given up; default 60,000: a loaded machine takes seconds. */
  readonly startMs?: number;
}

export interface SolvePool {
  /** Never rejects for anything that a text says; what takes a worker down is an answer with status `error`. */
  solve(text: ModelText): Promise<ModelAnswer>;
  /** Ends the workers at once, whatever they do. */
  close(): Promise<void>;
}

/** Models from files may be large, and are their owner's; HiGHS cannot address more. */
const largestMemoryMb = 2048;
const watchMs = 100;

/** A task in the pool, as the watchdog sees it: a wait for a worker counts for nothing. */
interface Watched {
  readonly phase: Int32Array;
  readonly abort: AbortController;
  seen: number;
  /** When `seen` changed, by this thread's looks at it. */
  since: number;
  overdue: boolean;
}

/**
 * Starts the workers.
 *
 * @throws {EvomError} E_SOLVER if a worker does not start.
 */
export async function createSolvePool(options: SolvePoolOptions): Promise<SolvePool> {
  const { backend, directory, workers, limits, withSolution = false, graceMs = 10_000, startMs = 60_000 } = options;
  const workerData: SolveWorkerData = {
    backend,
    directory,
    highs: backend === 'highs' ? await compileHighs(largestMemoryMb) : null,
    limits,
    withSolution,
  };
  const pool = new Piscina<SolveTask, ModelAnswer | null>({
    filename: compiledEntry(import.meta.url, './solve-worker.js'),
    ...lastingThreads(workers),
    workerData,
  });
  const watched = new Set<Watched>();
  const patienceMs = [Number.POSITIVE_INFINITY, startMs, 2 * limits.timeLimitMs + graceMs];
  const watchdog = setInterval(() => {
    const now = performance.now();
    for (const task of watched) {
      const phase = Atomics.load(task.phase, 0);
      if (phase !== task.seen) Object.assign(task, { seen: phase, since: now });
      else if (now - task.since > (patienceMs[phase] ?? 0)) {
        task.overdue = true;
        // Ends the worker; the pool starts another in its place.
        task.abort.abort();
      }
    }
  }, watchMs);
  watchdog.unref();
  const run = async (text: ModelText | null, task: Watched): Promise<ModelAnswer | null> => {
    watched.add(task);
    try {
      return await pool.run({ text, phase: task.phase }, { signal: task.abort.signal });
    } finally {
      watched.delete(task);
    }
  };
  const close = async (): Promise<void> => {
    clearInterval(watchdog);
    await pool.destroy();
  };
  const first = newTask();
  try {
    await run(null, first);
  } catch (cause) {
    await close();
    const what = first.overdue ? `it was not ready after ${startMs} ms` : textOf(cause);
    throw new EvomError('E_SOLVER', `the ${backend} solver did not start in a worker: ${what}`, { cause });
  }
  return {
    async solve(text) {
      const task = newTask();
      try {
        return (await run(text, task)) ?? failedAnswer('solver', 'the worker gave no answer');
      } catch (error) {
        if (!task.overdue) return failedAnswer('solver', `the model took its worker down: ${textOf(error)}`);
        if (task.seen !== Phase.solving)
          return failedAnswer('solver', `the ${backend} solver was not ready in its worker after ${startMs} ms`);
        return {
          ...failedAnswer('solver', `${backend} did not stop at its time limit`),
          status: 'time_limit',
          fault: null,
          wallLimited: true,
        };
      }
    },
    close,
  };
}

const newTask = (): Watched => ({
  phase: newPhase(),
  abort: new AbortController(),
  seen: Phase.waiting,
  since: performance.now(),
  overdue: false,
});
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200);
