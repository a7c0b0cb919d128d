import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRollouts, writeRollouts } from '../../src/batch/rollouts.ts';
import { trainingRows } from '../../src/batch/rows.ts';
import { type Columns, readTable, writeTable } from '../../src/batch/table.ts';
import { taskKey } from '../../src/core/problem.ts';
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
  it('keeps the beginning and the end of what a program printed, and says how much is left out', async () => {
    const printed = (stdout: string) => group('p', [rollout(0, { outcome: { ...rollout(0).outcome, stdout } })]);
    const kept = async (stdout: string, mostPrinted?: number) => {
      await writeRollouts(path, [printed(stdout)], mostPrinted === undefined ? {} : { mostPrinted });
      return (await readRollouts(path))[0]?.rollouts[0]?.outcome.stdout;
    };
    expect(await kept('abcdefghij', 10)).toBe('abcdefghij');
    expect(await kept('abcdefghijk', 10)).toBe('abcde\n... 1 characters left out ...\nghijk');
    expect(await kept('abcdefghijk', 5)).toBe('ab\n... 7 characters left out ...\njk');
    expect(await kept('x'.repeat(100_000))).toHaveLength(100_000);
  });
  it('keeps completions whose entropy nobody knows, and problems with and without a model', async () => {
    const { model: _, ...bare } = group('bare', []).problem;
    const completion = { ...rollout(0).completion, entropy: null };
    const some = [group('modelled', [rollout(0)]), { ...group('bare', [rollout(0, { completion })]), problem: bare }];
    await writeRollouts(path, some);
    expect(await readRollouts(path)).toEqual(some);
  });

  describe('of another writer', () => {
    const words = ['group_id', 'problem', 'prompt_text', 'seed', 'completion_text', 'finish_reason', 'dialect', 'program', 'outcome'];
    const numbers = ['sample_index', 'gen_step', 'policy_version', 'entropy', 'reward'];
    /** The file of one good rollout with one column changed, or of another version. */
    const changed = async (change: Columns, version = '1') => {
      await writeRollouts(path, [group('p', [rollout(0)])]);
      const table = await readTable(path);
      const columns: Columns = {
        ...Object.fromEntries(words.map((name) => [name, { type: 'utf8', values: table.strings(name) } as const])),
        ...Object.fromEntries(numbers.map((name) => [name, { type: 'float64', values: table.numbers(name) } as const])),
        ...Object.fromEntries(['correct', 'identical'].map((name) => [name, { type: 'bool', values: table.booleans(name) } as const])),
        ...Object.fromEntries(
          ['prompt_ids', 'completion_ids'].map((name) => [name, { type: 'list_int32', values: table.lists(name, Int32Array) } as const]),
        ),
        logprobs: { type: 'list_float32', values: table.lists('logprobs', Float32Array) },
        reward_components: { type: 'struct_float64', values: table.records('reward_components') },
        flags: { type: 'list_utf8', values: table.stringLists('flags') },
      };
      await writeTable(path, { ...columns, ...change }, { 'evom.rollouts_version': version });
      return readRollouts(path);
    };

    it('is read when nothing is changed', async () => {
      expect(await changed({})).toEqual([group('p', [rollout(0)])]);
    });

    it('has no program where its code or its dialect is missing', async () => {
      for (const name of ['program', 'dialect']) {
        const [read] = await changed({ [name]: { type: 'utf8', values: [null] } });
        expect(read?.rollouts[0]?.program, name).toBeNull();
      }
    });

    it.each<[string, Columns, RegExp]>([
      [
        'an end that is none',
        { finish_reason: { type: 'utf8', values: ['eos'] } },
        /row 0, column finish_reason is "eos"; it is stop or length/,
      ],
      ['an outcome that is no JSON', { outcome: { type: 'utf8', values: ['{'] } }, /row 0, column outcome is not the JSON it should be/],
      ['a problem that is no JSON', { problem: { type: 'utf8', values: ['no'] } }, /row 0, column problem is not the JSON it should be/],
      ['a group without an id', { group_id: { type: 'utf8', values: [null] } }, /row 0, column group_id is null/],
      ['no place in its group', { sample_index: { type: 'int32', values: [null] } }, /row 0, column sample_index is null/],
      ['no tokens', { completion_ids: { type: 'list_int32', values: [null] } }, /row 0, column completion_ids is null/],
      ['rewards that are words', { reward: { type: 'utf8', values: ['1'] } }, /column reward holds Utf8; it must hold numbers/],
    ])('is refused where it has %s', async (_, change, message) => {
      await expect(changed(change)).rejects.toThrow(expect.objectContaining({ code: 'E_BATCH', message: expect.stringMatching(message) }));
    });

    it('has the turns of its episodes, and is refused where they are no turns', async () => {
      const turn = { text: 'a', program: null, status: 'no_program', told: 'try again' };
      const told = (turns: unknown) => changed({ turns: { type: 'utf8', values: [JSON.stringify(turns)] } });
      expect((await told([turn]))[0]?.rollouts[0]?.turns).toEqual([turn]);
      for (const broken of [turn, [null], [{ ...turn, text: 3 }], [{ ...turn, status: 'solved' }], [{ text: 'a', status: 'optimal' }]])
        await expect(told(broken)).rejects.toThrow(/row 0, column turns is not the JSON it should be/);
    });

    it('is refused where it is of another version', async () => {
      await expect(changed({}, '2')).rejects.toThrow(/rollouts_version is 2/);
    });
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
  it('takes everything else of a row from its rollout and its problem', () => {
    const [first, second] = trainingRows(groups(), [[1, -1], [0]], { sampling, truncated: 'train' });
    expect(first).toEqual({
      sampleId: '15/p1/0',
      groupId: '15/p1',
      rolloutIndex: 0,
      taskKey: taskKey(group('p1', []).problem),
      env: 'generated',
      solver: 'highs',
      weightVersionMin: 3,
      weightVersionMax: 3,
      inputIds: Int32Array.of(2, 3, 8, 9, 1),
      promptLength: 2,
      lossMask: Uint8Array.of(0, 0, 1, 1, 1),
      samplerLogprobs: Float32Array.of(0, 0, -0.1, -2.5, -1e-3),
      oldLogprobs: null,
      refLogprobs: null,
      advantage: 1,
      tokenAdvantages: null,
      turnLengths: null,
      klWeights: null,
      lossWeight: 1,
      reward: 1.1,
      correct: true,
      rewardParts: { format: 0.1, answer: 1 },
      status: 'optimal',
      temperature: 0.8,
      topP: 0.95,
      topK: 20,
      seed: '7/0',
      finishReason: 'stop',
      responseLength: 3,
    });
    expect(second).toMatchObject({ advantage: -1, rolloutIndex: 1, inputIds: Int32Array.of(2, 3), promptLength: 2, responseLength: 0 });
  });
  it('masks completions for being cut off, and no others', () => {
    const stopped = trainingRows([group('p', [rollout(0)])], [[1]], { sampling, truncated: 'mask' });
    expect(stopped.map((r) => r.lossWeight)).toEqual([1]);
  });
  it('refuses a completion that has not one log-probability a token', () => {
    const completion = { ...rollout(0).completion, logprobs: Float32Array.of(-1) };
    expect(() => trainingRows([group('p', [rollout(4, { completion })])], [[1]], { sampling, truncated: 'train' })).toThrow(
      /sample 4 of 15\/p: 3 tokens, 1 log-probabilities/,
    );
  });
  it('refuses advantages that do not fit the groups', () => {
    expect(() => trainingRows(groups(), [[1, -1]], { sampling, truncated: 'train' })).toThrow(/2 groups/);
    expect(() => trainingRows(groups(), [[1], [0]], { sampling, truncated: 'train' })).toThrow(/2 rollouts and 1 advantages/);
  });
});
