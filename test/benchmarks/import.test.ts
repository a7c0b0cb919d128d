import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindOfWord } from '../../src/benchmarks/format.ts';
import { type ImportItem, type ImportOptions, importInput, importProblems } from '../../src/benchmarks/import-problems.ts';
import { findInputs } from '../../src/benchmarks/inputs.ts';
import type { Problem } from '../../src/core/problem.ts';
import { csvRecords } from '../../src/lib/csv-records.ts';
import { lz4Frame } from '../../src/lib/lz4-frame.ts';
import type { Solvers } from '../../src/problems/generator/generate.ts';
import { plainLabels, readLabel, sirlFixedLabels } from '../../src/problems/sets/labels.ts';
import { testSolvers } from '../problems/solvers.ts';

const tables = fileURLToPath(new URL('../golden/tables/', import.meta.url));
let directory: string;
let solvers: Required<Solvers> & { close(): void };
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-import-'));
  solvers = await testSolvers();
});
afterAll(async () => {
  solvers.close();
  await rm(directory, { recursive: true, force: true });
});

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function itemsOf(path: string, options: ImportOptions = {}): Promise<ImportItem[]> {
  const items: ImportItem[] = [];
  for (const input of (await findInputs([path])).inputs) for await (const item of importInput(input, options)) items.push(item);
  return items;
}
const problemsOf = (items: readonly ImportItem[]): Problem[] => items.flatMap((item) => (item.type === 'problem' ? [item.problem] : []));
const faultsOf = (items: readonly ImportItem[]) => items.flatMap((item) => (item.type === 'fault' ? [item.fault] : []));
const formatOf = (items: readonly ImportItem[]) => items.flatMap((item) => (item.type === 'report' ? [item.report.format] : []));

describe('importInput', () => {
  const oneOf: [format: string, record: object, expected: object][] = [
    ['en', { en_question: 'q?', en_answer: 'No Best Solution' }, { answer: 'infeasible', meta: { label: 'No Best Solution' } }],
    ['en', { en_question: 'q?', en_answer: '-9999', question_type: 'MIP' }, { answer: -9999, kind: 'milp' }],
    ['en', { en_question: 'q?', cn_question: '问', en_answer: '7', difficulty: 'Medium', id: 3 }, { id: 'file/3', answer: 7 }],
    ['sirl-fixed', { en_question: 'q?', en_answer: '-9999', is_checked: 1 }, { answer: 'infeasible' }],
    ['mamo', { id: 1, Question: 'q?', Answer: ' 57.0', Category: 'optimization', Type: 'complex_lp' }, { id: 'file/1', answer: 57 }],
    ['llmopt', { question: 'q?', answer: 67, ori: '14_nlp4lp', index: 1 }, { id: 'file/1', answer: 67, meta: { ori: '14_nlp4lp' } }],
    ['llmopt', { question: 'q?', answer: -99999, ori: '1_industryor', index: 1 }, { answer: 'infeasible' }],
    [
      'optibench',
      { question: 'q?', index: 0, type: 'nonlinear-table', results: { width: '2', 'The maximum area': '12.5' } },
      { answer: 12.5, kind: 'nlp', meta: { results: { width: 2, 'The maximum area': 12.5 } } },
    ],
    ['logior', { description: 'q?', ground_truth: 5, problem_type: 'ILP', problem_size: 'Toy' }, { answer: 5, kind: 'ilp' }],
    [
      'or-instruct',
      { prompt: 'Build.\n\n# Question:\nHow many?\n\n# Response:', completion: '```python\nimport coptpy as cp\n```' },
      {
        question: 'How many?',
        answer: null,
        programs: { coptpy: 'import coptpy as cp' },
      },
    ],
    [
      'resocratic-scenario',
      { scenario: '## Define Variables:\nA farm.\n// {"x": 1}', length: 9, var_num: 1, type: 'linear' },
      { question: 'A farm.', answer: null },
    ],
    [
      'program-record',
      { question: 'q?', code: 'import coptpy', api: 'coptpy', published_label: '3.5', id: 'p1' },
      { answer: 3.5, programs: { coptpy: 'import coptpy' } },
    ],
    ['plain', { question: 'q?', answer: '[18.0, 20]' }, { answer: 18, accepted: [20] }],
    ['evom', { id: 'mine', question: 'q?', answer: -99999, source: 'set@1' }, { answer: -99999 }],
    ['evom', { id: 'mine', question: 'q?', answer: 4, source: 'set@1' }, { id: 'mine', answer: 4, source: 'set@1' }],
  ];
  it.each(oneOf)('tells %s by its fields: %j', async (format, record, expected) => {
    const items = await itemsOf(await write('file.json', `[${JSON.stringify(record)}]`));
    expect(formatOf(items)).toEqual([format]);
    expect(problemsOf(items)[0]).toMatchObject(expected);
  });

  it('names label version and file hash in source, and keeps both beside an id of the record', async () => {
    const [problem] = await importProblems(await write('My Set.jsonl', '{"question":"q?","answer":1}'));
    expect(problem?.source).toMatch(/^my-set#sha256:[0-9a-f]{16}$/);
    expect(problem?.id).toMatch(/^my-set\/q-[0-9a-f]{16}$/);
    expect((await importProblems(join(directory, 'My Set.jsonl'), { name: 'mine@2' }))[0]?.source).toMatch(/^mine@2#sha256:/);
  });

  it('leaves numbers that mean "no solution" alone when asked to, and words as they are', async () => {
    const path = await write(
      'sentinels.json',
      '[{"en_question":"a","en_answer":"-99999.0"},{"en_question":"b","en_answer":"No Best Solution"}]',
    );
    expect((await importProblems(path)).map(({ answer }) => answer)).toEqual(['infeasible', 'infeasible']);
    expect((await importProblems(path, { keepSentinels: true })).map(({ answer }) => answer)).toEqual([-99999, 'infeasible']);
  });

  it('keeps repeated records under ids of their own', async () => {
    const path = await write('twice.jsonl', '{"question":"q?","answer":1}\n{"question":"q?","answer":2}');
    expect(new Set((await importProblems(path)).map(({ id }) => id)).size).toBe(2);
  });

  it('reads one wrapping object, a viewer’s rows and records keyed by id', async () => {
    const record = { question: 'q?', answer: 1 };
    for (const wrapped of [
      { version: 1, data: [record, record] },
      {
        rows: [
          { row_idx: 0, row: record },
          { row_idx: 1, row: record },
        ],
      },
      { a: record, b: record },
    ]) {
      expect(await importProblems(await write('wrapped.json', JSON.stringify(wrapped, null, 2)))).toHaveLength(2);
    }
  });

  it('reads gzip, UTF-16 and CSV by content, whatever the file is called', async () => {
    const json = '{"question":"q?","answer":1}';
    expect(await importProblems(await write('a.txt', gzipSync(json)))).toHaveLength(1);
    expect(await importProblems(await write('b.csv', Buffer.from(`\uFEFF${json}`, 'utf16le')))).toHaveLength(1);
    const csv = '\uFEFFproblem_class,question,answer\n"[""TSP""]","Two\nlines, and ""quotes""","[18.0]"\nDiet,q?,3\n';
    const problems = await importProblems(await write('c.jsonl', csv));
    expect(problems.map(({ question, answer }) => [question, answer])).toEqual([
      ['Two\nlines, and "quotes"', 18],
      ['q?', 3],
    ]);
  });

  it('maps any fields by name, and by path', async () => {
    const path = await write('odd.json', '[{"text":"q?","gold":{"value":"1,200"},"nr":9}]');
    const fields = { question: 'text', answer: 'gold.value', id: 'nr' };
    expect(await importProblems(path, { fields })).toEqual([{ id: 'odd/9', question: 'q?', answer: 1200, source: expect.any(String) }]);
  });

  it('names file, line and field of what it cannot read, and goes on', async () => {
    const path = await write(
      'bad.jsonl',
      '{"question":"a","answer":1}\n{"question":"b","answer":"about 5"}\nnonsense\n{"question":"","answer":2}\n{"other":1}\n{"question":"open","answer":3',
    );
    const items = await itemsOf(path);
    expect(problemsOf(items)).toHaveLength(1);
    expect(faultsOf(items).map(({ at, field }) => [at, field])).toEqual([
      [3, null],
      [6, null],
      [2, 'answer'],
      [4, 'question'],
      [5, null],
    ]);
    await expect(importProblems(path)).rejects.toThrow(/bad\.jsonl:2: "answer" is "about 5"/);
  });

  it('names the line of bytes that are no text, of a ragged CSV row and of an open quote', async () => {
    await expect(
      importProblems(await write('latin.jsonl', Buffer.from('{"question":"a","answer":1}\n{"question":"caf\xe9","answer":1}', 'latin1'))),
    ).rejects.toThrow(/latin\.jsonl:2: holds bytes that are not utf-8/);
    await expect(importProblems(await write('ragged.csv', 'question,answer\na,1\nb\n'))).rejects.toThrow(
      /ragged\.csv:3: has 1 cells where the header has 2/,
    );
    await expect(importProblems(await write('open.csv', 'question,answer\n"a,1\n'))).rejects.toThrow(
      /open\.csv:2: the quoted cell that starts here never ends/,
    );
  });

  it('refuses other binaries, pointers of Git LFS, broken Parquet, empty files and unknown fields with the next step', async () => {
    await expect(importProblems(await write('x.bin', Buffer.from([0, 1, 2, 0, 0])))).rejects.toThrow(/neither Parquet, Arrow nor gzip/);
    await expect(importProblems(await write('lfs.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'))).rejects.toThrow(
      /git lfs pull/,
    );
    await expect(importProblems(await write('cut.parquet', 'PAR1 and no more'))).rejects.toThrow(/is parquet that cannot be read/);
    await expect(importProblems(await write('empty.json', ''))).rejects.toThrow(/holds no record/);
    await expect(importProblems(await write('fields.json', '{"a":1,"b":2}'))).rejects.toThrow(
      /has the fields a, b, which no format fits; name them with --question-field/,
    );
    await expect(importProblems(await write('q.json', '{"question":"q","answer":1}'), { format: 'mamoo' })).rejects.toMatchObject({
      code: 'E_USAGE',
    });
  });
});

describe('importInput on columnar files written by pyarrow', () => {
  const expected = [20, 60, 120, null, 300];
  it.each([
    'snappy.parquet',
    'zstd.parquet',
    'gzip.parquet',
    'lz4.parquet',
    'none.parquet',
    'plain.arrow',
    'zstd.arrow',
    'lz4.arrow',
    'stream.arrow',
  ])('reads %s', async (name) => {
    const items = await itemsOf(join(tables, name));
    expect(formatOf(items)).toEqual(['verl']);
    const problems = problemsOf(items);
    expect(problems.map(({ answer }) => answer)).toEqual(expected);
    expect(problems[1]).toMatchObject({
      id: `${name.split('.')[0]}/1`,
      question: 'A bakery sells loaves at 3 dollars and bakes at most 20 of them. What is the most it can earn?',
      programs: { gurobipy: expect.stringContaining('import gurobipy') },
      meta: { data_source: 'made-for-tests', sol: [20] },
    });
  });
});

describe('importInput on folders', () => {
  it('reads OptiMUS NLP4LP: a folder a problem, parameters as data, a null objective as no label', async () => {
    await write('nlp4lp/2/description.txt', 'A farm has 5 acres.');
    await write('nlp4lp/2/parameters.json', '{"Acres":5}');
    await write('nlp4lp/2/solution.json', '{"variables":{"x":5},"objective":690}');
    await write('nlp4lp/2/optimus_code.py', 'from gurobipy import Model\n');
    await write('nlp4lp/10/description.txt', 'A farm has none.');
    await write('nlp4lp/10/solution.json', '{"variables":{},"objective":null}');
    const items = await itemsOf(join(directory, 'nlp4lp'));
    expect(formatOf(items)).toEqual(['nlp4lp']);
    expect(problemsOf(items)).toMatchObject([
      { id: 'nlp4lp/2', answer: 690, data: { Acres: 5 }, programs: { gurobipy: expect.any(String) }, meta: { variables: { x: 5 } } },
      { id: 'nlp4lp/10', answer: null },
    ]);
  });

  it('reads ORThought and LogiOR: status and objective', async () => {
    const folder = async (name: string, answer: object): Promise<void> => {
      await write(`logior/${name}/question.txt`, `Question ${name}?`);
      await write(`logior/${name}/answer.json`, JSON.stringify(answer));
      await write(`logior/${name}/code.py`, 'import gurobipy as gp\n');
    };
    await folder('prob_1', { status: 'optimal', obj: 690 });
    await folder('prob_2', { status: 'infeasible or unbounded', obj: null });
    await folder('prob_3', { status: 'optimal', obj: null });
    expect(problemsOf(await itemsOf(join(directory, 'logior'))).map(({ answer }) => answer)).toEqual([690, 'infeasible', null]);
  });

  it('gives ComplexOR texts their data, and takes LPWP’s "input" for the solution that it is', async () => {
    await write('coe/knap/description.txt', 'Choose items of given value under a given weight.');
    await write('coe/knap/sample.json', '[{"input":{"values":[60,100]},"output":[100]},{"input":{"values":[1,2]},"output":[2]}]');
    await write('coe/lpwp/description.txt', 'A boat takes 10 ducks.');
    await write('coe/lpwp/sample.json', '[{"input":{"boats":3},"output":[30]}]');
    const [knapsack, lpwp] = problemsOf(await itemsOf(join(directory, 'coe')));
    expect(knapsack).toMatchObject({ answer: 100, data: { values: [60, 100] } });
    expect(knapsack?.question).toContain('Data:\n{"values":[60,100]}');
    expect(knapsack?.meta?.samples).toHaveLength(1);
    expect(lpwp).toMatchObject({ question: 'A boat takes 10 ducks.', answer: 30, meta: { variables: { boats: 3 } } });
    expect(lpwp?.data).toBeUndefined();
  });

  it('names a broken file of a folder', async () => {
    await write('broken/1/question.txt', 'q?');
    await write('broken/1/answer.json', '{"status":');
    expect(faultsOf(await itemsOf(join(directory, 'broken')))).toMatchObject([
      { field: 'answer.json', message: expect.stringContaining('is not valid JSON') },
    ]);
  });

  it('joins samples without text by their data, and names those that no text fits', async () => {
    const path = await write('item.sample.json', '[{"input":{"w":[1,2],"ok":true},"output":[3]},{"input":{"w":[9]},"output":[3]}]');
    const items = await itemsOf(path, { texts: ["Choose.\n\nData:\n{'w': [1, 2], 'ok': True}\n"] });
    expect(problemsOf(items)).toMatchObject([{ answer: 3, data: { w: [1, 2], ok: true } }]);
    expect(faultsOf(items)[0]?.message).toMatch(/no text holds its data/);
  });
});

describe('NL4OPT declarations', () => {
  const declared = (
    constraints: object[],
    objective: object = { type: 'objective', direction: 'maximize', terms: { Sleds: '100', trucks: '3 hundred' } },
  ) => ({
    7: {
      document: 'A fishery ...',
      vars: ['sleds', 'trucks', 'trucks'],
      var_mention_to_first_var: { sled: 'sleds', truck: 'trucks' },
      obj_declaration: objective,
      const_declarations: constraints,
    },
  });

  it('become a linear model whose answer is solved', async () => {
    // By hand: sleds <= trucks and 50 sleds + 100 trucks <= 1000 give 1000/150 of each; all budget on trucks gives 3000.
    const record = declared([
      { type: 'linear', limit: '$1,000', terms: { sled: '50', truck: '100' }, operator: 'LESS_OR_EQUAL' },
      { type: 'xy', x_var: 'sled', y_var: 'truck', operator: 'LESS_OR_EQUAL' },
      { type: 'xby', x_var: 'trucks', param: 'a third', y_var: 'sled', operator: 'GREATER_OR_EQUAL' },
      { type: 'ratio', var: 'sleds', limit: '20%', operator: 'GREATER_OR_EQUAL' },
      { type: 'sum', limit: 'twenty', operator: 'LESS_OR_EQUAL' },
      { type: 'lowerbound', var: 'sleds', limit: '1', operator: 'GREATER_OR_EQUAL' },
      { type: 'upperbound', var: 'trucks', limit: '9', operator: 'LESS_OR_EQUAL' },
    ]);
    const [problem] = await importProblems(await write('nl4opt.jsonl', JSON.stringify(record)), { solve: solvers.solve });
    expect(problem?.model?.variables.map(({ name, cost, integer }) => [name, cost, integer])).toEqual([
      ['sleds', 100, false],
      ['trucks', 300, false],
    ]);
    expect(problem?.model?.constraints.map(({ lower, upper, coefficients }) => [lower, upper, coefficients])).toEqual([
      [-Infinity, 1000, [50, 100]],
      [-Infinity, 0, [1, -1]],
      [0, Infinity, [1, -1 / 3]],
      [0, Infinity, [0.8, -0.2]],
      [-Infinity, 20, [1, 1]],
      [1, Infinity, [1]],
      [-Infinity, 9, [1]],
    ]);
    // sleds = 2, trucks = 8 is not enough: 0.8 s >= 0.2 t and 50 s + 100 t = 1000 meet at t = 4 s, s = 1000/450.
    expect(problem?.answer).toBeCloseTo((100 + 1200) * (1000 / 450), 6);
  });

  const corrected = (canonical: object) => ({
    doc_id: '-12',
    document: 'A bakery ...',
    order_mapping: { cakes: 0, pies: 1, Cakes: 0, pie: 1 },
    obj_declaration: { type: 'objective', direction: 'maximize', terms: { Cakes: '5', pie: '3' } },
    const_declarations: [
      { type: 'linear', limit: '7', terms: { cakes: '2', pies: '1' }, operator: 'LESS_OR_EQUAL' },
      { type: 'xby', x_var: 'pies', param: 'twice', y_var: 'Cakes', operator: 'LESS_OR_EQUAL' },
    ],
    canonical,
  });
  const said = {
    objective: [-5, -3],
    constraints: [
      [-2, 1, 0],
      [2, 1, 7],
    ],
  };

  it('of corrected copies name their variables in order_mapping, and are held to the canonical form', async () => {
    const [problem] = await importProblems(await write('copy.jsonl', JSON.stringify(corrected(said))), { solve: solvers.solve });
    expect(problem).toMatchObject({ id: 'copy/-12', kind: 'lp' });
    expect(problem?.model?.variables.map(({ name, cost }) => [name, cost])).toEqual([
      ['cakes', 5],
      ['pies', 3],
    ]);
    for (const [canonical, why] of [
      [{ ...said, objective: [5, -3] }, /obj_declaration differs from canonical.objective/],
      [{ ...said, constraints: said.constraints.slice(1) }, /const_declarations differ from canonical.constraints/],
      [{ objective: [-5, -3] }, /differ from canonical.constraints/],
    ] as const) {
      const items = await itemsOf(await write('loss.jsonl', JSON.stringify(corrected(canonical))));
      expect(problemsOf(items)).toMatchObject([{ answer: null, meta: { label_doubt: expect.stringMatching(why) } }]);
    }
  });

  it.each([
    ['in another order than the columns', { pies: 1, pie: 1, Cakes: 0, cakes: 0 }, {}],
    ['beside names in another order', { cakes: 0, pies: 1, pie: 1 }, { vars: ['pies', 'cakes'] }],
    ['beside names that are later mentions', { Cakes: 0, cakes: 0, pies: 1, pie: 1, cake: 0 }, { vars: ['cake', 'pie'] }],
  ])('of corrected copies are understood with mentions %s', async (_, mapping, more) => {
    const record = { ...corrected(said), order_mapping: mapping, ...more };
    const [problem] = await importProblems(await write('order.jsonl', JSON.stringify(record)), { solve: solvers.solve });
    expect(problem).toMatchObject({ answer: 19.25 });
  });

  it.each([
    [{ cakes: null, pies: null, Cakes: null, pie: null }, /order_mapping gives "cakes" null, which is not a column/],
    [{ cakes: 0, Cakes: 1, pies: 2, pie: 2 }, /order_mapping gives "Cakes" column 1, and another in another case/],
  ])('of corrected copies are in doubt where order_mapping is %j', async (mapping, why) => {
    const record = { ...corrected(said), canonical: undefined, order_mapping: mapping };
    const items = await itemsOf(await write('mapping.jsonl', JSON.stringify(record)));
    expect(problemsOf(items)).toMatchObject([{ answer: null, meta: { label_doubt: expect.stringMatching(why) } }]);
  });

  it('become whole numbers where that is asked for', async () => {
    const file = await write('whole.jsonl', JSON.stringify(corrected(said)));
    const answers = async (wholeNumbers: boolean) => (await importProblems(file, { solve: solvers.solve, wholeNumbers }))[0];
    // 2 c + p <= 7 and p <= 2 c: c = 1.75, p = 3.5 makes 19.25; whole: c = 2, p = 3.
    expect(await answers(false)).toMatchObject({ kind: 'lp', answer: 19.25 });
    expect(await answers(true)).toMatchObject({ kind: 'milp', answer: 19 });
  });

  it('that mean nothing leave the text without model and answer, and are named', async () => {
    for (const [constraint, why] of [
      [{ type: 'ratio', var: 'sled', limit: '5', operator: 'GREATER_OR_EQUAL' }, /not a share of a whole/],
      [{ type: 'sum', limit: 'lots', operator: 'LESS_OR_EQUAL' }, /not a number/],
      [{ type: 'xy', x_var: 'sled', y_var: 'sleds', operator: 'LESS_OR_EQUAL' }, /with itself/],
      [{ type: 'lowerbound', var: 'boat', limit: '5', operator: 'GREATER_OR_EQUAL' }, /none of the variables/],
    ] as const) {
      const items = await itemsOf(await write('doubt.jsonl', JSON.stringify(declared([constraint]))));
      expect(problemsOf(items)).toMatchObject([{ answer: null, meta: { label_doubt: expect.stringMatching(why) } }]);
      expect(items.filter((item) => item.type === 'doubt')).toHaveLength(1);
    }
  });
});

describe('OptiBench results', () => {
  it.each([
    [{ 'The optimal number of stations': '2.0', 'Station in City 1': '0.0' }, true],
    [{ 'The quantity of Fertilizer 4': '0.1', 'The quantity of Fertilizer 5': '0.0' }, true],
    [{ boats: '12', canoes: '23', 'The total amount of time': '1160' }, false],
    [{ 'The height of the box': '3.0' }, false],
  ])('%j: last one in doubt is %s', async (results, inDoubt) => {
    const items = await itemsOf(
      await write('optibench.json', JSON.stringify([{ question: 'q?', index: 1, type: 'linear-notable', results }])),
    );
    expect(items.some((item) => item.type === 'doubt')).toBe(inDoubt);
  });
});

it('OptiBench results are read from a cell of text too', async () => {
  const path = await write('viewer.csv', `question,index,type,results\nq?,4,linear-notable,"{'boats': '12', 'The total time': '60'}"\n`);
  expect(await importProblems(path)).toMatchObject([{ answer: 60, meta: { results: { boats: 12, 'The total time': 60 } } }]);
});

describe('readLabel', () => {
  it.each([
    ['[18.0]', { answer: 18 }],
    [[18, '20'], { answer: 18, accepted: [20] }],
    ['[]', undefined],
    ['[1, no]', undefined],
    ["['3']", { answer: 3 }],
    ['No Best Solution', { answer: 'infeasible' }],
    [-9999, { answer: -9999 }],
    [null, { answer: null }],
    ['None', { answer: null }],
    [true, undefined],
  ])('reads %j', (label, expected) => expect(readLabel(label, plainLabels)).toEqual(expected));
  it('takes -9999 for "no solution" only where the set says so', () =>
    expect(readLabel('-9999.0', sirlFixedLabels)).toEqual({ answer: 'infeasible' }));
});

describe('kindOfWord', () => {
  it.each([
    ['LP problem', { kind: 'lp' }],
    ['integer', {}],
    ['constructor', {}],
    [7, {}],
  ])('reads %j as %j', (word, kind) => expect(kindOfWord(word)).toEqual(kind));
});

describe('csvRecords', () => {
  it('gives back any table that is quoted by the rules, wherever the chunks are cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ';', ' ', 'é'), maxLength: 6 });
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }));
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const header = (rows[0] ?? []).map((_, i) => `c${i}`);
        const text = `\uFEFF${[header, ...rows].map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\r\n')}\r\n`;
        const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
        const read: unknown[] = [];
        for await (const item of csvRecords(chunks)) read.push(item.kind === 'value' ? Object.values(item.value as object) : item);
        expect(read).toEqual(rows);
      }),
    );
  });

  it('names a row with text behind a closing quote, and reads on', async () => {
    const items = [];
    for await (const item of csvRecords(['a,b\n1,"2"\n"x"y,3\n"p\nq" ,4\n5,6\rs\r\n7,"8"\r', '\n'])) items.push(item);
    const message = expect.stringMatching(/^has text behind a closing quote/);
    expect(items).toEqual([
      { kind: 'value', line: 2, value: { a: '1', b: '2' } },
      { kind: 'fault', line: 3, message },
      { kind: 'fault', line: 5, message },
      { kind: 'value', line: 6, value: { a: '5', b: '6\rs' } },
      { kind: 'value', line: 7, value: { a: '7', b: '8' } },
    ]);
  });

  it('tells semicolons and tabs by the header', async () => {
    for (const delimiter of [';', '\t']) {
      const items = [];
      for await (const item of csvRecords([`a${delimiter}b\n1,5${delimiter}2`])) items.push(item);
      expect(items).toEqual([{ kind: 'value', line: 2, value: { a: '1,5', b: '2' } }]);
    }
  });
});

describe('lz4Frame', () => {
  it('refuses what is no frame, and matches that reach before the start', () => {
    expect(() => lz4Frame(new Uint8Array(16))).toThrow(/do not start with an LZ4 frame/);
    const frame = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 4, 0, 0, 0, 0x10, 65, 9, 0, 0, 0, 0, 0);
    expect(() => lz4Frame(frame)).toThrow(/reaches 9 bytes back in 1/);
  });
});

describe('evom data import', () => {
  it('is on the command line with its formats', () => {
    const help = execFileSync('node', ['dist/cli/main.js', 'data', 'import', '--help'], { encoding: 'utf8' });
    expect(help).toContain('--question-field');
    for (const name of ['optibench', 'nl4opt-declarations', 'nlp4lp', 'orthought']) expect(help).toContain(name);
  });
});
