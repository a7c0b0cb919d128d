/** Whether a completion has the form that was asked for. */
import type { Outcome } from '../core/outcome.ts';

const unparsed: ReadonlySet<string> = new Set(['no_program', 'syntax_error']);

/**
 * 1 for a completion that holds a program which parses, inside the elements asked for; else 0. There is no part credit: in SIRL's
 * released reward the empty completion earns a third of the format's points, and tags in reverse order two thirds.
 *
 * @param tags elements in their order, each once, closed before the next opens; only blanks may stand between and around them.
 */
export function formatScore(about: { readonly outcome: Outcome; readonly completionText: string }, tags: readonly string[]): 0 | 1 {
  if (unparsed.has(about.outcome.status)) return 0;
  if (tags.length === 0) return 1;
  let rest = about.completionText.trim();
  for (const tag of tags) {
    const [open, close] = [`<${tag}>`, `</${tag}>`];
    const end = rest.indexOf(close);
    if (!rest.startsWith(open) || end < 0 || rest.indexOf(open, open.length) >= 0) return 0;
    rest = rest.slice(end + close.length).trimStart();
  }
  return rest === '' ? 1 : 0;
}
