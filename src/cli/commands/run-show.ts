/** The work behind `evom runs` and `evom show`. */

import { resolve } from 'node:path';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { runAnswers } from '../../report/answers.ts';
import { beforeAfter } from '../../report/comparisons.ts';
import { reportData } from '../../report/report-data.ts';
import { type RunView, readRun, runDirectoryNamed, runsIn } from '../../report/run-view.ts';
import { chooseSamples, readSamples, type Sample, type SampleChoice, sampledSteps } from '../../report/samples.ts';
import type { RunOptions } from '../run-options.ts';
import { answerLines, groupsTable, sampleText } from '../view/sample-text.ts';
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

export interface RunCompareOptions extends RunOptions {
  readonly runs: readonly string[];
}

/** Whether each run beats the first, and in what they differ. */
export async function runCompare({ io, json, runs }: RunCompareOptions): Promise<void> {
  const directories = [...new Set(runs.map((name) => runDirectoryNamed(name, io.cwd)))];
  if (directories.length < 2) throw new EvomError('E_USAGE', 'which runs? name two or more, the one to beat first');
  const views = await Promise.all(directories.map(readRun));
  const { answers, between, differences } = reportData(
    views.map((view) => ({ view, packs: null, sampled: [] })),
    { now: new Date(), live: false },
  );
  if (json) {
    io.stdout(`${JSON.stringify({ runs: directories, answers, between, differences })}\n`);
    return;
  }
  const colors = colorsOf(io);
  for (const line of answerLines(answers, colors)) io.stdout(`${line}\n`);
  io.stdout(`\n${colors.dim(differences.length === 0 ? 'their configurations are the same' : 'values that differ')}\n`);
  if (differences.length === 0) return;
  const rows = differences.map(({ key, values }) => [key, ...values.map((value) => value ?? '-')]);
  for (const line of textTable([['', ...views.map(({ name }) => name)], ...rows])) io.stdout(`${line}\n`);
}

export interface RunShowOptions extends RunOptions {
  readonly name: string;
  /** Null: the last that is on disk. */
  readonly step: number | null;
  readonly choice: SampleChoice;
}

export async function runShow({ io, json, name, step, choice }: RunShowOptions): Promise<void> {
  const directory = runDirectoryNamed(name, io.cwd);
  const colors = colorsOf(io);
  const isOverview = !json && step === null && Object.keys(choice).length === 0;
  if (isOverview) {
    const view = await readRun(directory);
    io.stdout(`${directory}: ${view.state}, step ${view.metrics.at(-1)?.step ?? 0} of ${view.config['run.steps'] ?? '?'}\n\n`);
    for (const line of answerLines(runAnswers(view, beforeAfter(view)), colors)) io.stdout(`${line}\n`);
    io.stdout('\n');
  }
  const shown = step ?? (await sampledSteps(directory)).at(-1);
  if (shown === undefined) {
    const none = `${directory} has no samples on disk: it has taken no step, or is a supervised run`;
    if (!isOverview) throw new EvomError('E_RUN', none);
    io.stdout(`${none}\n`);
    return;
  }
  const samples = await readSamples(directory, shown);
  const isWhole = Object.keys(choice).length === 0;
  const chosen = chooseSamples(samples, isWhole && !json ? { best: 1, worst: 1 } : choice);
  if (json) {
    io.stdout(`${JSON.stringify({ run: directory, step: shown, samples: chosen })}\n`);
    return;
  }
  io.stdout(
    `${directory}, step ${shown}: ${counted(samples.length, 'sample')} of ${counted(new Set(samples.map(({ group }) => group)).size, 'problem')}\n`,
  );
  if (isWhole) for (const line of ['', ...groupsTable(samples)]) io.stdout(`${line}\n`);
  for (const line of tieLine(samples, chosen[0], choice)) io.stdout(`${line}\n`);
  for (const sample of chosen) io.stdout(`\n${sampleText(sample, colors)}\n`);
  if (isWhole) io.stdout('\nmore: --step N --best 1, --worst 5, --problem ID, --json; evom compare RUN RUN; evom report RUN\n');
}

/** One best sample is one of several where others earned the same. */
function tieLine(samples: readonly Sample[], first: Sample | undefined, { best, problem }: SampleChoice): string[] {
  const pool = problem === undefined ? samples : samples.filter((sample) => sample.problem === problem);
  const ties = pool.filter(({ reward }) => reward === first?.reward).length;
  return best === undefined || first === undefined || ties <= best
    ? []
    : [`${ties} samples earned ${first.reward}; those with the largest advantage come first`];
}
