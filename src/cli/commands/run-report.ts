/** The work behind `evom report` and `evom dashboard`. */
import { resolve } from 'node:path';
import { EvomError } from '../../lib/errors.ts';
import { serveDashboard } from '../../report/dashboard.ts';
import { readRun, runDirectoryNamed, runsIn } from '../../report/run-view.ts';
import { writeReport } from '../../report/write-report.ts';
import { untilInterrupted } from '../interrupt.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';

export interface RunReportOptions extends RunOptions {
  readonly runs: readonly string[];
  readonly out: string;
  readonly samplesMb: number;
}

export async function runReport({ io, json, quiet, runs, out, samplesMb }: RunReportOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  const directories = distinct(runs.map((name) => runDirectoryNamed(name, io.cwd)));
  try {
    const written = await writeReport(directories, {
      out: resolve(io.cwd, out),
      now: new Date(),
      maxSampleBytes: samplesMb * 2 ** 20,
      onProgress: (run, done, total) => reporter.progress(`reading ${run} ${done}/${total}`),
    });
    if (written.steps < written.stepsOnDisk)
      reporter.warn(`the page holds the samples of ${written.steps} of ${written.stepsOnDisk} steps; raise --samples-mb for more`);
    io.stdout(
      json
        ? `${JSON.stringify({ out: written.out, runs: written.runs, steps: written.steps, steps_on_disk: written.stepsOnDisk })}\n`
        : `${written.out}\n`,
    );
  } finally {
    reporter.close();
  }
}

export interface RunDashboardOptions extends RunOptions {
  /** None: the run of `runs/` that was written last. */
  readonly runs: readonly string[];
  readonly port: number;
  readonly address: string;
  readonly token: string | null;
}

export async function runDashboard({ io, signal, runs, port, address, token }: RunDashboardOptions): Promise<void> {
  const directories =
    runs.length === 0 ? [await newestRun(resolve(io.cwd, 'runs'))] : distinct(runs.map((name) => runDirectoryNamed(name, io.cwd)));
  const server = await serveDashboard(directories, { port, address, token });
  try {
    io.stdout(`${server.url}\n`);
    io.stderr('Ctrl-C ends the dashboard; the runs go on\n');
    await untilInterrupted(signal);
  } finally {
    await server.close();
  }
}

async function newestRun(parent: string): Promise<string> {
  const found = await Promise.all((await runsIn(parent)).map(readRun));
  const newest = found.sort((a, b) => b.changedMs - a.changedMs)[0];
  if (newest === undefined) throw new EvomError('E_RUN', `${parent} holds no run; name one, or start one with evom train`);
  return newest.directory;
}

const distinct = (directories: readonly string[]): string[] => [...new Set(directories)];
