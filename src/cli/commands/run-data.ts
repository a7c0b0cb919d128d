/** The work behind `evom data generate` and `evom data check`. */

import { basename, resolve } from 'node:path';
import { containerOf } from '../../benchmarks/containers.ts';
import { importProblems } from '../../benchmarks/import-problems.ts';
import { buildProblems, generatorSolvers } from '../../config/build/build-problems.ts';
import type { GeneratedConfig } from '../../config/schema/schema.ts';
import type { Problem } from '../../core/problem.ts';
import { dialectByName, dialectNames, simulatorNames } from '../../dialects/registry.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { type CheckReport, checkProblems } from '../../problems/sets/check.ts';
import { problemToJson, readProblems, writeProblems } from '../../problems/sets/jsonl.ts';
import { newFile } from '../new-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';

export interface RunDataGenerateOptions extends RunOptions {
  readonly dataset: GeneratedConfig;
  /** JSONL file to write; null: stdout. */
  readonly out: string | null;
  /** Whether `out` may be there already. */
  readonly overwrite: boolean;
}

export interface RunDataCheckOptions extends RunOptions {
  /** JSONL, CSV, Parquet or Arrow files; problems shared between two files are reported as leaks. */
  readonly files: readonly string[];
}

export async function runDataGenerate({ dataset, out, overwrite, io, json, quiet }: RunDataGenerateOptions): Promise<void> {
  const path = out === null ? null : newFile(io.cwd, out, overwrite);
  const reporter = createReporter(io, { quiet });
  const began = io.now();
  const { problems, counts } = await buildProblems(dataset, (made, wanted) => reporter.progress(`making problems ${made}/${wanted}`));
  reporter.close();
  reporter.info(
    `${counted(problems.length, 'problem')} in ${((io.now() - began) / 1000).toFixed(1)} s; draws rejected: ${Object.entries(counts ?? {})
      .filter(([name, count]) => name !== 'kept' && count > 0)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  );
  const complete = problems.map(withPrograms);
  if (path === null) {
    for (const problem of complete) io.stdout(`${problemToJson(problem)}\n`);
    return;
  }
  await writeProblems(path, complete);
  io.stdout(json ? `${JSON.stringify({ out: path, problems: problems.length, counts })}\n` : `${path}\n`);
}

/** Reference programs in the dialects that run here, and simulators in both languages, rendered from the reference model. */
const rendered = [
  ...dialectNames.map(dialectByName).filter((dialect) => dialect.language === 'javascript'),
  ...simulatorNames.map(dialectByName),
];
const withPrograms = (problem: Problem): Problem => {
  const { model } = problem;
  if (model === undefined) return problem;
  return { ...problem, programs: Object.fromEntries(rendered.map(({ name, render }) => [name, render(model)])) };
};

/** Our own JSON Lines as they are, so that faults name fields and lines; of other files what an import makes of them. */
async function problemsIn(path: string): Promise<Problem[]> {
  const { kind, gzip } = await containerOf(path);
  return kind === 'json' && !gzip ? readProblems(path) : importProblems(path);
}

/** @throws {EvomError} `E_DATA` when the files share problems or hold a wrong label; the report is printed first. */
export async function runDataCheck({ files, io, json, quiet }: RunDataCheckOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  const sets = new Map<string, Problem[]>();
  for (const file of files) sets.set(sets.has(basename(file)) ? file : basename(file), await problemsIn(resolve(io.cwd, file)));
  const { solve } = await generatorSolvers();
  const report = checkProblems(Object.fromEntries(sets), { solve });
  reporter.close();
  io.stdout(json ? `${JSON.stringify(report)}\n` : reportText(report));
  if (!report.passed) throw new EvomError('E_DATA', 'the check failed; see the report above, and remove or regenerate what it names');
}

function reportText(report: CheckReport): string {
  const some = <T>(items: readonly T[], show: (item: T) => string): string[] => [
    ...items.slice(0, 10).map((item) => `    ${show(item)}`),
    ...(items.length > 10 ? [`    and ${items.length - 10} more`] : []),
  ];
  const pair = ({ a, b }: CheckReport['sharedTasks'][number]): string => `${a.set}: ${a.id}  =  ${b.set}: ${b.id}`;
  const lines = [
    ...report.sets.map(
      (set) =>
        `${set.name}: ${counted(set.numProblems, 'problem')}, ${counted(Object.keys(set.families).length, 'family', 'families')}, ${set.numInfeasible} infeasible, ${set.numWithModel} with a reference model, ${counted(set.numWordings, 'wording')}`,
    ),
    `same numbers in two files          ${report.sharedNumbers.length}`,
    ...some(report.sharedNumbers, pair),
    `same wording and numbers           ${report.sharedTemplateNumbers.length}`,
    `same question and answer           ${report.sharedTasks.length}`,
    ...some(report.sharedTasks, pair),
    `ids that come twice                ${report.repeatedIds.length}`,
    ...some(report.repeatedIds, (id) => id),
    `near-duplicates (8-gram >= 80 %)   ${report.nearDuplicates.length}`,
    ...some(report.nearDuplicates, (near) => `${near.sets.join(' / ')}: ${near.a}  ~  ${near.b}  ${(100 * near.overlap).toFixed(0)} %`),
    `labels solved again                ${report.numLabelsChecked}, wrong ${report.wrongLabels.length}`,
    ...some(report.wrongLabels, (label) => `${label.id}: stored ${label.stored}, solved ${label.solved}`),
    `held-out wordings in seen problems ${report.wordingFaults.length}`,
    report.passed ? 'passed' : 'FAILED',
  ];
  return `${lines.join('\n')}\n`;
}
