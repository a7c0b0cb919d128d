/** Which part of a completion is the program, or why none is. */
import { type CodeBlock, codeBlocks } from './code-blocks.ts';
import { loadsLibrary } from './infer.ts';
import { bareCode, isProse, type Language } from './language.ts';

const names: Readonly<Record<Language, ReadonlySet<string>>> = {
  javascript: new Set(
    'javascript js mjs cjs jsx node nodejs es6 ecmascript typescript ts tsx highs highs-js highsjs glpk glpk-js glpk.js simulator-js'.split(
      ' ',
    ),
  ),
  python: new Set(
    'python py python2 python3 py3 ipython ipython3 gurobipy gurobi coptpy copt ortools or-tools highspy pyscipopt pulp simulator-python'.split(
      ' ',
    ),
  ),
};
/** Names of what is never the program: what it prints, how it is called, the model on paper. */
const otherTexts: ReadonlySet<string> = new Set(
  'text txt plain plaintext output console log stdout terminal bash sh shell zsh powershell cmd json jsonl yaml yml toml csv xml html latex tex math markdown md diff mermaid'.split(
    ' ',
  ),
);

/** Elements that hold whatever the answer is. */
const looseElements: ReadonlySet<string> = new Set(['answer', 'program', 'solution']);

/** Why a completion holds no program. */
export type NoProgramReason =
  | 'Empty' // nothing but white space, or blocks with nothing in them
  | 'CutOff' // it ends inside its reasoning, or at its limit before a program began
  | 'JsonAnswer' // a JSON value in place of a program
  | 'Refusal' // it begins by saying that it will not or cannot
  | 'Prose'; // text for people, with or without formulas

export type FoundProgram =
  | { readonly code: string /** The completion ends inside the program: its block was never closed. */; readonly isOpen: boolean }
  | { readonly code: null; readonly reason: NoProgramReason };

/**
 * The program in a completion, or why there is none. docs/verification.md tells the rules: blocks as CommonMark has them and as models
 * write them, the last of the best kind; without any block, tag or prose the whole completion.
 *
 * Nothing is guessed about a text that could be a program: only one whose lines mostly can stand in none is called prose.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { findProgram } from 'evom';
 * assert.deepEqual(findProgram('1. Solve it:\n   ```js\n   report(1);\n   ```', 'javascript'), { code: 'report(1);', isOpen: false });
 * assert.deepEqual(findProgram('{"answer": 260}', 'python'), { code: null, reason: 'JsonAnswer' });
 * assert.deepEqual(findProgram('Bake forty loaves of rye.', 'python'), { code: null, reason: 'Prose' });
 * ```
 */
export function findProgram(completion: string, language: Language): FoundProgram {
  const { text, isOpen } = withoutReasoning(completion.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n'));
  const blocks = isRawProgram(text, language) ? [] : blocksOf(text, language);
  const best = bestOf(blocks, language);
  if (best !== null) return { code: trimmed(best.code), isOpen: best.isOpen };
  const rest = trimmed(text);
  const written = blocks.filter(({ code }) => trimmed(code) !== '').at(-1);
  if (rest.replace(marks, '').trim() === '') {
    return { code: null, reason: isOpen ? 'CutOff' : 'Empty' };
  }
  if (isJson(rest) || (written !== undefined && isJson(written.code))) return { code: null, reason: 'JsonAnswer' };
  const indented = blocks.length === 0 ? indentedProgram(text, language) : null;
  if (indented !== null) return { code: indented, isOpen: false };
  if (blocks.length === 0 && isCode(rest, language)) return { code: rest, isOpen: false };
  return { code: null, reason: refusal.test(rest) ? 'Refusal' : 'Prose' };
}

/**
 * The program in a completion, without surrounding blank lines; null where it holds none.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { extractCode } from 'evom';
 * assert.equal(extractCode('First:\n```js\n1\n```\nBetter:\n```js\n2\n```\nDone.', 'javascript'), '2');
 * assert.equal(extractCode('report(1)', 'javascript'), 'report(1)');
 * ```
 */
export const extractCode = (completion: string, language: Language): string | null => findProgram(completion, language).code;

const marks = /^[ \t]*(?:`{3,}|~{3,}).*$|<\/?(?:code|python|javascript|answer|program|solution)>/gim;
const reasoningTags = /<(\/?)(think|thinking|thought|reasoning)>/gi;

/** Without reasoning elements, also where the prompt has opened one, or the end of the text left one open. */
function withoutReasoning(text: string): { readonly text: string; readonly isOpen: boolean } {
  const isInFence = fencesOf(text);
  let kept = '';
  let at = 0;
  let open: { readonly name: string; readonly index: number } | null = null;
  for (const { 0: tag, 1: slash, 2: word = '', index } of text.matchAll(reasoningTags)) {
    if (open === null && isInFence(at, index)) continue;
    const name = word.toLowerCase();
    if (slash === '') open ??= { name, index };
    else if (open === null || open.name === name) {
      // One that nothing has opened here was opened by the prompt: all before it is reasoning.
      kept = open === null ? '' : kept + text.slice(at, open.index);
      at = index + tag.length;
      open = null;
    }
  }
  // Only a line of its own opens what nothing closes: elsewhere the tag is spoken of.
  const isOpen = open !== null && /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(at, open.index - 80), open.index));
  return { text: kept + text.slice(at, isOpen ? open?.index : undefined), isOpen };
}

/** Whether a place lies between two fences, of those from another place on: in a program's own text, where a tag is a string or a comment. */
function fencesOf(text: string): (from: number, index: number) => boolean {
  const fences = [...text.matchAll(/^[ \t]*(?:`{3,}|~{3,})/gm)].map(({ index }) => index);
  const numBefore = (place: number): number => {
    let [low, high] = [0, fences.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((fences[middle] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const begins = /[ \t]*(?:`{3,}|~{3,})/y; // behind a tag that has just closed
  return (from, index) => {
    const behind = fences.length - numBefore(index);
    if (behind % 2 === 0) return false;
    begins.lastIndex = from;
    const isGlued = from > 0 && text[from - 1] !== '\n' && begins.test(text);
    return (numBefore(index) - numBefore(from) + (isGlued ? 1 : 0)) % 2 === 1;
  };
}

const isName = (name: string, language: Language): boolean =>
  names[language].has(name) || (language === 'python' && /^python[\d.]+$/.test(name));
const loads = (code: string, language: Language): boolean => loadsLibrary(code, language) || /\bsimulate\b\s*(?:=|\()/.test(code);

/** A program without a fence around it whose strings or comments hold one. */
function isRawProgram(text: string, language: Language): boolean {
  const fence = /```|~~~/.exec(text);
  if (fence === null) return false;
  const before = text.slice(0, fence.index);
  const begins = /^\s*(?:"{3}|'{3}|#!|\/\*)/.test(before) || loadsLibrary(before, language);
  return begins && !bareCode(`${before}\u0001`, language).code.endsWith('\u0001');
}

/** The blocks of a text, those inside elements and inside blocks that hold Markdown in their place. */
function blocksOf(text: string, language: Language): CodeBlock[] {
  const isAnyName = (name: string): boolean => isName(name, 'python') || isName(name, 'javascript');
  return codeBlocks(text, language, isAnyName).flatMap((block) => {
    const isNamed = block.kind === 'fence' && isName(block.name, language);
    const holdsMarkdown = !isNamed && /```|~~~/.test(block.code) && !isRawProgram(block.code, language);
    const inner = holdsMarkdown ? blocksOf(block.code, language) : [];
    if (inner.length === 0) return [block];
    return inner.map((one) => ({ ...one, kind: block.kind === 'fence' ? one.kind : block.kind, isOpen: one.isOpen && block.isOpen }));
  });
}

/**
 * How likely a block is the program; 0: it is not. What loads a solver library stands before what does not; then an element on lines of
 * its own, which was asked for as the program's place, before fences, and a name of the language before others.
 */
function rankOf({ kind, name, code }: CodeBlock, language: Language): number {
  if (trimmed(code) === '') return 0;
  const [isWhole, isNamed, isLoose] = [loads(code, language), isName(name, language), looseElements.has(name)];
  if (kind === 'inline') return isWhole && code.includes('\n') ? 8 : 0;
  if (isWhole && kind !== 'fence' && /\n|\(/.test(trimmed(code))) return 8;
  if (isWhole && kind === 'fence') return isNamed ? 7 : 6;
  if (kind === 'element' && !isLoose) return 5;
  if (kind === 'fence' && isNamed) return 4;
  if (isJson(code) || isProse(code, language) || (isLoose && !code.includes('('))) return 0;
  if (kind !== 'fence') return 3;
  return otherTexts.has(name) ? 1 : 2;
}

/** The last block of the highest rank; null where none is a program. */
function bestOf(blocks: readonly CodeBlock[], language: Language): CodeBlock | null {
  let [best, highest]: [CodeBlock | null, number] = [null, 1];
  for (const block of blocks) {
    const rank = rankOf(block, language);
    if (rank >= highest) [best, highest] = [block, rank];
  }
  return best;
}

/** The last indented code block of CommonMark that loads a library, where all around it is prose; null where there is none. */
function indentedProgram(text: string, language: Language): string | null {
  if (!/^(?: {4}|\t)/m.test(text) || !loadsLibrary(text, language)) return null;
  const isIndented = (line: string): boolean => /^(?: {4}| {0,3}\t)/.test(line);
  const lines = text.split('\n');
  if (!isProse(lines.filter((line) => !isIndented(line)).join('\n'), language)) return null;
  const runs = text.match(/(?<=^|\n[ \t]*\n)(?:(?: {4}| {0,3}\t).*(?:\n|$)|[ \t]*\n)+/g) ?? [];
  const code = runs.map((run) => run.replace(/^(?: {4}| {0,3}\t)/gm, '')).filter((run) => loadsLibrary(run, language));
  return code.length === 0 ? null : trimmed(code.at(-1) ?? '');
}

/** Whether a text without blocks is a program, though perhaps one that does not parse: it loads a library, or calls something and is no prose. */
const isCode = (text: string, language: Language): boolean =>
  loadsLibrary(text, language) || (text.includes('(') && !isProse(text, language));

function isJson(text: string): boolean {
  if (!/^\s*[[{"\d-]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** How assistants begin when they decline. */
const refusal =
  /^\W*(?:i(?:['’]m| am)? (?:really |very |so |deeply )?sorry\b|sorry\b|i apologi[sz]e\b|unfortunately,? i\b|i (?:can(?:no|['’])t|can not|am unable|['’]m unable|am not able|won['’]t|will not|must decline)\b|i['’]m (?:unable|not able)\b|as an ai\b)/i;

function trimmed(code: string): string {
  return code.replace(/^(?:[ \t\uFEFF]*\n)*\uFEFF?/, '').trimEnd();
}
