/** Which part of a completion is the program, or why none is. */
import { type CodeBlock, codeBlocks, elementNames } from './code-blocks.ts';
import { loadsLibrary } from './infer.ts';
import { bareCode, isProse, type Language, readsAsCode } from './language.ts';
import { replyOf } from './reply.ts';
import { programInJson, unwrapped } from './unwrap.ts';

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
const looseElements: ReadonlySet<string> = new Set('answer program solution pre script tool_call tool_code parameter'.split(' '));

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
 * The program in a completion, or why there is none. docs/reference/verification.md tells the rules: blocks as CommonMark has them and as models
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
  const { text, isOpen } = replyOf(completion);
  const blocks = isRawProgram(text, language) ? [] : blocksOf(text, language);
  const best = bestOf(blocks, language);
  if (best !== null) return programOf(best, blocks, language);
  const rest = trimmed(text.replace(ownName[language], ''));
  const written = blocks.filter(({ code }) => trimmed(code) !== '').at(-1);
  if (rest.replace(marks, '').trim() === '') {
    return { code: null, reason: isOpen ? 'CutOff' : 'Empty' };
  }
  const answered = blocks.length === 0 ? programInJson(rest, language) : null;
  if (answered !== null) return { code: trimmed(answered), isOpen: false };
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

const marks = new RegExp(`^[ \\t]*(?:\`{3,}|~{3,}).*$|</?(?:${elementNames.join('|')})>`, 'gim');
/** A name before a program without marks, as pages show it above a block. */
const ownName: Readonly<Record<Language, RegExp>> = {
  python: /^\s*python3?[ \t]*\n(?:[ \t]*copy(?: code)?[ \t]*\n)?/i,
  javascript: /^\s*(?:javascript|js)[ \t]*\n(?:[ \t]*copy(?: code)?[ \t]*\n)?/i,
};

const isName = (name: string, language: Language): boolean =>
  names[language].has(name) || (language === 'python' && /^python[\d.]+$/.test(name));
/** What a simulator is: it loads no library. */
const simulator = /\b(?:def|function)[ \t]+simulate\b|\bsimulate[ \t]*(?:=(?!=)|:[ \t]*(?:async\b|function\b|\()|\([^()]*\)[ \t]*\{)/;
const loads = (code: string, language: Language): boolean => loadsLibrary(code, language) || simulator.test(code);

const anyMark = new RegExp(`\`\`\`|~~~|<(?:${elementNames.join('|')})\\b|\\\\begin\\{|<!\\[CDATA\\[|<\\|\\w`, 'i');

/** A program without marks around it whose strings or comments hold some. */
function isRawProgram(text: string, language: Language): boolean {
  const mark = anyMark.exec(text);
  if (mark === null) return false;
  const before = text.slice(0, mark.index);
  const begins = /^\s*(?:"{3}|'{3}|#!|\/\*)/.test(before) || loadsLibrary(before, language);
  return begins && !bareCode(`${before}\u0001`, language).code.endsWith('\u0001');
}

/** The blocks of a text, those inside elements and inside blocks that hold Markdown in their place. */
function blocksOf(text: string, language: Language): CodeBlock[] {
  const isAnyName = (name: string): boolean => isName(name, 'python') || isName(name, 'javascript');
  return codeBlocks(text, language, isAnyName).flatMap((written) => {
    const block = { ...written, code: unwrapped(written.code, written.kind !== 'fence', language) };
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
  const couldBe = kind !== 'fence' && !isLoose ? !isJson(code) && !isProse(code, language) : readsAsCode(code, language);
  if (!couldBe) return 0;
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

/**
 * A block as a program, with the blocks behind it that go on with it: those of the language that load no library of their own, up to the
 * first that solves, behind one that does not.
 */
function programOf(best: CodeBlock, blocks: readonly CodeBlock[], language: Language): FoundProgram {
  const one = { code: trimmed(best.code), isOpen: best.isOpen };
  if (best.kind !== 'fence' || !loadsLibrary(best.code, language) || isComplete(best.code, language)) return one;
  let code = one.code;
  for (const block of blocks.slice(blocks.indexOf(best) + 1)) {
    const isOther = isName(block.name, language === 'python' ? 'javascript' : 'python') || otherTexts.has(block.name);
    const goesOn =
      block.kind === 'fence' &&
      !isOther &&
      !loadsLibrary(block.code, language) &&
      (isName(block.name, language) || readsAsCode(block.code, language));
    if (!goesOn || trimmed(block.code) === '') continue;
    code = `${code}\n${trimmed(block.code)}`;
    if (isComplete(code, language)) return { code, isOpen: block.isOpen };
  }
  return one;
}

const solves: Readonly<Record<Language, RegExp>> = {
  python: /\b(?:\w*[sS]olve\w*|optimize\w*|run)[ \t]*\(/,
  javascript: /\bsolve\w*[ \t]*\(/i,
};

/** Whether a program asks a solver, and does something beside defining functions. */
function isComplete(program: string, language: Language): boolean {
  const { code } = bareCode(program, language);
  const asks = solves[language].test(code) || (/\bhighspy\b/.test(code) && /\.(?:minimize|maximize)[ \t]*\(/.test(code));
  return (
    asks &&
    (language === 'javascript' || /^(?:(?:if|for|while|with|try)\b|(?!(?:async[ \t]+)?def\b|class\b|@|[ \t]).*\w[ \t]*\()/m.test(code))
  );
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

/** Whether a text without blocks is a program, though perhaps one that does not parse. */
const isCode = (text: string, language: Language): boolean => loads(text, language) || readsAsCode(text, language);

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
