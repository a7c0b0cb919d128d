/** Objects out of JSON Lines as people publish them: several in a line, over several lines, in one array, with raw newlines in strings. */

/** One top-level object: its text, where it starts, and the value or why there is none. */
export type JsonItem =
  | { readonly kind: 'value'; readonly line: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly line: number; readonly message: string };

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Splits a stream of text into its top-level JSON objects, whatever stands between them; a byte order mark, commas and
 * the brackets of one enclosing array are skipped. Raw control characters inside strings are read as themselves, and `NaN`, `Infinity`
 * and `-Infinity`, which Python's `json` writes, as these numbers. A whole number under `id`, `index`, `key` or a name that ends in `_id`
 * becomes a text beyond 2^53, where a float64 rounds: two ids never become one. Of what a broken object takes with it, the lines that are
 * an object each are read all the same.
 *
 * @param chunks pieces of the file in order, cut anywhere.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { jsonObjects } from 'evom/lib';
 * const values: unknown[] = [];
 * for await (const item of jsonObjects(['{"a":1} {"a', '":2}'])) if (item.kind === 'value') values.push(item.value);
 * assert.deepEqual(values, [{ a: 1 }, { a: 2 }]);
 * ```
 */
export async function* jsonObjects(chunks: Iterable<string> | AsyncIterable<string>): AsyncGenerator<JsonItem> {
  let line = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let start = 1;
  let parts: string[] = [];
  let hasControls = false;
  let strayLine = 0;
  let first = true;
  for await (const piece of chunks) {
    const chunk = first && piece.length > 0 ? piece.replace(/^\uFEFF/, '') : piece;
    if (piece.length > 0) first = false;
    let from = 0; // where the current object's unsaved text begins in this chunk
    for (let i = 0; i < chunk.length; i++) {
      const char = chunk[i] as string;
      if (char === '\n') line++;
      if (inString) {
        if (escaped) escaped = false;
        else if (char === '\\') escaped = true;
        else if (char === '"') inString = false;
        else if (char < ' ') hasControls = true;
        continue;
      }
      if (depth === 0) {
        if (char === '{') {
          depth = 1;
          start = line;
          from = i;
          parts = [];
          hasControls = false;
        } else if (!/[\s,[\]]/.test(char) && strayLine !== line) {
          strayLine = line;
          const [found = ''] = chunk.slice(i, i + 20).split(/[\r\n]/, 1);
          yield { kind: 'fault', line, message: `expected "{" but found ${JSON.stringify(found)}` };
        }
        continue;
      }
      if (char === '"') inString = true;
      else if (char === '{' || char === '[') depth++;
      else if (char === '}' || char === ']') {
        depth--;
        if (depth === 0) {
          parts.push(chunk.slice(from, i + 1));
          yield* parsed(parts.join(''), start, hasControls);
          parts = [];
          from = i + 1;
        }
      }
    }
    if (depth > 0) parts.push(chunk.slice(from));
  }
  if (depth > 0) {
    yield { kind: 'fault', line: start, message: 'the object that starts here never ends' };
    yield* wholeLines(parts, start);
  }
}

/** What a broken object swallowed: the later lines that begin with an object and are nothing else, and those that begin with one and break. */
function* wholeLines(pieces: readonly string[], start: number): Generator<JsonItem> {
  let line = start;
  for (const text of linesOf(pieces)) {
    if (line > start && text.startsWith('{')) {
      yield lineItem(text, line);
    }
    line++;
  }
}

function lineItem(text: string, line: number): JsonItem {
  const trimmed = text.trimEnd();
  // A comma, or the end of the array that encloses all objects.
  const object = /[,\]]$/.test(trimmed) ? trimmed.slice(0, -1).trimEnd() : trimmed;
  try {
    return { kind: 'value', line, value: jsonValue(withEscapedControls(object)) };
  } catch {
    return { kind: 'fault', line, message: 'is not an object by itself, and one that begins before it is broken' };
  }
}

/** Lines of a text in pieces, which as one string may be longer than a string can be. */
function* linesOf(pieces: readonly string[]): Generator<string> {
  let rest: string[] = [];
  for (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n');
    rest.push(first);
    for (const next of others) {
      yield rest.join('');
      rest = [next];
    }
  }
  yield rest.join('');
}

/** Raw control characters inside strings, as JSON writes them; one behind a backslash stays the fault that it is. */
function withEscapedControls(text: string): string {
  const parts: string[] = [];
  let from = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') inString = !inString;
    else if (inString && char === '\\') i++;
    else if (inString && char < ' ') {
      parts.push(text.slice(from, i), escapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
      from = i + 1;
    }
  }
  return parts.join('') + text.slice(from);
}

/** Strings, which are passed over, with the long id behind one that is a key; and Python's words for numbers. */
const beyondJson = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:\s*)(-?\d{16,})(?=\s*[,}])|"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/g;
const idKey = /^"(?:\w*_)?(?:id|index|key)"$/i;
/** No text of a file comes to begin so: control characters in strings are escaped, and the reviver takes whole values alone. */
const spokenNumber = '\u0000evom:number:';

function jsonValue(text: string): unknown {
  if (!/NaN|Infinity|\d{16}/.test(text)) return JSON.parse(text);
  let numSpoken = 0;
  const json = text.replace(beyondJson, (whole: string, key?: string, colon?: string, digits?: string) => {
    if (key !== undefined && digits !== undefined) {
      return idKey.test(key) && !Number.isSafeInteger(Number(digits)) ? `${key}${colon}"${digits}"` : whole;
    }
    if (whole.startsWith('"')) return whole;
    numSpoken += 1;
    return JSON.stringify(spokenNumber + whole);
  });
  if (numSpoken === 0) return JSON.parse(json);
  return JSON.parse(json, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(spokenNumber) ? Number(value.slice(spokenNumber.length)) : value,
  );
}

function* parsed(text: string, line: number, hasControls: boolean): Generator<JsonItem> {
  let value: unknown;
  try {
    value = jsonValue(hasControls ? withEscapedControls(text) : text);
  } catch (error) {
    yield { kind: 'fault', line, message: error instanceof Error ? error.message : String(error) };
    yield* wholeLines([text], line);
    return;
  }
  yield { kind: 'value', line, value };
}
