/** The work behind `evom train` and `evom sft`: a run of the library, printed. */

import type { ConfigSource } from '../../config/load/load.ts';
import { compareEvaluations } from '../../evaluate/compare.ts';
import { counted } from '../../lib/counted.ts';
import { openRun } from '../../run/open-run.ts';
import type { RunResult } from '../../run/run.ts';
import type { RunConfig } from '../../run/session.ts';
import type { RunOptions } from '../run-options.ts';
import { type BeforeAfter, createReporter, type Reporter } from '../view/terminal.ts';
import { printEvents } from './run-events.ts';

export interface RunTrainOptions extends RunOptions {
  readonly config: RunConfig;
  readonly source: ConfigSource;
  /** Continue the run in `config.run.dir`/`config.run.name` from its last checkpoint. */
  readonly resume: boolean;
}

export async function runTrain({ config, source, resume, io, json, quiet, signal }: RunTrainOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  const began = io.now();
  try {
    const run = await openRun(config, { source, resume, signal, cwd: io.cwd, report: printEvents(reporter, io) });
    try {
      const result = await run.train();
      const seconds = Math.round((io.now() - began) / 1000);
      if (config.kind === 'train') concludeTraining(reporter, io.stdout, json, config, result, seconds);
      else concludeSupervised(reporter, io.stdout, json, result);
    } finally {
      reporter.close();
      await run.close();
    }
  } finally {
    reporter.close();
  }
}

type TrainConfig = Extract<RunConfig, { kind: 'train' }>;

function concludeSupervised(reporter: Reporter, stdout: (text: string) => void, json: boolean, result: RunResult): void {
  const { directory, checkpoint, output, steps, after } = result;
  reporter.close();
  stdout(
    json
      ? `${JSON.stringify({ run_dir: directory, checkpoint, output, steps, evaluations: after.map(({ summary }) => summary) })}\n`
      : `${output ?? checkpoint}\n`,
  );
}

/** The table of before and after on stderr, or one JSON line: the first evaluation set is the headline. */
function concludeTraining(
  reporter: Reporter,
  stdout: (text: string) => void,
  json: boolean,
  config: TrainConfig,
  result: RunResult,
  seconds: number,
): void {
  const pairs = result.after.flatMap((after) => {
    const before = result.before.find((one) => one.summary.name === after.summary.name);
    return before === undefined ? [] : [{ before, after, comparison: compareEvaluations(before, after, config.run.seed) }];
  });
  const rows = pairs.flatMap(({ before, after, comparison }): BeforeAfter[] => {
    const { name } = after.summary;
    return [
      { name: `${name} pass@1`, before: before.summary.pass_at_1, after: after.summary.pass_at_1, pValue: comparison.p_value },
      { name: `${name} identical`, before: before.summary.identical, after: after.summary.identical, pValue: comparison.identical_p_value },
      { name: `${name} executed`, before: before.summary.execution_rate, after: after.summary.execution_rate },
    ];
  });
  reporter.summary({
    title: `${counted(result.steps, 'step')} of ${config.algorithm.estimator} on ${config.backend} in ${seconds} s (judge ${config.judge.rule})`,
    rows,
    runDirectory: result.directory,
    notes: [`checkpoint     ${result.checkpoint}`],
  });
  if (!json) {
    stdout(`${result.directory}\n`);
    return;
  }
  const [headline] = pairs;
  stdout(
    `${JSON.stringify({
      before: headline?.before.summary ?? null,
      after: headline?.after.summary ?? null,
      p_value: headline?.comparison.p_value ?? null,
      pass_at_1_gain: headline?.comparison.pass_at_1_gain ?? null,
      identical_gain: headline?.comparison.identical_gain ?? null,
      identical_p_value: headline?.comparison.identical_p_value ?? null,
      evaluations: pairs.map(({ before, after, comparison }) => ({
        name: after.summary.name,
        before: before.summary,
        after: after.summary,
        ...comparison,
      })),
      steps: result.steps,
      seconds,
      run_dir: result.directory,
      checkpoint: result.checkpoint,
    })}\n`,
  );
}
