/** The table of columns against the other side of the hand-off, which is Python. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { rowColumns } from '../../src/batch/columns.ts';
import { batchColumns, row } from './fixtures.ts';

const python = readFileSync(fileURLToPath(new URL('../../scripts/torch_host/evom_torch/batch.py', import.meta.url)), 'utf8');
const columns = Object.values(rowColumns);
const tuple = (name: string): string[] =>
  [...(new RegExp(`^${name} = \\((.*)\\)$`, 'm').exec(python)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, word = '']) => word);
const perToken = columns.filter((column) => 'perToken' in column);

it('names every property of a row, once, in the order of the file', () => {
  expect(Object.keys(rowColumns)).toEqual(Object.keys(row()));
  expect(Object.keys(batchColumns)).toHaveLength(columns.length + 3);
});

it('has the lists that evom_torch reads for each token, and the same of them required', () => {
  expect(tuple('LISTS')).toEqual(perToken.map(({ name }) => name));
  expect(tuple('REQUIRED_LISTS')).toEqual(perToken.filter(({ type }) => !type.endsWith('?')).map(({ name }) => name));
});

it('has all columns that evom_torch needs, and its Row the names of those', () => {
  const needed = [...(/needed = \[(.*), \*LISTS\]/.exec(python)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, name = '']) => name);
  expect(needed).toContain('input_ids');
  for (const name of needed) expect(batchColumns).toHaveProperty(name);
  const fields = [...(/class Row:[\s\S]*?"""[\s\S]*?"""([\s\S]*?)@property/.exec(python)?.[1] ?? '').matchAll(/^ {4}(\w+): /gm)].map(
    ([, name]) => name,
  );
  expect(fields.toSorted()).toEqual([...needed, ...perToken.map(({ name }) => name)].toSorted());
});
