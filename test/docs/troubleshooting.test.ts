/** The page on faults names every code there is, each with its exit code, and quotes messages and types that the source still has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type EvomErrorCode, exitCodeOf } from '../../src/lib/errors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'docs/guide/troubleshooting.md'), 'utf8');
const errors = readFileSync(join(root, 'src/lib/errors.ts'), 'utf8');

const textsIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'));
const source = [...textsIn('src', /\.ts$/), ...textsIn('scripts/solver-host', /\.py$/)].join('\n').replaceAll(/\\'/g, "'");

/** First cells of the rows below the tables whose head begins so. */
function firstCells(head: string): string[] {
  const tables = page.split(/\n\n/).filter((part) => part.startsWith(`| ${head} |`));
  return tables.flatMap((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) => row.split(' | ')[0]?.slice(2) ?? ''),
  );
}
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Parts of a message between what is filled in; a part of a few letters says nothing. */
const missingParts = (message: string): string[] =>
  message
    .split('...')
    .map((part) => part.trim())
    .filter((part) => part.length > 5 && !source.includes(part));

it('every code has a row, with its exit code', () => {
  const known = [...errors.matchAll(/^ {2}\| '(E_[A-Z]+)'/gm)].map(([, code = '']) => code as EvomErrorCode);
  expect(known.length).toBeGreaterThan(10);
  const rows = page.split('\n').flatMap((line) => /^\| `(E_[A-Z]+)` \|.*?\| (\d+) \|/.exec(line)?.slice(1, 3).join(' ') ?? []);
  expect(rows.toSorted()).toEqual(known.map((code) => `${code} ${exitCodeOf(code)}`).toSorted());
});

it('every message and type that it quotes is in the source', () => {
  const cells = [...firstCells('message'), ...firstCells('type')];
  expect(cells.length).toBeGreaterThan(30);
  expect(cells.flatMap(quoted).flatMap(missingParts)).toEqual([]);
});

it('a message that is gone is noticed', () => {
  expect(missingParts('... holds a run already; and ate it')).toEqual(['holds a run already; and ate it']);
});
