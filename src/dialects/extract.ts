/** Which part of a completion is the program. */

const fenceNames: Readonly<Record<'javascript' | 'python', readonly string[]>> = {
  javascript: ['javascript', 'js', 'mjs', 'cjs', 'jsx', 'node', 'typescript', 'ts'],
  python: ['python', 'py', 'python3'],
};

interface Fence {
  readonly info: string;
  readonly code: string;
}

/**
 * The program in a completion, by the first of these rules that finds text:
 *
 * 1. inside the last `<code>` or `<python>`/`<javascript>` element, its own fence removed;
 * 2. the last fenced block named after the language;
 * 3. the last fenced block of any other or no name;
 * 4. without any fence or tag, the whole completion.
 *
 * Reasoning in `<think>` elements is left out first, also where the prompt has opened the element or truncation left it open. An unclosed last fence, as truncation leaves it, counts to the end.
 *
 * @returns the code without surrounding blank lines; null when nothing but white space is left.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { extractCode } from 'evom';
 * assert.equal(extractCode('First:\n```js\n1\n```\nBetter:\n```js\n2\n```\nDone.', 'javascript'), '2');
 * assert.equal(extractCode('report(1)', 'javascript'), 'report(1)');
 * ```
 */
export function extractCode(completion: string, language: 'javascript' | 'python'): string | null {
  const text = withoutReasoning(completion.replace(/\r\n/g, '\n'));
  const tagged = lastElement(text);
  if (tagged !== null) {
    const inner = fences(tagged).at(-1);
    return trimmed(inner?.code ?? tagged);
  }
  const blocks = fences(text);
  if (blocks.length === 0) return trimmed(text);
  const named = blocks.filter((block) => fenceNames[language].includes(block.info));
  return trimmed((named.at(-1) ?? blocks.at(-1))?.code ?? '');
}

function withoutReasoning(text: string): string {
  const [open, close] = [text.indexOf('<think>'), text.indexOf('</think>')];
  const isOpenedBefore = close !== -1 && (open === -1 || close < open);
  const rest = isOpenedBefore ? text.slice(close + '</think>'.length) : text;
  return rest.replace(/<think>[\s\S]*?(?:<\/think>|$)/g, '');
}

function lastElement(text: string): string | null {
  const elements = [...text.matchAll(/<(code|python|javascript)>([\s\S]*?)(?:<\/\1>|$)/g)];
  return elements.at(-1)?.[2] ?? null;
}

/** Fenced blocks in order: three or more backticks at the start of a line, up to a line with at least as many. */
function fences(text: string): Fence[] {
  const found: Fence[] = [];
  let open: { readonly ticks: number; readonly info: string; readonly lines: string[] } | null = null;
  for (const line of text.split('\n')) {
    const mark = /^\s{0,3}(`{3,})\s*([^\s`{]*)[^`]*$/.exec(line);
    if (open === null) {
      if (mark !== null) open = { ticks: mark[1]?.length ?? 3, info: (mark[2] ?? '').toLowerCase(), lines: [] };
    } else if (mark !== null && mark[2] === '' && (mark[1]?.length ?? 0) >= open.ticks) {
      found.push({ info: open.info, code: open.lines.join('\n') });
      open = null;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== null) found.push({ info: open.info, code: open.lines.join('\n') });
  return found;
}

function trimmed(code: string): string | null {
  const text = code.replace(/^(?:[ \t]*\n)+/, '').trimEnd();
  return text.trim() === '' ? null : text;
}
