/** The work behind `evom judge`. */
import { createReadStream } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { readRollouts } from '../../batch/rollouts.ts';
import type { Outcome } from '../../core/outcome.ts';
import { outcomeFromJson } from '../../core/outcome-json.ts';
import type { Problem } from '../../core/problem.ts';
import { EvomError } from '../../lib/errors.ts';
import { faultList } from '../../lib/fault-list.ts';
import { readFault } from '../../lib/file-fault.ts';
import { fileSha256 } from '../../lib/file-sha256.ts';
import { jsonObjects } from '../../lib/json-stream.ts';
import { readProblems } from '../../problems/sets/jsonl.ts';
import { labelForms, readLabel, settledLabels, shownLabel } from '../../problems/sets/labels.ts';
import { isObject } from '../../problems/sets/record.ts';
import type { JudgeIdentity } from '../../reward/judge.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import { type RuleScore, type StoredVerdict, scoreByRules } from '../../reward/score-by-rules.ts';
import { type OutcomeLine, outcomeLineOf, questionHash } from '../../runs/outcome-file.ts';
import type { RunOptions } from '../run-options.ts';
import { percent, textTable } from '../view/terminal-text.ts';

export interface RunJudgeOptions extends RunOptions {
  readonly outcomes: string;
  readonly labels: readonly string[];
  readonly rules: readonly JudgeRuleName[];
  readonly match: 'id' | 'question';
  readonly denominator: JudgeIdentity['denominator'];
}

export interface StoredOutcome {
  readonly id: string;
  readonly question: string;
  /** In place of the text, where that is all that was stored. */
  readonly questionHash?: string;
  readonly outcome: Outcome;
  /** What the record itself gives as the answer; undefined where it gives none. */
  readonly answer: Problem['answer'] | undefined;
  readonly accepted: readonly number[];
}

/** @returns the exit code. */
export async function runJudge(options: RunJudgeOptions): Promise<number> {
  const { io, json, rules, denominator } = options;
  const stored = await readOutcomes(resolve(io.cwd, options.outcomes), options.outcomes);
  const columns: { readonly labels: string; readonly verdicts: StoredVerdict[] }[] = [];
  if (options.labels.length === 0) {
    const verdicts = stored.flatMap(({ outcome, answer, accepted }) =>
      answer === undefined ? [] : [{ outcome, problem: { answer, accepted } }],
    );
    if (verdicts.length === 0)
      throw new EvomError('E_DATA', `${options.outcomes}: no outcome has an "answer"; give the labels with --labels problems.jsonl`);
    columns.push({ labels: 'own', verdicts });
  }
  for (const file of options.labels) {
    const verdicts = await labelled(stored, file, options);
    // Files of one name hold rival labels: their bytes tell them apart.
    const version = (await fileSha256(resolve(io.cwd, file))).slice(0, 8);
    columns.push({ labels: `${basename(file)}@${version}`, verdicts });
  }
  const scores = columns.map(({ labels, verdicts }) => scoreByRules(verdicts, { labels, rules, denominator }));
  io.stdout(
    json ? `${JSON.stringify({ outcomes: stored.length, scores: scores.flat() })}\n` : `${scoreTable(scores, rules, denominator)}\n`,
  );
  return 0;
}

/** Outcomes of `evom verify`, `evaluate` or a run. @throws {EvomError} E_DATA naming file and line. */
export async function readOutcomes(path: string, shown: string): Promise<StoredOutcome[]> {
  if (extname(path) === '.arrow') return rolloutOutcomes(path);
  const stored: StoredOutcome[] = [];
  const evaluated: OutcomeLine[] = [];
  const faults: string[] = [];
  try {
    for await (const item of jsonObjects(createReadStream(path, 'utf8'))) {
      const where = `${shown}:${item.line}`;
      if (item.kind === 'fault' || !isObject(item.value)) {
        faults.push(`${where}: ${item.kind === 'fault' ? item.message : 'not a JSON object; write one outcome a line'}`);
        continue;
      }
      const line = outcomeLineOf(item.value);
      const read = line ?? storedOutcome(item.value);
      if (typeof read === 'string') faults.push(`${where}: ${read}`);
      else if ('cell' in read) evaluated.push(read);
      else stored.push(read);
    }
  } catch (cause) {
    if (cause instanceof EvomError) throw cause;
    throw readFault(shown, cause);
  }
  if (faults.length > 0) throw new EvomError('E_DATA', faultList(faults));
  for (const outcome of evaluatedOutcomes(evaluated, shown)) stored.push(outcome);
  if (stored.length === 0)
    throw new EvomError('E_DATA', `${shown} holds no outcomes; evom verify --output and evom evaluate --outcomes write them`);
  return stored;
}

/** Every sample of `evom evaluate --outcomes`; of several lines about one problem the last, as an evaluation reads them. */
function evaluatedOutcomes(lines: readonly OutcomeLine[], shown: string): StoredOutcome[] {
  const settings = new Set(lines.map(({ cell }) => cell));
  if (settings.size > 1)
    throw new EvomError(
      'E_DATA',
      `${shown} holds the outcomes of ${settings.size} evaluations; give each a file of its own, so that they are judged apart`,
    );
  const last = new Map(lines.map((line) => [JSON.stringify([line.set, line.id]), line]));
  return [...last.values()].flatMap(({ id, question, samples }) =>
    samples.map(({ outcome }) => ({
      id,
      question: '',
      questionHash: question,
      outcome: outcomeFromJson(outcome),
      answer: undefined,
      accepted: [],
    })),
  );
}

/** The rollouts of a training step, or of `evom rollout --out`. */
async function rolloutOutcomes(path: string): Promise<StoredOutcome[]> {
  const groups = await readRollouts(path);
  return groups.flatMap(({ problem: { id, question, answer, accepted }, rollouts }) =>
    rollouts.map(({ outcome }) => ({ id, question, outcome, answer, accepted: accepted ?? [] })),
  );
}

/** An outcome, or what is wrong with the record. */
function storedOutcome(record: Readonly<Record<string, unknown>>): StoredOutcome | string {
  const { answer: label, accepted } = record;
  const read = label === undefined ? undefined : readLabel(label, settledLabels);
  if (label !== undefined && read === undefined) return `"answer" is ${shownLabel(label)}; give ${labelForms}`;
  try {
    return {
      id: String(record.id ?? ''),
      question: typeof record.question === 'string' ? record.question : '',
      outcome: outcomeFromJson(record.outcome ?? record),
      answer: read?.answer,
      accepted: [...(read?.accepted ?? []), ...(Array.isArray(accepted) ? accepted.filter((value) => typeof value === 'number') : [])],
    };
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

const letters = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Outcomes whose problem a file labels. */
async function labelled(
  stored: readonly StoredOutcome[],
  file: string,
  { io, match }: Pick<RunJudgeOptions, 'io' | 'match'>,
): Promise<StoredVerdict[]> {
  const problems = await readProblems(resolve(io.cwd, file));
  const key = (one: { readonly id: string; readonly question: string }): string => (match === 'id' ? one.id : letters(one.question));
  const byKey = new Map(problems.map((problem) => [key(problem), problem]));
  const byHash = new Map(problems.map((problem) => [questionHash(problem.question), problem]));
  const verdicts = stored.flatMap((one) => {
    const isHashed = match === 'question' && one.questionHash !== undefined;
    const problem = isHashed ? byHash.get(one.questionHash) : key(one) === '' ? undefined : byKey.get(key(one));
    return problem === undefined ? [] : [{ outcome: one.outcome, problem }];
  });
  if (verdicts.length === 0)
    throw new EvomError(
      'E_DATA',
      `${file}: none of its ${problems.length} problems has the ${match} of an outcome; try --match ${match === 'id' ? 'question' : 'id'}`,
    );
  return verdicts;
}

/** Rules down, label versions across. */
function scoreTable(scores: readonly (readonly RuleScore[])[], rules: readonly JudgeRuleName[], denominator: string): string {
  const head = ['rule', ...scores.map((column) => `${column[0]?.judge.labels} (${column[0]?.of})`)];
  const rows = rules.map((rule, i) => [rule, ...scores.map((column) => percent(column[i]?.accuracy ?? null))]);
  return `${textTable([head, ...rows]).join('\n')}\nof all ${denominator === 'labelled' ? 'labelled ' : ''}problems, whose number stands in the heading`;
}
