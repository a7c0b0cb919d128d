/** The side of sampler-protocol.ts that runs in a worker thread: one job at a time, in the order they came. */
import { parentPort } from 'node:worker_threads';
import { EvomError, type EvomErrorCode } from '../../lib/errors.ts';
import type { SampledCompletion } from './batch-sampler.ts';
import type { SamplerJob, SamplerReply, SamplerRequest } from './sampler-protocol.ts';

type JobOf<Type extends SamplerJob['type']> = Extract<SamplerJob, { type: Type }>;

/** What a worker can do. */
export interface SamplerHandlers {
  load(job: JobOf<'load'>): Promise<void>;
  /** `emit` sends a completion to the policy at once. */
  sample(job: JobOf<'sample'>, emit: (completion: SampledCompletion, version: number) => void, isAborted: () => boolean): Promise<void>;
  score(job: JobOf<'score'>): Promise<Float32Array[]>;
  close(): Promise<void>;
}

function described(error: unknown): { code: EvomErrorCode; message: string } {
  if (error instanceof EvomError) return { code: error.code, message: error.message };
  return { code: 'E_POLICY', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** Answers jobs until it is told to close. An update waits for the sampling before it; what comes after it sees the new weights. */
export function serveJobs(handlers: SamplerHandlers): void {
  const port = parentPort;
  if (port === null) throw new Error('this module runs in a worker thread');
  const reply = (message: SamplerReply): void => port.postMessage(message);
  const run = async ({ id, job }: SamplerRequest): Promise<void> => {
    let logprobs: Float32Array[] = [];
    switch (job.type) {
      case 'load':
        await handlers.load(job);
        break;
      case 'sample': {
        const emit = (completion: SampledCompletion, version: number) => reply({ id, type: 'completion', completion, version });
        await handlers.sample(job, emit, () => Atomics.load(job.aborted, 0) !== 0);
        break;
      }
      case 'score':
        logprobs = await handlers.score(job);
        break;
      case 'close':
        await handlers.close();
        break;
      default:
        job satisfies never;
    }
    reply({ id, type: 'done', logprobs });
  };
  let previous: Promise<void> = Promise.resolve();
  port.on('message', (request: SamplerRequest) => {
    previous = previous.then(() => run(request)).catch((error: unknown) => reply({ id: request.id, type: 'failed', ...described(error) }));
  });
}
