/** The host's own solver: every captured linear model is solved again, so that no library's word and no program's has to be taken. */
import { Worker } from 'node:worker_threads';
import type { LinearModel } from '../core/linear-model.ts';
import { compiledEntry } from '../lib/compiled.ts';
import { EvomError } from '../lib/errors.ts';
import type { SolveLimits } from '../solvers/backend.ts';
import { compileHighs } from '../solvers/highs.ts';
import { withoutPoint } from '../solvers/solution.ts';
import type { ResolveReply, ResolveRequest } from './resolve-worker.ts';

export type Resolved = Omit<ResolveReply, 'id'>;

interface Waiting {
  readonly limits: SolveLimits;
  readonly resolve: (reply: Resolved) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  isEnded: boolean;
  /** In the order in which the thread takes them. */
  readonly waiting: Map<number, Waiting>;
  /** Ends the thread where the solve that it is at does not end by itself. */
  timer: NodeJS.Timeout | null;
}

/** HiGHS ignores its time limit on some models with unbounded integers: the host ends a solve after twice the limit and ten seconds. */
const patienceOf = ({ timeLimitMs }: SolveLimits): number => 2 * timeLimitMs + 10_000;

/** A few threads with HiGHS; one that ends is replaced. */
export class Resolver {
  readonly version: string;
  readonly #highs: unknown;
  readonly #threads: Thread[];
  readonly #starting = new Map<number, Promise<Thread>>();
  readonly #patienceOf: typeof patienceOf;
  #lastId = 0;
  #closed = false;

  private constructor(highs: unknown, threads: Thread[], version: string, patience: typeof patienceOf) {
    this.#highs = highs;
    this.#patienceOf = patience;
    this.#threads = threads;
    this.version = version;
  }

  /**
   * @param threads number of threads.
   * @param patience milliseconds after which a solve under some limits is ended with its thread.
   */
  static async create(threads: number, patience = patienceOf): Promise<Resolver> {
    const highs = await compileHighs();
    const started = await Promise.all(Array.from({ length: threads }, () => startThread(highs, patience)));
    return new Resolver(
      highs,
      started.map(({ thread }) => thread),
      `HiGHS ${started[0]?.version ?? ''}`,
      patience,
    );
  }

  /**
   * @param known the point that the program's own library found.
   * @throws {EvomError} E_SOLVER when the thread ends under this model or the one before it; the next model gets a new thread.
   */
  async solve(model: LinearModel, limits: SolveLimits, known: Float64Array | null = null): Promise<Resolved> {
    const found = this.#leastBusy();
    const thread = found instanceof Promise ? await found : found;
    if (this.#closed) throw new EvomError('E_SOLVER', 'the resolver is closed');
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { limits, resolve, reject });
      if (thread.waiting.size === 1) watch(thread, this.#patienceOf);
      thread.worker.postMessage({ id, model, limits, known } satisfies ResolveRequest);
    });
  }

  #leastBusy(): Thread | Promise<Thread> {
    const place = this.#threads.reduce((best, { waiting }, i) => (waiting.size < (this.#threads[best]?.waiting.size ?? 0) ? i : best), 0);
    const thread = this.#threads[place];
    if (thread !== undefined && !thread.isEnded) return thread;
    const starting =
      this.#starting.get(place) ??
      startThread(this.#highs, this.#patienceOf)
        .then(({ thread: fresh }) => {
          this.#threads[place] = fresh;
          return fresh;
        })
        .finally(() => this.#starting.delete(place));
    this.#starting.set(place, starting);
    return starting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#starting.values());
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

/** Starts the clock for the solve that a thread is at. */
function watch(thread: Thread, patience: typeof patienceOf): void {
  if (thread.timer !== null) clearTimeout(thread.timer);
  thread.timer = null;
  const [head] = thread.waiting;
  if (head === undefined) return;
  const [id, { limits, resolve }] = head;
  const limitMs = patience(limits);
  const overdue = (): void => {
    thread.waiting.delete(id);
    thread.isEnded = true;
    resolve({ solution: withoutPoint('time_limit', limitMs, { wallLimited: true }), modelHash: '' });
    // What waits behind it is told that its thread ended.
    void thread.worker.terminate();
  };
  thread.timer = setTimeout(overdue, limitMs);
}

async function startThread(highs: unknown, patience: typeof patienceOf): Promise<{ thread: Thread; version: string }> {
  const worker = new Worker(compiledEntry(import.meta.url, './resolve-worker.js'), { workerData: { highs } });
  const thread: Thread = { worker, isEnded: false, waiting: new Map(), timer: null };
  const { waiting } = thread;
  const version = await new Promise<string>((resolve, reject) => {
    worker.once('message', (hello: { version: string }) => resolve(hello.version));
    worker.once('error', reject);
  });
  worker.on('message', ({ id, ...reply }: ResolveReply) => {
    waiting.get(id)?.resolve(reply);
    waiting.delete(id);
    watch(thread, patience);
  });
  const end = (cause: unknown): void => {
    thread.isEnded = true;
    if (thread.timer !== null) clearTimeout(thread.timer);
    for (const { reject } of waiting.values()) reject(new EvomError('E_SOLVER', 'a resolver thread ended', { cause }));
    waiting.clear();
  };
  worker.on('error', end);
  worker.on('exit', end);
  return { thread, version };
}
