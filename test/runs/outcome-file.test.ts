import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyOutcome, type OutcomeStatus } from '../../src/core/outcome.ts';
import { outcomeToJson } from '../../src/core/outcome-json.ts';
import type { Problem } from '../../src/core/problem.ts';
import { OutcomeFile, type StoredSample } from '../../src/runs/outcome-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-outcomes-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const sample = (status: OutcomeStatus): StoredSample => ({
  outcome: outcomeToJson(emptyOutcome(status, { dialect: 'highs-js', backend: 'highs' })),
  flags: [],
  identical: null,
  tokens: 3,
  entropy: 0,
  truncated: false,
  completion: 'x',
});
const problem: Problem = { id: 'p', question: 'q?', answer: 1, source: 'test' };
const about = { cell: 'c', set: 's' };

describe('OutcomeFile', () => {
  it('gives back what was kept, also to the next who opens it, and only under the same setting and question', async () => {
    const path = join(directory, 'new', 'outcomes.jsonl');
    const file = await OutcomeFile.open(path);
    expect(file.recall(about, problem, 1)).toBeNull();
    const samples = [sample('optimal'), sample('no_solve')];
    await file.keep(about, [{ problem, samples }]);
    await file.close();
    const again = await OutcomeFile.open(path);
    expect(again.recall(about, problem, 2)).toEqual(samples);
    expect(again.recall(about, problem, 1)).toEqual(samples.slice(0, 1));
    expect(again.recall(about, problem, 3)).toBeNull();
    expect(again.recall({ ...about, cell: 'other' }, problem, 1)).toBeNull();
    expect(again.recall(about, { ...problem, question: 'changed?' }, 1)).toBeNull();
    await again.close();
  });

  it('asks again for what a fault of ours spoiled, and takes the later line', async () => {
    const file = await OutcomeFile.open(join(directory, 'fault.jsonl'));
    await file.keep(about, [{ problem, samples: [sample('infra_error')] }]);
    expect(file.recall(about, problem, 1)).toBeNull();
    await file.keep(about, [{ problem, samples: [sample('optimal')] }]);
    expect(file.recall(about, problem, 1)).toHaveLength(1);
    await file.close();
  });

  it('drops a last line that a crash cut off, and names any other line that is none', async () => {
    const path = join(directory, 'torn.jsonl');
    const file = await OutcomeFile.open(path);
    await file.keep(about, [{ problem, samples: [sample('optimal')] }]);
    await file.close();
    const whole = await readFile(path, 'utf8');
    await appendFile(path, '{"cell":"c","se');
    const reopened = await OutcomeFile.open(path);
    expect(reopened.recall(about, problem, 1)).toHaveLength(1);
    await reopened.close();
    expect(await readFile(path, 'utf8')).toBe(whole);
    await writeFile(path, `${whole}{"not":"one"}\n`);
    await expect(OutcomeFile.open(path)).rejects.toThrow(/torn\.jsonl:2: is not a record of outcomes/);
  });
});
