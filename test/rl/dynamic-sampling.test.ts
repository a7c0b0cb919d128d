import type { RolloutGroup } from 'evom';
import {
  beginSamplingStep,
  type DynamicSamplingConfig,
  type DynamicSamplingState,
  type GroupSummary,
  initialSamplingState,
  nextSamplingAction,
  offerGroups,
  summarizeGroup,
} from 'evom/rl';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Group = GroupSummary & { readonly id: number };
const summarize = (group: Group) => group;
const config: DynamicSamplingConfig = {
  batchGroups: 3,
  band: { low: 0, high: 1 },
  minScorable: 2,
  maxRounds: 3,
  minFill: 0.5,
  maxStaleness: 1,
};
let nextId = 0;
const group = (accuracy: number | null, change: Partial<Group> = {}): Group => ({
  id: nextId++,
  accuracy,
  scorable: 4,
  policyVersion: 0,
  tokens: 10,
  ...change,
});
const begin = (carry: readonly Group[] = [], version = 0) => beginSamplingStep(initialSamplingState(carry), config, version, summarize);

describe('dynamic sampling', () => {
  it('samples until the batch is full, trains on the oldest and carries the rest', () => {
    const [a, b, c, d] = [group(0.5), group(0.25), group(0.75), group(0.5)] as [Group, Group, Group, Group];
    let state = offerGroups(begin(), config, [a, group(0), group(1)], summarize);
    expect(nextSamplingAction(state, config)).toEqual({ type: 'sample', missing: 2 });
    state = offerGroups(state, config, [b, c, d, group(null, { scorable: 0 })], summarize);
    const next = nextSamplingAction(state, config);
    expect(next).toMatchObject({ type: 'train', groups: [a, b, c], state: { carry: [d] } });
    expect(state.counts).toEqual({
      rounds: 2,
      offered: 7,
      accepted: 4,
      rejected: { too_hard: 1, too_easy: 1, unscorable: 1 },
      stale: 0,
      staleKept: 0,
      discardedTokens: 0,
    });
  });

  it('needs no sampling when the carried groups fill the batch', () => {
    expect(nextSamplingAction(begin([group(0.5), group(0.5), group(0.5)]), config).type).toBe('train');
  });

  it('drops carried groups that lie too many versions behind, and counts their tokens', () => {
    const state = begin([group(0.5, { policyVersion: 3 }), group(0.5, { policyVersion: 4 })], 5);
    expect(state.carry).toHaveLength(1);
    expect(state.counts).toMatchObject({ stale: 1, discardedTokens: 10 });
  });

  it('keeps and counts them where it is told to', () => {
    const old = [group(0.5, { policyVersion: 3 }), group(0.5, { policyVersion: 4 })];
    const state = beginSamplingStep(initialSamplingState(old), { ...config, staleGroups: 'keep' }, 5, summarize);
    expect(state.carry).toEqual(old);
    expect(state.counts).toMatchObject({ stale: 0, staleKept: 1, discardedTokens: 0 });
  });

  it('trains on a part of the batch after the last round, or skips the step and keeps what it has', () => {
    const fill = (groups: readonly Group[]) => {
      let state = begin();
      for (let round = 0; round < config.maxRounds; round++)
        state = offerGroups(state, config, round === 0 ? groups : [group(0)], summarize);
      return nextSamplingAction(state, config);
    };
    expect(fill([group(0.5), group(0.5)])).toMatchObject({ type: 'train', state: { carry: [] } });
    const skipped = fill([group(0.5)]);
    expect(skipped.type).toBe('skip');
    expect(skipped.type === 'skip' && skipped.state.carry).toHaveLength(1);
    expect(fill([group(0)]).type).toBe('skip'); // never a batch of nothing
  });

  it('refuses groups with too few scorable rollouts, and takes those with just enough', () => {
    expect(offerGroups(begin(), config, [group(0.5, { scorable: 2 })], summarize).counts.accepted).toBe(1);
    expect(offerGroups(begin(), config, [group(0.5, { scorable: 1 })], summarize).counts.rejected.unscorable).toBe(1);
  });

  it('accepts every scorable group without a band', () => {
    const open = { ...config, band: null };
    expect(offerGroups(begin(), open, [group(0), group(1), group(null, { scorable: 0 })], summarize).counts).toMatchObject({ accepted: 2 });
  });

  it('loses no accepted group but stale ones, whatever is offered, and survives a trip through JSON', () => {
    const anyGroup = fc.record({ accuracy: fc.constantFrom(null, 0, 0.25, 0.5, 1), scorable: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(fc.array(fc.array(anyGroup, { maxLength: 4 }), { maxLength: 4 }), { maxLength: 6 }), (steps) => {
        let state: DynamicSamplingState<Group> = initialSamplingState();
        let [accepted, trained, stale] = [0, 0, 0];
        for (const [version, rounds] of steps.entries()) {
          state = JSON.parse(JSON.stringify(beginSamplingStep(state, config, version, summarize)));
          stale += state.counts.stale;
          const queue = [...rounds];
          let next = nextSamplingAction(state, config);
          for (let round = 0; next.type === 'sample'; round++) {
            expect(round).toBeLessThan(config.maxRounds);
            const offered = (queue.shift() ?? []).map((g) => group(g.accuracy, { ...g, policyVersion: version }));
            state = offerGroups(state, config, offered, summarize);
            next = nextSamplingAction(state, config);
          }
          accepted += state.counts.accepted;
          if (next.type === 'train') trained += next.groups.length;
          state = next.state;
        }
        expect(trained + stale + state.carry.length).toBe(accepted);
      }),
    );
  });
});

describe('summarizeGroup', () => {
  const groupOf = (...rewards: readonly Partial<RolloutGroup['rollouts'][number]['reward']>[]): RolloutGroup =>
    ({
      rollouts: rewards.map((reward, i) => ({
        reward: { parts: {}, ...reward },
        completion: { tokenIds: new Int32Array(3), policyVersion: 2 + (i % 2) },
      })),
    }) as unknown as RolloutGroup;
  const right = { value: 1.4, correct: true, parts: { format: 0.4, answer: 1 } };
  const wrong = { value: 0.3, correct: false, parts: { format: 0.3, answer: 0 } };

  it('takes accuracy over scorable rollouts and not from the shaped reward', () => {
    const group = groupOf(right, wrong, { value: null, correct: null }, { ...right, value: 0.9 });
    expect(summarizeGroup(group)).toEqual({ scorable: 3, accuracy: 2 / 3, policyVersion: 2, tokens: 12 });
  });

  it('takes for right what the reward pays as right', () => {
    const unpaid = { value: 0.1, correct: true, parts: { format: 0.1, answer: 0 }, flags: ['value_only'] };
    const half = { value: 1.1, correct: true, parts: { format: 0.1, answer: 1 }, flags: ['value_only'] };
    expect(summarizeGroup(groupOf(unpaid, wrong)).accuracy).toBe(0); // one reward: nothing to learn
    expect(summarizeGroup(groupOf(unpaid, right)).accuracy).toBe(0.5); // not all right: something to learn
    expect(summarizeGroup(groupOf(half, wrong, { ...right, parts: { answer: 2 } }), { answer: 2, consistency: 0 }).accuracy).toBe(0.5);
  });

  it('takes the judge at its word where the reward has no term for the answer', () => {
    expect(
      summarizeGroup(groupOf({ value: 0.1, correct: true }, { value: 0.1, correct: false }), { answer: 0, consistency: 0 }).accuracy,
    ).toBe(0.5);
  });

  describe.each([0.5, 1, 2])('where consistency is paid with weight %s and no answer is', (weight) => {
    const paid = (...shares: readonly (number | null)[]) =>
      groupOf(
        ...shares.map((share) => ({
          value: weight * (share ?? 0),
          correct: null,
          parts: share === null ? {} : { consistency: weight * share },
        })),
      );
    const accuracyOf = (group: RolloutGroup) => summarizeGroup(group, { answer: 0, consistency: weight }).accuracy;

    it('reads its share, whatever the weight', () => {
      expect(accuracyOf(paid(0.5, 1, 0.5, 1))).toBe(0.75);
      expect(accuracyOf(paid(1, 1, 1, 1))).toBe(1); // one reward: too easy
      expect(accuracyOf(paid(0, 0))).toBe(0);
    });

    it('takes the judge at its word for a rollout without the term', () => {
      expect(accuracyOf(paid(0.5, null))).toBe(0.25);
    });

    it('keeps a group whose rewards differ, and rejects one of equal passes', () => {
      const band = { ...config, minScorable: 2, band: { low: 0, high: 1 } };
      const by = (group: RolloutGroup) => summarizeGroup(group, { answer: 0, consistency: weight });
      const { counts, carry } = offerGroups(initialSamplingState<RolloutGroup>(), band, [paid(0.5, 1, 0.5, 1), paid(1, 1, 1, 1)], by);
      expect(carry).toHaveLength(1);
      expect(counts.rejected).toEqual({ unscorable: 0, too_hard: 0, too_easy: 1 });
    });
  });

  it('takes the judge at its word where consistency is not paid, even if a part of that name is there', () => {
    const rollout = { value: 0.2, correct: true, parts: { consistency: 0.2 } };
    expect(summarizeGroup(groupOf(rollout), { answer: 0, consistency: 0 }).accuracy).toBe(1);
  });
});
