/** What pool and worker say to each other. */
import type { MessagePort } from 'node:worker_threads';
import { type LinearModelJson, linearModelFromJson, linearModelToJson } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { WasmModule } from '../lib/wasm.ts';
import type { GuestSource } from './guest.ts';
import type { SandboxLimits } from './limits.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly quickjs: WasmModule;
  readonly limits: SandboxLimits;
  /** By dialect. */
  readonly guests: Readonly<Record<string, GuestSource>>;
}

/** One task of a worker. */
export interface BatchTask {
  readonly programs: readonly Program[];
  /** Receives `BatchResult`s, encoded, soon after their programs end. */
  readonly port: MessagePort;
  /**
   * [3] position in `programs` of the program under way, or one of the values of `Heartbeat`; the worker's `threadId`; how often a
   * session was entered or left: odd while the solver has the thread.
   */
  readonly heartbeat: Int32Array;
}

export const Heartbeat = { starting: -1, done: -2, betweenPrograms: -3 } as const;

export interface BatchResult {
  readonly position: number;
  readonly outcome: Outcome;
}

/** Results as text: for small nested objects cheaper than structured cloning. */
export function encodeResults(results: readonly BatchResult[]): string {
  return JSON.stringify(
    results.map(({ position, outcome }) => ({
      position,
      outcome: { ...outcome, model: outcome.model && linearModelToJson(outcome.model) },
    })),
  );
}

export function decodeResults(message: string): BatchResult[] {
  const results = JSON.parse(message) as { position: number; outcome: Omit<Outcome, 'model'> & { model: LinearModelJson | null } }[];
  return results.map(({ position, outcome }) => ({
    position,
    outcome: { ...outcome, model: outcome.model && linearModelFromJson(outcome.model) },
  }));
}

/** What a worker answers when a batch is through. */
export interface BatchSummary {
  /** Interpreter instances replaced during the batch. */
  readonly recycled: number;
}
