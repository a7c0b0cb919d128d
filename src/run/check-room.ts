/** Preflight: whether memory and disk have room for the configured steps and checkpoints. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { DecoderConfig } from '../checkpoint/decoder-config.ts';
import { rolloutBytes } from '../config/build/embedded-memory.ts';
import { estimateMemory, parameterCount, totalGib } from '../config/build/training-plan.ts';
import { longestEpisode } from '../config/schema/episode-length.ts';
import { smallest } from '../lib/extremes.ts';
import { type Finding, fault, ok, warning } from './finding.ts';
import { gpus } from './gpus.ts';
import { type RunConfig, samplesNothing } from './session.ts';

const gib = (bytes: number): number => bytes / 2 ** 30;
const shown = (amount: number): string => `${amount.toFixed(amount < 10 ? 2 : 1)} GiB`;

/** Memory of the process that learns, with that of the sampler where both are one. */
export async function checkMemory(config: RunConfig, model: DecoderConfig): Promise<Omit<Finding, 'name'>> {
  const { learner, policy } = config;
  const estimate = estimateMemory(config, model);
  const samplesHere = policy.type === 'colocated' || (learner.type !== 'torch' && policy.type !== 'openai' && !samplesNothing(config));
  const wanted = totalGib(estimate.learner) + (samplesHere ? totalGib(estimate.sampler) : 0);
  const isElsewhere = learner.type === 'torch' && (learner.torch.launch !== 'spawn' || learner.torch.launcher.length > 0);
  const found = learner.type === 'torch' && learner.torch.device !== 'cpu' && !isElsewhere ? await gpus() : null;
  if (found !== null) {
    const least = smallest(found.map((gpu) => gpu.freeGib));
    const text = `a learner process needs about ${shown(wanted)} of a GPU, ${shown(least)} are free`;
    if (wanted < least) return ok(text);
    return fault(`${text}; lower learner.micro_batch_tokens, raise learner.torch.processes, or train adapters (learner.torch.lora)`);
  }
  if (isElsewhere) return ok(`a learner process needs about ${shown(wanted)}, where it is started`);
  const processes = learner.type === 'torch' ? learner.torch.processes : 1;
  // The limit of a container counts where there is one; a limit above the machine's memory is none.
  const limit = process.constrainedMemory();
  const whole = gib(limit > 0 && limit < totalmem() ? limit : totalmem());
  const text = `${learner.type === 'torch' ? `${processes} learner processes without a GPU need` : 'the run needs'} about ${shown(wanted * processes)}, this machine has ${shown(whole)}`;
  const remedy = 'lower learner.micro_batch_tokens, policy.batch_rows, sampling.group_size or the numbers of threads';
  if (wanted * processes > whole) return fault(`${text}; ${remedy}`);
  const free = gib(process.availableMemory());
  return wanted * processes > free ? warning(`${text}, of which ${shown(free)} are free now; ${remedy}`) : ok(text);
}

/**
 * Disk for what is still to be written: rollouts and batches of each step, and the checkpoints that are kept.
 *
 * A checkpoint holds float32 weights and two moments; one more is written before the oldest goes, and samplers read weights of two versions.
 */
export async function checkDisk(
  config: RunConfig,
  model: DecoderConfig,
  directory: string,
  doneSteps: number,
): Promise<Omit<Finding, 'name'>> {
  const { bavail, bsize } = await statfs(existingParent(directory));
  const free = gib(bavail * bsize);
  const checkpoints = gib(parameterCount(model) * (12 * (config.run.keep_last + 1) + 4));
  const left = Math.max(0, config.run.steps - doneSteps);
  const steps =
    config.kind === 'train' ? gib(left * config.algorithm.groups_per_step * config.sampling.group_size * stepBytes(config, model)) : 0;
  const text = `about ${shown(checkpoints)} of checkpoints and at most ${shown(steps)} of steps, ${shown(free)} are free at ${existingParent(directory)}`;
  if (checkpoints + steps < free) return ok(text);
  const most = steps > checkpoints ? 'lower run.steps, sampling.group_size or sampling.max_tokens' : 'lower run.keep_last';
  return fault(`${text}; ${most}, or set run.dir to another disk`);
}

/** A general model has tens of thousands of tokens; those trained here from nothing have a thousand or two. */
const smallVocabulary = 8000;

/** Bytes of a rollout in `rollouts.arrow` and `batch.arrow`, of the longest completion. */
const stepBytes = (config: RunConfig, { vocabSize }: DecoderConfig): number => {
  const { prompt } = config;
  const isBare = prompt.template === 'bare' || (prompt.template === 'auto' && vocabSize < smallVocabulary);
  return rolloutBytes((isBare ? 128 : 1024) + longestEpisode(config));
};

/** The innermost folder of a path that is there. */
export function existingParent(path: string): string {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}
