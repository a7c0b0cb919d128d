import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importProblems } from '../../../src/benchmarks/import-problems.ts';
import { jsonObjects } from '../../../src/lib/json-stream.ts';
import { problemToJson, readProblems } from '../../../src/problems/sets/jsonl.ts';
import { plainLabels, readLabel, settledLabels, shownLabel } from '../../../src/problems/sets/labels.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-labels-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function write(name: string, lines: readonly string[]): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

describe('readLabel', () => {
  it.each([
    [[3], { answer: 3 }],
    [['3'], { answer: 3 }],
    ['[3]', { answer: 3 }],
    [['infeasible'], { answer: 'infeasible' }],
    [[null], { answer: null }],
    [[3, 3], { answer: 3 }],
    [[3, '4', 4.0, 5], { answer: 3, accepted: [4, 5] }],
    ['[\'18.0\', "20"]', { answer: 18, accepted: [20] }],
    [['infeasible', 5], { answer: 'infeasible', accepted: [5] }],
    [[5, 'No Best Solution'], { answer: 'infeasible', accepted: [5] }],
    [[5, -99999], { answer: 'infeasible', accepted: [5] }],
    [Number.NaN, { answer: null }],
    [[Number.NaN], { answer: null }],
    ['NaN', { answer: null }],
    [Number.POSITIVE_INFINITY, undefined],
    [[], undefined],
    [[5, null], undefined],
    [[5, 'about 6'], undefined],
    [['infeasible', 'unbounded'], undefined],
    [[[5]], undefined],
    [{ value: 5 }, undefined],
  ])('reads %j as %j', (label, expected) => expect(readLabel(label)).toEqual(expected));

  it('leaves a number of a file of ours what it is, and reads its texts as everywhere', () => {
    expect(readLabel(-99999, settledLabels)).toEqual({ answer: -99999 });
    expect(readLabel([-99999, 3], settledLabels)).toEqual({ answer: -99999, accepted: [3] });
    expect(readLabel('-99999', settledLabels)).toEqual({ answer: 'infeasible' });
    expect(readLabel(-99999, plainLabels)).toEqual({ answer: 'infeasible' });
  });

  it('reads a list and its text alike', () => {
    const value = fc.oneof(fc.integer({ min: -999, max: 999 }), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), (values) => {
        const read = readLabel(values);
        expect(readLabel(values.map(String))).toEqual(read);
        expect(readLabel(`[${values.map(String).join(', ')}]`)).toEqual(read);
        expect(new Set([read?.answer, ...(read?.accepted ?? [])])).toEqual(new Set(values.map((one) => one + 0)));
      }),
    );
  });

  it('names NaN and infinities in messages', () => {
    expect([Number.NaN, -Infinity, [1, Infinity], 'x', undefined].map(shownLabel)).toEqual([
      'NaN',
      '-Infinity',
      '[1,"Infinity"]',
      '"x"',
      'missing',
    ]);
  });
});

describe('answers in files', () => {
  const records = [
    '{"id":"a","question":"How many rakes?","answer":[3]}',
    '{"id":"b","question":"How many hoes?","answer":["3"]}',
    '{"id":"c","question":"How many forks?","answer":"[3]"}',
    '{"id":"d","question":"How many spades?","answer":[3,4]}',
    '{"id":"e","question":"How many hooks?","answer":[3,3]}',
    '{"id":"f","question":"How many nets?","answer":["infeasible"]}',
    '{"id":"g","question":"How many bins?","answer":NaN}',
  ];
  const expected = [
    { answer: 3 },
    { answer: 3 },
    { answer: 3 },
    { answer: 3, accepted: [4] },
    { answer: 3 },
    { answer: 'infeasible' },
    { answer: null },
  ];

  it('are read alike under every name, by an import and by a run', async () => {
    const plain = await write('lists.jsonl', records);
    const english = await write(
      'english.jsonl',
      records.map((line) => line.replace('"question"', '"en_question"').replace('"answer"', '"en_answer"')),
    );
    for (const read of [readProblems, importProblems])
      for (const path of [plain, english]) {
        const problems = await read(path);
        expect(problems.map(({ answer, accepted }) => ({ answer, ...(accepted === undefined ? {} : { accepted }) }))).toEqual(expected);
      }
  });

  it('come back from what an import has written, -99999 that was kept too', async () => {
    const kept = await importProblems(
      await write('kept.jsonl', ['{"en_question":"q?","en_answer":"-99999"}', '{"en_question":"r?","en_answer":[1,2]}']),
      {
        keepSentinels: true,
      },
    );
    const path = await write('own.jsonl', kept.map(problemToJson));
    expect(await readProblems(path)).toMatchObject([{ answer: -99999 }, { answer: 1, accepted: [2] }]);
    expect(await importProblems(path)).toEqual(await readProblems(path));
  });

  it('say what they are where they are none', async () => {
    const path = await write('infinite.jsonl', [
      '{"question":"q?","answer":Infinity}',
      '{"question":"r?","answer":-Infinity}',
      '{"question":"s?","answer":[1,NaN]}',
    ]);
    for (const read of [readProblems, importProblems])
      await expect(read(path)).rejects.toThrow(
        /:1: "answer" is Infinity; .*\n.*:2: "answer" is -Infinity; .*\n.*:3: "answer" is \[1,"NaN"\]; /,
      );
  });
});

describe('ids beyond 2^53', () => {
  it('stay what they are', async () => {
    const path = await write('ids.jsonl', [
      '{"id":12345678901234567890,"question":"How many rolls?","answer":5}',
      '{"id": 12345678901234567891,"question":"How many buns?","answer":6}',
      '{"id":9007199254740993,"question":"How many {\\"id\\":12345678901234567890} pies?","answer":12345678901234567890}',
    ]);
    for (const problems of [await readProblems(path), await importProblems(path)]) {
      expect(problems.map(({ id }) => id.split('/').at(-1))).toEqual(['12345678901234567890', '12345678901234567891', '9007199254740993']);
      expect(problems[2]).toMatchObject({ question: 'How many {"id":12345678901234567890} pies?', answer: Number('12345678901234567890') });
    }
  });

  it('are refused under a name that does not say that it is one', async () => {
    const path = await write('numbered.jsonl', ['{"number":12345678901234567890,"question":"How many rolls?","answer":5}']);
    for (const read of [readProblems, importProblems])
      await expect(read(path, { fields: { id: 'number' } })).rejects.toThrow(/:1: "number" is a whole number beyond 2\^53/);
  });
});

describe('jsonObjects', () => {
  const valuesOf = async (text: string): Promise<unknown[]> => {
    const values: unknown[] = [];
    for await (const item of jsonObjects([text])) values.push(item.kind === 'value' ? item.value : item.message);
    return values;
  };

  it('reads the numbers that Python writes, and leaves texts alone', async () => {
    expect(await valuesOf('{"a":NaN,"b":[Infinity,-Infinity,1],"c":"NaN, -Infinity \\" NaN"}')).toEqual([
      { a: Number.NaN, b: [Infinity, -Infinity, 1], c: 'NaN, -Infinity " NaN' },
    ]);
    expect(await valuesOf('{"a":NaNs}')).toEqual([expect.stringContaining('not valid JSON')]);
  });

  it('reads whatever JSON.stringify writes', async () => {
    const key = fc.constantFrom('id', 'task_id', 'index', 'NaN', 'x');
    const value = fc.oneof(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.constantFrom('Infinity', '1234567890123456789'),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value), async (record) => {
        const plain = JSON.parse(JSON.stringify(record)) as Record<string, unknown>;
        const read = Object.entries(plain).map(([name, one]) => {
          const isLost =
            /^(id|task_id|index)$/.test(name) && typeof one === 'number' && Number.isInteger(one) && !Number.isSafeInteger(one);
          return [name, isLost && /^-?\d+$/.test(JSON.stringify(one)) ? JSON.stringify(one) : one];
        });
        expect(await valuesOf(JSON.stringify(record))).toEqual([Object.fromEntries(read)]);
      }),
    );
  });
});

it('a file called JSON whose first line is none is JSON with a broken line', async () => {
  const path = await write('broken.jsonl', ['These are problems.', '{"question":"q?","answer":1}', 'oops', '{"question":"r?"']);
  await expect(importProblems(path)).rejects.toThrow(
    /3 of the records[\s\S]*:1: expected "\{" but found "These[\s\S]*:3: expected[\s\S]*:4: the object that starts here/,
  );
});
