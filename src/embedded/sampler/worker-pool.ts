/** Worker threads that take numbered jobs and answer by number. */
import { Worker } from 'node:worker_threads';
import { EvomError } from '../../lib/errors.ts';
import type { SampledCompletion } from './batch-sampler.ts';
import type { SamplerJob, SamplerReply } from './sampler-protocol.ts';

interface Pending {
  readonly worker: number;
  readonly resolve: (logprobs: readonly Float32Array[]) => void;
  readonly reject: (error: unknown) => void;
  readonly onCompletion: ((completion: SampledCompletion, version: number) => void) | undefined;
}

/** A fixed set of sampler threads. An idle pool does not keep the process alive. */
export class SamplerPool {
  private readonly workers: Worker[];
  private readonly pending = new Map<number, Pending>();
  /** Workers that ended; a job given to one would never be answered. */
  private readonly lost = new Set<number>();
  private nextId = 0;
  private closing = false;

  /**
   * @param entry compiled JavaScript that speaks sampler-protocol.ts.
   * @param data what every worker is told at its start.
   */
  constructor(entry: string, threads: number, data: unknown) {
    if (!(Number.isInteger(threads) && threads >= 1)) throw new EvomError('E_POLICY', `threads is ${threads}; give at least 1`);
    this.workers = Array.from({ length: threads }, (_, index) => {
      const worker = new Worker(entry, { workerData: data, name: `evom-sampler-${index}` });
      worker.on('message', (message: SamplerReply) => this.receive(message));
      worker.on('error', (cause) => this.lose(index, cause));
      worker.on('exit', () => this.lose(index, null));
      worker.unref();
      return worker;
    });
  }

  get size(): number {
    return this.workers.length;
  }

  private receive(message: SamplerReply): void {
    const job = this.pending.get(message.id);
    if (job === undefined) return;
    switch (message.type) {
      case 'completion':
        job.onCompletion?.(message.completion, message.version);
        return;
      case 'done':
        this.settle(message.id);
        job.resolve(message.logprobs);
        return;
      case 'failed':
        this.settle(message.id);
        job.reject(new EvomError(message.code, message.message));
        return;
      default:
        message satisfies never;
    }
  }

  private settle(id: number): void {
    const worker = this.pending.get(id)?.worker;
    this.pending.delete(id);
    if (worker !== undefined && ![...this.pending.values()].some((job) => job.worker === worker)) this.workers[worker]?.unref();
  }

  private lose(index: number, cause: unknown): void {
    this.lost.add(index);
    for (const [id, job] of this.pending)
      if (job.worker === index) {
        this.settle(id);
        job.reject(lostThread(cause));
      }
  }

  /** Gives one worker a job. @returns what it scored; nothing for other jobs. */
  run(worker: number, job: SamplerJob, onCompletion?: Pending['onCompletion']): Promise<readonly Float32Array[]> {
    if (this.closing) return Promise.reject(new EvomError('E_POLICY', 'the policy is closed; create another one'));
    if (this.lost.has(worker)) return Promise.reject(lostThread(null));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { worker, resolve, reject, onCompletion });
      this.workers[worker]?.ref();
      this.workers[worker]?.postMessage({ id, job });
    });
  }

  /** Gives every worker the same job. */
  async runAll(job: SamplerJob): Promise<void> {
    await Promise.all(this.workers.map((_, worker) => this.run(worker, job)));
  }

  /** Waits for the jobs at hand, then ends the threads. */
  async close(): Promise<void> {
    if (this.closing) return;
    const done = Promise.allSettled(this.workers.map((_, worker) => this.run(worker, { type: 'close' })));
    this.closing = true;
    await done;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

const lostThread = (cause: unknown): EvomError =>
  new EvomError(
    'E_POLICY',
    `a sampling thread stopped${cause instanceof Error ? `: ${cause.message}` : ''}; is there enough memory for the model and its caches?`,
    {
      cause,
    },
  );
