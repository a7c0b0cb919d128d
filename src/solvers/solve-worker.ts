/** The worker thread's entry: one backend, one model at a time. */
import { workerData } from 'node:worker_threads';
import type { WasmModule } from '../lib/wasm.ts';
import type { SolveLimits, SolverBackend } from './backend.ts';
import { createHighs } from './highs.ts';
import { createBackend } from './registry.ts';
import { Phase, type SolveTask } from './solve-task.ts';
import { type ModelAnswer, solveText } from './solve-text.ts';

export interface SolveWorkerData {
  readonly backend: string;
  /** Where a relative path of a backend begins. */
  readonly directory: string;
  /** HiGHS, compiled once by the parent; null for another backend. */
  readonly highs: WasmModule | null;
  readonly limits: SolveLimits;
  readonly withSolution: boolean;
}

// Under Piscina, workerData may be [its own, ours].
const {
  backend: name,
  directory,
  highs,
  limits,
  withSolution,
} = (Array.isArray(workerData) ? workerData[1] : workerData) as SolveWorkerData;
let backend: Promise<SolverBackend> | null = null;

/** Piscina calls this with one task at a time; without a text it warms the worker up. */
export default async function solveOne({ text, phase }: SolveTask): Promise<ModelAnswer | null> {
  Atomics.store(phase, 0, Phase.starting);
  backend ??= highs === null ? createBackend(name, { directory }) : createHighs({ wasmModule: highs });
  const solver = await backend;
  if (text === null) return null;
  Atomics.store(phase, 0, Phase.solving);
  const answer = solveText(text, solver, limits, { withSolution });
  await solver.settled?.();
  return answer;
}
