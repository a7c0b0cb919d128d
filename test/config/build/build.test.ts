import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawDialect, scheduleOf } from '../../../src/config/build/build.ts';
import { buildProblems } from '../../../src/config/build/build-problems.ts';
import { sftSources } from '../../../src/config/build/build-sft.ts';
import { threadCount } from '../../../src/config/build/build-torch.ts';
import { resolveCheckpoint } from '../../../src/config/build/resolve-checkpoint.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { SftConfig, TrainConfig } from '../../../src/config/schema/schema.ts';
import { learningRateFactor } from '../../../src/rl/schedule.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-build-'));
  mkdirSync(join(folder, 'model'));
  const record = (id: string) => JSON.stringify({ id, question: `question ${id}`, answer: 1, programs: { 'highs-js': `program ${id}` } });
  writeFileSync(join(folder, 'a.jsonl'), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'].map(record).join('\n'));
  writeFileSync(join(folder, 'b.jsonl'), ['b0', 'b1'].map(record).join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string): TrainConfig | SftConfig {
  writeFileSync(join(folder, 'config.yaml'), text);
  return loadConfig('config.yaml', { cwd: folder }).config;
}
const train = (dataset: string): TrainConfig => load(`policy: { checkpoint: model }\ndataset: { train: ${dataset} }\n`) as TrainConfig;
const ids = async (dataset: string): Promise<string[]> => (await buildProblems(train(dataset).dataset.train)).problems.map(({ id }) => id);

describe('buildProblems', () => {
  it('reads a file in its order, as far as its limit', async () => {
    expect(await ids('{ type: jsonl, path: a.jsonl }')).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
    expect(await ids('{ type: jsonl, path: a.jsonl, limit: 2 }')).toEqual(['a0', 'a1']);
  });

  it('makes exactly the problems asked for, the same each time, and counts its draws', async () => {
    const dataset = '{ type: generated, seed: 3, count: 5, families: [diet, knapsack], difficulties: [1] }';
    const { problems, counts } = await buildProblems(train(dataset).dataset.train);
    expect(problems).toHaveLength(5);
    expect(counts?.kept).toBe(5);
    expect(new Set(problems.map(({ meta }) => meta?.family))).toEqual(new Set(['diet', 'knapsack']));
    expect((await buildProblems(train(dataset).dataset.train)).problems).toEqual(problems);
  });

  it('mixes parts by weight: every problem once, each part in its order', async () => {
    const mixture = '{ type: mixture, parts: [{ type: jsonl, path: a.jsonl, weight: 3 }, { type: jsonl, path: b.jsonl, weight: 1 }] }';
    const mixed = await ids(mixture);
    expect(mixed.toSorted()).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'b0', 'b1']);
    expect(mixed.filter((id) => id.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
    expect(mixed.filter((id) => id.startsWith('b'))).toEqual(['b0', 'b1']);
    expect(await ids(mixture)).toEqual(mixed);
  });
});

describe('sftSources', () => {
  const sft = (parts: string): Promise<Awaited<ReturnType<typeof sftSources>>> =>
    sftSources(load(`kind: sft\ndataset: { train: [${parts}] }\n`) as SftConfig);

  it('gives the same problem for the same index, round and round a file', async () => {
    const { sources } = await sft('{ type: jsonl, path: b.jsonl, weight: 2, dialects: [{ name: highs-js, weight: 3 }] }');
    expect(sources[0]).toMatchObject({ weight: 2, dialects: [{ name: 'highs-js', weight: 3 }] });
    expect([0, 1, 2, 5].map((index) => sources[0]?.problem(index)?.id)).toEqual(['b0', 'b1', 'b0', 'b1']);
  });

  it('counts the vocabulary on questions and programs, and on held-out wordings for generated parts only', async () => {
    const { corpus } = await sft('{ type: jsonl, path: b.jsonl }');
    expect([...corpus(2)]).toEqual(['question b0', '[highs-js]', 'program b0', 'question b1', '[highs-js]', 'program b1']);
    const mixed = await sft('{ type: jsonl, path: b.jsonl }, { type: generated, wordings: seen, families: [diet], check: none }');
    const texts = [...mixed.corpus(1)];
    expect(texts.slice(0, 3)).toEqual(['question b0', '[highs-js]', 'program b0']);
    // The generated part: its question, its dialect, its program, and a question in held-out words.
    expect(texts).toHaveLength(7);
    expect(texts[5]).toContain('require("highs")');
    expect(texts[6]).not.toBe(texts[3]);
  });

  it('gives problems with a model to render programs from', async () => {
    const { sources } = await sft('{ type: generated, seed: 5, wordings: seen, families: [diet], difficulties: [1], check: none }');
    const some = [0, 1, 2].map((index) => sources[0]?.problem(index));
    expect(some.every((one) => one === null || (one?.model !== undefined && one.meta?.family === 'diet'))).toBe(true);
    expect(sources[0]?.problem(1)).toEqual(some[1]);
  });
});

describe('resolveCheckpoint', () => {
  it('takes a model folder as it is', () => {
    expect(resolveCheckpoint(join(folder, 'model'))).toBe(join(folder, 'model'));
  });

  it('takes a run, or its `latest`, for the newest checkpoint', () => {
    const run = join(folder, 'run');
    mkdirSync(join(run, 'checkpoints/000012'), { recursive: true });
    writeFileSync(join(run, 'config.resolved.yaml'), '');
    expect(() => resolveCheckpoint(run)).toThrow(
      expect.objectContaining({ code: 'E_CHECKPOINT', message: expect.stringContaining('no checkpoint yet') }),
    );
    writeFileSync(join(run, 'latest'), 'checkpoints/000012\n');
    expect(resolveCheckpoint(run)).toBe(join(run, 'checkpoints/000012'));
    expect(resolveCheckpoint(join(run, 'latest'))).toBe(join(run, 'checkpoints/000012'));
  });

  it('names a path that does not exist', () => {
    expect(() => resolveCheckpoint(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'E_CHECKPOINT' }));
  });
});

describe('scheduleOf', () => {
  it.each(['constant', 'linear', 'cosine', 'wsd'] as const)('%s: rises over the warm-up, ends where the file says', (type) => {
    const schedule = scheduleOf({ type, warmup_steps: 2, total: 10, decay_share: 0.5, final_factor: 0.1 });
    const factors = Array.from({ length: 11 }, (_, step) => learningRateFactor(schedule, step));
    expect(factors[0]).toBeCloseTo(1 / 3, 12);
    expect(factors[2]).toBeCloseTo(1, 12);
    expect(factors[10]).toBeCloseTo(type === 'constant' ? 1 : 0.1, 12);
    if (type === 'wsd') expect(factors[5]).toBeCloseTo(1, 12);
  });
});

describe('drawDialect', () => {
  const config = {
    run: { name: 'r', dir: 'runs', seed: 4, steps: 1, checkpoint_every: 1, keep_last: 1, keep_steps: 'all' as const, eval_every: 0 },
    dialect: [
      { name: 'highs-js', weight: 3 },
      { name: 'glpk-js', weight: 1 },
    ],
  };

  it('asks a problem in the same dialect whenever it comes up, and in each by its weight', () => {
    const drawn = Array.from({ length: 1000 }, (_, i) => drawDialect(config, `p${i}`));
    expect(drawn.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => drawDialect(config, `p${i}`)));
    expect(drawn.filter((name) => name === 'highs-js').length / 1000).toBeCloseTo(0.75, 1);
  });
});

describe('threadCount', () => {
  it('takes a number as it is, and auto for the cores', () => {
    expect(threadCount(3)).toBe(3);
    expect(threadCount('auto')).toBeGreaterThan(0);
  });
});
