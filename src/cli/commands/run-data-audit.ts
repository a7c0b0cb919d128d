/** The work behind `evom data audit`. */
import { resolve } from 'node:path';
import { type ImportReport, importFaultText, importInput, ProblemIds } from '../../benchmarks/import-problems.ts';
import { findInputs } from '../../benchmarks/inputs.ts';
import type { Answer, Problem } from '../../core/problem.ts';
import { EvomError } from '../../lib/errors.ts';
import { auditLabels, type LabelAudit } from '../../problems/sets/label-audit.ts';
import { auditReach, type KnownOutcome, type ReachAudit } from '../../problems/sets/reach-audit.ts';
import { judgeOutcome } from '../../reward/judge.ts';
import { questionHash } from '../../runs/outcome-file.ts';
import type { RunOptions } from '../run-options.ts';
import { createReporter, type Reporter } from '../view/terminal.ts';
import { textTable } from '../view/terminal-text.ts';
import { readOutcomes } from './run-judge.ts';

export interface RunDataAuditOptions extends RunOptions {
  readonly files: readonly string[];
  /** Differences shown for each pair. */
  readonly examples: number;
  /** Files of outcomes about the problems, e.g. of their reference programs. */
  readonly outcomes: readonly string[];
}

/** Records that cannot be read are warned of: an audit is where one wants to see them. */
export async function runDataAudit({ files, examples, outcomes, io, json, quiet }: RunDataAuditOptions): Promise<void> {
  const reporter = createReporter(io, { quiet });
  const versions = await namedSets(
    files.map((file) => resolve(io.cwd, file)),
    reporter,
  );
  if (Object.keys(versions).length === 0)
    throw new EvomError('E_DATA', `no problem in ${files.join(', ')}; evom data import --help lists the formats`);
  const audit = { ...auditLabels(versions), reach: auditReach(versions, await knownOutcomes(outcomes, versions, io.cwd)) };
  reporter.close();
  io.stdout(json ? `${JSON.stringify(audit)}\n` : `${auditText(audit, examples)}\n`);
}

/** Outcomes of the problems at hand, right or not within 5 %: a label that was rounded must not hide what its problem needs. */
async function knownOutcomes(
  files: readonly string[],
  versions: Readonly<Record<string, readonly Problem[]>>,
  cwd: string,
): Promise<KnownOutcome[]> {
  const all = Object.values(versions).flat();
  const byId = new Map(all.map((problem) => [problem.id, problem]));
  const byHash = new Map(all.map((problem) => [questionHash(problem.question), problem]));
  const known: KnownOutcome[] = [];
  for (const file of files) {
    const stored = await readOutcomes(resolve(cwd, file), file);
    const found = stored.flatMap(({ id, questionHash: hash, outcome }): KnownOutcome[] => {
      const problem = byId.get(id) ?? byHash.get(hash ?? '');
      if (problem === undefined) return [];
      return [{ id: problem.id, outcome, isRight: judgeOutcome(outcome, problem, 'evom').correct === true }];
    });
    if (found.length === 0)
      throw new EvomError(
        'E_DATA',
        `${file}: none of its ${stored.length} outcomes has the id of a problem, such as ${JSON.stringify(all[0]?.id ?? '')}; give ids as evom data import writes them`,
      );
    for (const outcome of found) known.push(outcome);
  }
  return known;
}

/** The problems of each file by the name of its label version; two files of one name are told apart by their paths. */
export async function namedSets(paths: readonly string[], reporter: Reporter): Promise<Record<string, Problem[]>> {
  const sets = new Map<string, Problem[]>();
  for (const input of (await findInputs(paths)).inputs) {
    const problems: Problem[] = [];
    let report: ImportReport | null = null;
    for await (const item of importInput(input, {}, new ProblemIds())) {
      if (item.type === 'problem') problems.push(item.problem);
      else if (item.type === 'fault') reporter.warn(`left out ${importFaultText(item.fault)}`);
      else if (item.type === 'report') report = item.report;
    }
    if (problems.length === 0 && report?.format === null) continue;
    const name = report?.name ?? input.path;
    sets.set(sets.has(name) ? input.path : name, problems);
  }
  return Object.fromEntries(sets);
}

const answerText = (answer: Answer): string => (answer === null ? 'none' : String(answer));

function auditText({ versions, pairs, reach }: LabelAudit & { readonly reach: readonly ReachAudit[] }, examples: number): string {
  const single = textTable([
    [
      'labels',
      'problems',
      'zero',
      'negative',
      'no solution',
      'none',
      '-9999',
      'not whole',
      '<= 2 decimals',
      'beyond 1e-6',
      'beyond 1e-4',
      'texts twice',
      'contradict',
      'doubts',
    ],
    ...versions.map((v) => [
      v.name,
      ...[
        v.problems,
        v.zeros,
        v.negative,
        v.noSolution,
        v.none,
        v.sentinels,
        v.nonInteger,
        v.twoDecimals,
        v.beyond1e6,
        v.beyond1e4,
        v.repeatedTexts,
        v.contradictions.length,
        v.doubts,
      ].map(String),
    ]),
  ]);
  const reachable = [
    '',
    ...textTable([
      ['models', 'problems', 'linear', 'quadratic', 'nonlinear', 'out of reach', 'kind unsaid'],
      ...reach.map((r) => [r.name, ...[r.problems, r.linear, r.quadratic, r.nonlinear, r.outOfReach, r.unsaid].map(String)]),
    ]),
    'nonlinear: in reach of an answer reward where a program can write it with products of two variables',
    "out of reach: right programs rest on their library's word; --outcomes tells what is known of programs",
  ];
  const notes = [
    'zero: never right under the published rewards of SIRL and OptMATH, which take 0 for nothing',
    'beyond 1e-6 (1e-4): if the label was rounded to its last digit, an exact program may fail that tolerance',
  ];
  if (pairs.length === 0) return [...single, ...notes, ...reachable].join('\n');
  const side = textTable([
    ['pair', 'common texts', 'differ > 1e-6', 'differ > 5 %'],
    ...pairs.map((p) => [`${p.a} / ${p.b}`, `${p.common}`, `${p.differ1e6}`, `${p.differ5Percent}`]),
  ]);
  const shown = pairs.flatMap((pair) => {
    const worst = pair.differences.toSorted((x, y) => (y.relative ?? Infinity) - (x.relative ?? Infinity)).slice(0, examples);
    if (worst.length === 0) return [];
    const rows = worst.map(({ a, b }) => `  ${a.id}  ${answerText(a.answer)}   ${b.id}  ${answerText(b.answer)}`);
    return [
      '',
      `${pair.a} / ${pair.b}`,
      ...rows,
      ...(pair.differences.length > worst.length ? [`  and ${pair.differences.length - worst.length} more`] : []),
    ];
  });
  return [...single, ...notes, ...reachable, '', ...side, ...shown].join('\n');
}
