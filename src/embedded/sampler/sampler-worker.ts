/** Worker thread of the embedded policy: one model, one thread. onnxruntime blocks the thread it runs in. */
import { workerData } from 'node:worker_threads';
import { EvomError } from '../../lib/errors.ts';
import { sampleUnits } from './batch-sampler.ts';
import { type DecoderEngine, openDecoder } from './decoder-engine.ts';
import { scoreCompletions } from './prefill.ts';
import type { SamplerWorkerData } from './sampler-protocol.ts';
import { serveJobs } from './worker-loop.ts';

const { config, stopIds, precision, batchRows, refillBelow } = workerData as SamplerWorkerData;
let engine: DecoderEngine | null = null;

function loaded(): DecoderEngine {
  if (engine === null) throw new EvomError('E_INTERNAL', 'the sampler has no weights yet');
  return engine;
}

serveJobs({
  load: async ({ weights }) => {
    await engine?.close();
    engine = null;
    engine = await openDecoder(config, weights.tensors, weights.version, { stopIds, precision });
  },
  sample: async ({ units, params }, emit, isAborted) => {
    const { version } = loaded();
    await sampleUnits(loaded(), units, params, { batchRows, refillBelow, emit: (completion) => emit(completion, version), isAborted });
  },
  score: ({ requests, temperature }) => scoreCompletions(loaded(), requests, temperature),
  close: async () => {
    await engine?.close();
    engine = null;
  },
});
