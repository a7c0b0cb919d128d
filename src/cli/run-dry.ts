/** `evom train --dry-run`: what a run would do and need, and how its parts are started; nothing is written. */

import { basename, join } from 'node:path';
import { readModelConfig } from '../checkpoint/hf-layout.ts';
import type { ConfigSource } from '../config/load.ts';
import type { Override } from '../config/overrides.ts';
import { resolveCheckpoint } from '../config/resolve-checkpoint.ts';
import type { TrainConfig } from '../config/schema.ts';
import { type MemoryItem, type TrainingPlan, totalGib, trainingPlan } from '../config/training-plan.ts';
import { parseDecoderConfig } from '../nn/decoder-config.ts';
import type { RunOptions } from './run-options.ts';

export async function runDry({
  config,
  source,
  overrides,
  io,
  json,
}: RunOptions & {
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  readonly overrides: readonly (string | Override)[];
}): Promise<void> {
  const directory = resolveCheckpoint(config.policy.checkpoint);
  const model = parseDecoderConfig(await readModelConfig(directory), join(directory, 'config.json'));
  const plan = trainingPlan(config, model, basename(source.path), overrides);
  io.stdout(json ? `${JSON.stringify(plan)}\n` : planText(config, directory, plan));
}

/** Who waits for whom. */
const overlapText = (ahead: number): string =>
  ahead === 0
    ? 'order    sampling and learning take turns (async.steps_ahead: 0)'
    : `order    while the learner takes a step, the next ${ahead === 1 ? 'batch is' : `${ahead} batches are`} sampled, with weights ${ahead === 1 ? 'one step' : `${ahead} steps`} older (async.steps_ahead: ${ahead})`;

function planText(config: TrainConfig, directory: string, { parameters, memory, launch, slurm }: TrainingPlan): string {
  const { algorithm, sampling, learner, policy } = config;
  const step = algorithm.groups_per_step * sampling.group_size;
  const table = (items: readonly MemoryItem[]): string[] =>
    [...items, { name: 'together, before fragmentation', gib: totalGib(items) }].map(
      ({ name, gib }) => `  ${gib.toFixed(1).padStart(7)}  ${name}`,
    );
  const processes = learner.type === 'torch' ? `, ${learner.torch.processes} x ${learner.torch.strategy}` : '';
  return `${[
    `${config.run.steps} steps of ${algorithm.groups_per_step} problems x ${sampling.group_size} samples: at most ${step * sampling.max_tokens} tokens sampled a step`,
    `model    ${directory}: ${(parameters / 1e9).toFixed(3)} billion weights`,
    `policy   ${policy.type}${policy.type === 'openai' ? ` (${policy.openai.engine}, ${policy.openai.servers.length} servers)` : ''}`,
    `learner  ${learner.type}${processes}; backend ${config.backend}`,
    overlapText(config.async.steps_ahead),
    '',
    'memory of a learner process, GiB (estimate)',
    ...table(memory.learner),
    policy.type === 'colocated' ? 'of the same process for sampling' : 'memory of a sampler, GiB (estimate)',
    ...table(memory.sampler),
    '',
    'start, each in its own shell, from the package folder',
    ...launch.map(({ name, command }) => `  # ${name}\n  ${command}`),
    '',
    'or under SLURM: sbatch with this script',
    ...slurm.split('\n').map((line) => `  ${line}`),
  ].join('\n')}\n`;
}
