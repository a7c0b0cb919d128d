/** Worker thread of the policy: one model, one thread, one job at a time. onnxruntime blocks the thread it runs in. */
import { parentPort, workerData } from 'node:worker_threads';
import { sampleUnits } from './batch-sampler.ts';
import { type DecoderEngine, openDecoder } from './decoder-engine.ts';
import { scoreCompletions } from './prefill.ts';
import type { SamplerReply, SamplerRequest, SamplerWorkerData } from './sampler-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('sampler-worker runs in a worker thread');
const { config, stopIds, batchRows, refillBelow } = workerData as SamplerWorkerData;
let engine: DecoderEngine | null = null;
let previous: Promise<void> = Promise.resolve();

const reply = (message: SamplerReply): void => port.postMessage(message);

async function run({ id, job }: SamplerRequest): Promise<void> {
  switch (job.type) {
    case 'load': {
      await engine?.close();
      engine = await openDecoder(config, job.weights.tensors, job.weights.version, stopIds);
      return reply({ id, type: 'done', logprobs: [] });
    }
    case 'sample': {
      const loaded = required();
      await sampleUnits(loaded, job.units, job.params, {
        batchRows,
        refillBelow,
        emit: (completion) => reply({ id, type: 'completion', completion, version: loaded.version }),
        isAborted: () => Atomics.load(job.aborted, 0) !== 0,
      });
      return reply({ id, type: 'done', logprobs: [] });
    }
    case 'score':
      return reply({ id, type: 'done', logprobs: await scoreCompletions(required(), job.requests, job.temperature) });
    case 'close': {
      await engine?.close();
      engine = null;
      reply({ id, type: 'done', logprobs: [] });
      return port?.close();
    }
    default:
      return job satisfies never;
  }
}

function required(): DecoderEngine {
  if (engine === null) throw new Error('no weights were loaded');
  return engine;
}

// Jobs queue up: an update waits for the sampling before it, and what comes after it sees the new weights.
port.on('message', (request: SamplerRequest) => {
  previous = previous.then(() => run(request)).catch((error: unknown) => reply({ id: request.id, type: 'failed', error }));
});
