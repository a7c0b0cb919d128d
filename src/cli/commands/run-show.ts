/** The work behind `evom runs` and `evom show`. */

import { resolve } from 'node:path';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { type RunView, readRun, runDirectoryNamed, runsIn } from '../../report/run-view.ts';
import { chooseSamples, readSamples, type SampleChoice, sampledSteps } from '../../report/samples.ts';
import type { RunOptions } from '../run-options.ts';
import { groupsTable, sampleText } from '../view/sample-text.ts';
import { colorsOf, percent, sparkline, textTable } from '../view/terminal-text.ts';

export async function runRuns({ io, json, directory }: RunOptions & { readonly directory: string }): Promise<void> {
  const parent = resolve(io.cwd, directory);
  const found = await runsIn(parent);
  if (found.length === 0) throw new EvomError('E_RUN', `${parent} holds no run; evom train makes one, and evom runs DIR looks elsewhere`);
  const runs = await Promise.all(found.map(readRun));
  runs.sort((a, b) => b.changedMs - a.changedMs);
  if (json) {
    io.stdout(`${JSON.stringify(runs.map(listed))}\n`);
    return;
  }
  const rows = runs.map((run) => {
    const { steps, step, reward, pass_at_1: pass, set } = listed(run);
    const curve = sparkline(
      run.metrics.map((line) => (typeof line.reward === 'number' ? line.reward : null)),
      20,
    );
    return [
      run.name,
      run.state,
      `${step}/${steps ?? '?'}`,
      reward === null ? '-' : reward.toFixed(3),
      curve,
      set === null ? '-' : `${percent(pass)} ${set}`,
      new Date(run.changedMs).toISOString().slice(0, 16).replace('T', ' '),
    ];
  });
  for (const line of textTable([['run', 'state', 'step', 'reward', '', 'pass@1', 'last written (UTC)'], ...rows])) io.stdout(`${line}\n`);
}

/** A run in a few values, for lists. */
function listed({ name, directory, state, config, metrics, evaluations, changedMs }: RunView) {
  const last = metrics.at(-1);
  const evaluated = evaluations.at(-1)?.sets[0]?.summary;
  return {
    name,
    directory,
    state,
    kind: config.kind ?? null,
    step: last?.step ?? 0,
    steps: config['run.steps'] === undefined ? null : Number(config['run.steps']),
    reward: typeof last?.reward === 'number' ? last.reward : null,
    set: evaluated?.name ?? null,
    pass_at_1: evaluated?.pass_at_1 ?? null,
    identical: evaluated?.identical ?? null,
    changed: new Date(changedMs).toISOString(),
  };
}

export interface RunShowOptions extends RunOptions {
  readonly name: string;
  /** Null: the last that is on disk. */
  readonly step: number | null;
  readonly choice: SampleChoice;
}

export async function runShow({ io, json, name, step, choice }: RunShowOptions): Promise<void> {
  const directory = runDirectoryNamed(name, io.cwd);
  const shown = step ?? (await sampledSteps(directory)).at(-1);
  if (shown === undefined)
    throw new EvomError('E_RUN', `${directory} has no samples on disk: it has taken no step, or is a supervised run`);
  const samples = await readSamples(directory, shown);
  const isOverview = Object.keys(choice).length === 0;
  const chosen = chooseSamples(samples, isOverview && !json ? { best: 1, worst: 1 } : choice);
  if (json) {
    io.stdout(`${JSON.stringify({ run: directory, step: shown, samples: chosen })}\n`);
    return;
  }
  const colors = colorsOf(io);
  io.stdout(
    `${directory}, step ${shown}: ${counted(samples.length, 'sample')} of ${counted(new Set(samples.map(({ group }) => group)).size, 'problem')}\n\n`,
  );
  if (isOverview) for (const line of groupsTable(samples)) io.stdout(`${line}\n`);
  for (const sample of chosen) io.stdout(`\n${sampleText(sample, colors)}\n`);
  if (isOverview) io.stdout('\nmore: --best 5, --worst 5, --problem ID, --step N, --json\n');
}
