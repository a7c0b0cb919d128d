/** Solves model texts on worker threads: the caller's thread stays free for Ctrl-C, and no model can hang the process. */
import { Piscina } from 'piscina';
import { compiledEntry } from '../core/compiled.ts';
import { EvomError } from '../core/errors.ts';
import type { SolveLimits } from './backend.ts';
import { compileHighs } from './highs.ts';
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
}

export interface SolvePool {
  /** Never rejects for anything that a text says; what takes a worker down is an answer with status `error`. */
  solve(text: ModelText): Promise<ModelAnswer>;
  /** Ends the workers at once, whatever they do. */
  close(): Promise<void>;
}

/** Models from files may be large, and are their owner's; HiGHS cannot address more. */
const largestMemoryMb = 2048;
/** A solver that does not heed its time limit is stopped after as much again and this. */
const graceMs = 10_000;

/**
 * Starts the workers.
 *
 * @throws {EvomError} E_SOLVER if a worker does not start.
 */
export async function createSolvePool(options: SolvePoolOptions): Promise<SolvePool> {
  const { backend, directory, workers, limits, withSolution = false } = options;
  const workerData: SolveWorkerData = {
    backend,
    directory,
    highs: backend === 'highs' ? await compileHighs(largestMemoryMb) : null,
    limits,
    withSolution,
  };
  const pool = new Piscina<ModelText | null, ModelAnswer | null>({
    filename: compiledEntry(import.meta.url, './solve-worker.js'),
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    // Sleeping in Atomics.wait would keep a worker from replacing its solver.
    atomics: 'disabled',
    workerData,
  });
  try {
    await pool.run(null);
  } catch (cause) {
    await pool.destroy();
    throw new EvomError('E_SOLVER', `the ${backend} solver did not start in a worker: ${textOf(cause)}`, { cause });
  }
  const patienceMs = Math.min(2 * limits.timeLimitMs + graceMs, 2_147_483_647);
  return {
    async solve(text) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), patienceMs);
      try {
        return (await pool.run(text, { signal: controller.signal })) ?? failedAnswer('solver', 'the worker gave no answer');
      } catch (error) {
        if (!controller.signal.aborted) return failedAnswer('solver', `the model took its worker down: ${textOf(error)}`);
        return {
          ...failedAnswer('solver', `${backend} did not stop at its time limit`),
          status: 'time_limit',
          fault: null,
          wallLimited: true,
        };
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => pool.destroy(),
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200);
