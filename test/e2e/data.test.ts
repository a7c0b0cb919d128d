/** `evom data generate` and `evom data check` through the compiled command line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/core/problem.ts';
import { createVerifier } from '../../src/verify/verifier.ts';
import { type Ended, evom } from './tiny-run.ts';

let folder: string;
let made: Ended;
const generate = (name: string, ...flags: string[]): Promise<Ended> =>
  evom(['data', 'generate', '--count', '30', '--seed', '7', '--out', name, '--quiet', ...flags], folder);
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
      expect(Object.keys(programs ?? {}).sort()).toEqual(['glpk-js', 'highs-js']);
    }
  });

  it('writes the same bytes for the same flags, and others for another seed', async () => {
    const { code, out } = await generate('again.jsonl', '--wordings', 'seen', '--json');
    expect({ code, told: JSON.parse(out) }).toMatchObject({ code: 0, told: { problems: 30 } });
    expect(lines('again.jsonl')).toEqual(lines('train.jsonl'));
    await generate('other.jsonl', '--wordings', 'seen', '--seed', '8');
    expect(lines('other.jsonl')).not.toEqual(lines('train.jsonl'));
  });

  it('stores programs that reach the stored answers', async () => {
    const verifier = await createVerifier({ workers: 1 });
    const problems = problemsIn('test.jsonl').slice(0, 6);
    for (const { id, answer, programs } of problems) {
      for (const [dialect, code] of Object.entries(programs ?? {})) {
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

  it('ends with 3 and names the flag whose value is wrong', async () => {
    const { code, out, err } = await evom(['data', 'generate', '--families', 'dite'], folder);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toContain('--families');
    expect(err).toContain('diet');
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

  it('ends with 3 for a file that is not there, and with 2 when none is named', async () => {
    expect((await evom(['data', 'check', 'nowhere.jsonl'], folder)).code).toBe(3);
    expect((await evom(['data', 'check'], folder)).code).toBe(2);
    expect((await evom(['data'], folder)).code).toBe(2);
  });
});
