import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import { jsonObjects } from '../../src/lib/json-stream.ts';
import { generateProblems, type Solvers } from '../../src/problems/generator/generate.ts';
import { checkProblems } from '../../src/problems/sets/check.ts';
import { problemCursor } from '../../src/problems/sets/cursor.ts';
import { readProblems, writeProblems } from '../../src/problems/sets/jsonl.ts';
import { answerFromLabel } from '../../src/problems/sets/labels.ts';
import { nearDuplicates } from '../../src/problems/sets/near-duplicates.ts';
import { testSolvers } from './solvers.ts';

let directory: string;
let solvers: Required<Solvers> & { close(): void };
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-problems-'));
  solvers = await testSolvers();
});
afterAll(async () => {
  solvers.close();
  await rm(directory, { recursive: true, force: true });
});

async function fileWith(text: string): Promise<string> {
  const path = join(directory, `${Math.random().toString(36).slice(2)}.jsonl`);
  await writeFile(path, text);
  return path;
}

describe('readProblems', () => {
  it('reads the three published field styles', async () => {
    const path = await fileWith(
      [
        '{"id":"a","question":"one?","answer":1}',
        '{"en_question":"two?","en_answer":"1160.0"}',
        '{"id":3,"Question":"three?","Answer":"57"}',
      ].join('\n'),
    );
    const problems = await readProblems(path);
    expect(problems.map((p) => [p.question, p.answer])).toEqual([
      ['one?', 1],
      ['two?', 1160],
      ['three?', 57],
    ]);
    expect(problems.map((p) => p.id)).toEqual(['a', expect.stringMatching(/^q-[0-9a-f]{16}$/), '3']);
  });

  it('reads a byte order mark, several objects in a line, an array, raw newlines in strings and objects over lines', async () => {
    const path = await fileWith(
      '\uFEFF{"question":"a\nb","answer":1} {"question":"c","answer":2}\n[{"question":"d",\n"answer":3},{"question":"e{}\\"","answer":4}]\n',
    );
    expect((await readProblems(path)).map((p) => p.question)).toEqual(['a\nb', 'c', 'd', 'e{}"']);
  });

  it('maps fields, also by path', async () => {
    const path = await fileWith('{"text":"q?","label":{"value":"7"},"key":"k"}');
    const problems = await readProblems(path, { fields: { question: 'text', answer: 'label.value', id: 'key' }, source: 'mine@2' });
    expect(problems).toEqual([{ id: 'k', question: 'q?', answer: 7, source: 'mine@2' }]);
  });

  it('does not take for a field what every object inherits', async () => {
    const path = await fileWith('{"question":"q?","label":{}}');
    for (const answer of ['constructor', 'label.toString'])
      await expect(readProblems(path, { fields: { answer } })).rejects.toThrow(`"${answer}" is missing`);
  });

  it('names file, line and field of what it cannot read and guesses nothing', async () => {
    const path = await fileWith(
      '{"question":"fine?","answer":1}\n{"question":"odd?","answer":"about 5"}\n\n{"answer":3}\noops\n{"question":"open","answer":2',
    );
    const error = await readProblems(path).catch((e: unknown) => e as Error & { code: string });
    expect(error).toMatchObject({ code: 'E_DATA' });
    const { message } = error as Error;
    expect(message).toContain(`${path}:2: "answer" is "about 5"`);
    expect(message).toContain(`${path}:4: "question" is missing`);
    expect(message).toContain(`${path}:5: expected "{" but found "oops"`);
    expect(message).toContain(`${path}:6: the object that starts here never ends`);
  });

  it('lists at most twenty of many faults', async () => {
    const path = await fileWith('{"answer":3}\n'.repeat(25));
    await expect(readProblems(path)).rejects.toThrow(/25 of the records[\s\S]*and 5 more/);
  });

  it('refuses an empty file, a missing one, and one id for two texts', async () => {
    await expect(readProblems(await fileWith('\n'))).rejects.toThrow(/holds no problem/);
    await expect(readProblems(join(directory, 'absent.jsonl'))).rejects.toMatchObject({ code: 'E_DATA' });
    await expect(readProblems(await fileWith('{"id":1,"question":"a","answer":1}{"id":1,"question":"b","answer":1}'))).rejects.toThrow(
      /names two different problems/,
    );
  });

  it('gives back what writeProblems wrote', async () => {
    const problems = [...generateProblems({ seed: 9, count: 12, wordings: 'any', check: 'none' }, solvers)];
    const path = join(directory, 'round.jsonl');
    await writeProblems(path, problems);
    expect(await readProblems(path)).toEqual(problems);
  });
});

describe('jsonObjects', () => {
  it('does not care where the chunks are cut', async () => {
    const text = '{"a":"x\\"}{\n y"}\n{"b":[{"c":1},2]},{"d":"\\\\"}';
    const collect = async (chunks: string[]): Promise<unknown[]> => {
      const out: unknown[] = [];
      for await (const item of jsonObjects(chunks)) out.push(item);
      return out;
    };
    const whole = await collect([text]);
    expect(whole).toHaveLength(3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 }), async (cuts) => {
        const points = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        expect(await collect(points.slice(1).map((end, i) => text.slice(points[i], end)))).toEqual(whole);
      }),
    );
  });

  it('reads the lines that a broken object takes with it, in their order', async () => {
    const collect = async (text: string): Promise<unknown[]> => {
      const out: unknown[] = [];
      for await (const item of jsonObjects([text])) out.push(item.kind === 'value' ? [item.line, item.value] : [item.line, 'fault']);
      return out;
    };
    const c = { kind: 'c', text: 'x}{"' };
    for (const broken of ['{"a":', '{"a":[1', '{"a":"never', '{"a":"\\', '{"a":{"b":1}'])
      expect(await collect(`{"z":0}\n${broken}\n${JSON.stringify(c)}\n{"d":4},\n`), broken).toEqual(
        expect.arrayContaining([
          [1, { z: 0 }],
          [2, 'fault'],
          [4, { d: 4 }],
        ]),
      );
    // A nested object on a line of its own belongs to what is broken.
    expect(await collect('{"a": [\n  {"b":1}\n  oops]}\n{"c":2}')).toEqual([
      [1, 'fault'],
      [4, { c: 2 }],
    ]);
  });

  it('reads such lines with raw tabs and long runs of spaces, from a text that is cut anywhere', async () => {
    const wide = { text: ' '.repeat(300_000).concat('x') };
    const text = `{"a":"never\n{"b":"1\t2"}\r\n${JSON.stringify(wide)} , \n`;
    const values: unknown[] = [];
    for await (const item of jsonObjects([text.slice(0, 15), text.slice(15, 40), text.slice(40)]))
      values.push(item.kind === 'value' ? [item.line, item.value] : item.line);
    expect(values).toEqual([1, [2, { b: '1\t2' }], [3, wide]]);
  });

  it('names each line that is broken, and reads the last object of an array', async () => {
    const items: unknown[] = [];
    for await (const item of jsonObjects(['[{"a":1},\n{"a":"x},\n{"a":3},\n{"a":"y},\n{"a":5} ]\n']))
      items.push(item.kind === 'value' ? [item.line, item.value] : item.line);
    expect(items).toEqual([[1, { a: 1 }], 2, [3, { a: 3 }], 4, [5, { a: 5 }]]);
  });

  it('leaves a raw newline behind a backslash the fault that it is', async () => {
    const items = [];
    for await (const item of jsonObjects(['{"a":"x\ny\\\nz"} {"b":"\u0001"}'])) items.push(item);
    expect(items).toMatchObject([
      { kind: 'fault', line: 1 },
      { kind: 'value', line: 3, value: { b: '\u0001' } },
    ]);
  });
});

describe('answerFromLabel', () => {
  it.each([
    ['1,160.0', 1160],
    [' -3.5e2 ', -350],
    [0, 0],
    ['No Best Solution', 'infeasible'],
    ['-99999', 'infeasible'],
    [-99999, 'infeasible'],
    ['Unbounded', 'unbounded'],
    [null, null],
    ['', null],
    ['None', null],
    ['12 apples', undefined],
    ['1,16', undefined],
    [Number.NaN, undefined],
    [[18], undefined],
    [true, undefined],
  ])('reads %j as %j', (label, answer) => expect(answerFromLabel(label)).toBe(answer));
});

describe('problemCursor', () => {
  it('visits every problem once an epoch, in another order the next time', () => {
    const cursor = problemCursor(50, 3);
    const first = cursor.take(50);
    const second = cursor.take(50);
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(second.toSorted((a, b) => a - b)).toEqual(first.toSorted((a, b) => a - b));
    expect(second).not.toEqual(first);
  });

  it('goes on from a saved state as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 60 }), fc.integer(), (length, taken, seed) => {
        const cursor = problemCursor(length, seed);
        cursor.take(taken);
        const saved = JSON.parse(JSON.stringify(cursor.state)) as { epoch: number; position: number };
        expect(problemCursor(length, seed, saved).take(30)).toEqual(cursor.take(30));
      }),
    );
  });

  it('refuses no problems and a position beyond them', () => {
    expect(() => problemCursor(0, 1)).toThrow(/no problems/);
    expect(() => problemCursor(3, 1, { epoch: 0, position: 3 })).toThrow(/does not fit 3 problems/);
  });
});

describe('checkProblems', () => {
  const options = { seed: 21, count: 25, wordings: 'seen', check: 'none' } as const;

  it('passes the splits of the generator', () => {
    const sets = Object.fromEntries(
      (['train', 'validation', 'test'] as const).map((split) => [split, [...generateProblems({ ...options, split }, solvers)]]),
    );
    const report = checkProblems(sets, { solve: solvers.crossCheck });
    expect(report).toMatchObject({ passed: true, sharedNumbers: [], sharedTasks: [], wrongLabels: [], wordingFaults: [] });
    expect(report.numLabelsChecked).toBe(75);
    expect(report.nearDuplicates).toEqual([]);
  });

  it('finds a problem told in two sets, in other words or in the same', () => {
    const [problem] = [...generateProblems({ ...options, count: 1 }, solvers)] as [Problem];
    const retold = { ...problem, id: 'retold', question: 'Quite another text about the same numbers.' };
    const report = checkProblems({ train: [problem], test: [retold, { ...problem, id: 'copy' }] });
    expect(report.passed).toBe(false);
    expect(report.sharedNumbers.map((s) => s.b.id)).toEqual(['retold', 'copy']);
    expect(report.sharedTasks.map((s) => s.b.id)).toEqual(['copy']);
    expect(report.nearDuplicates).toEqual([{ a: 'copy', b: problem.id, overlap: 1, sets: ['test', 'train'] }]);
  });

  it('counts families of any name', () => {
    const problem = { id: 'a', question: 'q?', answer: 1, source: 'mine', meta: { family: 'constructor' } };
    const [set] = checkProblems({ mine: [problem, { ...problem, id: 'b', meta: { family: '__proto__' } }] }).sets;
    expect(Object.entries(set?.families ?? {})).toEqual([
      ['constructor', 1],
      ['__proto__', 1],
    ]);
  });

  it('finds wrong labels, repeated ids and held-out wordings that are called seen', () => {
    const [problem] = [...generateProblems({ ...options, count: 1, infeasibleShare: 0 }, solvers)] as [Problem];
    const wrong = { ...problem, answer: Number(problem.answer) + 1, meta: { ...problem.meta, wordingIds: { goalMax: 13 } } };
    const report = checkProblems({ train: [wrong, wrong] }, { solve: solvers.solve });
    expect(report.wrongLabels[0]).toEqual({ id: problem.id, stored: wrong.answer, solved: problem.answer });
    expect(report.repeatedIds).toEqual([problem.id]);
    expect(report.wordingFaults[0]).toEqual({ id: problem.id, slot: 'goalMax' });
  });
});

describe('nearDuplicates', () => {
  it('keeps numbers: the same story with other numbers is no duplicate', () => {
    const story = (a: number, b: number): string =>
      `A small farm grows corn and each acre earns ${a} dollars and needs ${b} hours of work in the long summer months of the year`;
    expect(nearDuplicates([{ id: 'x', text: story(5, 7) }], [{ id: 'y', text: story(5, 7) }], 0.8)).toHaveLength(1);
    expect(nearDuplicates([{ id: 'x', text: story(5, 7) }], [{ id: 'y', text: story(6, 8) }], 0.8)).toEqual([]);
  });
});
