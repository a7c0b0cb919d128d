/** The work behind `evom data import`. */
import { resolve } from 'node:path';
import {
  type ImportFault,
  type ImportItem,
  type ImportReport,
  importFaultText,
  importInput,
  importProblems,
  ProblemIds,
} from '../../benchmarks/import-problems.ts';
import { findInputs } from '../../benchmarks/inputs.ts';
import { declaredSolver } from '../../config/build/build-problems.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import { faultList, mostNamed } from '../../lib/fault-list.ts';
import { problemToJson } from '../../problems/sets/jsonl.ts';
import type { FieldMap } from '../../problems/sets/record.ts';
import { newFile } from '../new-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';

export interface RunDataImportOptions extends RunOptions {
  /** Files and folders. */
  readonly files: readonly string[];
  readonly format: string;
  readonly fields: FieldMap;
  readonly name: string | null;
  /** File with questions for instances without text. */
  readonly texts: string | null;
  readonly keepSentinels: boolean;
  readonly wholeNumbers: boolean;
  readonly skipFaulty: boolean;
  /** JSONL file to write; null: stdout. */
  readonly out: string | null;
  /** Whether `out` may be there already. */
  readonly overwrite: boolean;
}

/** @throws {EvomError} `E_DATA` naming up to 20 records that cannot be read; nothing is written then unless `skipFaulty`. */
export async function runDataImport(options: RunDataImportOptions): Promise<void> {
  const { io, json, quiet } = options;
  const out = options.out === null ? null : newFile(io.cwd, options.out, options.overwrite);
  const reporter = createReporter(io, { quiet });
  const reports: ImportReport[] = [];
  const faults: ImportFault[] = [];
  const doubts: ImportFault[] = [];
  let count = 0;
  const { inputs, passedOver } = await findInputs(options.files.map((file) => resolve(io.cwd, file)));
  async function* items(): AsyncGenerator<ImportItem> {
    const ids = new ProblemIds();
    const texts = options.texts === null ? [] : (await importProblems(resolve(io.cwd, options.texts))).map(({ question }) => question);
    const about = {
      format: options.format,
      fields: options.fields,
      keepSentinels: options.keepSentinels,
      wholeNumbers: options.wholeNumbers,
      solve: await declaredSolver(),
      texts,
      ...(options.name === null ? {} : { name: options.name }),
    };
    for (const input of inputs) yield* importInput(input, about, ids);
  }
  async function* lines(): AsyncGenerator<string> {
    for await (const item of items()) {
      if (item.type === 'problem') {
        count++;
        if (count % 500 === 0) reporter.progress(`imported ${count}`);
        yield `${problemToJson(item.problem)}\n`;
      } else if (item.type === 'fault') faults.push(item.fault);
      else if (item.type === 'doubt') doubts.push(item.fault);
      else reports.push(item.report);
    }
    if (faults.length > 0 && !options.skipFaulty) throw refusal(faults);
    if (count === 0) throw new EvomError('E_DATA', `no problem in ${options.files.join(', ')}; evom data import --help lists the formats`);
  }
  try {
    if (out !== null) await writeFileAtomically(out, lines());
    else {
      // What is refused at its end is not printed before.
      const held: string[] = [];
      for await (const line of lines()) {
        if (json) continue;
        if (options.skipFaulty) io.stdout(line);
        else held.push(line);
      }
      for (const line of held) io.stdout(line);
    }
  } finally {
    reporter.close();
    if (!json) for (const line of reportLines(reports)) reporter.info(line);
  }
  const warn = (list: readonly ImportFault[], what: string): void => {
    for (const fault of list.slice(0, mostNamed)) reporter.warn(`${what} ${importFaultText(fault)}`);
    if (list.length > mostNamed) reporter.warn(`and ${list.length - mostNamed} more ${what}`);
  };
  warn(faults, 'left out');
  warn(doubts, 'in doubt');
  if (passedOver.length > 0)
    reporter.info(
      `${passedOver.length} other files passed over: ${passedOver.slice(0, 8).join(', ')}${passedOver.length > 8 ? ', ...' : ''}`,
    );
  if (json) io.stdout(`${JSON.stringify({ out, problems: count, faults, doubts, files: reports })}\n`);
  else if (out !== null) io.stdout(`${out}\n`);
}

function refusal(faults: readonly ImportFault[]): EvomError {
  const count = faults.length === 1 ? '1 record cannot' : `${faults.length} records cannot`;
  return new EvomError(
    'E_DATA',
    `${count} be read; correct them, map their fields, or leave them out with --skip-faulty:\n${faultList(faults.map(importFaultText))}`,
  );
}

/** A table for people: what each file is, how much of it could be read, and whether that is what was published. */
function reportLines(reports: readonly ImportReport[]): string[] {
  return textTable([
    ['file', 'format', 'label version', 'problems', 'published', 'faults', 'doubts', 'zero', 'infeasible', 'no answer', 'several'],
    ...reports.map((report) => [
      report.file.split('/').slice(-2).join('/'),
      report.format ?? '(no problems)',
      report.published === null ? `${report.name} (not a known file)` : report.name,
      `${report.problems}`,
      `${report.published?.items ?? '-'}`,
      `${report.faults}`,
      `${report.doubts}`,
      `${report.answers.zero}`,
      `${report.answers.infeasible + report.answers.unbounded}`,
      `${report.answers.none}`,
      `${report.answers.several}`,
    ]),
  ]);
}
