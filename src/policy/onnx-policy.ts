/** The embedded policy: a Hugging Face checkpoint sampled by onnxruntime in worker threads, with graphs made on the spot. */
import { basename, resolve } from 'node:path';
import { readGenerationConfig, readModelConfig, readWeights } from '../checkpoint/hf-layout.ts';
import { verifyDirectory } from '../checkpoint/publish.ts';
import { EvomError } from '../core/errors.ts';
import type { Completion } from '../core/rollout.ts';
import { type DecoderConfig, decoderParameters, parseDecoderConfig } from '../nn/decoder-config.ts';
import { checkSampleRequests, checkScoreRequests } from './check-requests.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from './policy.ts';
import type { SharedWeights } from './sampler-protocol.ts';
import { stopIdsOf } from './stop-ids.ts';
import { planSampling } from './work-plan.ts';
import { SamplerPool } from './worker-pool.ts';

export interface OnnxPolicyOptions {
  /** Folder of the checkpoint. */
  readonly directory: string;
  /** Worker threads, each with its own copy of the model. */
  readonly threads: number;
  /** Most rows (samples) decoded together in one worker; default 64. */
  readonly batchRows?: number;
  /** Share of `batchRows` below which new prompts come in; default 0.5. */
  readonly refillBelow?: number;
  /** Tokens that end a completion; by default those of the checkpoint. */
  readonly stopIds?: readonly number[];
  /** Version of the checkpoint's weights; default 0. */
  readonly version?: number;
  /** Name in records; the folder's name by default. */
  readonly modelId?: string;
}

/**
 * Opens a checkpoint for sampling and scoring on CPU.
 *
 * The same requests, weights, threads and batch size give bit-identical tokens and log-probabilities on one machine,
 * whatever the timing: prompts go to workers by a fixed plan. Another batch composition may change the last bits.
 *
 * @throws {EvomError} `E_CHECKPOINT` if the folder is no model that the embedded engine runs.
 */
export async function createOnnxPolicy(options: OnnxPolicyOptions): Promise<Policy> {
  const { directory } = options;
  await verifyDirectory(directory);
  const configJson = await readModelConfig(directory);
  const config = parseDecoderConfig(configJson, `${directory}/config.json`);
  const stopIds = options.stopIds ?? stopIdsOf(await readGenerationConfig(directory), configJson, directory);
  const tensors = new Map([...(await readWeights(directory))].map(([name, tensor]) => [name, tensor.data]));
  const policy = new OnnxPolicy(config, stopIds, options);
  try {
    await policy.update({ version: options.version ?? 0, tensors });
  } catch (error) {
    await policy.close();
    throw error;
  }
  return policy;
}

class OnnxPolicy implements Policy {
  readonly modelId: string;
  readonly maxLength: number;
  private readonly config: DecoderConfig;
  private readonly batchRows: number;
  private readonly pool: SamplerPool;
  private currentVersion = -1;

  constructor(config: DecoderConfig, stopIds: readonly number[], options: OnnxPolicyOptions) {
    const { threads, batchRows = 64, refillBelow = 0.5 } = options;
    if (!(Number.isInteger(threads) && threads >= 1)) throw new EvomError('E_POLICY', `threads is ${threads}; give at least 1`);
    if (!(Number.isInteger(batchRows) && batchRows >= 1)) throw new EvomError('E_POLICY', `batchRows is ${batchRows}; give at least 1`);
    this.modelId = options.modelId ?? basename(resolve(options.directory));
    this.maxLength = config.maxPositions;
    this.config = config;
    this.batchRows = batchRows;
    this.pool = new SamplerPool(threads, { config, stopIds, batchRows, refillBelow });
  }

  get version(): number {
    return this.currentVersion;
  }

  private get limits() {
    return { modelId: this.modelId, maxLength: this.maxLength, vocabSize: this.config.vocabSize };
  }

  async sample(requests: readonly SampleRequest[], params: SamplingParams, options: SampleOptions = {}): Promise<Completion[][]> {
    checkSampleRequests(requests, params, this.limits);
    const { signal, onCompletion } = options;
    signal?.throwIfAborted();
    const completions: Completion[][] = requests.map(() => []);
    const aborted = new Int32Array(new SharedArrayBuffer(4));
    const abort = () => Atomics.store(aborted, 0, 1);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const jobs = planSampling(requests, this.pool.size, this.batchRows).flatMap((units, worker) =>
        units.length === 0
          ? []
          : [
              this.pool.run(worker, { type: 'sample', units, params, aborted }, (sampled, policyVersion) => {
                const { requestIndex, sampleIndex, ...rest } = sampled;
                const completion: Completion = { ...rest, policyVersion };
                (completions[requestIndex] as Completion[])[sampleIndex] = completion;
                if (aborted[0] === 0) onCompletion?.(requestIndex, sampleIndex, completion);
              }),
            ],
      );
      // Every job is awaited even when one fails, so that no worker still writes after this returns.
      const failure = (await Promise.allSettled(jobs)).find((result) => result.status === 'rejected');
      if (failure) throw failure.reason;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    signal?.throwIfAborted();
    return completions;
  }

  async score(requests: readonly ScoreRequest[], temperature: number): Promise<Float32Array[]> {
    checkScoreRequests(requests, temperature, this.limits);
    const workers = this.pool.size;
    const shards = Array.from({ length: workers }, (_, worker) => requests.filter((_request, i) => i % workers === worker));
    const scored = await Promise.all(
      shards.map((shard, worker) => (shard.length === 0 ? [] : this.pool.run(worker, { type: 'score', requests: shard, temperature }))),
    );
    return requests.map((_, i) => scored[i % workers]?.[Math.floor(i / workers)] as Float32Array);
  }

  async update(weights: PolicyWeights): Promise<void> {
    await this.pool.runAll({ type: 'load', weights: share(weights, this.config) });
    this.currentVersion = weights.version;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/** A copy of the weights that every worker reads: the caller may change its own at once. */
function share(weights: PolicyWeights, config: DecoderConfig): SharedWeights {
  const tensors = new Map<string, Float32Array>();
  for (const { name, shape } of decoderParameters(config)) {
    const data = weights.tensors.get(name);
    const length = shape.reduce((product, size) => product * size, 1);
    if (data === undefined || data.length !== length)
      throw new EvomError(
        'E_CHECKPOINT',
        `weight "${name}" has ${data?.length ?? 'no'} values where config.json asks for [${shape.join(', ')}]; take both from one checkpoint`,
      );
    const copy = new Float32Array(new SharedArrayBuffer(data.byteLength));
    copy.set(data);
    tensors.set(name, copy);
  }
  return { version: weights.version, tensors };
}
