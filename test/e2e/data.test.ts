/** `evom data` through the compiled command line. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import { createVerifier } from '../../src/verify/verifier.ts';
import { type Ended, evom, main } from './tiny-run.ts';

let folder: string;
let made: Ended;
const generate = (name: string, ...flags: string[]): Promise<Ended> => generateBy('7', name, ...flags);
const generateBy = (seed: string, name: string, ...flags: string[]): Promise<Ended> =>
  evom(['data', 'generate', '--count', '30', '--seed', seed, '--out', name, '--quiet', ...flags], folder);
const lines = (name: string): string[] => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
const problemsIn = (name: string): Problem[] => lines(name).map((line) => JSON.parse(line) as Problem);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-data-'));
  made = await generate('train.jsonl', '--wordings', 'seen');
  await generate('test.jsonl', '--wordings', 'held_out', '--split', 'test');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('evom data generate', () => {
  it('writes the problems that were asked for and prints the file', () => {
    expect({ code: made.code, out: made.out }).toEqual({ code: 0, out: `${join(folder, 'train.jsonl')}\n` });
    const problems = problemsIn('train.jsonl');
    expect(problems).toHaveLength(30);
    expect(new Set(problems.map(({ id }) => id)).size).toBe(30);
    expect(new Set(problems.map(({ split }) => split))).toEqual(new Set(['train']));
    for (const { question, model, programs } of problems) {
      expect(question.length).toBeGreaterThan(40);
      expect(model?.variables.length).toBeGreaterThan(0);
      expect(Object.keys(programs ?? {}).sort()).toEqual(['glpk-js', 'highs-js', 'simulator-js', 'simulator-python']);
    }
  });

  it('writes the same bytes for the same flags, and others for another seed', async () => {
    const { code, out } = await generate('again.jsonl', '--wordings', 'seen', '--json');
    expect({ code, told: JSON.parse(out) }).toMatchObject({ code: 0, told: { problems: 30 } });
    expect(lines('again.jsonl')).toEqual(lines('train.jsonl'));
    await generateBy('8', 'other.jsonl', '--wordings', 'seen');
    expect(lines('other.jsonl')).not.toEqual(lines('train.jsonl'));
  });

  it('stores programs that reach the stored answers', async () => {
    const verifier = await createVerifier({ workers: 1 });
    const problems = problemsIn('test.jsonl').slice(0, 6);
    for (const { id, answer, programs } of problems) {
      const { 'simulator-js': simulator = '', 'simulator-python': inPython = '', ...solving } = programs ?? {};
      expect(inPython).toMatch(/^def simulate/);
      expect(await verifier.verify({ dialect: 'simulator-js', code: simulator })).toMatchObject({ status: 'no_solve', error: null });
      for (const [dialect, code] of Object.entries(solving)) {
        const { status, objective } = await verifier.verify({ dialect, code });
        if (typeof answer === 'number') {
          const isClose = Math.abs((objective ?? Number.NaN) - answer) <= 1e-6 * (Math.abs(answer) + 1);
          expect(isClose, `${id} in ${dialect}: ${objective}, stored ${answer}`).toBe(true);
        } else expect({ id, status }).toEqual({ id, status: answer });
      }
    }
    await verifier.close();
  });

  it('writes problems to stdout when there is no file', async () => {
    const { code, out } = await evom(['data', 'generate', '-n', '2', '--families', 'diet', '--quiet'], folder);
    const problems = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Problem);
    expect({ code, families: problems.map(({ meta }) => meta?.family) }).toEqual({ code: 0, families: ['diet', 'diet'] });
  });

  it('ends with 2 and names the flag whose value is wrong', async () => {
    const { code, out, err } = await evom(['data', 'generate', '--families', 'dite'], folder);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('--families');
    expect(err).toContain('diet');
  });

  it('replaces a file that is there only when told to, and says so before it works', async () => {
    writeFileSync(join(folder, 'mine.jsonl'), 'precious');
    const refused = await generate('mine.jsonl');
    expect(refused).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('mine.jsonl is there already; --overwrite replaces it'),
    });
    expect(readFileSync(join(folder, 'mine.jsonl'), 'utf8')).toBe('precious');
    expect(await generate('.')).toMatchObject({ code: 3, err: expect.stringContaining('. is a folder; name a file in it') });
    expect(await generate('mine.jsonl', '--wordings', 'seen', '--overwrite')).toMatchObject({ code: 0 });
    expect(lines('mine.jsonl')).toEqual(lines('train.jsonl'));
  });

  it.skipIf(!existsSync('/dev/full'))('says that the disk is full (needs /dev/full)', async () => {
    const command = `"${process.execPath}" "${main}" data generate -n 1 --families diet --quiet > /dev/full`;
    const failed = await promisify(execFile)('sh', ['-c', command]).catch((error: { code: number; stderr: string }) => error);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^E_FILE cannot write the result: no space is left on the disk/),
    });
    expect(failed.stderr).not.toMatch(/ {4}at /);
  });
});

describe('evom data check', () => {
  it('passes files whose problems are their own, and solves every label again', async () => {
    const { code, out, err } = await evom(['data', 'check', 'train.jsonl', 'test.jsonl', '--json', '--quiet'], folder);
    expect(code, err + out).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      passed: true,
      sharedTasks: [],
      sharedNumbers: [],
      wrongLabels: [],
      numLabelsChecked: 60,
    });
  });

  it('finds a problem that was copied from one file to the other, under another name', async () => {
    const copied = { ...(problemsIn('train.jsonl')[3] as Problem), id: 'renamed' };
    writeFileSync(join(folder, 'leak.jsonl'), `${[...lines('test.jsonl'), JSON.stringify(copied)].join('\n')}\n`);
    const { code, out, err } = await evom(['data', 'check', 'train.jsonl', 'leak.jsonl', '--json', '--quiet'], folder);
    expect(code).toBe(3);
    const report = JSON.parse(out.split('\n')[0] ?? '');
    expect(report).toMatchObject({ passed: false, sharedTasks: [{ a: { set: 'train.jsonl' }, b: { set: 'leak.jsonl', id: 'renamed' } }] });
    expect(report.sharedNumbers).toHaveLength(1);
    expect(err).toContain('the check failed');
  });

  it('finds a label that no solver confirms', async () => {
    const [first, ...rest] = problemsIn('test.jsonl');
    const wrong = { ...first, answer: 123456.75 };
    writeFileSync(join(folder, 'wrong.jsonl'), `${[wrong, ...rest].map((one) => JSON.stringify(one)).join('\n')}\n`);
    const { code, out } = await evom(['data', 'check', 'wrong.jsonl', '--quiet'], folder);
    expect(code).toBe(3);
    expect(out).toContain('labels solved again                30, wrong 1');
    expect(out).toContain(`${first?.id}: stored 123456.75`);
  });

  it('ends with 3 and names file and line of a record that cannot be read', async () => {
    writeFileSync(join(folder, 'broken.jsonl'), '{"question":"q","answer":1}\n{"question":"r"}\n');
    const { code, err } = await evom(['data', 'check', 'broken.jsonl'], folder);
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('broken.jsonl:2') });
  });

  it('reads CSV, with line ends and marks as spreadsheets write them', async () => {
    writeFileSync(join(folder, 'sheet.csv'), '\uFEFFid,question,answer\r\na,"Max x, x <= 3",3\r\nb,Max y; y <= 5,5\r\n');
    const { code, out, err } = await evom(['data', 'check', 'sheet.csv', '--json', '--quiet'], folder);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ passed: true, sets: [{ name: 'sheet.csv', numProblems: 2 }] });
  });

  it('ends with 3 for a file that is not there, and with 2 when none is named', async () => {
    expect((await evom(['data', 'check', 'nowhere.jsonl'], folder)).code).toBe(3);
    expect((await evom(['data', 'check'], folder)).code).toBe(2);
    expect((await evom(['data'], folder)).code).toBe(2);
  });
});

describe('evom data import, audit, overlap and split', () => {
  const old = [
    { en_question: 'There has been an oil spill and ducks need to be taken to shore by boat or by canoe today.', en_answer: '1160.0' },
    {
      en_question: 'A farmer grows corn and wheat on at most 30 acres and wants the largest profit this year.',
      en_answer: 'No Best Solution',
    },
  ];
  beforeAll(() => {
    writeFileSync(join(folder, 'old.json'), JSON.stringify(old, null, 2));
    writeFileSync(join(folder, 'new.csv'), `question,answer\n"${old[0]?.en_question}",1161\n"${old[1]?.en_question}",7\n`);
    writeFileSync(
      join(folder, 'chat.jsonl'),
      `${JSON.stringify({ messages: [{ role: 'user', content: `Solve: ${old[1]?.en_question}` }] })}\n`,
    );
  });

  it('imports a published file, prints the path and tells what was in it', async () => {
    const { code, out, err } = await evom(['data', 'import', 'old.json', '--out', 'old.jsonl'], folder);
    expect({ code, out }).toEqual({ code: 0, out: `${join(folder, 'old.jsonl')}\n` });
    expect(err).toContain('old (not a known file)');
    expect(problemsIn('old.jsonl').map(({ answer, source }) => [answer, source.split('#')[0]])).toEqual([
      [1160, 'old'],
      ['infeasible', 'old'],
    ]);
  });

  it('writes nothing when a record cannot be read, unless told to go on', async () => {
    writeFileSync(join(folder, 'faulty.jsonl'), '{"question":"a","answer":1}\n{"question":"b","answer":"lots"}\n');
    const refused = await evom(['data', 'import', 'faulty.jsonl', '--out', 'none.jsonl', '--quiet'], folder);
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('faulty.jsonl:2: "answer" is "lots"') });
    expect(existsSync(join(folder, 'none.jsonl'))).toBe(false);
    const { code, out } = await evom(
      ['data', 'import', 'faulty.jsonl', '--out', 'some.jsonl', '--skip-faulty', '--json', '--quiet'],
      folder,
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ problems: 1, faults: [{ at: 2, field: 'answer' }] });
  });

  it('lays label versions side by side', async () => {
    const { code, out } = await evom(['data', 'audit', 'old.json', 'new.csv', '--json', '--quiet'], folder);
    expect(code).toBe(0);
    expect(JSON.parse(out).pairs).toMatchObject([{ a: 'old', b: 'new', common: 2, differ1e6: 2, differ5Percent: 1 }]);
    expect((await evom(['data', 'audit', 'old.json', 'new.csv'], folder)).out).toMatch(/old \/ new +2 +2 +1/);
  });

  it('finds a test problem in a chat file, and fails when asked to', async () => {
    const { code, out } = await evom(['data', 'overlap', 'chat.jsonl', 'old.json', '--json', '--quiet'], folder);
    expect(code).toBe(0);
    expect(JSON.parse(out).benchmarks['old.json']).toMatchObject({ benchmarkItems: 2, benchmarkInTraining: 1, trainingItems: 1 });
    const failed = await evom(['data', 'overlap', 'chat.jsonl', 'old.json', '--fail'], folder);
    expect(failed).toMatchObject({ code: 3, err: expect.stringContaining('chat.jsonl holds 1 of 2 of old.json') });
  });

  it('splits into files that together hold every problem', async () => {
    const { code, out } = await evom(
      ['data', 'split', 'train.jsonl', '--out', 'parts', '--train', '0.5', '--validation', '0', '--test', '0.5', '--json', '--quiet'],
      folder,
    );
    expect(code).toBe(0);
    const { splits } = JSON.parse(out) as { splits: Record<string, { problems: number }> };
    expect(Object.keys(splits)).toEqual(['train', 'test']);
    expect([...problemsIn('parts/train.jsonl'), ...problemsIn('parts/test.jsonl')]).toHaveLength(30);
    expect((await evom(['data', 'split', 'train.jsonl', '--out', 'parts', '--test', '0.5'], folder)).code).toBe(2);
  });
});
