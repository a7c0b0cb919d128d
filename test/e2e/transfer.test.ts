/** `evom evaluate` and `evom transfer` on recorded completions and benchmark files, through the compiled command line. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evom } from './tiny-run.ts';

let folder: string;
const lp = (capacity: number): string =>
  `const h = await require("highs")();\nreport(h.solve(\`Max\nx + y\nst\nx + 2 y <= ${capacity}\nx <= 3\nEnd\`).ObjectiveValue);`;
/** Optimum of `lp`: x = 3 and y = (capacity - 3) / 2. */
const optimum = (capacity: number): number => 3 + (capacity - 3) / 2;
const question = (capacity: number): string =>
  `A shop sells plates and cups and has ${capacity} hours; a cup takes two of them, and at most 3 plates sell. How many pieces at most?`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-transfer-'));
  mkdirSync(join(folder, 'bench'));
  // The last label is 3 % off: right under 5 %, wrong under 1e-6.
  const labels = [optimum(9), optimum(11), optimum(13) * 1.03];
  const records = [9, 11, 13].map((capacity, i) => ({ en_question: question(capacity), en_answer: `${labels[i]}` }));
  writeFileSync(join(folder, 'bench', 'shop.json'), JSON.stringify(records));
  const completions = [
    { question: question(9), completion: `Here:\n\`\`\`js\n${lp(9)}\n\`\`\`` },
    { question: question(11), completion: '```js\nreport(7\n```' },
    { question: question(13), completion: lp(13) },
  ];
  writeFileSync(join(folder, 'model.jsonl'), completions.map((record) => `${JSON.stringify(record)}\n`).join(''));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('evom evaluate on a dataset by name', () => {
  it('replays recorded completions and scores them by several judges, with labels and denominators', async () => {
    const args = [
      'evaluate',
      '--checkpoint',
      'model.jsonl',
      '--dataset',
      'shop',
      '--data-dir',
      'bench',
      '--judge',
      'sirl,evom,exact',
      '--outcomes',
      'outcomes.jsonl',
      '--json',
      '-q',
    ];
    const { code, out, err } = await evom(args, folder);
    expect(code, err).toBe(0);
    const sha = createHash('sha256')
      .update(readFileSync(join(folder, 'bench', 'shop.json')))
      .digest('hex')
      .slice(0, 16);
    const [summary] = (JSON.parse(out) as { evaluations: Record<string, unknown>[] }).evaluations;
    expect(summary).toMatchObject({
      name: 'shop',
      judge: 'sirl',
      problems: 3,
      denominator: 3,
      labels: [`shop#sha256:${sha}`],
      pass_at_1: 1 / 3,
      by_judge: { evom: { pass_at_1: 2 / 3, denominator: 3 }, exact: { pass_at_1: 1 / 3 } },
      taxonomy: { optimal: 2, syntax_error: 1 },
    });
    const again = await evom(
      args.map((arg) => (arg === 'sirl,evom,exact' ? 'evom' : arg)),
      folder,
    );
    expect(JSON.parse(again.out)).toMatchObject({ evaluations: [{ judge: 'evom', pass_at_1: 2 / 3 }] });
    expect(readFileSync(join(folder, 'outcomes.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
  });

  it('names the folder and the label versions it looked for', async () => {
    const { code, err } = await evom(['evaluate', '--checkpoint', 'model.jsonl', '--dataset', 'nl4opt', '--data-dir', 'bench'], folder);
    expect(code).toBe(3);
    expect(err).toContain('known label versions are nl4opt@sirl');
    const version = await evom(['evaluate', '--checkpoint', 'model.jsonl', '--dataset', 'nl4opt@sirl', '--data-dir', 'bench'], folder);
    expect(version.err).toContain('Cardinal-Operations/SIRL');
  });

  it('refuses an unknown judge, and training on a recording', async () => {
    expect((await evom(['evaluate', '--checkpoint', 'model.jsonl', '--dataset', 'shop', '--judge', 'sril'], folder)).code).toBe(2);
    const train = await evom(
      ['train', '-c', 'quickstart', '--set', 'policy.type=recorded', '--set', `policy.checkpoint=${join(folder, 'model.jsonl')}`],
      folder,
    );
    expect(train).toMatchObject({ code: 3, err: expect.stringContaining('no weights to train') });
  });
});

describe('evom transfer', () => {
  const args = [
    'transfer',
    '--checkpoint',
    'mine=model.jsonl',
    '--backends',
    'highs,glpk/highs-js',
    '--dataset',
    'bench/shop.json',
    '--judge',
    'sirl,orlm',
    '--out',
    'report',
  ];

  it('gives the table of policy and backend, in words, JSON and as a picture', async () => {
    const { code, out, err } = await evom(args, folder);
    expect(code, err).toBe(0);
    expect(out).toMatch(/mine +highs \(highs-js\) +shop +sirl +33\.3 % +\[6\.1, 79\.2\] +66\.7 %/);
    expect(out).toContain('optimal 2, syntax_error 1');
    const report = JSON.parse(readFileSync(join(folder, 'report', 'transfer.json'), 'utf8')) as {
      rows: { backend: string; pass_at_1: number }[];
      comparisons: object[];
    };
    expect(report.rows.map(({ backend, pass_at_1 }) => [backend, pass_at_1])).toEqual([
      ['highs', 1 / 3],
      ['glpk', 1 / 3],
    ]);
    expect(report.comparisons).toMatchObject([{ difference: 0, p_value: 1, mcnemar: { gained: 0, lost: 0 } }]);
    expect(readFileSync(join(folder, 'report', 'transfer.md'), 'utf8')).toContain('| mine | glpk (highs-js) | shop |');
    expect(readFileSync(join(folder, 'report', 'transfer.svg'), 'utf8')).toContain('33.3 % of 3');
  });

  it('runs only what is missing: another backend is added, a cut-off line is run again', async () => {
    const path = join(folder, 'report', 'outcomes.jsonl');
    const before = readFileSync(path, 'utf8');
    expect(before.trimEnd().split('\n')).toHaveLength(6);
    writeFileSync(path, before.slice(0, -40));
    const { code, out } = await evom(
      [...args.map((arg) => (arg === 'highs,glpk/highs-js' ? 'highs,glpk/highs-js,glpk-js' : arg)), '--json', '-q'],
      folder,
    );
    expect(code).toBe(0);
    expect((JSON.parse(out) as { rows: object[] }).rows).toHaveLength(3);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(9);
    expect(before.startsWith(lines.slice(0, 5).join('\n'))).toBe(true);
  });

  it('refuses a backend that there is not, and a recording about other problems', async () => {
    expect(await evom(['transfer', '--checkpoint', 'model.jsonl', '--backends', 'higs'], folder)).toMatchObject({
      code: 2,
      err: expect.stringContaining('no such backend or dialect'),
    });
    writeFileSync(join(folder, 'other.jsonl'), '{"question":"another?","completion":"x"}\n');
    const other = await evom(['transfer', '--checkpoint', 'other.jsonl', '--backends', 'highs', '--dataset', 'bench/shop.json'], folder);
    expect(other).toMatchObject({ code: 3, err: expect.stringContaining('holds too few completions') });
  });
});

describe('an evaluation set with a dialect of its own', () => {
  const config = (dialect: string): string => `policy: { type: recorded, checkpoint: programs.jsonl }
backend: highs
dialect: [{ name: highs-js, weight: 3 }, { name: glpk-js, weight: 1 }]
dataset:
  train: { type: generated }
  eval:
    - { name: here, type: file, path: bench/shop.json, dialect: highs-js }
    - { name: there, type: file, path: bench/shop.json, dialect: ${dialect} }
`;

  it('asks every problem in it, where the run has several; transfer asks in that of the row', async () => {
    const programs = [9, 11, 13].map((capacity) => ({
      id: `p${capacity}`,
      question: question(capacity),
      answer: optimum(capacity),
      source: 's',
      programs: { 'highs-js': lp(capacity), 'glpk-js': 'report(' },
    }));
    writeFileSync(join(folder, 'programs.jsonl'), programs.map((record) => `${JSON.stringify(record)}\n`).join(''));
    writeFileSync(join(folder, 'two.yaml'), config('glpk-js'));
    const { code, out, err } = await evom(['evaluate', '--config', 'two.yaml', '--judge', 'evom', '--json', '-q'], folder);
    expect(code, err).toBe(0);
    const scores = (text: string, key: 'evaluations' | 'rows'): unknown =>
      (JSON.parse(text) as Record<string, { name?: string; set?: string; pass_at_1: number }[]>)[key]?.map((row) => [
        row.name ?? row.set,
        row.pass_at_1,
      ]);
    expect(scores(out, 'evaluations')).toEqual([
      ['here', 1],
      ['there', 0],
    ]);
    // Each row has one dialect: the set that asks the same problems in another one is not asked twice.
    const moved = await evom(['transfer', '--config', 'two.yaml', '--backends', 'glpk/glpk-js', '--judge', 'evom', '--json', '-q'], folder);
    expect(scores(moved.out, 'rows'), moved.err).toEqual([['here', 0]]);
  });

  it('is refused where the run does not have it', async () => {
    writeFileSync(join(folder, 'evaluate.yaml'), config('gurobipy'));
    const checkpoint = join(process.cwd(), 'checkpoints', 'tiny');
    const trained = config('gurobipy').replace('type: recorded, checkpoint: programs.jsonl', `checkpoint: "${checkpoint}"`);
    writeFileSync(join(folder, 'train.yaml'), trained);
    for (const words of [
      ['evaluate', '--config', 'evaluate.yaml'],
      ['train', '--config', 'train.yaml', '--dry-run'],
    ])
      expect(await evom(words, folder)).toMatchObject({
        code: 3,
        err: expect.stringContaining("dataset.eval[1].dialect: gurobipy is none of the run's dialects, highs-js, glpk-js"),
      });
    // A flag goes before what the configuration says.
    const flags = ['--dialect', 'highs-js', '--judge', 'evom', '--json', '-q'];
    const { code, out, err } = await evom(['evaluate', '--config', 'evaluate.yaml', ...flags], folder);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ evaluations: [{ name: 'here' }, { name: 'there', pass_at_1: 1 }] });
    const words = [
      'prompts',
      'export',
      '--config',
      'evaluate.yaml',
      '--dialect',
      'highs-js',
      '--prompt',
      'instruct',
      '--out',
      'asked.jsonl',
    ];
    expect(await evom(words, folder)).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'asked.jsonl'), 'utf8')).not.toContain('gurobipy');
  });
});

it('says how many answers were cut off: their score tells nothing of the policy', async () => {
  const checkpoint = join(process.cwd(), 'checkpoints', 'tiny');
  const text = `policy: { checkpoint: "${checkpoint}" }
dataset: { train: { type: generated }, eval: [{ name: few, type: generated, split: test, count: 2, families: [diet], difficulties: [1], check: none }] }
`;
  writeFileSync(join(folder, 'few.yaml'), text);
  for (const words of [['evaluate'], ['transfer', '--backends', 'highs']]) {
    const { code, err } = await evom([...words, '--config', 'few.yaml', '--max-tokens', '8'], folder);
    expect(code, err).toBe(0);
    expect(err).toContain('few: 100 % of the answers were cut off at 8 tokens; --max-tokens gives them more room');
  }
});
