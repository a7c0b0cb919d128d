/** Worker thread of the export policy. Door of `@huggingface/transformers`, which knows the many forms of exports. */
import { basename, dirname } from 'node:path';
import { workerData } from 'node:worker_threads';
import type { PreTrainedModel, Tensor } from '@huggingface/transformers';
import { EvomError } from '../../lib/errors.ts';
import { randomStream } from '../../lib/random.ts';
import type { SamplingParams, ScoreRequest } from '../../policy/policy.ts';
import type { SampledCompletion, SampleUnit } from './batch-sampler.ts';
import type { ExportWorkerData } from './onnx-export-policy.ts';
import { drawToken, entropyOfRow, reportedTemperature, softmaxRow } from './sampling.ts';
import { serveJobs } from './worker-loop.ts';

const { directory, subfolder, stopIds } = workerData as ExportWorkerData;

type Library = typeof import('@huggingface/transformers');
type Cache = Record<string, Tensor>;
let loading: Promise<{ library: Library; model: PreTrainedModel }> | null = null;

async function open() {
  const library = await import('@huggingface/transformers');
  library.env.allowRemoteModels = false;
  library.env.allowLocalModels = true;
  library.env.localModelPath = dirname(directory);
  const session_options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 as const };
  const options = { local_files_only: true, dtype: 'fp32' as const, device: 'cpu' as const, subfolder, session_options };
  const model = await library.AutoModelForCausalLM.from_pretrained(basename(directory), options).catch((cause: unknown) => {
    throw new EvomError(
      'E_CHECKPOINT',
      `the ONNX export in ${directory} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  });
  return { library, model };
}

const loaded = () => {
  loading ??= open();
  return loading;
};

/** One run over [rows, T] new tokens; all rows have the same past. @returns float32 logits [rows, T, V] and the longer cache. */
async function forward(ids: Int32Array, rows: number, cache: Cache | null, past: number): Promise<{ logits: Float32Array; cache: Cache }> {
  const { library, model } = await loaded();
  const length = ids.length / rows;
  const int64 = (values: BigInt64Array, shape: number[]): Tensor => new library.Tensor('int64', values, shape);
  const outputs = (await model.forward({
    input_ids: int64(BigInt64Array.from(ids, BigInt), [rows, length]),
    attention_mask: int64(new BigInt64Array(rows * (past + length)).fill(1n), [rows, past + length]),
    position_ids: int64(
      BigInt64Array.from(ids, (_, i) => BigInt(past + (i % length))),
      [rows, length],
    ),
    ...(cache === null ? {} : { past_key_values: cache }),
  })) as Cache;
  const next: Cache = {};
  for (const [name, tensor] of Object.entries(outputs))
    if (name.startsWith('present')) next[name.replace('present', 'past_key_values')] = tensor;
  const logits = outputs.logits;
  if (logits === undefined || Object.keys(next).length === 0)
    throw new EvomError(
      'E_CHECKPOINT',
      `the export in ${directory} gives no logits or no present.* outputs; export it with its cache (text-generation-with-past)`,
    );
  return { logits: Float32Array.from(logits.data as Float32Array), cache: next };
}

/** The cache of one prompt for each of several rows. */
async function repeatCache(cache: Cache, rows: number): Promise<Cache> {
  const { library } = await loaded();
  return Object.fromEntries(
    Object.entries(cache).map(([name, tensor]) => {
      const one = tensor.data as Float32Array;
      const all = new (one.constructor as Float32ArrayConstructor)(one.length * rows);
      for (let r = 0; r < rows; r++) all.set(one, r * one.length);
      return [name, new library.Tensor(tensor.type, all, [rows, ...tensor.dims.slice(1)])];
    }),
  );
}

/** Samples one prompt: it is read once, its rows go on together until the last of them ends. */
async function sampleUnit(
  unit: SampleUnit,
  params: SamplingParams,
  emit: (completion: SampledCompletion) => void,
  isAborted: () => boolean,
) {
  const temperature = reportedTemperature(params.temperature);
  const rows = unit.samples.map(({ index, seed }) => ({
    index,
    stream: randomStream(seed),
    tokenIds: [] as number[],
    logprobs: [] as number[],
    entropySum: 0,
    ended: false,
  }));
  const first = await forward(unit.promptIds, 1, null, 0);
  const vocabSize = first.logits.length / unit.promptIds.length;
  let logits: Float32Array[] = rows.map(() => first.logits.subarray(-vocabSize));
  let cache = await repeatCache(first.cache, rows.length);
  for (let step = 0; step < params.maxTokens && !isAborted(); step++) {
    for (const [r, row] of rows.entries()) {
      if (row.ended) continue;
      const probs = softmaxRow(logits[r] as Float32Array, temperature);
      const token = drawToken(probs, params, params.temperature === 0 ? 0 : row.stream.next());
      row.tokenIds.push(token);
      row.logprobs.push(Math.log(probs[token] as number));
      row.entropySum += entropyOfRow(probs);
      const stopped = stopIds.includes(token);
      row.ended = stopped || row.tokenIds.length === params.maxTokens;
      if (row.ended)
        emit({
          requestIndex: unit.requestIndex,
          sampleIndex: row.index,
          tokenIds: Int32Array.from(row.tokenIds),
          logprobs: Float32Array.from(row.logprobs),
          entropy: row.entropySum / row.tokenIds.length,
          finishReason: stopped ? 'stop' : 'length',
        });
    }
    if (rows.every((row) => row.ended)) return;
    // A row that ended goes on with its last token: nobody reads it, and the caches keep their shape.
    const ids = Int32Array.from(rows, (row) => row.tokenIds.at(-1) as number);
    const next = await forward(ids, rows.length, cache, unit.promptIds.length + step);
    cache = next.cache;
    logits = rows.map((_, r) => next.logits.subarray(r * vocabSize, (r + 1) * vocabSize));
  }
}

async function scoreOne({ promptIds, completionIds }: ScoreRequest, temperature: number): Promise<Float32Array> {
  if (completionIds.length === 0) return new Float32Array(0);
  const { logits } = await forward(Int32Array.from([...promptIds, ...completionIds]), 1, null, 0);
  const vocabSize = logits.length / (promptIds.length + completionIds.length);
  return Float32Array.from(completionIds, (id, t) => {
    const row = logits.subarray((promptIds.length - 1 + t) * vocabSize, (promptIds.length + t) * vocabSize);
    let max = -Infinity;
    for (const logit of row) max = Math.max(max, logit);
    let sum = 0;
    for (const logit of row) sum += Math.exp((logit - max) / temperature);
    return ((row[id] as number) - max) / temperature - Math.log(sum);
  });
}

serveJobs({
  load: () => Promise.reject(new EvomError('E_POLICY', 'the weights of an ONNX export cannot change')),
  sample: async ({ units, params }, emit, isAborted) => {
    for (const unit of units) if (!isAborted()) await sampleUnit(unit, params, (completion) => emit(completion, 0), isAborted);
  },
  score: async ({ requests, temperature }) => {
    await loaded();
    const out: Float32Array[] = [];
    for (const request of requests) out.push(await scoreOne(request, temperature));
    return out;
  },
  close: async () => {
    const opened = await loading?.catch(() => null);
    await opened?.model.dispose();
  },
});
