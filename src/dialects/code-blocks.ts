/**
 * Code blocks of Markdown, as CommonMark has them and as models write them.
 *
 * A scanner of our own: a kept parser costs more for one completion than its program costs to verify, and gives up a block at the
 * slips that are listed at `readFence`. The tests hold it to the reference parser of CommonMark.
 */
import { readDelimited } from './delimited-blocks.ts';
import { bareCode, isProse, type Language } from './language.ts';

/** One block, fenced or in an element. */
export interface CodeBlock {
  /** First word behind the fence in small letters, or the element's name; empty where there is none. */
  readonly name: string;
  readonly code: string;
  /** `fence` also between marks of other formats. Between tags: `element` with no other text on their lines, `line` the same on one line, `inline` with text beside them. */
  readonly kind: 'fence' | 'element' | 'line' | 'inline';
  /** The text ended before the block did. */
  readonly isOpen: boolean;
}

/** What stands before a line's own text: quote marks, and columns of blanks and list markers behind the last of them. */
interface Prefix {
  readonly quotes: number;
  readonly columns: number;
  /** Whether a blank follows the last quote mark. */
  readonly isSpaced: boolean;
  /** Where the line's own text begins. */
  readonly at: number;
}

const tabStop = 4;
const columnBehind = (char: string | undefined, column: number): number =>
  char === '\t' ? column + tabStop - (column % tabStop) : column + 1;

/** Skips blanks; columns are counted from the start of the line, as tabs are. */
function skipBlanks(line: string, from: number, column: number): { readonly at: number; readonly column: number } {
  let [at, end] = [from, column];
  while (line[at] === ' ' || line[at] === '\t') end = columnBehind(line[at++], end);
  return { at, column: end };
}

/** The prefix of a line on which a block may open. */
function prefixOf(line: string): Prefix {
  let { at, column } = skipBlanks(line, 0, 0);
  let [quotes, base, isSpaced] = [0, 0, false];
  for (;;) {
    const marker = /^(?:[-+*]|\d{1,9}[.)])(?=[ \t])/.exec(line.slice(at, at + 11))?.[0].length ?? 0;
    if (line[at] === '>') {
      quotes += 1;
      at += 1;
      column += 1;
      isSpaced = line[at] === ' ' || line[at] === '\t';
      base = column + (isSpaced ? 1 : 0);
    } else if (marker > 0) {
      at += marker;
      column += marker;
    } else return { quotes, columns: Math.max(0, column - base), isSpaced, at };
    ({ at, column } = skipBlanks(line, at, column));
  }
}

/** A line of a block without the quote marks before it: its text, and the column at which that begins. */
interface Inner {
  readonly text: string;
  readonly column: number;
}

/**
 * null: the line stands outside the quote. A blank line without marks is inside, as people leave them out there.
 *
 * @param isSpaced whether the blank behind the last mark belongs to the mark.
 */
function insideQuotes(line: string, quotes: number, isSpaced: boolean): Inner | null {
  let [at, column] = [0, 0];
  let rest = ''; // of a tab, whose first column the mark takes
  for (let left = quotes; left > 0; left--) {
    ({ at, column } = skipBlanks(line, at, column));
    if (line[at] !== '>') return line.trim() === '' ? { text: '', column: 0 } : null;
    at += 1;
    column += 1;
    if (left === 1 && isSpaced && (line[at] === ' ' || line[at] === '\t')) {
      rest = ' '.repeat(columnBehind(line[at], column) - column - 1);
      at += 1;
      column += 1;
    }
  }
  return { text: rest + line.slice(at), column };
}

/** Takes up to so many columns of blanks off a line's start; what is left of a tab stays as blanks. */
function withoutColumns({ text, column: start }: Inner, columns: number): string {
  let [at, column] = [0, start];
  while (column < start + columns && (text[at] === ' ' || text[at] === '\t')) column = columnBehind(text[at++], column);
  return ' '.repeat(Math.max(0, column - start - columns)) + text.slice(at);
}

/**
 * The lines of a block without the indentation of its opening line, or that of its first line where this is less: a block
 * whose program begins further left than its fence keeps its own indentation.
 */
function dedented(lines: readonly Inner[], columns: number): string {
  const first = lines.find(({ text }) => text.trim() !== '');
  const own = first === undefined ? 0 : skipBlanks(first.text, 0, first.column).column - first.column;
  const base = Math.min(columns, own);
  return lines.map((line) => (base === 0 ? line.text : withoutColumns(line, base))).join('\n');
}

interface Opening {
  readonly mark: '`' | '~';
  readonly length: number;
  readonly name: string;
  /** Code behind the fence on its own line. */
  readonly behind: string;
  readonly prefix: Prefix;
}

/** A first statement that stands behind a fence, with or without the language's name before it. */
const statement = /^import\s+[\w.]+.*$|^from\s+[\w.]+\s+import\b.*$|^(?:const|let|var)\s+[\w{[].*=.*$/;

/** First word of an info string: `python`, `{.python .numberLines}`, `python:main.py`, `Python title="a"`. */
const nameIn = (info: string): string => (/^[{.\s]*([^\s{}:;,=]*)/.exec(info)?.[1] ?? '').toLowerCase();

/** A fence between the marks of bold or slanted text, without them: ``**```python**``. */
const withoutEmphasis = (text: string): string => text.replace(/^([*_]{1,3})(?=`{3}|~{3})(.*?)\1?\s*$/, '$2');

/** The fence that opens on a line, at its start or behind text. */
function openingOf(line: string, isName: (name: string) => boolean): Opening | null {
  if (!line.includes('```') && !line.includes('~~~')) return null;
  const prefix = prefixOf(line);
  const text = withoutEmphasis(line.slice(prefix.at));
  const own = /^(`{3,})([^`]*)$|^(~{3,})(.*)$/.exec(text);
  if (own !== null) {
    const [run = '', info = ''] = own[1] === undefined ? [own[3], own[4]] : [own[1], own[2]];
    const rest = info.trim();
    const behind = [rest, rest.slice(rest.split(/\s/, 1)[0]?.length ?? 0).trim()].find((code) => statement.test(code)) ?? '';
    const name = behind === rest ? '' : nameIn(rest);
    return { mark: run.startsWith('`') ? '`' : '~', length: run.length, name, behind, prefix };
  }
  // Behind text: named after a language, or behind a blank or colon, so that code glued to a close opens nothing.
  const late = /(`{3,})[ \t]*([^\s`]*)[ \t]*$/.exec(text);
  const [, run = '', info = ''] = late ?? [];
  const before = text.slice(0, late?.index ?? 0);
  if (late === null || before.includes('```') || !(info === '' ? /[\s:]$/.test(before) : isName(nameIn(info)))) return null;
  return { mark: '`', length: run.length, name: nameIn(info), behind: '', prefix };
}

/** How a line may end an open fence. */
interface Close {
  /** `info`: something stands behind the fence; `glued`: code before it. */
  readonly kind: 'bare' | 'info' | 'glued';
  readonly info: string;
  /** Code before a glued close. */
  readonly before: string;
}

function closeOf(text: string, { mark, length }: Pick<Opening, 'mark' | 'length'>): Close | null {
  const run = mark.repeat(length);
  if (!text.includes(run)) return null;
  const line = withoutEmphasis(text.trim());
  if (line.startsWith(run)) {
    const info = line.replace(mark === '`' ? /^`+/ : /^~+/, '').trim();
    if (info.includes(mark)) return null;
    return { kind: info === '' ? 'bare' : 'info', info, before: '' };
  }
  if (mark === '~' || !line.endsWith(run)) return null;
  const before = text.trimEnd().slice(0, -length);
  return before.includes(run) ? null : { kind: 'glued', info: '', before };
}

/** The lines up to the next with a fence at its start, and what stands behind that; null where none comes. */
function upToFence(lines: readonly string[], from: number): { readonly between: string; readonly info: string | null } {
  for (let i = from; i < lines.length; i++) {
    const info = /^[\s>]*(?:`{3,}|~{3,})(.*)$/.exec(lines[i] ?? '')?.[1];
    if (info !== undefined) return { between: lines.slice(from, i).join('\n'), info: info.trim() };
  }
  return { between: lines.slice(from).join('\n'), info: null };
}

/** Whether a named fence inside a block opens the next one: code follows it. Else it was written for the closing one. */
function reopens({ kind, info }: Close, lines: readonly string[], from: number, { language, isName }: Scan): boolean {
  if (kind !== 'info' || !isName(nameIn(info))) return false;
  const { between } = upToFence(lines, from);
  return between.trim() !== '' && !isProse(between, language);
}

/** Marks inside strings after which a block is no more looked through: each look reads it from its start. */
const mostLooks = 64;

/**
 * The block of a fence.
 *
 * Beyond CommonMark, for what models write: a fence inside a triple-quoted string or block comment does not end the block, unless no
 * later one does; code glued to the closing fence belongs to it; a fence with a name or text behind it ends the block too, and opens the
 * next one where it names the language and code follows; a line that is indented less than its list does not end it.
 *
 * @returns the block, and the line where the rest begins, which is the closing one where that opens the next block.
 */
function readFence(lines: readonly string[], at: number, opening: Opening, by: Scan): { readonly block: CodeBlock; readonly next: number } {
  const { columns } = opening.prefix;
  // A quote that the next line is not in holds no block: its mark was written for the fence alone.
  const quotes = insideQuotes(lines[at + 1] ?? '', opening.prefix.quotes, false) === null ? 0 : opening.prefix.quotes;
  const inner: Inner[] = opening.behind === '' ? [] : [{ text: opening.behind, column: 0 }];
  const block = (content: readonly Inner[], isOpen: boolean): CodeBlock => {
    const { name, lines: program } = named(opening.name, content, by);
    return { name, code: dedented(program, columns), kind: 'fence', isOpen };
  };
  let first: { readonly block: CodeBlock; readonly next: number } | null = null;
  let numLooks = 0;
  // `>code` under `>` and a fence: CommonMark would take a blank of the program's own indentation for the mark's.
  const isSpaced = opening.prefix.isSpaced || (insideQuotes(lines[at + 1] ?? '', quotes, false)?.text.startsWith(' ') ?? false);
  for (let i = at + 1; i < lines.length; i++) {
    const line = insideQuotes(lines[i] ?? '', quotes, isSpaced);
    if (line === null) return first ?? { block: block(inner, false), next: i };
    const close = closeOf(line.text, opening);
    if (close !== null) {
      const content = close.kind === 'glued' ? [...inner, { ...line, text: close.before }] : inner;
      const end = { block: block(content, false), next: reopens(close, lines, i + 1, by) ? i : i + 1 };
      const isText =
        close.kind === 'glued'
          ? isInsideText(content, by.language) && upToFence(lines, i + 1).info === ''
          : isInsideString(inner, by.language);
      // Of the marks inside a string the first counts, if nothing ends the block later.
      if (close.kind !== 'glued') first ??= end;
      if (!isText) return end;
      if (++numLooks >= mostLooks) return first ?? end;
    }
    inner.push(line);
  }
  const isOpenString = first !== null && isInsideString(inner, by.language);
  return first !== null && isOpenString ? first : { block: block(inner, true), next: lines.length };
}

/** A name alone on the first line of a block without one is its name. */
function named(name: string, lines: readonly Inner[], { isName }: Scan): { readonly name: string; readonly lines: readonly Inner[] } {
  const first = name === '' ? lines.findIndex(({ text }) => text.trim() !== '') : -1;
  const word = (lines[first]?.text ?? '').trim().toLowerCase();
  return isName(word) ? { name: word, lines: lines.slice(first + 1) } : { name, lines };
}

const textOf = (lines: readonly Inner[]): string => lines.map(({ text }) => text).join('\n');

function isInsideString(lines: readonly Inner[], language: Language): boolean {
  const code = textOf(lines);
  const canBe = language === 'python' ? code.includes('"""') || code.includes("'''") : code.includes('/*');
  return canBe && bareCode(code, language).isOpen;
}

/** Whether the last line ends inside a string or comment. */
function isInsideText(lines: readonly Inner[], language: Language): boolean {
  // A sign that is code and can be told again: outside strings and comments it is still there.
  return !bareCode(`${textOf(lines)}\u0001`, language).code.endsWith('\u0001');
}

/** Names of elements that hold programs. */
export const elementNames =
  'code python javascript answer program solution pre script execute execute_python execute_ipython execute_code code_interpreter interpreter tool_call tool_code parameter'.split(
    ' ',
  );
const tag = new RegExp(`(?<![\`\\w])<(${elementNames.join('|')})(?:[\\s=][^<>]*)?>`, 'gi');

interface Scan {
  readonly language: Language;
  /** Whether a word names a language or library after a fence. */
  readonly isName: (name: string) => boolean;
}

/** What an element holds, and the line and place behind it; null where its tag opens nothing. */
function readElement(
  lines: readonly string[],
  at: number,
  from: number,
): { readonly block: CodeBlock; readonly next: number; readonly rest: number } | null {
  const line = lines[at] ?? '';
  tag.lastIndex = from;
  let found = tag.exec(line);
  if (found === null) return null;
  const prefix = prefixOf(line);
  const isFirst = found.index === prefix.at;
  // Of tags side by side, as `<pre><code>`, the last opens the element.
  for (let next = tag.exec(line); next !== null && next.index === found.index + found[0].length; next = tag.exec(line)) found = next;
  const name = (found[1] ?? '').toLowerCase();
  const close = new RegExp(`</${name}>`, 'i');
  const start = found.index + found[0].length;
  const content: Inner[] = [];
  for (let i = at; i < lines.length; i++) {
    const inner =
      i === at
        ? { text: line.slice(start), column: 0 }
        : (insideQuotes(lines[i] ?? '', prefix.quotes, true) ?? { text: lines[i] ?? '', column: 0 });
    const end = close.exec(inner.text);
    if (end === null) {
      tag.lastIndex = 0;
      // A tag that is only spoken of, before the one that opens the element.
      if (i > at && tag.test(inner.text)) return null;
      content.push(inner);
      continue;
    }
    content.push({ ...inner, text: inner.text.slice(0, end.index) });
    const whole = lines[i] ?? '';
    const rest = (i === at ? start : whole.length - inner.text.length) + end.index + end[0].length;
    const isAlone = isFirst && whole.slice(rest).trim() === '';
    const [head, ...tail] = content;
    const body = head?.text.trim() === '' ? tail : content;
    const kind = !isAlone ? 'inline' : i > at ? 'element' : 'line';
    return { block: { name, code: dedented(body, prefix.columns), kind, isOpen: false }, next: i, rest };
  }
  if (!isFirst) return null;
  const body = content[0]?.text.trim() === '' ? content.slice(1) : content;
  const kind = at + 1 < lines.length ? 'element' : 'line';
  return { block: { name, code: dedented(body, prefix.columns), kind, isOpen: true }, next: lines.length, rest: 0 };
}

/**
 * All code blocks of a text, in order.
 *
 * @param text with newlines as line ends.
 * @param isName whether a word behind a fence names a language or library.
 */
export function codeBlocks(text: string, language: Language, isName: (name: string) => boolean): CodeBlock[] {
  const lines = text.split('\n');
  const blocks: CodeBlock[] = [];
  const by = { language, isName };
  const unclosed = new Set<string>();
  for (let i = 0, from = 0; i < lines.length; ) {
    const line = lines[i] ?? '';
    const element = line.includes('<', from) ? readElement(lines, i, from) : null;
    const opening = from === 0 ? openingOf(line, isName) : null;
    if (opening !== null) {
      const { block, next } = readFence(lines, i, opening, by);
      blocks.push(block);
      i = next;
      continue;
    }
    if (element !== null) {
      blocks.push(element.block);
      [i, from] = [element.next, element.rest];
      continue;
    }
    const delimited = from === 0 ? readDelimited(lines, i, unclosed) : null;
    if (delimited !== null) {
      const inner = delimited.lines.map((text) => ({ text, column: 0 }));
      const code = dedented(inner[0]?.text.trim() === '' ? inner.slice(1) : inner, Infinity);
      blocks.push({ name: delimited.name, code, kind: 'fence', isOpen: delimited.isOpen });
    }
    [i, from] = [delimited?.next ?? i + 1, 0];
  }
  return blocks;
}
