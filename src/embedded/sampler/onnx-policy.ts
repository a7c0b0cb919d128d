/** The embedded policy: a Hugging Face checkpoint sampled by onnxruntime in worker threads, with graphs made on the spot. */
import { basename, resolve } from 'node:path';
import { type DecoderConfig, decoderParameters, parseDecoderConfig } from '../../checkpoint/decoder-config.ts';
import { readGenerationConfig, readModelConfig, readWeights } from '../../checkpoint/hf-layout.ts';
import { verifyDirectory } from '../../checkpoint/publish.ts';
import { compiledEntry } from '../../lib/compiled.ts';
import { EvomError } from '../../lib/errors.ts';
import type { Policy, PolicyWeights } from '../../policy/policy.ts';
import type { SamplerPrecision } from './projections.ts';
import type { SamplerWorkerData, SharedWeights } from './sampler-protocol.ts';
import { stopIdsOf } from './stop-ids.ts';
import { ThreadedPolicy } from './threaded-policy.ts';
import { SamplerPool } from './worker-pool.ts';

export interface OnnxPolicyOptions {
  /** Folder of the checkpoint. */
  readonly directory: string;
  /** Worker threads, each with its own copy of the model. */
  readonly threads: number;
  /** Most rows (samples) decoded together in one worker; default 64. */
  readonly batchRows?: number;
  /** New prompts come in when no more than this share of `batchRows` is busy: 1 (default) as soon as one fits, 0 only into an empty batch. */
  readonly refillBelow?: number;
  /** Tokens that end a completion; by default those of the checkpoint. */
  readonly stopIds?: readonly number[];
  /** Version of the checkpoint's weights; default 0. */
  readonly version?: number;
  /**
   * Arithmetic of the products with weights: float32 (default), or int8, for which weights are rounded here and at each update. Embeddings,
   * norms and attention are float32 either way, and all log-probabilities are those of the model that samples.
   */
  readonly precision?: SamplerPrecision;
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
  const { directory, threads, batchRows = 64, refillBelow = 1, version = 0, precision = 'float32' } = options;
  if (!(Number.isInteger(batchRows) && batchRows >= 1)) throw new EvomError('E_POLICY', `batchRows is ${batchRows}; give at least 1`);
  await verifyDirectory(directory);
  const configJson = await readModelConfig(directory);
  const config = parseDecoderConfig(configJson, `${directory}/config.json`);
  const stopIds = options.stopIds ?? stopIdsOf(await readGenerationConfig(directory), configJson, directory);
  const tensors = new Map([...(await readWeights(directory))].map(([name, tensor]) => [name, tensor.data]));
  const limits = { modelId: options.modelId ?? basename(resolve(directory)), maxLength: config.maxPositions, vocabSize: config.vocabSize };
  const workerData: SamplerWorkerData = { config, stopIds, precision, batchRows, refillBelow };
  const pool = new SamplerPool(compiledEntry(import.meta.url, './sampler-worker.js'), threads, workerData);
  const policy = new ThreadedPolicy({ pool, limits, batchRows, share: (weights) => share(weights, config) });
  try {
    await policy.update({ type: 'tensors', version, tensors });
  } catch (error) {
    await policy.close();
    throw error;
  }
  return policy;
}

/** A copy of the weights that every worker reads: the caller may change its own at once. */
function share(weights: PolicyWeights, config: DecoderConfig): SharedWeights | Promise<SharedWeights> {
  switch (weights.type) {
    case 'tensors':
      return shareTensors(weights.version, weights.tensors, config);
    case 'directory':
      return readWeights(weights.directory).then((stored) =>
        shareTensors(weights.version, new Map([...stored].map(([name, { data }]) => [name, data])), config),
      );
    case 'shared':
      throw new EvomError(
        'E_POLICY',
        'the learner keeps its weights in its own process; sample there too (policy.type: colocated), or take another learner',
      );
    default:
      return weights satisfies never;
  }
}

function shareTensors(version: number, given: ReadonlyMap<string, Float32Array>, config: DecoderConfig): SharedWeights {
  const tensors = new Map<string, Float32Array>();
  for (const { name, shape } of decoderParameters(config)) {
    const data = given.get(name);
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
  return { version, tensors };
}
