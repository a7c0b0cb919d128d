/** JavaScript programs in a pool of worker threads: batches out, outcomes streamed back, stuck workers replaced. */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { emptyOutcome, type Outcome, type OutcomeStatus } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { atEndOfTurn } from '../lib/at-end-of-turn.ts';
import { compiledEntry } from '../lib/compiled.ts';
import { EvomError } from '../lib/errors.ts';
import { lastingThreads } from '../lib/lasting-threads.ts';
import { cpuMsOfThread } from './cpu-clock.ts';
import type { GuestSource } from './guest.ts';
import { resolveLimits, type SandboxLimits } from './limits.ts';
import { type BatchResult, type BatchSummary, type BatchTask, decodeResults, Heartbeat, type WorkerData } from './protocol.ts';
import { compileQuickJS } from './quickjs.ts';

export interface WorkerSandboxOptions {
  /** Where programs of each dialect find their libraries. */
  readonly guests: Readonly<Record<string, GuestSource>>;
  /** Worker threads; default 2. */
  readonly workers?: number;
  readonly limits?: Partial<SandboxLimits>;
  /** Programs a worker takes at once; default 16. */
  readonly batchSize?: number;
  /** How many ms after its time limit a solver that ignores it is ended, by the wall clock that solvers use; default 5,000. */
  readonly graceMs?: number;
}

export interface SandboxStats {
  readonly executed: number;
  /** Workers ended by the watchdog or by a crash. */
  readonly workersReplaced: number;
  /** Interpreter instances replaced. */
  readonly instancesRecycled: number;
  /** Programs handed to a worker again after another program, or the machine, took their worker down. */
  readonly requeued: number;
}

export interface Sandbox {
  readonly limits: SandboxLimits;
  /** Runs a program to its outcome. Rejects only once the sandbox is closed. */
  execute(program: Program): Promise<Outcome>;
  stats(): SandboxStats;
  close(): Promise<void>;
}

/** A program waiting for a worker, or under way. */
interface Job {
  readonly program: Program;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: EvomError) => void;
  /** Workers that died while it ran. */
  crashes: number;
  /** Batches of it that never started. */
  faults: number;
}

/** A batch under way, as the watchdog sees it. */
interface Watched {
  readonly heartbeat: Int32Array;
  readonly abort: AbortController;
  position: number;
  /** When its position moved, by the wall clock and by the worker's processor time. */
  since: number;
  cpuSince: number | null;
  /** The last change between program and solver that was seen, and when. */
  session: number;
  sessionSince: number;
  /** Position that is charged, and with what. */
  overdue: { readonly position: number; readonly of: 'program' | 'solver' } | null;
}

const WATCH_MS = 100;
/** Times its limit that a worker may take by the wall clock. */
const STARVED_FACTOR = 10;
/** A worker may take this long to start: reading and instantiating three WebAssembly programs on a loaded machine. */
const START_MS = 60_000;
/** MiB of V8 heap a worker may use: outcomes and models only. */
const HEAP = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/**
 * Starts the workers and waits until each has loaded its interpreter and its guests.
 *
 * @throws {EvomError} E_SANDBOX if a worker cannot start (a missing guest, a solver that does not load), E_CONFIG for a bad limit.
 */
export async function createWorkerSandbox(options: WorkerSandboxOptions): Promise<Sandbox> {
  const limits = resolveLimits(options.limits);
  const workers = options.workers ?? 2;
  const batchSize = options.batchSize ?? 16;
  if (!Number.isInteger(workers) || workers < 1) throw new EvomError('E_CONFIG', `workers must be a whole number from 1, not ${workers}`);
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new EvomError('E_CONFIG', `batchSize must be a whole number from 1`);
  const workerData: WorkerData = { quickjs: await compileQuickJS(), limits, guests: options.guests };
  const pool = new Piscina<BatchTask, BatchSummary>({
    filename: compiledEntry(import.meta.url, './worker.js'),
    ...lastingThreads(workers),
    workerData,
    resourceLimits: HEAP,
    // A program must not find our environment, should it ever reach one.
    env: {},
  });
  const sandbox = new WorkerSandbox(pool, limits, { workers, batchSize, graceMs: options.graceMs ?? 5000 });
  try {
    await sandbox.warmUp();
  } catch (cause) {
    await sandbox.close();
    throw new EvomError('E_SANDBOX', `the sandbox's workers did not start: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  return sandbox;
}

class WorkerSandbox implements Sandbox {
  readonly limits: SandboxLimits;
  readonly #pool: Piscina<BatchTask, BatchSummary>;
  readonly #workers: number;
  readonly #batchSize: number;
  /** A call of the solver may take so long by the wall clock. */
  readonly #mostSolverMs: number;
  readonly #watched = new Set<Watched>();
  #waiting: Job[] = [];
  #running = 0;
  #closed = false;
  #watchdog: NodeJS.Timeout | null = null;
  #stats = { executed: 0, workersReplaced: 0, instancesRecycled: 0, requeued: 0 };

  constructor(
    pool: Piscina<BatchTask, BatchSummary>,
    limits: SandboxLimits,
    { workers, batchSize, graceMs }: { readonly workers: number; readonly batchSize: number; readonly graceMs: number },
  ) {
    this.#pool = pool;
    this.limits = limits;
    this.#workers = workers;
    this.#batchSize = batchSize;
    this.#mostSolverMs = limits.solverMs + graceMs;
    // A worker that dies between batches is replaced by the pool; without a listener it would end this process.
    pool.on('error', () => undefined);
  }

  async warmUp(): Promise<void> {
    await Promise.all(Array.from({ length: this.#workers }, () => this.#submit([], () => undefined)));
  }

  execute(program: Program): Promise<Outcome> {
    if (this.#closed) return Promise.reject(new EvomError('E_SANDBOX', 'the sandbox is closed; create another'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ program, resolve, reject, crashes: 0, faults: 0 });
      this.#pump();
    });
  }

  stats(): SandboxStats {
    return { ...this.#stats };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
    for (const job of this.#waiting.splice(0)) job.reject(new EvomError('E_SANDBOX', 'the sandbox was closed before this program ran'));
    await this.#pool.destroy();
  }

  /** Hands out batches. */
  readonly #pump = atEndOfTurn(() => {
    while (this.#running < this.#workers && this.#waiting.length > 0) void this.#runBatch(this.#nextBatch());
  });

  /** As many programs as spread the queue over the workers; one alone if it took a worker down before. */
  #nextBatch(): Job[] {
    const suspect = this.#waiting.findIndex((job) => job.crashes > 0);
    if (suspect === 0) return this.#waiting.splice(0, 1);
    const fair = Math.min(this.#batchSize, Math.ceil(this.#waiting.length / this.#workers));
    return this.#waiting.splice(0, suspect === -1 ? fair : Math.min(fair, suspect));
  }

  async #runBatch(jobs: Job[]): Promise<void> {
    this.#running += 1;
    const open = new Map(jobs.entries());
    const settle = ({ position, outcome }: BatchResult): void => {
      const job = open.get(position);
      if (job === undefined) return;
      open.delete(position);
      this.#finish(job, outcome);
    };
    let watched: Watched | null = null;
    try {
      const summary = await this.#submit(
        jobs.map((job) => job.program),
        settle,
        (w) => {
          watched = w;
        },
      );
      this.#stats.instancesRecycled += summary.recycled;
    } catch (error) {
      if (this.#closed) {
        for (const job of open.values()) job.reject(new EvomError('E_SANDBOX', 'the sandbox was closed while this program ran'));
        open.clear();
      } else {
        this.#stats.workersReplaced += 1;
        this.#charge(open, watched, error);
      }
    } finally {
      this.#running -= 1;
      this.#stats.requeued += open.size;
      this.#waiting = [...open.values(), ...this.#waiting];
      if (!this.#closed) this.#pump();
    }
  }

  #finish(job: Job, outcome: Outcome): void {
    this.#stats.executed += 1;
    job.resolve(outcome);
  }

  /** After a worker ended: the program under way answers for it; the others stay in `open` and wait again. */
  #charge(open: Map<number, Job>, watched: Watched | null, error: unknown): void {
    const overdue = watched?.overdue ?? null;
    const position = watched === null ? Heartbeat.starting : (overdue?.position ?? Atomics.load(watched.heartbeat, 0));
    const guilty = open.get(position);
    if (guilty === undefined) {
      // Nobody was running: the machine's fault, or the pool's. Each program is tried three times.
      for (const [key, job] of open) {
        job.faults += 1;
        if (job.faults < 3) continue;
        open.delete(key);
        this.#finish(job, this.#ended(job, 'infra_error', error));
      }
      return;
    }
    if (overdue !== null) {
      open.delete(position);
      const { hardMs, solverMs } = this.limits;
      this.#finish(
        guilty,
        overdue.of === 'solver'
          ? this.#ended(guilty, 'time_limit', `the solver did not stop at its time limit; the program has ${solverMs} ms of solver time`)
          : this.#ended(guilty, 'deadline', `the program did not yield within ${hardMs} ms`),
      );
      return;
    }
    guilty.crashes += 1;
    // Once may be the doing of an earlier program of the batch; twice, the second time alone, is its own.
    if (guilty.crashes < 2) return;
    open.delete(position);
    this.#finish(guilty, this.#ended(guilty, 'crash', error));
  }

  #ended({ program }: Job, status: OutcomeStatus, cause: unknown): Outcome {
    const message = cause instanceof Error ? cause.message : String(cause);
    const limitMs = status === 'deadline' ? this.limits.hardMs : status === 'time_limit' ? this.#mostSolverMs : 0;
    const type = status === 'deadline' ? 'HardLimit' : status === 'time_limit' ? 'SolverHardLimit' : 'WorkerEnded';
    const error = { type, message: message.slice(0, 500), line: null };
    return {
      ...emptyOutcome(status, { dialect: program.dialect, backend: '', error }),
      wallLimited: limitMs > 0,
      wallMs: limitMs,
    };
  }

  /** Runs one batch in a worker; results arrive by `settle` while it runs. */
  async #submit(
    programs: readonly Program[],
    settle: (result: BatchResult) => void,
    begin?: (watched: Watched) => void,
  ): Promise<BatchSummary> {
    const { port1, port2 } = new MessageChannel();
    const heartbeat = new Int32Array(new SharedArrayBuffer(12));
    heartbeat[0] = Heartbeat.starting;
    const abort = new AbortController();
    const now = performance.now();
    const watched: Watched = {
      heartbeat,
      abort,
      position: Heartbeat.starting,
      since: now,
      cpuSince: null,
      session: 0,
      sessionSince: now,
      overdue: null,
    };
    begin?.(watched);
    this.#watch(watched);
    const receive = (message: string): void => decodeResults(message).forEach(settle);
    port1.on('message', receive);
    try {
      return await this.#pool.run({ programs, port: port2, heartbeat }, { transferList: [port2], signal: abort.signal });
    } finally {
      this.#watched.delete(watched);
      port1.off('message', receive);
      drain(port1, receive);
      port1.close();
    }
  }

  #watch(watched: Watched): void {
    this.#watched.add(watched);
    if (this.#watchdog !== null) return;
    this.#watchdog = setInterval(() => this.#check(performance.now()), WATCH_MS);
    this.#watchdog.unref();
  }

  /** Ends workers whose position has not moved for too long, by this thread's own looks at it. */
  #check(now: number): void {
    for (const watched of this.#watched) {
      const position = Atomics.load(watched.heartbeat, 0);
      const session = Atomics.load(watched.heartbeat, 2);
      const cpu = cpuMsOfThread(Atomics.load(watched.heartbeat, 1));
      if (session !== watched.session) Object.assign(watched, { session, sessionSince: now });
      const isInSolver = position >= 0 && session % 2 === 1;
      if (position !== watched.position) Object.assign(watched, { position, since: now, cpuSince: cpu });
      else if ((isInSolver && now - watched.sessionSince > this.#mostSolverMs) || this.#isOverdue(watched, now, cpu)) {
        watched.overdue = position >= 0 ? { position, of: isInSolver ? 'solver' : 'program' } : null;
        watched.abort.abort();
      }
    }
  }

  /** On a busy machine a worker may not have had its time: then its processor time counts, and the wall clock stands behind it. */
  #isOverdue({ position, since, cpuSince }: Watched, now: number, cpu: number | null): boolean {
    if (position < 0) return now - since > START_MS;
    const { hardMs } = this.limits;
    if (now - since <= hardMs) return false;
    const isStarved = cpu !== null && cpuSince !== null && cpu - cpuSince < hardMs;
    return !isStarved || now - since > STARVED_FACTOR * hardMs;
  }
}

function drain(port: MessagePort, receive: (message: string) => void): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) receive(next.message as string);
}
