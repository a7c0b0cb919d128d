/** A problem in words with the answer that a solver should reach. */
import { createHash } from 'node:crypto';
import type { LinearModel } from './linear-model.ts';

/** The optimum, or how there is none; `null` when no answer is known. */
export type Answer = number | 'infeasible' | 'unbounded' | null;
export type Split = 'train' | 'validation' | 'test';
export type ProblemKind = 'lp' | 'ilp' | 'milp' | 'qp' | 'nlp';

export interface Problem {
  /** Stable and unique within its dataset. */
  readonly id: string;
  readonly question: string;
  readonly answer: Answer;
  /** Other optima that count as right, where a label allows several. */
  readonly accepted?: readonly number[];
  /** Where it comes from, with the label version. */
  readonly source: string;
  readonly split?: Split;
  readonly kind?: ProblemKind;
  /** The model that the text describes. */
  readonly model?: LinearModel;
  /** Reference programs by dialect, where there are any. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Instance parameters. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Facts about its making: family, wordings, difficulty. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A hash of question and answer: equal for the same task in two files, whatever its id. */
export function taskKey(problem: Pick<Problem, 'question' | 'answer'>): string {
  return createHash('sha256')
    .update(JSON.stringify({ answer: problem.answer, question: problem.question }))
    .digest('hex');
}
