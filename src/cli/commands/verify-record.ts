/** The verdict on one program, as a record for files and as text for people. */

import { createHash } from 'node:crypto';
import type { VerifySettings } from '../../config/build/verify-settings.ts';
import { linearModelToJson } from '../../core/linear-model.ts';
import type { Outcome } from '../../core/outcome.ts';
import { type OutcomeJson, outcomeToJson } from '../../core/outcome-json.ts';
import type { Answer, Problem } from '../../core/problem.ts';
import type { Program } from '../../core/program.ts';
import type { Reward } from '../../core/rollout.ts';
import { counted } from '../../lib/counted.ts';
import { EvomError } from '../../lib/errors.ts';
import { type Difference, diagnoseModel } from '../../modeling/diagnose.ts';
import { judgeOutcome } from '../../reward/judge.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';

/** One line of `outcomes.jsonl`: the verdict, and the outcome whole, so that it can be judged again. */
export type VerdictRecord = {
  readonly id: string | number;
  readonly status: Outcome['status'];
  readonly objective: OutcomeJson['objective'];
  readonly reported: OutcomeJson['reported'];
  /** By the first rule; null without a label, or after a fault of ours. */
  readonly correct: boolean | null;
  readonly reward: number | null;
  readonly flags: readonly string[];
  readonly reward_parts: Readonly<Record<string, number>>;
  /** The rule that `correct` and `reward` are by. */
  readonly judge: JudgeRuleName;
  /** The verdict of each rule asked for. */
  readonly verdicts: Readonly<Partial<Record<JudgeRuleName, boolean | null>>>;
  /** Whether the model equals the reference model; null where there is none to compare. */
  readonly identical: boolean | null;
  /** How the model differs from the reference; null where the two are identical, or there is one model at most. */
  readonly diagnosis: readonly Difference[] | null;
  readonly answer: Answer;
  /** Further values that are right; absent where there are none. */
  readonly accepted?: readonly number[];
  /** What was run on what, as 16 hexadecimal digits: a run that goes on compares it with its input. */
  readonly key: string;
} & Omit<OutcomeJson, 'status' | 'objective' | 'reported'>;

/** A program, where it came from and the problem it answers. */
export interface VerifyItem {
  readonly id: string | number;
  /** Where it begins in its file, from 1. */
  readonly line: number;
  /** null: the completion holds no program. */
  readonly program: Program | null;
  readonly dialect: string;
  readonly completion: string;
  readonly problem: Problem;
}

/** How items are run and judged. */
export interface VerdictSettings {
  /** At least one; the first is the one that the reward was scored by. */
  readonly rules: readonly JudgeRuleName[];
  readonly settings: Pick<VerifySettings, 'backend' | 'sandbox' | 'audit'>;
}

/** SHA-256 over all that decides a line: program, problem, backend, limits, audit and judge rules; not how many workers or hosts share the work. */
export function itemKey({ program, dialect, completion, problem }: VerifyItem, { rules, settings }: VerdictSettings): string {
  const { question, answer, accepted, model } = problem;
  const asked = [dialect, program?.code ?? null, program?.files ?? null, completion, question, answer, accepted ?? null];
  const reference = model === undefined ? null : linearModelToJson(model);
  const { backend, sandbox, audit } = settings;
  return createHash('sha256')
    .update(JSON.stringify([...asked, reference, backend, sandbox.limits, audit, rules]))
    .digest('hex')
    .slice(0, 16);
}

export function verdictRecord(
  item: VerifyItem,
  { outcome, reward }: { readonly outcome: Outcome; readonly reward: Reward },
  by: VerdictSettings,
): VerdictRecord {
  const { problem } = item;
  const { rules } = by;
  const { status, objective, reported, ...rest } = outcomeToJson(outcome);
  return {
    id: item.id,
    status,
    objective,
    reported,
    correct: reward.correct,
    reward: reward.value,
    flags: reward.flags,
    reward_parts: reward.parts,
    judge: rules[0] ?? 'sirl',
    verdicts: Object.fromEntries(rules.map((rule) => [rule, judgeOutcome(outcome, problem, rule).correct])),
    identical: reward.identical,
    diagnosis: reward.identical === false && outcome.model && problem.model ? diagnoseModel(outcome.model, problem.model) : null,
    answer: problem.answer,
    ...(problem.accepted === undefined || problem.accepted.length === 0 ? {} : { accepted: problem.accepted }),
    key: itemKey(item, by),
    ...rest,
  };
}

const shownDifferences = 8;

/** Why an answer that looks right earned nothing; null where the other lines tell it, and where it did not look right. */
function whyUnpaid(record: VerdictRecord): string | null {
  const { correct, answer, status, reported, flags, identical, certificate, wallLimited } = record;
  if (correct === false && reported !== null && flags.includes('unsupported_claim')) {
    const advice = status === answer ? `; where the model is ${status}, report no number` : '';
    return `it reported ${reported}, which is the objective of none of its optimal solves${advice}`;
  }
  const isFlagged = flags.length > 0 && identical !== false && certificate !== 'none' && !wallLimited;
  return correct && record.reward_parts.answer === 0 && isFlagged ? 'the flags deny the reward for the answer' : null;
}

/** A verdict in a few lines. */
export function verdictText(record: VerdictRecord): string {
  const { solves, error, options } = record;
  const last = solves.at(-1);
  const lines: (readonly [string, string])[] = [];
  if (record.objective !== null) lines.push(['objective', String(record.objective)]);
  if (record.certificate !== 'none') lines.push(['known by', record.certificate]);
  if (record.reported !== null) lines.push(['reported', String(record.reported)]);
  if (last !== undefined) {
    const integers = last.numIntegers > 0 ? ` (${last.numIntegers} integer)` : '';
    const more = solves.length > 1 ? `, the last of ${solves.length} solves` : '';
    lines.push(['model', `${counted(last.numVariables, 'variable')}${integers}, ${counted(last.numConstraints, 'constraint')}${more}`]);
  }
  if (error !== null) lines.push(['error', `${error.type}: ${error.message}${error.line === null ? '' : ` (line ${error.line})`}`]);
  if (record.answer !== null) {
    const by = (wanted: boolean | null): string =>
      Object.entries(record.verdicts)
        .filter(([, verdict]) => verdict === wanted)
        .map(([rule]) => rule)
        .join(', ');
    const verdicts = [by(true) && `right by ${by(true)}`, by(false) && `wrong by ${by(false)}`, by(null) && `no verdict by ${by(null)}`];
    lines.push([
      'answer',
      `${[record.answer, ...(record.accepted ?? [])].join(' or ')}: ${verdicts.filter((text) => text !== '').join('; ')}`,
    ]);
    const why = whyUnpaid(record);
    if (why !== null) lines.push(['why', why]);
    const parts = Object.entries(record.reward_parts).map(([name, value]) => `${name} ${value}`);
    lines.push(['reward', record.reward === null ? 'none: nothing can be said' : `${record.reward} (${parts.join(', ')})`]);
  }
  if (record.flags.length > 0) lines.push(['flags', record.flags.join(', ')]);
  if (record.identical !== null) lines.push(['identical', record.identical ? 'the model equals the reference' : 'no, the models differ']);
  for (const { kind, where, expected } of (record.diagnosis ?? []).slice(0, shownDifferences))
    lines.push(['differs', `${kind}: ${where}${expected === null || expected === where ? '' : `, where the reference has ${expected}`}`]);
  if (Object.keys(options).length > 0) lines.push(['options', JSON.stringify(options)]);
  if (record.wallLimited) lines.push(['clock', 'a clock decided: the verdict may not replay']);
  const head = `${record.id}  ${record.dialect} on ${record.backend} ${record.solverVersion}  ${record.status}`;
  return [head.replace(/ {2,}/g, '  '), ...lines.map(([name, text]) => `  ${name.padEnd(9)}  ${text}`)].join('\n');
}

/** The fault of ours that kept a program from its verdict. */
export function faultOf(where: string, { error }: Pick<VerdictRecord, 'error'>): EvomError {
  const message = `${where}: ${error?.message ?? 'no outcome'}`;
  switch (error?.type) {
    case 'MissingCapability':
      return new EvomError('E_CONFIG', message);
    case 'PluginFault':
      return new EvomError('E_PLUGIN', message);
    default:
      return new EvomError('E_SANDBOX', `${message}; run it again`);
  }
}
