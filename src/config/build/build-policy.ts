/** `policy` of a configuration -> a policy on a checkpoint. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { differingShare, readGenerationConfig, readModelConfig } from '../../checkpoint/hf-layout.ts';
import type { Completion } from '../../core/rollout.ts';
import { createOnnxExportPolicy } from '../../embedded/sampler/onnx-export-policy.ts';
import { createOnnxPolicy } from '../../embedded/sampler/onnx-policy.ts';
import type { SamplerPrecision } from '../../embedded/sampler/projections.ts';
import { stopIdsOf } from '../../embedded/sampler/stop-ids.ts';
import type { Following } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import { loadPlugin } from '../../lib/plugin.ts';
import type { Policy, SampleRequest } from '../../policy/policy.ts';
import { unsampledPolicy } from '../../policy/unsampled-policy.ts';
import { createColocatedPolicy } from '../../servers/colocated-policy.ts';
import { createOpenAiPolicy } from '../../servers/openai-policy.ts';
import { startTorchHost } from '../../servers/torch-host.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { isModulePath } from '../schema/vocabulary.ts';
import { pythonOf, threadCount, torchSettings } from './build-torch.ts';
import { discoverSettings } from './build-verifier.ts';

export type PolicyConfig = {
  readonly policy: Pick<TrainConfig['policy'], 'type' | 'threads' | 'batch_rows' | 'precision' | 'openai' | 'chat'> & {
    /** Folder that the run began from; a supervised run has none. */
    readonly checkpoint?: string;
  };
  readonly learner: TrainConfig['learner'];
  readonly run: Pick<TrainConfig['run'], 'seed'>;
};

/** Opens the policy of a checkpoint: the user's own by path, the embedded engine, a PyTorch process, or servers. */
export async function buildPolicy(config: PolicyConfig, directory: string, version: number, following: Following = {}): Promise<Policy> {
  const { policy } = config;
  const threads = threadCount(policy.threads);
  if (isModulePath(policy.type)) {
    const methods = ['sample', 'score', 'update', 'close'];
    const checks = { sample: groupsAsked, score: rowsAsked };
    return loadPlugin<Policy>({ key: 'policy.type', path: policy.type, methods, checks }, { directory, threads, version, config: policy });
  }
  if (policy.type === 'colocated') {
    const settings = torchSettings(config);
    const host = await startTorchHost({
      python: pythonOf(config),
      directory: null,
      startMs: config.learner.torch.timeout_s * 1000,
      args: [
        ...['--sample-only', '--model', directory, '--version', String(version), '--rows', String(policy.batch_rows)],
        ...['--device', settings.device, '--precision', settings.precision, '--attention', settings.attention],
        ...(settings.threads === null ? [] : ['--threads', String(settings.threads)]),
      ],
    });
    return createColocatedPolicy(host, { owned: true, version });
  }
  if (policy.type === 'openai') return buildServedPolicy(config, directory, version, following);
  return buildEmbeddedPolicy(directory, { threads, batchRows: policy.batch_rows, version, precision: policy.precision });
}

/** What a supervised run without evaluation sets has for a policy: the learner alone is opened. */
export async function buildUnsampledPolicy(directory: string, version: number): Promise<Policy> {
  const { max_position_embeddings: maxLength } = await readModelConfig(directory);
  if (typeof maxLength !== 'number') throw new EvomError('E_CHECKPOINT', `${directory}/config.json lacks max_position_embeddings; add it`);
  return unsampledPolicy({ modelId: basename(resolve(directory)), version, maxLength });
}

/** A group for each request, a completion for each of its seeds. */
function groupsAsked(result: unknown, [requests]: readonly unknown[]): string | null {
  const asked = requests as readonly SampleRequest[];
  const wrong = rowsAsked(result, [asked]);
  if (wrong !== null) return wrong;
  const groups = result as readonly (readonly Completion[])[];
  const i = asked.findIndex(({ seeds }, request) => groups[request]?.length !== seeds.length);
  if (i !== -1) return `${groups[i]?.length ?? 'no list of'} completions for request ${i}, which has ${asked[i]?.seeds.length} seeds`;
  const isWhole = ({ tokenIds, logprobs }: Completion) => tokenIds instanceof Int32Array && tokenIds.length === logprobs?.length;
  return groups.flat().every(isWhole) ? null : 'a completion without tokenIds (an Int32Array) and as many logprobs';
}

const rowsAsked = (result: unknown, [requests]: readonly unknown[]): string | null =>
  Array.isArray(result) && result.length === (requests as readonly unknown[]).length
    ? null
    : `${Array.isArray(result) ? `${result.length} entries` : `${result}, no list`} for ${(requests as readonly unknown[]).length} requests`;

/** A policy on servers that are up; a run that goes on gives them its checkpoint's weights first. */
async function buildServedPolicy(config: PolicyConfig, directory: string, version: number, following: Following): Promise<Policy> {
  const { openai } = config.policy;
  const modelConfig = await readModelConfig(directory);
  const { vocab_size: vocabSize, max_position_embeddings: maxLength } = modelConfig;
  if (typeof vocabSize !== 'number' || typeof maxLength !== 'number')
    throw new EvomError('E_CHECKPOINT', `${directory}/config.json lacks vocab_size or max_position_embeddings; add them`);
  const usesAdapters = config.learner.torch.lora !== null;
  const adapter = join(directory, 'evom_state', 'adapter');
  const initial = config.policy.checkpoint ?? directory;
  return createOpenAiPolicy({
    servers: openai.servers,
    discover: discoverSettings(openai.discover),
    ...following,
    engine: openai.engine,
    model: openai.model ?? initial,
    reload: openai.reload ?? (usesAdapters ? 'vllm-lora' : openai.engine === 'sglang' ? 'sglang-disk' : 'vllm-disk'),
    concurrency: openai.concurrency,
    retries: openai.retries,
    timeoutMs: openai.timeout_s * 1000,
    token: openai.token_env === undefined ? null : (process.env[openai.token_env] ?? null),
    limits: { modelId: basename(resolve(initial)), maxLength, vocabSize },
    hasTiedHead: modelConfig.tie_word_embeddings === true,
    stopIds: stopIdsOf(await readGenerationConfig(directory), modelConfig, directory),
    initial,
    differingShare,
    weights: version === 0 ? null : { type: 'directory', version, directory: usesAdapters ? adapter : directory },
  });
}

/** A checkpoint sampled in this process's worker threads: our graphs for safetensors, the given graph for an ONNX export. */
export async function buildEmbeddedPolicy(
  directory: string,
  options: { readonly threads: number; readonly batchRows: number; readonly version: number; readonly precision?: SamplerPrecision },
): Promise<Policy> {
  const isExport = !existsSync(join(directory, 'model.safetensors')) && !existsSync(join(directory, 'model.safetensors.index.json'));
  if (isExport && (existsSync(join(directory, 'onnx', 'model.onnx')) || existsSync(join(directory, 'model.onnx')))) {
    if (options.precision === 'int8')
      throw new EvomError(
        'E_CONFIG',
        `policy.precision: int8 rounds the weights of a safetensors checkpoint, and ${directory} is an ONNX export; leave the key out`,
      );
    return createOnnxExportPolicy({ directory, threads: options.threads });
  }
  return createOnnxPolicy({ directory, ...options });
}
