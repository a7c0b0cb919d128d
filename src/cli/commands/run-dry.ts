/** `--dry-run`: what a run would do and need, and whether it could start; nothing is written. */

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { resolveCheckpoint } from '../../config/build/resolve-checkpoint.ts';
import { type MemoryItem, type TrainingPlan, totalGib, trainingPlan } from '../../config/build/training-plan.ts';
import { packageRoot } from '../../config/load/find-file.ts';
import type { ConfigSource } from '../../config/load/load.ts';
import type { Override } from '../../config/load/overrides.ts';
import { mostOwnTokens } from '../../config/schema/episode-length.ts';
import { counted } from '../../lib/counted.ts';
import { modelOf } from '../../run/check-checkpoint.ts';
import { lookAhead } from '../../run/open-run.ts';
import type { RunConfig } from '../../run/session.ts';
import type { RunOptions } from '../run-options.ts';
import { findingTable } from './finding-table.ts';

type TrainConfig = Extract<RunConfig, { kind: 'train' }>;

/** @returns the exit code: 3 where the run could not start. */
export async function runDry({
  config,
  source,
  overrides,
  resume,
  io,
  json,
}: RunOptions & {
  readonly config: RunConfig;
  readonly source: ConfigSource;
  readonly overrides: readonly (string | Override)[];
  readonly resume: boolean;
}): Promise<number> {
  const { findings } = await lookAhead(config, { source, resume, cwd: io.cwd });
  const canStart = findings.every(({ status }) => status !== 'fault');
  const plan = config.kind === 'train' ? await planOf(config, source, overrides) : null;
  if (json) io.stdout(`${JSON.stringify({ ...plan?.plan, can_start: canStart, checks: findings })}\n`);
  else {
    if (plan !== null) io.stdout(`${planText(plan.config, plan.directory, plan.plan)}\n`);
    io.stdout(findingTable(findings, io));
    io.stdout(canStart ? 'the run could start\n' : 'the run could not start: mend what is marked as a fault\n');
  }
  return canStart ? 0 : 3;
}

/** The plan of a run; null where its model cannot be read, which the checks say, or only PyTorch knows it. */
async function planOf(config: TrainConfig, source: ConfigSource, overrides: readonly (string | Override)[]) {
  const directory = resolveCheckpoint(config.policy.checkpoint);
  const model = await modelOf(directory, true).catch(() => null);
  if (model === null) return null;
  const program = existsSync(join(packageRoot, 'scripts', 'evom.mjs')) ? 'node scripts/evom.mjs' : 'npx evom';
  return { config, directory, plan: trainingPlan(config, model, configName(source.path), overrides, program) };
}

/** A configuration as `--config` finds it from the package folder: one of ours by its name, any other by its whole path. */
const configName = (path: string): string => (dirname(path) === join(packageRoot, 'configs') ? basename(path) : path);

/** Who waits for whom. */
const overlapText = (ahead: number): string =>
  ahead === 0
    ? 'order    sampling and learning take turns (async.steps_ahead: 0)'
    : `order    while the learner takes a step, the next ${ahead === 1 ? 'batch is' : `${ahead} batches are`} sampled, with weights ${ahead === 1 ? 'one step' : `${ahead} steps`} older (async.steps_ahead: ${ahead})`;

const serversText = ({ servers, discover }: TrainConfig['policy']['openai']): string =>
  discover === undefined ? counted(servers.length, 'server') : `servers from ${discover.from}`;

function planText(config: TrainConfig, directory: string, { parameters, memory, launch, slurm }: TrainingPlan): string {
  const { algorithm, sampling, learner, policy } = config;
  const step = algorithm.groups_per_step * sampling.group_size;
  const table = (items: readonly MemoryItem[]): string[] =>
    [...items, { name: 'together, before fragmentation', gib: totalGib(items) }].map(
      ({ name, gib }) => `  ${gib.toFixed(gib < 10 ? 3 : 1).padStart(7)}  ${name}`,
    );
  const processes = learner.type === 'torch' ? `, ${learner.torch.processes} x ${learner.torch.strategy}` : '';
  return `${[
    `${counted(config.run.steps, 'step')} of ${counted(algorithm.groups_per_step, 'problem')} x ${counted(sampling.group_size, 'sample')}: at most ${step * mostOwnTokens(config)} tokens sampled a step`,
    `model    ${directory}: ${(parameters / 1e9).toFixed(3)} billion weights`,
    `policy   ${policy.type}${policy.type === 'openai' ? ` (${policy.openai.engine}, ${serversText(policy.openai)})` : ''}`,
    `learner  ${learner.type}${processes}; backend ${config.backend}`,
    overlapText(config.async.steps_ahead),
    '',
    learner.type === 'torch' ? 'memory of a learner process, GiB (estimate)' : 'memory of the process for learning, GiB (estimate)',
    ...table(memory.learner),
    policy.type === 'colocated' || (policy.type !== 'openai' && learner.type !== 'torch')
      ? 'of the same process for sampling'
      : 'memory of a sampler, GiB (estimate)',
    ...table(memory.sampler),
    '',
    'start, each in its own shell, from the package folder',
    ...launch.map(
      ({ name, command, elsewhere }) =>
        `  # ${name}${elsewhere === undefined ? '' : `, on each machine that ${elsewhere} names`}\n  ${command}`,
    ),
    '',
    'or under SLURM: sbatch with this script',
    ...slurm.split('\n').map((line) => `  ${line}`),
  ].join('\n')}\n`;
}
