/** The auditor's worker thread: started when it is needed, handed tasks in batches, replaced when it ends. */
import { Worker } from 'node:worker_threads';
import { atEndOfTurn } from '../../lib/at-end-of-turn.ts';
import { compiledEntry } from '../../lib/compiled.ts';
import { EvomError } from '../../lib/errors.ts';
import type { AuditJob, AuditReply, AuditRequest, AuditWorkerData } from './audit-worker.ts';

/** A worker may take this long to start: reading and instantiating two WebAssembly programs on a loaded machine. */
const startMs = 60_000;
/** Tasks that one message carries. Each message wakes a thread, which costs as much as a small solve. */
const largestBatch = 16;

interface Pending {
  readonly request: AuditRequest;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  /** A worker ended under it: now it runs alone and answers for itself. */
  alone: boolean;
}

export class AuditThread {
  readonly #data: AuditWorkerData;
  readonly #hardMs: number;
  #worker: Worker | null = null;
  /** Whether the worker has loaded its solvers. */
  #isReady = false;
  #queue: Pending[] = [];
  /** The tasks of the batch in the worker that have no answer yet, by id. */
  readonly #underWay = new Map<number, Pending>();
  #timer: NodeJS.Timeout | null = null;
  #nextId = 0;
  #closed = false;

  /** @param hardMs a worker that gives no answer for so long is ended. */
  constructor(data: AuditWorkerData, hardMs: number) {
    this.#data = data;
    this.#hardMs = hardMs;
  }

  /**
   * The answer of the worker to one task.
   *
   * Rejects with what went wrong; where a worker ends under several tasks, each of them is tried alone first.
   *
   * @param alone to be run in no batch, for what failed before.
   * @throws {EvomError} E_SANDBOX once closed.
   */
  run(job: AuditJob, { alone }: { readonly alone: boolean }): Promise<unknown> {
    if (this.#closed) throw closedError('is closed; create another');
    return new Promise((resolve, reject) => {
      this.#queue.push({ request: { id: this.#nextId++, job }, resolve, reject, alone });
      this.#pump();
    });
  }

  /** Hands over a batch. */
  readonly #pump = atEndOfTurn(() => {
    if (this.#underWay.size > 0 || this.#queue.length === 0) return;
    const batch = this.#nextBatch();
    for (const pending of batch) this.#underWay.set(pending.request.id, pending);
    this.#worker ??= this.#start();
    this.#watch();
    this.#worker.ref();
    this.#worker.postMessage(batch.map(({ request }) => request));
  });

  #nextBatch(): Pending[] {
    const suspect = this.#queue.findIndex(({ alone }) => alone);
    return this.#queue.splice(0, suspect === -1 ? largestBatch : Math.max(1, Math.min(suspect, largestBatch)));
  }

  /** Starts the clock for the next answer. */
  #watch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const [what, limitMs] = this.#isReady ? ['audit', this.#hardMs] : ["start of the audit's worker", startMs];
    this.#timer = setTimeout(() => this.#fail(new Error(`the ${what} took longer than ${limitMs} ms`)), limitMs);
  }

  #start(): Worker {
    this.#isReady = false;
    const worker = new Worker(compiledEntry(import.meta.url, './audit-worker.js'), { workerData: this.#data, env: {} });
    worker.on('message', (replies: readonly AuditReply[]) => {
      if (this.#worker === worker) this.#settle(replies);
    });
    worker.on('error', (error: unknown) => {
      if (this.#worker === worker) this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#fail(new Error(`the audit worker ended with code ${code}`));
    });
    return worker;
  }

  /** @param replies none when the worker has just loaded. */
  #settle(replies: readonly AuditReply[]): void {
    this.#isReady = true;
    for (const { id, result, fault } of replies) {
      const pending = this.#underWay.get(id);
      this.#underWay.delete(id);
      if (fault === null) pending?.resolve(result);
      else pending?.reject(new Error(fault));
    }
    // The clock is for the task under way; those before it have answered.
    if (this.#underWay.size > 0) this.#watch();
    else this.#rest();
  }

  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    // An idle auditor must not keep the process alive.
    if (this.#queue.length === 0) this.#worker?.unref();
    else this.#pump();
  }

  #fail(error: Error): void {
    void this.#worker?.terminate();
    this.#worker = null;
    const unanswered = [...this.#underWay.values()];
    this.#underWay.clear();
    if (unanswered.length === 1) unanswered[0]?.reject(error);
    else this.#queue = [...unanswered.map((pending) => Object.assign(pending, { alone: true })), ...this.#queue];
    this.#rest();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { reject } of [...this.#underWay.values(), ...this.#queue]) reject(closedError('was closed while it worked'));
    this.#queue = [];
    this.#underWay.clear();
    await worker?.terminate();
  }
}

const closedError = (what: string): EvomError => new EvomError('E_SANDBOX', `the auditor ${what}`);
