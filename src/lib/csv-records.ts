/**
 * Records out of CSV: RFC 4180 quotes with doubled quotes and newlines inside, a byte order mark, comma, semicolon or tab.
 *
 * Ours and not csv-parse (tried: 7.0.3), which gives up the rest of a file behind one broken row, with `skip_records_with_error` too, and
 * names the file's last line for a quote that never ends.
 */
import { largest } from './extremes.ts';
import type { JsonItem } from './json-stream.ts';

/** A row of cells with the line that it starts in. */
interface Row {
  readonly line: number;
  readonly cells: readonly string[];
  /** Line of a cell with text behind its closing quote; null where there is none. */
  readonly brokenAt: number | null;
}

const delimiters = [',', '\t', ';'] as const;

/** The delimiter that stands most often outside quotes in the header; a comma when none does. */
function delimiterOf(header: string): string {
  const plain = header.replace(/"(?:[^"]|"")*"/g, '');
  const counts = delimiters.map((delimiter) => plain.split(delimiter).length - 1);
  return delimiters[counts.indexOf(largest(counts))] ?? ',';
}

async function* rowsOf(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Row | { readonly openQuote: number }> {
  let delimiter = '';
  let pending = ''; // the header's line until it is whole, so that its delimiter can be told
  let line = 1;
  let start = 1;
  let cells: string[] = [];
  let cell = '';
  let state: 'start' | 'plain' | 'quoted' | 'quote' = 'start';
  let quoteLine = 1;
  let brokenAt: number | null = null;
  let isReturn = false; // a carriage return that may belong to a line's end
  const row = (): Row => ({ line: start, cells, brokenAt });
  const endCell = (): void => {
    cells.push(cell);
    cell = '';
    state = 'start';
  };
  function* feed(text: string): Generator<Row> {
    for (const char of text) {
      if (isReturn && char !== '\n') {
        if (state === 'quote') brokenAt ??= line;
        cell += '\r';
      }
      isReturn = char === '\r' && state !== 'quoted';
      if (isReturn) continue;
      if (state === 'quoted') {
        if (char === '"') state = 'quote';
        else cell += char;
        if (char === '\n') line++;
        continue;
      }
      if (state === 'quote' && char === '"') {
        cell += '"';
        state = 'quoted';
      } else if (char === delimiter) endCell();
      else if (char === '\n') {
        endCell();
        if (cells.length > 1 || cells[0] !== '') yield row();
        cells = [];
        brokenAt = null;
        line++;
        start = line;
      } else if (char === '"' && state === 'start') {
        state = 'quoted';
        quoteLine = line;
      } else {
        if (state === 'quote') brokenAt ??= line;
        cell += char;
        state = 'plain';
      }
    }
  }
  for await (const chunk of chunks) {
    if (delimiter !== '') {
      yield* feed(chunk);
      continue;
    }
    pending += chunk;
    const end = pending.replace(/"(?:[^"]|"")*"/g, (quoted) => 'q'.repeat(quoted.length)).indexOf('\n');
    if (end < 0) continue;
    delimiter = delimiterOf(pending.slice(0, end));
    yield* feed(pending.replace(/^\uFEFF/, ''));
  }
  if (delimiter === '') {
    delimiter = delimiterOf(pending);
    yield* feed(pending.replace(/^\uFEFF/, ''));
  }
  const ended: string = state;
  if (ended === 'quoted') {
    yield { openQuote: quoteLine };
    return;
  }
  endCell();
  if (cells.length > 1 || cells[0] !== '') yield row();
}

/**
 * Objects from a CSV file, one a row, under the names of its header.
 *
 * A row with more or fewer cells than the header, text behind a closing quote, and a quote that never ends are faults with their line.
 *
 * @param chunks pieces of the file in order, cut anywhere.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { csvRecords } from 'evom/lib';
 * const rows = [];
 * for await (const item of csvRecords(['\uFEFFquestion,answer\n"a, ""b""\nc",7\n'])) rows.push(item);
 * assert.deepEqual(rows, [{ kind: 'value', line: 2, value: { question: 'a, "b"\nc', answer: '7' } }]);
 * ```
 */
export async function* csvRecords(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<JsonItem> {
  let header: readonly string[] | null = null;
  for await (const row of rowsOf(chunks)) {
    if ('openQuote' in row) {
      yield { kind: 'fault', line: row.openQuote, message: 'the quoted cell that starts here never ends' };
      return;
    }
    if (row.brokenAt !== null) {
      yield { kind: 'fault', line: row.brokenAt, message: 'has text behind a closing quote; write a quote inside a quoted cell twice' };
      if (header !== null) continue;
    }
    if (header === null) {
      header = row.cells.map((name) => name.trim());
      const repeated = header.find((name, i) => header?.indexOf(name) !== i);
      if (repeated !== undefined) yield { kind: 'fault', line: row.line, message: `the header names ${JSON.stringify(repeated)} twice` };
      continue;
    }
    if (row.cells.length !== header.length) {
      yield { kind: 'fault', line: row.line, message: `has ${row.cells.length} cells where the header has ${header.length}` };
      continue;
    }
    yield { kind: 'value', line: row.line, value: Object.fromEntries(header.map((name, i) => [name, row.cells[i]])) };
  }
}
