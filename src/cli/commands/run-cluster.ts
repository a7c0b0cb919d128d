/** The work behind `evom cluster`: a plan of the configuration, carried out by Ray or on this machine. */
import { basename } from 'node:path';
import { type ClusterPlan, clusterPlan } from '../../config/build/cluster-plan.ts';
import { resolveCheckpoint } from '../../config/build/resolve-checkpoint.ts';
import type { ConfigSource } from '../../config/load/load.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import { counted } from '../../lib/counted.ts';
import { modelOf } from '../../run/check-checkpoint.ts';
import { askRay, type ClusterStatus } from '../../servers/ray-host.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';

export interface RunClusterOptions extends RunOptions {
  readonly action: 'up' | 'status' | 'down';
  readonly config: TrainConfig;
  readonly source: ConfigSource;
  readonly local: boolean;
  readonly dryRun: boolean;
}

export async function runCluster({ action, config, source, local, dryRun, io, json, quiet, signal }: RunClusterOptions): Promise<number> {
  const model = config.policy.type === 'openai' ? await modelOf(resolveCheckpoint(config.policy.checkpoint), true).catch(() => null) : null;
  const configName = basename(source.path).replace(/\.ya?ml$/, '');
  const plan = clusterPlan(config, { cwd: io.cwd, configName, env: process.env, model });
  if (dryRun) {
    io.stdout(json ? `${JSON.stringify(withoutSecrets(plan))}\n` : planText(plan));
    return 0;
  }
  const reporter = createReporter(io, { quiet });
  try {
    const status = await askRay(local ? 'local' : action, {
      python: process.env.EVOM_RAY ?? 'python3',
      plan,
      signal,
      onStatus: (now) => {
        if (local && now.up) reporter.info(statusText(now, plan));
        else reporter.progress(waitingText(now));
      },
    });
    reporter.close();
    if (json) io.stdout(`${JSON.stringify(status)}\n`);
    else if (action === 'down') io.stdout(`${plan.name} is down\n`);
    else io.stdout(local ? `${plan.name} has ended\n` : `${statusText(status, plan)}\n`);
    return 0;
  } finally {
    reporter.close();
  }
}

/** What is not up yet, and what went wrong with it. */
function waitingText({ parts, learner, fault }: ClusterStatus): string {
  const late = parts.filter(({ phase }) => phase !== 'ready');
  const faults = [fault, ...late.map((part) => part.fault), learner?.fault ?? null].flatMap((one) => (one === null ? [] : [one]));
  return [
    `${parts.length - late.length} of ${counted(parts.length, 'part')} ready`,
    ...late.map(({ name, phase }) => `${name} ${phase}`),
    ...(learner === null ? [] : [`learner ${learner.phase}`]),
    ...faults.slice(0, 1).map((one) => one.replaceAll('\n', ' | ')),
  ].join(', ');
}

function statusText({ name, up, fault, parts, learner, machines }: ClusterStatus, plan: ClusterPlan): string {
  const rows = parts.map((part) => [
    part.name,
    part.phase,
    part.address ?? '',
    part.machine ?? '',
    part.fault === null ? '' : 'was restarted',
  ]);
  const faults = [
    ...parts.map((part) => [part.name, part.fault] as const),
    ['learner', learner?.fault ?? null] as const,
    [name, fault] as const,
  ];
  const alive = machines.filter((machine) => machine.alive);
  return [
    `${name} is ${up ? 'up' : 'not all up'}${machines.length === 0 ? '' : ` on ${counted(alive.length, 'machine')} of Ray`}`,
    ...(rows.length === 0 ? [] : textTable([['part', 'state', 'address', 'machine', ''], ...rows])),
    ...(learner === null
      ? []
      : [`learner  ${learner.phase}, begun ${counted(learner.starts, 'time')}, on ${learner.hosts.map((host) => host ?? '?').join(', ')}`]),
    ...faults.flatMap(([who, what]) => (what === null ? [] : [`${who} last ${what}`])),
    ...plan.groups.map(({ kind, file }) => `addresses of ${kind}s are in ${file}`),
  ].join('\n');
}

function planText({ name, address, directory, groups, learner }: ClusterPlan): string {
  const lines = groups.flatMap((group) => [
    `${group.least === group.most ? group.least : `${group.least} to ${group.most}`} x ${group.kind}, each on ${room(group)}`,
    `  ${group.command.join(' ')}`,
    `  addresses  ${group.file}`,
  ]);
  const learns =
    learner === null
      ? []
      : [
          `learner, ${counted(learner.processes, 'process', 'processes')} on each of ${counted(learner.nodes, 'machine')} with ${room(learner)}, begun when the trainer asks for it`,
          `  run  ${learner.root}`,
        ];
  return `${[`cluster ${name}, on Ray at ${address}`, ...lines, ...learns, `logs  ${directory}`].join('\n')}\n`;
}

const room = ({ cpus, gpus }: { readonly cpus: number; readonly gpus: number }): string =>
  `${counted(cpus, 'core')}${gpus === 0 ? '' : ` and ${counted(gpus, 'GPU')}`}`;

/** Tokens stay out of what is printed. */
const withoutSecrets = (plan: ClusterPlan): unknown => ({
  ...plan,
  groups: plan.groups.map(({ env, ...group }) => ({ ...group, env: Object.keys(env) })),
});
