/** Whether a completion has the form that was asked for. */
import type { Outcome } from '../core/outcome.ts';

/**
 * `whole`: 1 for a program that parses, in the elements asked for; else 0.
 * `per_tag`: EVOM's format reward; half of it is shared by the tags that appear exactly once, half is for the whole form. Whether the
 * program parses is not asked.
 */
export type FormatRule = 'whole' | 'per_tag';

const unparsed: ReadonlySet<string> = new Set(['no_program', 'syntax_error']);

/**
 * The format term before its weight, from 0 to 1.
 *
 * Under `whole` there is no part credit: in SIRL's released reward the empty completion earns a third of the format's points, and tags in
 * reverse order two thirds. `per_tag` gives it as EVOM does (arXiv:2604.00442): with `<think>` and `<code>` 0.125 for each of the four
 * tags, and 0.5 for the form.
 *
 * @param tags elements in their order, as `isInForm` takes them.
 */
export function formatScore(
  about: { readonly outcome: Outcome; readonly completionText: string },
  tags: readonly string[],
  rule: FormatRule = 'whole',
): number {
  const { outcome, completionText: text } = about;
  switch (rule) {
    case 'whole':
      return !unparsed.has(outcome.status) && isInForm(text, tags) ? 1 : 0;
    case 'per_tag': {
      const marks = marksOf(tags);
      return (0.5 * marks.filter((mark) => isOnce(text, mark)).length) / Math.max(1, marks.length) + (isInForm(text, tags) ? 0.5 : 0);
    }
    default:
      return rule satisfies never;
  }
}

/**
 * Whether a completion consists of some elements: each tag exactly once, each element closed before the next opens, and only blanks
 * between and around them. Without elements every completion does.
 *
 * @param tags names of the elements in their order, e.g. `think`, `code`.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { isInForm } from 'evom/reward';
 * assert.equal(isInForm('<think>so</think>\n<code>x</code>\n', ['think', 'code']), true);
 * assert.equal(isInForm('<code>x</code><think>so</think>', ['think', 'code']), false);
 * ```
 */
export function isInForm(text: string, tags: readonly string[]): boolean {
  if (!marksOf(tags).every((mark) => isOnce(text, mark))) return false;
  let rest = text.trim();
  for (const tag of tags) {
    const close = `</${tag}>`;
    const end = rest.indexOf(close);
    if (!rest.startsWith(`<${tag}>`) || end < 0) return false;
    rest = rest.slice(end + close.length).trimStart();
  }
  return tags.length === 0 || rest === '';
}

const marksOf = (tags: readonly string[]): string[] => tags.flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
const isOnce = (text: string, mark: string): boolean => text.split(mark).length === 2;
