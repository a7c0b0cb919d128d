/** The host's own solver: every captured linear model is solved again, so that no library's word and no program's has to be taken. */
import { Worker } from 'node:worker_threads';
import { compiledEntry } from '../core/compiled.ts';
import { EvomError } from '../core/errors.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { SolveLimits } from '../solvers/backend.ts';
import { compileHighs } from '../solvers/highs.ts';
import type { ResolveReply, ResolveRequest } from './resolve-worker.ts';

export type Resolved = Omit<ResolveReply, 'id'>;

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, { readonly resolve: (reply: Resolved) => void; readonly reject: (error: unknown) => void }>;
}

/** A few threads with HiGHS. */
export class Resolver {
  readonly version: string;
  readonly #threads: Thread[];
  #lastId = 0;
  #closed = false;

  private constructor(threads: Thread[], version: string) {
    this.#threads = threads;
    this.version = version;
  }

  /** @param threads number of threads. */
  static async create(threads: number): Promise<Resolver> {
    const highs = await compileHighs();
    const started = await Promise.all(Array.from({ length: threads }, () => startThread(highs)));
    return new Resolver(
      started.map(({ thread }) => thread),
      `HiGHS ${started[0]?.version ?? ''}`,
    );
  }

  /** @throws {EvomError} E_SOLVER when the thread ended. */
  solve(model: LinearModel, limits: SolveLimits): Promise<Resolved> {
    const thread = [...this.#threads].sort((a, b) => a.waiting.size - b.waiting.size)[0];
    if (thread === undefined || this.#closed) throw new EvomError('E_SOLVER', 'the resolver is closed');
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { resolve, reject });
      thread.worker.postMessage({ id, model, limits } satisfies ResolveRequest);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

async function startThread(highs: unknown): Promise<{ thread: Thread; version: string }> {
  const worker = new Worker(compiledEntry(import.meta.url, './resolve-worker.js'), { workerData: { highs } });
  const waiting: Thread['waiting'] = new Map();
  const version = await new Promise<string>((resolve, reject) => {
    worker.once('message', (hello: { version: string }) => resolve(hello.version));
    worker.once('error', reject);
  });
  worker.on('message', ({ id, ...reply }: ResolveReply) => {
    waiting.get(id)?.resolve(reply);
    waiting.delete(id);
  });
  const end = (cause: unknown): void => {
    for (const { reject } of waiting.values()) reject(new EvomError('E_SOLVER', 'a resolver thread ended', { cause }));
    waiting.clear();
  };
  worker.on('error', end);
  worker.on('exit', end);
  return { thread: { worker, waiting }, version };
}
