import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAdvantages } from '../../src/batch/advantages.ts';
import { writeBatch } from '../../src/batch/arrow.ts';
import { type Columns, readTable, writeTable } from '../../src/batch/table.ts';
import { metadata, row } from './fixtures.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-table-'));
  path = join(directory, 'table.arrow');
});
afterAll(() => rm(directory, { recursive: true }));

const written = async (columns: Columns) => {
  await writeTable(path, columns, {});
  return readTable(path);
};

describe('a table', () => {
  // Nulls are bits: more than eight rows take a second byte.
  const places = Array.from({ length: 19 }, (_, i) => i);
  const isNull = (i: number): boolean => i % 3 === 0 || i === 17;
  const some = <T>(value: (i: number) => T) => places.map((i) => (isNull(i) ? null : value(i)));

  it('keeps which of many rows hold null, in columns of every type that has nulls', async () => {
    const texts = some((i) => 'ü'.repeat(i));
    const numbers = some((i) => i - 4);
    const truths = some((i) => i % 2 === 0);
    const lists = some((i) => Int32Array.from({ length: i % 4 }, (_, k) => i * k));
    const table = await written({
      texts: { type: 'utf8', values: texts },
      ints: { type: 'int32', values: numbers },
      floats: { type: 'float32', values: numbers.map((n) => n && n / 4) },
      doubles: { type: 'float64', values: numbers.map((n) => n && n / 3) },
      truths: { type: 'bool', values: truths },
      lists: { type: 'list_int32', values: lists },
    });
    expect(table.numRows).toBe(19);
    expect(table.strings('texts')).toEqual(texts);
    expect(table.numbers('ints')).toEqual(numbers);
    expect(table.numbers('floats')).toEqual(numbers.map((n) => n && n / 4));
    expect(table.numbers('doubles')).toEqual(numbers.map((n) => n && n / 3));
    expect(table.booleans('truths')).toEqual(truths);
    expect(table.lists('lists', Int32Array)).toEqual(lists);
  });

  it('tells other readers how many nulls there are, and of none where there are none', async () => {
    await written({ some: { type: 'int32', values: [1, null, null] }, none: { type: 'int32', values: [1, 2, 3] } });
    const table = tableFromIPC(await readFile(path));
    expect(table.getChild('some')?.nullCount).toBe(2);
    expect(table.getChild('none')?.nullCount).toBe(0);
    expect(table.schema.fields.map(({ nullable }) => nullable)).toEqual([true, true]);
  });

  it('keeps lists of strings, named numbers and words that few rows share', async () => {
    const words = ['optimal', 'deadline', 'optimal', 'optimal'];
    const records = [{ answer: 1, format: 0.1 }, {}, { format: 0 }, { zeal: -2 }];
    const lists = [['a', 'b'], [], ['ü'], []];
    const table = await written({
      words: { type: 'dictionary', values: words },
      records: { type: 'struct_float64', values: records },
      lists: { type: 'list_utf8', values: lists },
    });
    expect(table.strings('words')).toEqual(words);
    expect(table.records('records')).toEqual(records);
    expect(table.stringLists('lists')).toEqual(lists);
    const { schema } = tableFromIPC(await readFile(path));
    expect(`${schema.fields[1]?.type}`).toBe('Struct<{answer:Float64, format:Float64, zeal:Float64}>');
  });

  it('has the same bytes however many tables the process has written before', async () => {
    const columns: Columns = { a: { type: 'dictionary', values: ['x', 'y'] }, b: { type: 'dictionary', values: ['z', 'z'] } };
    await written(columns);
    const first = await readFile(path);
    await written(columns);
    expect(await readFile(path)).toEqual(first);
  });

  it.each([
    ['strings', 'numbers'],
    ['stringLists', 'strings'],
    ['numbers', 'strings'],
    ['booleans', 'numbers'],
    ['records', 'numbers'],
    ['strings', 'lists'],
    ['numbers', 'truths'],
    ['booleans', 'strings'],
  ] as const)('refuses to read %s from a column of %s, naming both', async (reader, name) => {
    const table = await written({
      strings: { type: 'utf8', values: ['x'] },
      numbers: { type: 'int32', values: [1] },
      truths: { type: 'bool', values: [true] },
      lists: { type: 'list_utf8', values: [['x']] },
    });
    expect(() => table[reader](name)).toThrow(expect.objectContaining({ code: 'E_BATCH' }));
    expect(() => table[reader](name)).toThrow(
      new RegExp(`column ${name} holds .*; it must hold (strings|lists of strings|numbers|booleans|named)`),
    );
  });

  it('refuses lists of another element, and a column that is not there', async () => {
    const table = await written({ ids: { type: 'list_uint8', values: [Uint8Array.of(1)] } });
    expect(() => table.lists('ids', Int32Array)).toThrow(/column ids holds List<Uint8>; it must hold lists of Int32/);
    expect(table.lists('ids', Uint8Array)).toEqual([Uint8Array.of(1)]);
    expect(() => table.numbers('none')).toThrow(/column none is missing; it must hold numbers/);
  });

  it('refuses what is no Arrow file, saying which file', async () => {
    await writeFile(path, 'id,reward\n1,2\n');
    await expect(readTable(path)).rejects.toThrow(`${path} cannot be read as an Arrow IPC file`);
  });
});

describe('readAdvantages', () => {
  it('gives the advantage of each sample of a batch by its id', async () => {
    await writeBatch(path, { metadata, rows: [row({ sampleId: 'a', advantage: 0.5 }), row({ sampleId: 'b', advantage: -2 })] });
    expect(await readAdvantages(path)).toEqual(
      new Map([
        ['a', 0.5],
        ['b', -2],
      ]),
    );
  });
  it('refuses a table without advantages', async () => {
    await written({ sample_id: { type: 'utf8', values: ['a'] } });
    await expect(readAdvantages(path)).rejects.toThrow(/column advantage is missing/);
  });
});
