/** The work behind `evom data split`. */

import { join, resolve } from 'node:path';
import { importProblems } from '../../benchmarks/import-problems.ts';
import type { Problem, Split } from '../../core/problem.ts';
import { counted } from '../../lib/counted.ts';
import { writeProblems } from '../../problems/sets/jsonl.ts';
import { splitProblems } from '../../problems/sets/split-file.ts';
import { newFile } from '../new-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter } from '../view/terminal.ts';

export interface RunDataSplitOptions extends RunOptions {
  readonly files: readonly string[];
  /** Folder to write to. */
  readonly out: string;
  /** Whether its files may be there already. */
  readonly overwrite: boolean;
  readonly shares: Readonly<Record<Split, number>>;
  readonly seed: string;
  readonly near: number;
}

/** A split that gets no problem is no file. */
export async function runDataSplit({ files, out, overwrite, shares, seed, near, io, json, quiet }: RunDataSplitOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  const pathOf = (split: string): string => newFile(io.cwd, join(out, `${split}.jsonl`), overwrite);
  Object.keys(shares).forEach(pathOf);
  const problems: Problem[] = [];
  for (const file of files) for (const problem of await importProblems(resolve(io.cwd, file))) problems.push(problem);
  const { splits, clusters, largestCluster } = splitProblems(problems, { shares, seed, near });
  const written: Record<string, { path: string; problems: number }> = {};
  for (const [name, part] of Object.entries(splits)) {
    if (part.length === 0) continue;
    const path = pathOf(name);
    await writeProblems(path, part);
    written[name] = { path, problems: part.length };
  }
  reporter.close();
  reporter.info(`${counted(problems.length, 'problem')} in ${counted(clusters, 'cluster')}, the largest of ${largestCluster}`);
  if (json) io.stdout(`${JSON.stringify({ problems: problems.length, clusters, largestCluster, splits: written })}\n`);
  else for (const { path, problems: count } of Object.values(written)) io.stdout(`${path} ${count}\n`);
}
