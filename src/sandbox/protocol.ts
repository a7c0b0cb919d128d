/** What pool and worker say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { WasmModule } from '../core/wasm.ts';
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
  /** Receives a `BatchResult` as each program ends. */
  readonly port: MessagePort;
  /** [1] position in `programs` of the program under way, or one of the values of `Heartbeat`. */
  readonly heartbeat: Int32Array;
}

export const Heartbeat = { starting: -1, done: -2, betweenPrograms: -3 } as const;

export interface BatchResult {
  readonly position: number;
  readonly outcome: Outcome;
}

/** What a worker answers when a batch is through. */
export interface BatchSummary {
  /** Interpreter instances replaced during the batch. */
  readonly recycled: number;
}
