/** The work behind `evom sweep`: a run for each arm and seed, then what they come to together. */
import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load/load.ts';
import { type SweepRun, sweepReport } from '../../evaluate/sweep.ts';
import { sweepComparisonTable, sweepMarkdown, sweepPicture, sweepTable } from '../../evaluate/sweep-text.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import { readRun } from '../../report/run-view.ts';
import { openRun, progressOf } from '../../run/open-run.ts';
import { loadNamed } from '../arguments.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter, type Reporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';
import { printEvents } from './run-events.ts';

export interface RunSweepOptions extends RunOptions {
  readonly arms: readonly { readonly name: string; readonly config: string }[];
  readonly seeds: readonly number[];
  /** Changes of every arm's configuration. */
  readonly overrides: readonly string[];
  /** Run nothing. */
  readonly collect: boolean;
  /** Folder of the report. */
  readonly out: string;
}

/**
 * Seed by seed, so that a sweep that is stopped has whole comparisons. A finished run is left alone, one that was stopped goes on.
 *
 * @throws {EvomError} what a run throws; `E_RUN` where a directory holds a run of another configuration, or nothing is finished.
 */
export async function runSweep(options: RunSweepOptions): Promise<void> {
  const { collect, io, json, quiet, signal } = options;
  const reporter = createReporter(io, { quiet });
  const folder = resolve(io.cwd, options.out);
  const planned = await plan(options);
  const runs: SweepRun[] = [];
  const missing: string[] = [];
  try {
    for (const { arm, seed, name, loaded } of planned) {
      signal.throwIfAborted();
      const progress = await progressOf(loaded.config, { source: loaded.source, cwd: io.cwd });
      if (progress?.isFinished === true) reporter.info(`sweep  ${name} is finished`);
      else if (collect) {
        missing.push(name);
        continue;
      } else {
        reporter.info(`sweep  ${name} ${progress === null ? 'begins' : `goes on from step ${progress.doneSteps}`}`);
        await train(loaded, progress !== null, options, reporter);
      }
      const directory = progress?.directory ?? join(resolve(io.cwd, loaded.config.run.dir), name);
      runs.push({ arm, seed, evaluations: (await readRun(directory)).evaluations });
    }
  } finally {
    reporter.close();
  }
  if (missing.length > 0) reporter.warn(`not finished and left out: ${missing.join(', ')}`);
  const report = sweepReport(runs);
  if (report.rows.length === 0) throw new EvomError('E_RUN', 'no run of the sweep is finished; run it without --collect');
  const picture = sweepPicture(report);
  await writeFileAtomically(join(folder, 'sweep.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomically(join(folder, 'sweep.md'), sweepMarkdown(report));
  if (picture !== null) await writeFileAtomically(join(folder, 'sweep.svg'), picture);
  reporter.info(`${folder}: sweep.md, sweep.json${picture === null ? '' : ', sweep.svg'}`);
  if (json) io.stdout(`${JSON.stringify({ out: folder, ...report })}\n`);
  else {
    const tables = [sweepTable(report), ...(report.comparisons.length > 0 ? [sweepComparisonTable(report)] : [])];
    io.stdout(`${tables.map((table) => textTable(table).join('\n')).join('\n\n')}\n`);
  }
}

/** The runs of a sweep in their order. All configurations are read before anything runs. */
async function plan({ arms, seeds, overrides, io }: RunSweepOptions) {
  const planned = [];
  for (const seed of seeds)
    for (const arm of arms) {
      const name = `${arm.name}-seed${seed}`;
      const loaded = await loadNamed(arm.config, io.cwd, [...overrides, `run.name=${name}`, `run.seed=${seed}`]);
      if (loaded.config.dataset.eval.length === 0)
        throw new EvomError('E_CONFIG', `${arm.config}: dataset.eval is empty, and a sweep compares evaluations; name a set`);
      planned.push({ arm: arm.name, seed, name, loaded });
    }
  return planned;
}

async function train(loaded: LoadedConfig, resume: boolean, { io, signal }: RunSweepOptions, reporter: Reporter): Promise<void> {
  const run = await openRun(loaded.config, { source: loaded.source, resume, signal, cwd: io.cwd, report: printEvents(reporter, io) });
  try {
    await run.train();
  } finally {
    await run.close();
  }
}
