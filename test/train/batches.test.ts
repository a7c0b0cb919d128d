import { describe, expect, it } from 'vitest';
import type { RolloutGroup } from '../../src/core/rollout.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { rollOut } from '../../src/rollout/engine.ts';
import { trainingBatches } from '../../src/train/batches.ts';
import { decode, problem, sampling, scriptedParts, talkingParts } from '../rollout/scripted.ts';
import { batchSettings } from './fixtures.ts';

/** Groups of two: by the problem's answer 1, sample 0 is right and sample 1 is `second`. */
async function groups(count: number, second = '23'): Promise<RolloutGroup[]> {
  const parts = scriptedParts((_question, seed) => (seed.endsWith('/0') ? '1' : second));
  const problems = Array.from({ length: count }, (_, i) => problem(`p${i}`));
  return (await rollOut(parts, { problems, groupSize: 2, sampling, seedKey: 's', genStep: 3 })).groups;
}

describe('trainingBatches', () => {
  it('turns rewards into advantages and counts what the loss divides by', async () => {
    const [batch, ...more] = await trainingBatches(await groups(2), 5, 6, batchSettings());
    expect(more).toEqual([]);
    expect(batch?.rows.map((row) => [row.sampleId, row.advantage])).toEqual([
      ['3/p0/0', expect.closeTo(1, 9)],
      ['3/p0/1', expect.closeTo(-1, 9)],
      ['3/p1/0', expect.closeTo(1, 9)],
      ['3/p1/1', expect.closeTo(-1, 9)],
    ]);
    // "1" and "23", each with its stop token, in two groups.
    expect(batch?.metadata).toMatchObject({
      step: 5,
      genStep: 6,
      numGroups: 2,
      globalLossTokens: 10,
      globalLossRows: 4,
      estimator: 'grpo',
    });
  });

  it('counts only own tokens of several turns, and leaves what was told out of reference and partial KL', async () => {
    const script = (text: string, seed: string): string => (seed.startsWith('s/p0/1') ? '23' : text.includes('<') ? '1' : 'x');
    const parts = talkingParts(script);
    const several = await rollOut(parts, { problems: [problem('p0')], groupSize: 2, sampling, seedKey: 's', genStep: 3 });
    const reference = createScriptedPolicy({ script: () => [], stopIds: [1], vocabSize: 65_536, logprob: -0.25 });
    const settings = { ...batchSettings(), reference, partialKl: decode };
    const [batch] = await trainingBatches(several.groups, 5, 6, settings);
    const [mended, once] = batch?.rows ?? [];
    if (mended === undefined || once === undefined) throw new Error('two rows');
    // "x" and "1", each with its stop token, and "23" with one.
    expect(batch?.metadata).toMatchObject({ globalLossTokens: 7, globalLossRows: 2 });
    expect([mended.advantage, once.advantage]).toEqual([expect.closeTo(1, 9), expect.closeTo(-1, 9)]);
    expect([...(mended.refLogprobs ?? [])]).toEqual([...mended.lossMask].map((bit) => (bit === 1 ? -0.25 : 0)));
    expect([...(mended.klWeights ?? [])]).toEqual([...mended.lossMask]);
    expect(once.turnLengths).toBeNull();
  });

  it.each([
    [4, 2, [2, 2]],
    [5, 2, [3, 2]],
    [3, 8, [1, 1, 1]],
    [1, 1, [1]],
  ])('cuts %i groups for %i updates into %j', async (count, updatesPerBatch, sizes) => {
    const all = await groups(count);
    const batches = await trainingBatches(all, 1, 1, batchSettings({ updatesPerBatch }));
    expect(batches.map(({ metadata }) => metadata.numGroups)).toEqual(sizes);
    expect(batches.flatMap(({ rows }) => rows)).toEqual((await trainingBatches(all, 1, 1, batchSettings()))[0]?.rows);
    for (const { metadata, rows } of batches) {
      expect(metadata.globalLossTokens).toBe(rows.reduce((sum, row) => sum + row.responseLength, 0));
      expect(metadata.globalLossRows).toBe(rows.length);
    }
  });

  it('has advantages that sum to zero in each group, whatever the cut', async () => {
    for (const batch of await trainingBatches(await groups(4), 1, 1, batchSettings({ updatesPerBatch: 4 }))) {
      expect(batch.rows.reduce((sum, row) => sum + row.advantage, 0)).toBeCloseTo(0, 9);
    }
  });

  it('weighs the KL penalty from the token in which the program begins, and leaves the loss mask alone', async () => {
    const letters = (ids: Int32Array): string => String.fromCharCode(...ids);
    const text = 'first think, then: x=1';
    const [group] = await groups(1);
    if (group === undefined) throw new Error('no group');
    const [first, second] = group.rollouts;
    if (first === undefined || second === undefined) throw new Error('no rollouts');
    const completion = (ids: readonly number[]) => ({
      ...first.completion,
      tokenIds: Int32Array.from(ids),
      logprobs: new Float32Array(ids.length).fill(-1),
    });
    const codes = [...text].map((letter) => letter.charCodeAt(0));
    const reasoned = { ...first, completion: completion(codes), completionText: text, program: { dialect: 'highs-js', code: 'x=1' } };
    const wordless = { ...second, completion: completion(codes.slice(0, 5)), completionText: 'first', program: null };
    const given = [{ ...group, rollouts: [reasoned, wordless] }];
    const [batch] = await trainingBatches(given, 1, 1, batchSettings({ partialKl: letters }));
    const [whole] = await trainingBatches(given, 1, 1, batchSettings());
    const weights = (index: number) => [...(batch?.rows[index]?.klWeights ?? [])].slice(batch?.rows[index]?.promptLength);
    expect(weights(0)).toEqual([...new Array(text.length - 3).fill(0), 1, 1, 1]);
    expect(weights(1)).toEqual([1, 1, 1, 1, 1]); // without a program, all of it
    expect(batch?.rows.map(({ lossMask }) => lossMask)).toEqual(whole?.rows.map(({ lossMask }) => lossMask));
    expect(whole?.rows.map(({ klWeights }) => klWeights)).toEqual([null, null]);
  });

  it('makes no batch of no groups', async () => {
    expect(await trainingBatches([], 1, 1, batchSettings())).toEqual([]);
  });

  it('leaves unscorable rollouts out', async () => {
    const [batch] = await trainingBatches(await groups(2, 'fault'), 1, 1, batchSettings());
    expect(batch?.rows.map((row) => row.sampleId)).toEqual(['3/p0/0', '3/p1/0']);
    expect(batch?.metadata).toMatchObject({ globalLossTokens: 4, globalLossRows: 2 });
  });

  it('keeps a truncated completion out of the gradient and its denominators when it is masked', async () => {
    const parts = scriptedParts((_question, seed) => (seed.endsWith('/0') ? '1' : '23456'));
    const cut = { ...sampling, maxTokens: 3 };
    const { groups: some } = await rollOut(parts, { problems: [problem('p0')], groupSize: 2, sampling: cut, seedKey: 's', genStep: 0 });
    const [masked] = await trainingBatches(some, 1, 1, batchSettings({ truncated: 'mask' }));
    expect(masked?.rows.map((row) => row.lossWeight)).toEqual([1, 0]);
    expect(masked?.metadata).toMatchObject({ globalLossTokens: 2, globalLossRows: 1 });
    const [trained] = await trainingBatches(some, 1, 1, batchSettings({ truncated: 'train' }));
    expect(trained?.metadata).toMatchObject({ globalLossTokens: 5, globalLossRows: 2 });
  });

  it('asks the reference for the log-probabilities of the completions, at the temperature they were drawn at', async () => {
    const asked: { completionIds: number[]; temperature: number }[] = [];
    const frozen = createScriptedPolicy({ script: () => [], stopIds: [1], vocabSize: 65_536, logprob: -2 });
    const reference: typeof frozen = {
      ...frozen,
      score: (requests, temperature) => {
        for (const { completionIds } of requests) asked.push({ completionIds: [...completionIds], temperature });
        return frozen.score(requests, temperature);
      },
    };
    const [batch] = await trainingBatches(await groups(1), 1, 1, batchSettings({ reference, sampling: { ...sampling, temperature: 0.7 } }));
    expect(asked).toEqual([
      { completionIds: [49, 1], temperature: 0.7 },
      { completionIds: [50, 51, 1], temperature: 0.7 },
    ]);
    const [row] = batch?.rows ?? [];
    expect([...(row?.refLogprobs ?? [])]).toEqual([...new Array(row?.promptLength).fill(0), -2, -2]);
    expect((await trainingBatches(await groups(1), 1, 1, batchSettings()))[0]?.rows[0]?.refLogprobs).toBeNull();
  });

  it('asks the reference at temperature 1 for greedy completions', async () => {
    let asked = 0;
    const frozen = createScriptedPolicy({ script: () => [], stopIds: [1], vocabSize: 65_536 });
    const score: typeof frozen.score = (requests, temperature) => {
      asked = temperature;
      return frozen.score(requests, temperature);
    };
    await trainingBatches(
      await groups(1),
      1,
      1,
      batchSettings({ reference: { ...frozen, score }, sampling: { ...sampling, temperature: 0 } }),
    );
    expect(asked).toBe(1);
  });
});
