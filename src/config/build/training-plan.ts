/** What a training run will need, from its configuration and the model's `config.json` alone: memory, and how its parts start. */

import { type DecoderConfig, decoderParameters } from '../../checkpoint/decoder-config.ts';
import { addressSource } from '../../lib/discover/address-source.ts';
import type { Override } from '../load/overrides.ts';
import { longestEpisode } from '../schema/episode-length.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { isHosted } from '../schema/vocabulary.ts';
import { type EmbeddedConfig, embeddedLearnerMemory, embeddedSamplerMemory, type MemoryItem } from './embedded-memory.ts';
import { modelServer, onCpu } from './model-server.ts';
import { runDirectory, shellQuoted, slurmScript } from './slurm-script.ts';

export type { MemoryItem };

/** Memory of one process, by what takes it: of a device under PyTorch, of the machine in the embedded engine. */
export interface MemoryEstimate {
  readonly learner: readonly MemoryItem[];
  readonly sampler: readonly MemoryItem[];
}

export interface TrainingPlan {
  readonly parameters: number;
  readonly memory: MemoryEstimate;
  /** Commands in the order in which they are started, each with what it is. */
  readonly launch: readonly LaunchLine[];
  /** A batch script that does the same under SLURM, on one machine. */
  readonly slurm: string;
  /** Where the run is kept, `run.dir/run.name`; null where it has no name and begins anew each time. */
  readonly run: string | null;
}

export interface LaunchLine {
  readonly name: string;
  readonly command: string;
  /** Where the machines are named that it runs on, each by itself; left out: it runs here. */
  readonly elsewhere?: string;
}

const gib = (bytes: number): number => bytes / 2 ** 30;

/** Number of weights of a decoder. */
export function parameterCount(model: DecoderConfig): number {
  return decoderParameters(model).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Sum of an estimate, GiB. */
export const totalGib = (items: readonly MemoryItem[]): number => items.reduce((sum, item) => sum + item.gib, 0);

/** The keys of a configuration that its memory depends on. */
export type MemoryConfig = EmbeddedConfig & {
  readonly policy: Pick<TrainConfig['policy'], 'type'>;
};

/**
 * Estimates memory of one learner process and of one sampler. The embedded engine is one process: there both add up.
 *
 * Of PyTorch: device memory.
 *
 * Trained weights, gradients and both AdamW moments are float32 (16 bytes a weight), divided among FSDP processes; under LoRA the
 * frozen base takes 2 bytes and only the adapters 16. Activations: with checkpointing one state a layer and one layer's
 * intermediates, for the tokens of a micro-batch; then the logits of 1024 positions with their gradient. A colocated sampler
 * adds a bfloat16 copy of the weights and the key-value cache of `policy.batch_rows` completions; servers manage their own.
 *
 * The arithmetic is an estimate: fragmentation and the framework take one to three GiB more.
 */
export function estimateMemory(config: MemoryConfig, model: DecoderConfig): MemoryEstimate {
  return {
    learner: config.learner.type === 'torch' ? torchLearnerMemory(config, model) : embeddedLearnerMemory(config, model),
    sampler: ['colocated', 'openai'].includes(config.policy.type)
      ? torchSamplerMemory(config, model)
      : embeddedSamplerMemory(config, model),
  };
}

/** Whether the arithmetic is bfloat16; on a processor `auto` may be float32, which takes more. */
const computesHalf = ({ precision, device }: MemoryConfig['learner']['torch']): boolean =>
  precision === 'bfloat16' || (precision === 'auto' && device !== 'cpu');

function torchLearnerMemory(config: MemoryConfig, model: DecoderConfig): MemoryItem[] {
  const { torch, micro_batch_tokens: tokens } = config.learner;
  const half = computesHalf(torch);
  const width = half ? 2 : 4;
  const weights = parameterCount(model);
  const shards = torch.strategy === 'fsdp' ? torch.processes * torch.nodes : 1;
  const adapters = torch.lora === null ? 0 : adapterWeights(model, torch.lora.rank, torch.lora.targets);
  const trained = torch.lora === null ? weights : adapters;
  const { hiddenSize: d, intermediateSize: f, numLayers: layers, vocabSize } = model;
  const layer = tokens * (4 * d + 3 * f + 2 * model.numHeads * model.headDim) * width;
  const states = layers * tokens * d * width;
  const activations = torch.gradient_checkpointing ? states + 2 * layer : states + layers * layer;
  return [
    ...(torch.lora === null ? [] : [{ name: `frozen base, ${half ? 'bfloat16' : 'float32'}`, gib: gib((weights * width) / shards) }]),
    { name: 'trained weights, float32', gib: gib((trained * 4) / shards) },
    { name: 'gradients, float32', gib: gib((trained * 4) / shards) },
    { name: 'AdamW moments, float32', gib: gib((trained * 8) / shards) },
    { name: `activations of ${tokens} tokens`, gib: gib(activations) },
    { name: 'logits of 1024 positions', gib: gib(Math.min(tokens, 1024) * vocabSize * 4 * 3) },
    ...(config.algorithm !== undefined && config.algorithm.kl.coef > 0 && config.algorithm.kl.reference === 'initial' && torch.lora === null
      ? [{ name: 'reference weights', gib: gib(weights * width) }]
      : []),
  ];
}

function torchSamplerMemory(config: MemoryConfig, model: DecoderConfig): MemoryItem[] {
  const { torch } = config.learner;
  const half = computesHalf(torch);
  const width = half ? 2 : 4;
  const weights = parameterCount(model);
  const { numLayers: layers, vocabSize } = model;
  const perToken = 2 * layers * model.numKeyValueHeads * model.headDim * width;
  const length = Math.min(model.maxPositions, promptTokens + longestEpisode(config));
  return config.policy.type === 'colocated'
    ? [
        ...(half && torch.lora === null ? [{ name: 'bfloat16 copy of the weights', gib: gib(weights * 2) }] : []),
        {
          name: `key-value cache of ${config.policy.batch_rows} x ${length} tokens`,
          gib: gib(config.policy.batch_rows * length * perToken),
        },
        { name: 'logits of a token', gib: gib(config.policy.batch_rows * vocabSize * 4 * 4) },
      ]
    : [{ name: `weights at a server, ${half ? 'bfloat16' : 'float32'} (its cache takes the rest)`, gib: gib(weights * width) }];
}

/** Prompts of the instruct template with a word problem; measured on generated problems: 500 to 900 tokens. */
const promptTokens = 1024;

function adapterWeights(model: DecoderConfig, rank: number, targets: readonly string[]): number {
  return decoderParameters(model)
    .filter(({ name, kind }) => kind === 'matrix' && targets.some((target) => name.endsWith(`.${target}.weight`)))
    .reduce((sum, { shape: [out = 0, inner = 0] }) => sum + rank * (out + inner), 0);
}

/**
 * The plan of a configuration: memory, and the commands that start its parts.
 *
 * @param overrides changes of the configuration on the command line; the trainer's command repeats them.
 * @param program how evom is called from the package folder.
 */
export function trainingPlan(
  config: TrainConfig,
  model: DecoderConfig,
  configName: string,
  overrides: readonly (string | Override)[] = [],
  program = 'node scripts/evom.mjs',
): TrainingPlan {
  const all = [...(config.policy.type === 'openai' ? serverCommands(config, model) : []), ...solverHostCommands(config, program)];
  const isPlaced = learnerElsewhere(config);
  // What the cluster's files name, the cluster starts.
  const servers = isPlaced ? all.filter(({ elsewhere }) => elsewhere?.startsWith('file:') !== true) : all;
  const changes = overrides
    .map((one) => (typeof one === 'string' ? ` --set ${shellQuoted(one)}` : ` ${one.flag}`))
    .filter((one, i, all) => one !== all[i - 1]) // a flag may stand for several keys
    .join('');
  const { torch } = config.learner;
  const cluster = { name: 'cluster', command: `${program} cluster up --config ${shellQuoted(configName)}${changes}` };
  const learnsHere = config.learner.type === 'torch' && !onCpu(config) && !isPlaced && torch.launcher.length === 0;
  const devices = learnsHere ? `CUDA_VISIBLE_DEVICES=${learnerDevices(config)} ` : '';
  const train = { name: 'trainer', command: `${devices}${program} train --config ${shellQuoted(configName)}${changes}` };
  const launch = [...servers, ...(isPlaced ? [cluster] : []), train];
  return {
    parameters: parameterCount(model),
    memory: estimateMemory(config, model),
    launch,
    slurm: slurmScript(config, launch, gpusHere(config)),
    run: runDirectory(config),
  };
}

function serverCommands(config: TrainConfig, model: DecoderConfig): LaunchLine[] {
  const { openai } = config.policy;
  const elsewhere = openai.discover?.from;
  const ports = elsewhere === undefined ? openai.servers.map((url) => new URL(url).port || '80') : [portOf(elsewhere, '8000')];
  return ports.map((port, i) => {
    // Of servers on other machines each has its own devices, and listens to the trainer's.
    const { env, words } = modelServer(config, model, elsewhere === undefined ? { port } : { port, host: '0.0.0.0' });
    const devices = onCpu(config) || elsewhere !== undefined ? {} : { CUDA_VISIBLE_DEVICES: String(placeOnMachine(openai.servers, i)) };
    const settings = Object.entries({ ...devices, ...env }).map(([name, value]) => `${name}=${value}`);
    const command = [...settings, ...words.map(shellQuoted)].join(' ');
    return elsewhere === undefined ? { name: `sampler ${i}`, command } : { name: 'sampler', command, elsewhere };
  });
}

/** Port of the machines that a source names; `otherwise` where it says each by itself. */
function portOf(from: string, otherwise: string): string {
  const source = addressSource(from);
  return source.type === 'dns' && source.port !== null ? String(source.port) : otherwise;
}

/** A solver host for the Python dialects, where one of the configured addresses is on this machine, or for the machines that are looked up. */
function solverHostCommands({ dialect, solver_hosts: hosts }: TrainConfig, program: string): LaunchLine[] {
  const dialects = dialect.map(({ name }) => name).filter(isHosted);
  const local = hosts.urls.filter((url) => isLoopback(new URL(url).hostname));
  if (dialects.length === 0) return [];
  if (hosts.discover !== undefined) {
    const { from } = hosts.discover;
    const command = `${hosts.token_env}=TOKEN ${program} solver-host --dialects ${dialects.join(',')} --address 0.0.0.0 --port ${portOf(from, '8650')}`;
    return [{ name: 'solver-host', command, elsewhere: from }];
  }
  return local.map((url, i) => ({
    name: `solver-host ${i}`,
    command: `${program} solver-host --dialects ${dialects.join(',')} --port ${new URL(url).port || '80'}`,
  }));
}
/** Whether `evom cluster` starts the learner, on machines that it finds. */
const learnerElsewhere = ({ learner }: TrainConfig): boolean => learner.type === 'torch' && learner.torch.launch === 'cluster';

/** Servers on the trainer's machine. */
const serversHere = ({ policy }: TrainConfig): number =>
  policy.type === 'openai' ? policy.openai.servers.filter((url) => isLoopback(new URL(url).hostname)).length : 0;

const isLoopback = (host: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(host);

/** How many servers before this one are on its machine: each takes a device. */
function placeOnMachine(servers: readonly string[], index: number): number {
  const hosts = servers.map((url) => new URL(url).hostname);
  return hosts.slice(0, index).filter((host) => host === hosts[index]).length;
}

/** Learner processes take the devices after those of the servers beside them. */
const learnerDevices = (config: TrainConfig): string =>
  Array.from({ length: config.learner.torch.processes }, (_, i) => serversHere(config) + i).join(',');

/** Devices of the trainer's machine that a run takes. */
const gpusHere = (config: TrainConfig): number =>
  onCpu(config)
    ? 0
    : serversHere(config) + (config.learner.type === 'torch' && !learnerElsewhere(config) ? config.learner.torch.processes : 0);
