/** What every policy must do. A new policy's test is one call of this, with its skips and their reasons. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Completion } from '../core/rollout.ts';
import type { Policy, SampleRequest, SamplingParams } from '../policy/policy.ts';

export interface PolicyUnderTest {
  readonly policy: Policy;
  /** Tokens that the policy may be asked about: ids from 2 to vocabSize - 1. */
  readonly vocabSize: number;
  readonly stopIds: readonly number[];
  /** Nats by which a score may differ from what sampling recorded; 1e-5 when left out, more for arithmetic that rounds coarsely. */
  readonly logprobTolerance?: number;
}

interface Skip {
  readonly test: string;
  readonly reason: string;
}

const free: SamplingParams = { temperature: 1, topK: 0, topP: 1, maxTokens: 12 };
const seeds = (name: string, count: number) => Array.from({ length: count }, (_, g) => `suite/${name}/${g}`);
const tokens = (groups: readonly (readonly Completion[])[]) => groups.map((group) => group.map((completion) => [...completion.tokenIds]));
const bits = (groups: readonly (readonly Completion[])[]) => groups.map((group) => group.map((completion) => [...completion.logprobs]));

export function describePolicy(name: string, create: () => Promise<PolicyUnderTest>, skips: readonly Skip[] = []): void {
  describe(`${name} policy`, () => {
    let under: PolicyUnderTest;
    beforeAll(async () => {
      under = await create();
    });
    afterAll(() => under.policy.close());
    const law = (title: string, body: () => Promise<void>) =>
      it(title, async (context) => {
        const skip = skips.find((entry) => entry.test === title);
        if (skip) return context.skip(skip.reason);
        await body();
      });
    const prompt = (length: number, first = 3) => Int32Array.from({ length }, (_, i) => 2 + ((first + 5 * i) % (under.vocabSize - 2)));
    const requests = (): SampleRequest[] => [
      { promptIds: prompt(5), seeds: seeds('a', 4) },
      { promptIds: prompt(1, 7), seeds: seeds('b', 1) },
      { promptIds: prompt(17, 2), seeds: seeds('c', 6) },
    ];
    const sample = (list: readonly SampleRequest[] = requests(), params: SamplingParams = free) => under.policy.sample(list, params);

    law('gives one completion a seed, in the order asked', async () => {
      const groups = await sample();
      expect(groups.map((group) => group.length)).toEqual([4, 1, 6]);
      for (const completion of groups.flat()) {
        expect(completion.tokenIds.length).toBe(completion.logprobs.length);
        expect(completion.tokenIds.length).toBeGreaterThan(0);
        expect(completion.tokenIds.length).toBeLessThanOrEqual(free.maxTokens);
        expect(completion.policyVersion).toBe(under.policy.version);
        expect(completion.entropy).toBeGreaterThanOrEqual(0);
        for (const logprob of completion.logprobs) expect(logprob).toBeLessThanOrEqual(0);
      }
    });

    law('reports log-probabilities that equal its own scores', async () => {
      for (const params of [free, { ...free, temperature: 0.7, topK: 5, topP: 0.9 }, { ...free, temperature: 0 }]) {
        const asked = requests();
        const groups = await sample(asked, params);
        const given = groups.flatMap((group, i) =>
          group.map(({ tokenIds }) => ({ promptIds: (asked[i] as SampleRequest).promptIds, completionIds: tokenIds })),
        );
        const scored = await under.policy.score(given, params.temperature || 1);
        for (const [j, completion] of groups.flat().entries())
          for (const [t, logprob] of completion.logprobs.entries())
            expect(Math.abs(logprob - (scored[j]?.[t] ?? NaN))).toBeLessThan(under.logprobTolerance ?? 1e-5);
      }
    });

    law('replays bit for bit from the same seeds', async () => {
      const [one, two] = [await sample(), await sample()];
      expect(tokens(two)).toEqual(tokens(one));
      expect(bits(two)).toEqual(bits(one));
    });

    law('draws other tokens from other seeds', async () => {
      const other = requests().map((request) => ({ ...request, seeds: request.seeds.map((seed) => `${seed}/other`) }));
      expect(tokens(await sample(other))).not.toEqual(tokens(await sample()));
    });

    law('draws the same tokens whatever else is in the batch', async () => {
      const together = tokens(await sample());
      for (const [i, request] of requests().entries()) expect(tokens(await sample([request]))[0]).toEqual(together[i]);
    });

    law('gives two samples with one seed the same tokens', async () => {
      const [[one, two] = []] = await sample([{ promptIds: prompt(4), seeds: ['same', 'same'] }]);
      expect(one?.tokenIds).toEqual(two?.tokenIds);
    });

    law('ends at the first stop token, which it includes, or at the limit', async () => {
      const many = await sample([{ promptIds: prompt(3), seeds: seeds('stop', 40) }], { ...free, maxTokens: 30 });
      for (const { tokenIds, finishReason } of many.flat()) {
        const stop = tokenIds.findIndex((id) => under.stopIds.includes(id));
        expect(finishReason).toBe(stop === -1 ? 'length' : 'stop');
        expect(tokenIds.length).toBe(stop === -1 ? 30 : stop + 1);
      }
      expect(new Set(many.flat().map(({ finishReason }) => finishReason))).toEqual(new Set(['stop', 'length']));
      const single = await sample(requests(), { ...free, maxTokens: 1 });
      for (const { tokenIds } of single.flat()) expect(tokenIds.length).toBe(1);
    });

    law('reports each completion as it ends, once', async () => {
      const seen = new Map<string, Completion>();
      const groups = await under.policy.sample(requests(), free, {
        onCompletion: (request, index, completion) => {
          expect(seen.has(`${request}/${index}`)).toBe(false);
          seen.set(`${request}/${index}`, completion);
        },
      });
      expect(seen.size).toBe(11);
      for (const [i, group] of groups.entries())
        for (const [g, completion] of group.entries()) expect(seen.get(`${i}/${g}`)).toEqual(completion);
    });

    law('stops when told to', async () => {
      await expect(under.policy.sample(requests(), free, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    });

    law('keeps to a likeliest token at temperature 0', async () => {
      const [group = []] = await sample([{ promptIds: prompt(6), seeds: seeds('greedy', 3) }], { ...free, temperature: 0 });
      for (const { tokenIds } of group) expect(tokenIds).toEqual(group[0]?.tokenIds);
      expect(tokens(await sample(requests(), { ...free, topK: 1 }))).toEqual(tokens(await sample(requests(), { ...free, temperature: 0 })));
    });

    law('takes an empty list, and scores an empty completion', async () => {
      expect(await sample([])).toEqual([]);
      expect(await under.policy.score([], 1)).toEqual([]);
      expect(await under.policy.score([{ promptIds: prompt(2), completionIds: new Int32Array(0) }], 1)).toEqual([new Float32Array(0)]);
    });

    law('refuses what cannot be, and says why', async () => {
      const { maxLength } = under.policy;
      const refusals: [SampleRequest, Partial<SamplingParams>, RegExp][] = [
        [{ promptIds: new Int32Array(0), seeds: ['a'] }, {}, /empty prompt/],
        [{ promptIds: prompt(3), seeds: ['a'] }, { maxTokens: maxLength }, /exceed the \d+/],
        [{ promptIds: Int32Array.of(under.vocabSize), seeds: ['a'] }, {}, /token id/],
        [{ promptIds: prompt(3), seeds: ['a'] }, { temperature: -1 }, /temperature/],
        [{ promptIds: prompt(3), seeds: ['a'] }, { topP: 0 }, /topP/],
        [{ promptIds: prompt(3), seeds: ['a'] }, { topK: 1.5 }, /topK/],
        [{ promptIds: prompt(3), seeds: ['a'] }, { maxTokens: 0 }, /maxTokens/],
      ];
      for (const [request, change, message] of refusals)
        await expect(under.policy.sample([request], { ...free, ...change })).rejects.toMatchObject({
          code: 'E_POLICY',
          message: expect.stringMatching(message),
        });
      await expect(under.policy.score([{ promptIds: prompt(2), completionIds: prompt(2) }], 0)).rejects.toMatchObject({ code: 'E_POLICY' });
    });
  });
}
