/** Configuration errors as people read them: file:line:column, key, message, and the line with a caret. */
import { EvomError } from '../../lib/errors.ts';
import type { KeyPath, Origin } from './tree.ts';

export interface ConfigIssue {
  readonly origin: Origin;
  readonly key: KeyPath;
  readonly message: string;
  /** Nothing is wrong with the value itself: what it names is not there. */
  readonly isMissingFile?: boolean;
}

/**
 * `E_USAGE` where all that is wrong are values of flags that a command offers, as for any flag; `E_CONFIG` where a file, `--set` or
 * something that is not there has a part in it.
 */
export function configFault(issues: readonly ConfigIssue[]): EvomError {
  const isUsage = issues.every(
    ({ origin, isMissingFile }) => origin.type === 'flag' && !origin.flag.startsWith('--set ') && !isMissingFile,
  );
  return new EvomError(isUsage ? 'E_USAGE' : 'E_CONFIG', formatIssues(issues));
}

/** `a.parts[0].b` for `['a', 'parts', 0, 'b']`. */
export const keyName = (path: KeyPath): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');

/** Line and column (both from 1) of an offset. */
export function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** One issue: a headline, and for a file the line with a caret under the place. */
export function formatIssue(issue: ConfigIssue): string {
  const headline = issue.key.length > 0 ? `${keyName(issue.key)}: ${issue.message}` : issue.message;
  const { origin } = issue;
  if (origin.type === 'flag') return `${origin.flag}: ${headline}`;
  const { line, column } = positionAt(origin.text, origin.start);
  return `${origin.file}:${line}:${column} ${headline}\n${codeFrame(origin.text, origin.start, origin.end)}`;
}

/** All issues, in the order of files and lines, each once. */
export function formatIssues(issues: readonly ConfigIssue[]): string {
  const rank = ({ origin }: ConfigIssue): number => (origin.type === 'file' ? origin.start : Infinity);
  const ordered = [...issues].sort((a, b) => rank(a) - rank(b));
  return [...new Set(ordered.map(formatIssue))].join('\n\n');
}

function codeFrame(text: string, start: number, end: number): string {
  const lines = text.split('\n');
  const { line, column } = positionAt(text, start);
  const width = String(line).length;
  const shown = lines
    .slice(Math.max(0, line - 2), line)
    .map((source, i, all) => `  ${String(line - all.length + 1 + i).padStart(width)} | ${source}`);
  const onLine = Math.max(1, Math.min(end - start, (lines[line - 1] ?? '').length - column + 1));
  // Tabs are kept so that the caret stands under its place in a terminal.
  const indent = (lines[line - 1] ?? '').slice(0, column - 1).replace(/[^\t]/g, ' ');
  return [...shown, `  ${' '.repeat(width)} | ${indent}${'^'.repeat(onLine)}`].join('\n');
}
