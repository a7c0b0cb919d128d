/** The outcome of a completion: that of its program, or why it holds none. */
import { emptyOutcome, type Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { findProgram, type NoProgramReason } from '../dialects/extract.ts';
import { dialectByName } from '../dialects/registry.ts';

/** A program is there, and whoever read the completion did not take it, because it is not in the form that was asked for. */
type Unread = 'OffForm';

const messages: Readonly<Record<NoProgramReason | Unread, string>> = {
  Empty: 'the completion holds nothing to run',
  CutOff: 'the completion ends before its program begins',
  JsonAnswer: 'the completion is a JSON value and not a program',
  Refusal: 'the completion declines to answer',
  Prose: 'the completion is text without a program',
  OffForm: 'the completion is not in the form that was asked for, and its program was not run',
};

interface Asked {
  /** The dialect that was asked for, and the backend that runs or would have run it. */
  readonly dialect: string;
  readonly backend: string;
}

/**
 * The outcome of a completion of which no program was taken; `error.type` is a `NoProgramReason`, or `OffForm` where it holds one.
 *
 * @param about `completion`: its text, default empty. `isTruncated`: it was stopped at its limit, so that a program may have been to come.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { noProgramOutcome } from 'evom/verify';
 * const { status, error } = noProgramOutcome({ dialect: 'gurobipy', backend: 'highs', completion: '{"profit": 260}' });
 * assert.deepEqual([status, error?.type], ['no_program', 'JsonAnswer']);
 * ```
 */
export function noProgramOutcome(about: Asked & { readonly completion?: string; readonly isTruncated?: boolean }): Outcome {
  const found = findProgram(about.completion ?? '', dialectByName(about.dialect).language);
  const seen = found.code === null ? found.reason : 'OffForm';
  const type = about.isTruncated === true && seen !== 'JsonAnswer' ? 'CutOff' : seen;
  const { dialect, backend } = about;
  return emptyOutcome('no_program', { dialect, backend, error: { type, message: messages[type], line: null } });
}

/**
 * Runs a completion's program. One that does not parse and was not written to its end, because its block was never closed or the
 * completion was stopped at its limit, keeps the status `syntax_error` with the error type `CutOff`.
 *
 * @param completion `program` is what its dialect found in `text`; `isTruncated` tells that it was stopped at its limit.
 */
export async function completionOutcome(
  completion: { readonly text: string; readonly program: Program | null; readonly isTruncated: boolean },
  about: Asked,
  verify: (program: Program) => Promise<Outcome>,
): Promise<Outcome> {
  const { text, program, isTruncated } = completion;
  const { dialect, backend } = about;
  if (program === null) return noProgramOutcome({ dialect, backend, completion: text, isTruncated });
  const outcome = await verify(program);
  if (outcome.status !== 'syntax_error' || !(isTruncated || isLeftOpen(text, program))) return outcome;
  const { message, line } = outcome.error ?? { message: '', line: null };
  return { ...outcome, error: { type: 'CutOff', message: `the completion ends inside its program: ${message}`, line } };
}

function isLeftOpen(text: string, { code, dialect }: Program): boolean {
  const found = findProgram(text, dialectByName(dialect).language);
  return found.code === code && found.isOpen;
}
