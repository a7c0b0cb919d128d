import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRollouts, writeRollouts } from '../../src/batch/rollouts.ts';
import { trainingRows } from '../../src/batch/rows.ts';
import { readTable, writeTable } from '../../src/batch/table.ts';
import { group, groups, rollout } from './fixtures.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-rollouts-'));
  path = join(directory, 'rollouts.arrow');
});
afterAll(() => rm(directory, { recursive: true }));

describe('a rollouts file', () => {
  it('gives back groups bit by bit, so that rewards and advantages can be computed again', async () => {
    await writeRollouts(path, groups());
    expect(await readRollouts(path)).toEqual(groups());
  });

  it('keeps the turns of an episode, and has no columns for them where there are none', async () => {
    const several = rollout(0, {
      completion: { ...rollout(0).completion, turnLengths: Int32Array.of(1, 1, 1) },
      turns: [
        { text: 'const x', program: { code: 'const x', dialect: 'highs-js' }, status: 'syntax_error', told: 'does not parse' },
        { text: '', program: null, status: 'no_program', told: null },
      ],
    });
    await writeRollouts(path, [group('p1', [rollout(1), several])]);
    expect(await readRollouts(path)).toEqual([group('p1', [rollout(1), several])]);
    await writeRollouts(path, [group('p1', [rollout(1)])]);
    expect((await readTable(path)).has('turns')).toBe(false);
  });

  it('may hold no groups', async () => {
    await writeRollouts(path, []);
    expect(await readRollouts(path)).toEqual([]);
  });
  it('refuses groups that could not be told apart or would vanish', async () => {
    await expect(writeRollouts(path, [group('a', [rollout(0)]), group('a', [rollout(1)])])).rejects.toThrow(/two groups have the id/);
    await expect(writeRollouts(path, [group('a', [])])).rejects.toThrow(/no rollouts/);
  });
  it('refuses another kind of file', async () => {
    await writeTable(path, { step: { type: 'int32', values: [1] } }, {});
    await expect(readRollouts(path)).rejects.toThrow(/rollouts_version is missing/);
  });
});

describe('trainingRows', () => {
  const sampling = { temperature: 0.8, topP: 0.95, topK: 20 };

  it('joins prompt and completion, masks the prompt, and leaves unscorable rollouts out', () => {
    const rows = trainingRows(groups(), [[1, -1], [0]], { sampling, truncated: 'train' });
    expect(rows.map((r) => r.sampleId)).toEqual(['15/p1/0', '15/p1/1']);
    expect(rows[0]).toMatchObject({
      inputIds: Int32Array.of(2, 3, 8, 9, 1),
      promptLength: 2,
      responseLength: 3,
      lossMask: Uint8Array.of(0, 0, 1, 1, 1),
      samplerLogprobs: Float32Array.of(0, 0, -0.1, -2.5, -1e-3),
      advantage: 1,
      lossWeight: 1,
      weightVersionMin: 3,
      solver: 'highs',
      temperature: 0.8,
    });
  });
  it('records the temperature of the log-probabilities, which is 1 for greedy completions', () => {
    const rows = trainingRows(groups(), [[1, -1], [0]], { sampling: { ...sampling, temperature: 0 }, truncated: 'train' });
    expect(rows.map((r) => r.temperature)).toEqual([1, 1]);
  });
  it('takes truncated completions out of the gradient when asked to', () => {
    const weights = (truncated: 'train' | 'mask') =>
      trainingRows(groups(), [[1, -1], [0]], { sampling, truncated }).map((r) => r.lossWeight);
    expect(weights('train')).toEqual([1, 1]);
    expect(weights('mask')).toEqual([1, 0]);
  });
  it('refuses advantages that do not fit the groups', () => {
    expect(() => trainingRows(groups(), [[1, -1]], { sampling, truncated: 'train' })).toThrow(/2 groups/);
    expect(() => trainingRows(groups(), [[1], [0]], { sampling, truncated: 'train' })).toThrow(/2 rollouts and 1 advantages/);
  });
});
