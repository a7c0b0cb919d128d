/** The work behind `evom transfer`: one evaluation a cell, what is already stored left alone. */

import { join, resolve } from 'node:path';
import { buildEvalSets, buildRollout, evaluateSets } from '../../config/build/build.ts';
import { cellOf, memoryOf, policyFingerprint } from '../../config/build/outcome-memory.ts';
import { readPublishedResults } from '../../config/build/published-results.ts';
import { resolveCheckpoint } from '../../config/build/resolve-checkpoint.ts';
import { packageRoot } from '../../config/load/find-file.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import { backends, dialects, dialectsOfBackend, isModulePath } from '../../config/schema/vocabulary.ts';
import { type TransferCell, type TransferReport, type TransferTarget, transferReport } from '../../evaluate/transfer.ts';
import { transferPicture } from '../../evaluate/transfer-picture.ts';
import {
  comparisonTable,
  endingsTable,
  type PublishedResult,
  publishedTable,
  transferMarkdown,
  transferTable,
} from '../../evaluate/transfer-text.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import { OutcomeFile } from '../../runs/outcome-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter, type Reporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';
import { askable, tellCutOff } from './run-evaluate.ts';
import { tellSolverHosts, tellTemplate } from './run-events.ts';

export interface RunTransferOptions extends RunOptions {
  /** In the order of the table. */
  readonly cells: readonly { readonly policy: string; readonly config: TrainConfig }[];
  /** Rules beside the configured judge. */
  readonly judges: readonly JudgeRuleName[];
  /** File of outcomes; null: `outcomes.jsonl` in `out`, or none. */
  readonly outcomes: string | null;
  /** File of published results, `known` for the project's own; null for none. */
  readonly published: string | null;
  /** Folder for the report's files. */
  readonly out: string | null;
}

/**
 * The cells that `--backends` names: `highs`, `glpk-js`, `highs/glpk-js`. A backend alone is asked in its first dialect, a dialect alone
 * under the backend that speaks it first.
 *
 * @throws {EvomError} `E_USAGE` for a name that is neither.
 */
export function targetsOf(text: string): TransferTarget[] {
  const isBackend = (name: string): name is (typeof backends)[number] => (backends as readonly string[]).includes(name);
  return text.split(',').map((part) => {
    const name = part.trim();
    const [first = '', dialect] = isModulePath(name) ? [name] : name.split('/');
    if (isBackend(first) || isModulePath(first))
      return { backend: first, dialect: dialect ?? (isBackend(first) ? dialectsOfBackend[first][0] : 'auto') };
    if (dialect === undefined && dialects.includes(first)) {
      const speaks = (backend: (typeof backends)[number], at?: number): boolean =>
        at === undefined ? (dialectsOfBackend[backend] as readonly string[]).includes(first) : dialectsOfBackend[backend][0] === first;
      const backend = backends.find((candidate) => speaks(candidate, 0)) ?? backends.find((candidate) => speaks(candidate));
      if (backend !== undefined) return { backend, dialect: first };
    }
    throw new EvomError(
      'E_USAGE',
      `--backends ${name}: no such backend or dialect; backends are ${backends.join(', ')}, dialects ${dialects.join(', ')}`,
    );
  });
}

export async function runTransfer(options: RunTransferOptions): Promise<void> {
  const { io, json, quiet } = options;
  const reporter = createReporter(io, { quiet });
  const folder = options.out === null ? null : resolve(io.cwd, options.out);
  const store = options.outcomes ?? (folder === null ? null : join(folder, 'outcomes.jsonl'));
  // Before the work: a file that cannot be read must not cost it.
  const results = options.published === null ? [] : await readPublishedResults(publishedPath(options.published, io.cwd));
  const file = store === null ? null : await OutcomeFile.open(resolve(io.cwd, store));
  let report: TransferReport;
  try {
    const cells: TransferCell[] = [];
    const made = new Map<string, ReturnType<typeof buildEvalSets>>();
    const told = new Set<string>();
    for (const { config } of options.cells) {
      const key = JSON.stringify([config.dialect, config.solver_hosts]);
      if (!told.has(key)) await tellSolverHosts(config, reporter, options.signal);
      told.add(key);
    }
    for (const cell of options.cells)
      for (const evaluated of await evaluateCell(cell, options, { file, made }, reporter)) cells.push(evaluated);
    report = transferReport(cells, options.cells[0]?.config.run.seed ?? 0);
  } finally {
    reporter.close();
    await file?.close();
  }
  const published = besides(results, report);
  if (options.published !== null && published.length === 0) reporter.warn('no published result is about these benchmarks');
  if (json) io.stdout(`${JSON.stringify({ ...report, published })}\n`);
  else io.stdout(`${reportText(report, published)}\n`);
  if (folder === null) return;
  const title = `Zero-shot transfer, judge ${[...new Set(report.rows.map(({ judge }) => judge))].join(', ')}`;
  await writeFileAtomically(join(folder, 'transfer.json'), `${JSON.stringify({ ...report, published }, null, 2)}\n`);
  await writeFileAtomically(join(folder, 'transfer.md'), transferMarkdown(report, published));
  await writeFileAtomically(join(folder, 'transfer.svg'), transferPicture(report.rows, title));
  reporter.info(`${folder}: transfer.md, transfer.json, transfer.svg`);
}

const publishedPath = (name: string, cwd: string): string =>
  name === 'known' ? join(packageRoot, 'datasets', 'published-results.json') : resolve(cwd, name);

async function evaluateCell(
  { policy, config }: RunTransferOptions['cells'][number],
  { judges, signal }: RunTransferOptions,
  { file, made }: { readonly file: OutcomeFile | null; readonly made: Map<string, ReturnType<typeof buildEvalSets>> },
  reporter: Reporter,
): Promise<TransferCell[]> {
  const directory = resolveCheckpoint(config.policy.checkpoint, config.policy.type);
  const rollout = await buildRollout(config, directory, 0, null, { onNotice: reporter.warn, signal });
  tellTemplate(rollout.template, reporter);
  const dialect = config.dialect.map(({ name }) => name).join('+');
  try {
    // All cells ask the same problems: made once.
    const key = JSON.stringify(config.dataset.eval);
    const problems = made.get(key) ?? buildEvalSets(config.dataset.eval);
    made.set(key, problems);
    const sets = askable(await problems, config.policy.checkpoint, rollout, reporter);
    const fingerprint = file === null ? '' : await policyFingerprint(directory, config.policy);
    const evaluations = await evaluateSets(rollout.parts, config, sets, {
      signal,
      judges,
      diagnose: true,
      ...(file === null
        ? {}
        : {
            memory: (temperature: number, asked: string | undefined) =>
              memoryOf(
                file,
                cellOf(config, { fingerprint, template: rollout.template?.template ?? null }, { temperature, dialect: asked }),
              ),
          }),
      onProgress: (name, done, total) => reporter.progress(`${policy} on ${config.backend} (${dialect}): ${name} ${done}/${total}`),
    });
    tellCutOff(evaluations, config, `${policy} on ${config.backend} (${dialect}), `, reporter);
    return evaluations.map((evaluation) => ({ policy, backend: config.backend, dialect, evaluation }));
  } finally {
    await rollout.close();
  }
}

/** The published results about the benchmarks of a report, told by the labels' names. */
function besides(results: readonly PublishedResult[], { labels }: TransferReport): PublishedResult[] {
  const benchmarks = new Set(
    Object.values(labels)
      .flat()
      .map((source) => source.split(/[@#]/)[0]),
  );
  return results.filter(({ benchmark }) => benchmarks.has(benchmark));
}

function reportText(report: TransferReport, published: readonly PublishedResult[]): string {
  const sections = [
    textTable(transferTable(report.rows)),
    Object.entries(report.labels).map(([set, names]) => `labels of ${set}: ${names.slice(0, 3).join(', ')}`),
    textTable(endingsTable(report.rows)),
    ...(report.comparisons.length > 0 ? [textTable(comparisonTable(report))] : []),
    ...(published.length > 0 ? [textTable(publishedTable(published))] : []),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}
