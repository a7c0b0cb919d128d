/** The work behind `evom data overlap`. */
import { resolve } from 'node:path';
import { textItems } from '../../benchmarks/text-items.ts';
import { EvomError } from '../../lib/errors.ts';
import { type OverlapReport, type OverlapText, overlapWith } from '../../problems/sets/overlap.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { percent, textTable } from '../view/terminal-text.ts';

export interface RunDataOverlapOptions extends RunOptions {
  readonly training: string;
  readonly benchmarks: readonly string[];
  readonly threshold: number;
  /** Throw when a benchmark item is in the training file. */
  readonly fail: boolean;
  readonly examples: number;
}

/** @throws {EvomError} `E_DATA` with `fail`, after the report, when any item of a benchmark stands in the training file. */
export async function runDataOverlap(options: RunDataOverlapOptions): Promise<void> {
  const { io, json, quiet, threshold } = options;
  const reporter = createReporter(io, { quiet });
  const onFault = (fault: string): void => reporter.warn(`left out ${fault}`);
  const benchmarks = new Map<string, OverlapText[]>();
  for (const file of options.benchmarks) {
    const texts: OverlapText[] = [];
    for await (const text of textItems(resolve(io.cwd, file), onFault)) texts.push(text);
    if (texts.length === 0) throw new EvomError('E_DATA', `${file} holds no text to look for`);
    benchmarks.set(file, texts);
  }
  async function* watched(): AsyncGenerator<OverlapText> {
    let count = 0;
    for await (const text of textItems(resolve(io.cwd, options.training), onFault)) {
      if (++count % 1000 === 0) reporter.progress(`read ${count}`);
      yield text;
    }
  }
  const reports = await overlapWith(Object.fromEntries(benchmarks), watched(), threshold);
  reporter.close();
  io.stdout(
    json
      ? `${JSON.stringify({ training: options.training, benchmarks: reports })}\n`
      : `${overlapText(options.training, reports, options.examples)}\n`,
  );
  const covered = Object.entries(reports).filter(([, report]) => report.benchmarkInTraining > 0);
  if (options.fail && covered.length > 0) {
    const list = covered.map(([name, report]) => `${report.benchmarkInTraining} of ${report.benchmarkItems} of ${name}`);
    throw new EvomError('E_DATA', `${options.training} holds ${list.join(', ')}; take those items out before training`);
  }
}

function overlapText(training: string, reports: Readonly<Record<string, OverlapReport>>, examples: number): string {
  const [first] = Object.values(reports);
  const table = textTable([
    ['benchmark', 'items', 'in the training file', 'training items in it'],
    ...Object.entries(reports).map(([name, r]) => [
      name,
      `${r.benchmarkItems}`,
      `${r.benchmarkInTraining} (${percent(r.benchmarkInTraining / r.benchmarkItems)})`,
      `${r.trainingInBenchmark}`,
    ]),
  ]);
  const pairs = Object.entries(reports).flatMap(([name, { pairs: found }]) =>
    found.length === 0 || examples === 0
      ? []
      : [
          '',
          name,
          ...found.slice(0, examples).map((pair) => `  ${percent(pair.ofBenchmark)} of ${pair.benchmark} in ${pair.training}`),
          ...(found.length > examples ? [`  and ${found.length - examples} more`] : []),
        ],
  );
  const head = `${training}: ${first?.trainingItems ?? 0} items; an item counts when one item of the other side holds ${percent(first?.threshold ?? 0)} of its 8-grams`;
  return [head, ...table, ...pairs].join('\n');
}
