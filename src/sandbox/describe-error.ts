/** What went wrong inside the sandbox, read from a value that the program made and may have booby-trapped. */
import type { Outcome } from '../core/outcome.ts';
import { PROGRAM_FILE } from './program-source.ts';
import type { QuickJSContext, QuickJSHandle } from './quickjs.ts';

export type ProgramError = NonNullable<Outcome['error']>;

const MAX_MESSAGE = 500;
const MAX_TYPE = 60;
const MAX_STACK = 8_000;

/**
 * Type, message and line of a thrown value.
 *
 * Reads three properties at most, each only if it is a short enough string. Getters run under the interrupt handler, so the
 * program's budget also covers them.
 *
 * @param numLines lines of the program: a missing bracket is reported on the line after the last.
 */
export function describeError(context: QuickJSContext, thrown: QuickJSHandle, numLines: number): ProgramError {
  const kind = context.typeof(thrown);
  if (kind !== 'object' && kind !== 'function') return { type: kind, message: primitiveText(context, thrown, kind), line: null };
  const type = boundedText(context, thrown, 'name', MAX_TYPE) ?? 'Error';
  const message = boundedText(context, thrown, 'message', MAX_MESSAGE) ?? '';
  const stack = boundedText(context, thrown, 'stack', MAX_STACK) ?? '';
  const line = new RegExp(`\\b${PROGRAM_FILE.replace('.', '\\.')}:(\\d+)`).exec(stack)?.[1];
  return { type, message, line: line === undefined ? null : Math.min(Math.max(1, Number(line)), numLines) };
}

function primitiveText(context: QuickJSContext, value: QuickJSHandle, kind: string): string {
  switch (kind) {
    case 'string':
      return context.getString(value).slice(0, MAX_MESSAGE);
    case 'number':
      return String(context.getNumber(value));
    case 'undefined':
      return 'undefined';
    default:
      return `a thrown ${kind}`;
  }
}

function boundedText(context: QuickJSContext, object: QuickJSHandle, key: string, max: number): string | null {
  try {
    return context.getProp(object, key).consume((value) => {
      if (context.typeof(value) !== 'string') return null;
      const length = context.getProp(value, 'length').consume((n) => context.getNumber(n));
      if (length > 200_000) return `a text of ${length} characters`;
      return context.getString(value).slice(0, max);
    });
  } catch {
    return null; // a getter threw
  }
}
