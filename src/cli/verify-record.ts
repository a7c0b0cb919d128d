/** The verdict on one program, as a record for files and as text for people. */
import { createHash } from 'node:crypto';
import type { Outcome } from '../core/outcome.ts';
import { type OutcomeJson, outcomeToJson } from '../core/outcome-json.ts';
import type { Answer, Problem } from '../core/problem.ts';
import type { Program } from '../core/program.ts';
import type { Reward } from '../core/rollout.ts';
import { judgeOutcome } from '../reward/judge.ts';
import type { JudgeRuleName } from '../reward/judge-rules.ts';

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
  readonly answer: Answer;
  /** Of what was run: 16 hexadecimal digits of SHA-256 over dialect and code. */
  readonly program: string;
} & Omit<OutcomeJson, 'status' | 'objective' | 'reported'>;

/** A program, where it came from and the problem it answers. */
export interface VerifyItem {
  readonly id: string | number;
  /** null: the completion holds no program. */
  readonly program: Program | null;
  readonly dialect: string;
  readonly completion: string;
  readonly problem: Problem;
}

export const programDigest = ({ program, dialect }: Pick<VerifyItem, 'program' | 'dialect'>): string =>
  createHash('sha256')
    .update(program === null ? `${dialect}\u0000` : `${dialect}\n${program.code}`)
    .digest('hex')
    .slice(0, 16);

/** @param rules at least one; the first is the one that the reward was scored by. */
export function verdictRecord(item: VerifyItem, outcome: Outcome, reward: Reward, rules: readonly JudgeRuleName[]): VerdictRecord {
  const { problem } = item;
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
    answer: problem.answer,
    program: programDigest(item),
    ...rest,
  };
}

/** A verdict in a few lines. */
export function verdictText(record: VerdictRecord): string {
  const { solves, error, options } = record;
  const last = solves.at(-1);
  const lines: (readonly [string, string])[] = [];
  if (record.objective !== null) lines.push(['objective', String(record.objective)]);
  if (record.reported !== null) lines.push(['reported', String(record.reported)]);
  if (last !== undefined) {
    const integers = last.numIntegers > 0 ? ` (${last.numIntegers} integer)` : '';
    const more = solves.length > 1 ? `, the last of ${solves.length} solves` : '';
    lines.push(['model', `${last.numVariables} variables${integers}, ${last.numConstraints} constraints${more}`]);
  }
  if (error !== null) lines.push(['error', `${error.type}: ${error.message}${error.line === null ? '' : ` (line ${error.line})`}`]);
  if (record.answer !== null) {
    const by = (wanted: boolean | null): string =>
      Object.entries(record.verdicts)
        .filter(([, verdict]) => verdict === wanted)
        .map(([rule]) => rule)
        .join(', ');
    const verdicts = [by(true) && `right by ${by(true)}`, by(false) && `wrong by ${by(false)}`, by(null) && `no verdict by ${by(null)}`];
    lines.push(['answer', `${record.answer}: ${verdicts.filter((text) => text !== '').join('; ')}`]);
    const parts = Object.entries(record.reward_parts).map(([name, value]) => `${name} ${value}`);
    lines.push(['reward', record.reward === null ? 'none: nothing can be said' : `${record.reward} (${parts.join(', ')})`]);
  }
  if (record.flags.length > 0) lines.push(['flags', record.flags.join(', ')]);
  if (record.identical !== null) lines.push(['identical', record.identical ? 'the model equals the reference' : 'no, the models differ']);
  if (Object.keys(options).length > 0) lines.push(['options', JSON.stringify(options)]);
  if (record.wallLimited) lines.push(['clock', 'a clock decided: the verdict may not replay']);
  const head = `${record.id}  ${record.dialect} on ${record.backend} ${record.solverVersion}  ${record.status}`;
  return [head.replace(/ {2,}/g, '  '), ...lines.map(([name, text]) => `  ${name.padEnd(9)}  ${text}`)].join('\n');
}
