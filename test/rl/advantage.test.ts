import { batchAdvantages, compatPresets, type GroupEstimator, groupAdvantages } from 'evom/rl';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** The published numbers come from float32 programs; ours are float64. */
const tolerance = 1e-6;
function expectClose(actual: readonly number[], expected: readonly number[], within = tolerance) {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs((actual[i] as number) - value), `${actual} vs ${expected}`).toBeLessThanOrEqual(within);
}
const f32 = (values: readonly number[]) => values.map(Math.fround);
const trlAsync = { ...compatPresets.trl, eps: 1e-8, ddof: 0 } as const;
const verlVectorized = { ...compatPresets.verl, stdFloor: 1e-3, singleton: 'zero' } as const;
const skyrl = { ...compatPresets.verl, singleton: 'zero' } as const;

describe('groupAdvantages against values that other trainers gave', () => {
  const a = [1, 0, 0, 1];
  const b = [1, 0, 0, 0];
  const c = [1, 0, 0, 0, 0, 0, 0, 0];
  const d = [2, 0.5, 0.5, -1];
  const e = [1.5, 1.5, 0.2, -0.3, 0, 0, 1.7, 1];
  const close = f32([1, 1.0005]);
  const pair = (x: number) => [x, -x, -x, x];
  it.each([
    ['verl', 'grpo', a, pair(0.8660239)],
    ['trl', 'grpo', a, pair(0.8658754)],
    ['openrlhf', 'grpo', a, pair(0.8660254)],
    [trlAsync, 'grpo', a, pair(1)],
    ['exact', 'dr_grpo', a, pair(0.5)],
    ['exact', 'rloo', a, pair(0.6666667)],
    ['verl', 'grpo', b, [1.499997, -0.499999, -0.499999, -0.499999]],
    ['trl', 'grpo', b, [1.4997001, -0.4999, -0.4999, -0.4999]],
    ['openrlhf', 'grpo', b, [1.5, -0.5, -0.5, -0.5]],
    [trlAsync, 'grpo', b, [1.7320508, -0.5773503, -0.5773503, -0.5773503]],
    ['exact', 'dr_grpo', b, [0.75, -0.25, -0.25, -0.25]],
    ['exact', 'rloo', b, [1, -0.3333333, -0.3333333, -0.3333333]],
    ['verl', 'grpo', c, [2.4748666, ...new Array(7).fill(-0.3535524)]],
    ['trl', 'grpo', c, [2.474174, ...new Array(7).fill(-0.3534534)]],
    ['exact', 'dr_grpo', c, [0.875, ...new Array(7).fill(-0.125)]],
    ['exact', 'rloo', c, [1, ...new Array(7).fill(-0.1428571)]],
    ['verl', 'grpo', d, [1.2247438, 0, 0, -1.2247438]],
    ['trl', 'grpo', d, [1.2246448, 0, 0, -1.2246448]],
    [trlAsync, 'grpo', d, [Math.SQRT2, 0, 0, -Math.SQRT2]],
    ['exact', 'dr_grpo', d, [1.5, 0, 0, -1.5]],
    ['exact', 'rloo', d, [2, 0, 0, -2]],
    ['verl', 'grpo', e, [0.986869, 0.986869, -0.6167933, -1.2335863, -0.8635105, -0.8635105, 1.2335863, 0.3700759]],
    ['exact', 'dr_grpo', e, [0.8, 0.8, -0.5, -1, -0.7, -0.7, 1, 0.3]],
    ['verl', 'grpo', close, [-0.7051122, 0.7051122]],
    [verlVectorized, 'grpo', close, [-0.2497321, 0.2497321]],
    ['trl', 'grpo', close, [-0.5511943, 0.5511943]],
    ['openrlhf', 'grpo', close, [-0.7071048, 0.7071048]],
    [trlAsync, 'grpo', close, [-0.99996, 0.99996]],
    ['exact', 'dr_grpo', close, [-0.00025, 0.00025]],
    ['exact', 'rloo', close, [-0.0005, 0.0005]],
    ['verl', 'grpo', [0.7], [0.6999993]],
    ['trl', 'grpo', [0.7], [0]],
    ['verl', 'dr_grpo', [0.7], [0.7]],
    ['verl', 'rloo', [0.7], [0.7]],
    [verlVectorized, 'rloo', [0.7], [0]],
    ['trl', 'grpo', [1, 0, null, 0], [1.1545005, -0.5772503, 0, -0.5772503]],
    ['trl', 'dr_grpo', [1, 0, null, 0], [0.6666666, -0.3333333, 0, -0.3333333]],
    ['trl', 'grpo', [1, null, null, null], [0, 0, 0, 0]],
    ['verl', 'grpo_passk', b, [1.9999959, 0, 0, 0]],
    ['trl', 'grpo', [1, 2, 3, null], [-0.9999, 0, 0.9999, 0]], // a deviation of 1 over the scorable ones
    ['trl', 'grpo', [3, 5], [-0.7070568, 0.7070568]], // and of the root of 2
    [skyrl, 'maxrl', b, [2.9999878, -0.9999959, -0.9999959, -0.9999959]],
    ['exact', 'dapo', a, [1, -1, -1, 1]],
  ] as const)('%o %s %j', (compat, estimator, rewards, expected) => {
    // Two rows lost digits to float32: TRL async's deviation of 2.5e-4 beside 1, and maxrl's division by a mean with eps.
    const within = (compat === trlAsync && rewards === close) || compat === 'openrlhf' ? 4e-5 : estimator === 'maxrl' ? 1e-5 : tolerance;
    expectClose(groupAdvantages(rewards, { estimator, compat }), expected, within);
  });

  it('gives the first, fourth and last value of the mixed row under TRL, OpenRLHF, TRL async and RLOO', () => {
    const ends = (values: readonly number[]) => [values[0], values[7]] as number[];
    expectClose(ends(groupAdvantages(e, { compat: 'trl' })), [0.9867485, 0.3700306]);
    expectClose(groupAdvantages(e, { compat: 'openrlhf' }).slice(0, 1), [0.9868702]);
    expectClose(groupAdvantages(e, { compat: trlAsync }).slice(0, 1), [1.0550087]);
    expectClose(ends(groupAdvantages(e, { estimator: 'rloo' })), [0.9142857, 0.3428571]);
  });

  it('weighs by length under opo', () => {
    expectClose(groupAdvantages(a, { estimator: 'opo', lengths: [1, 2, 3, 4] }), pair(0.5));
    expect(() => groupAdvantages(a, { estimator: 'opo' })).toThrow(RangeError);
  });

  it('takes lengths by the places of the rewards, those that could not be scored left out, and a length of 0 for one', () => {
    expect(groupAdvantages([1, null, 0], { estimator: 'opo', lengths: [1, 100, 3] })).toEqual([0.75, 0, -0.25]);
    expect(groupAdvantages([1, 0], { estimator: 'opo', lengths: [0, 5] })).toEqual([1, 0]);
    expect(groupAdvantages([1, 0], { estimator: 'opo', lengths: [0, 0] })).toEqual([1, 0]); // nothing to weigh by: no baseline
    expect(() => groupAdvantages([1, 0], { estimator: 'opo', lengths: [3] })).toThrow(/opo: length 1 is NaN/);
    expect(() => groupAdvantages([1, 0], { estimator: 'opo', lengths: [3, -1] })).toThrow(/opo: length 1 is -1/);
  });

  it('gives a lone reward what the convention says, under each estimator', () => {
    const alone = (estimator: GroupEstimator, compat: 'verl' | 'trl') => groupAdvantages([0.7], { estimator, compat, lengths: [2] })[0];
    for (const estimator of ['grpo', 'dapo'] as const) expect(alone(estimator, 'verl')).toBeCloseTo(0.7 / (1 + 1e-6), 12);
    for (const estimator of ['dr_grpo', 'rloo', 'opo', 'maxrl'] as const) expect(alone(estimator, 'verl')).toBe(0.7);
    expect(alone('grpo_passk', 'verl')).toBe(0); // there is no second best
    for (const estimator of ['grpo', 'dapo', 'dr_grpo', 'rloo', 'opo', 'maxrl', 'grpo_passk'] as const)
      expect(alone(estimator, 'trl')).toBe(0);
  });

  it('has nothing to say where the mean is not positive, under maxrl', () => {
    const strict = { ...compatPresets.exact, zeroRange: 0 };
    for (const rewards of [
      [1, -1],
      [1, -3],
    ])
      expect(groupAdvantages(rewards, { estimator: 'maxrl', compat: strict })).toEqual([0, 0]);
    expect(groupAdvantages([3, 1], { estimator: 'maxrl' })).toEqual([0.5, -0.5]);
  });

  it('divides by no less than the floor of the deviation', () => {
    const floored = { ...compatPresets.exact, stdFloor: 10 };
    expect(groupAdvantages([1, 0], { estimator: 'grpo', compat: floored })).toEqual([0.05, -0.05]);
    expect(groupAdvantages([1, 0], { estimator: 'grpo_passk', compat: floored })).toEqual([0.1, 0]);
    const group = { rewards: [1, 0], lengths: [1, 1], parts: [{ a: 1 }, { a: 0 }] };
    expect(batchAdvantages([group], { estimator: 'grpo_batch', compat: floored })).toEqual([[0.05, -0.05]]);
    // Each term is divided by the floor, and their sum again.
    const [first, second] = batchAdvantages([group], { estimator: 'gdpo', compat: floored, termWeights: { a: 1 } })[0] ?? [];
    expect(first).toBeCloseTo(0.005, 12);
    expect(second).toBeCloseTo(-0.005, 12);
  });

  it('pays the first of several best rollouts under grpo_passk, and nothing where two are alike', () => {
    expect(groupAdvantages([0, 2, 1, 0], { estimator: 'grpo_passk' })[1]).toBeCloseTo(1 / Math.sqrt(0.6875), 12);
    expect(groupAdvantages([2, 2, 0], { estimator: 'grpo_passk' })).toEqual([0, 0, 0]);
  });

  it('calls rewards equal at the very end of the range that counts as none', () => {
    expect(groupAdvantages([1, 1], { compat: { ...compatPresets.exact, zeroRange: 0 } })).toEqual([0, 0]);
    expect(groupAdvantages([1, 1.5], { compat: { ...compatPresets.exact, zeroRange: 0.5 } })).toEqual([0, 0]);
    expect(groupAdvantages([1, 2], { compat: { ...compatPresets.exact, zeroRange: 0.5 } })).toEqual([-1, 1]);
  });

  it('whitens over tokens under REINFORCE++', () => {
    for (const estimator of ['reinforce_pp', 'reinforce_pp_baseline'] as const)
      expectClose(batchAdvantages([{ rewards: a, lengths: [1, 2, 3, 4] }], { estimator, compat: 'verl' })[0] ?? [], pair(0.9486833));
  });

  it('divides by the deviation of the whole batch under grpo_batch, as TRL scaled by batch', () => {
    const groups = [
      { rewards: [1, 0, 0, 0], lengths: [1, 1, 1, 1] },
      { rewards: [1, 1, 1, 0], lengths: [1, 1, 1, 1] },
    ];
    const [high, low] = [1.4028591, 0.4676197];
    expectClose(batchAdvantages(groups, { estimator: 'grpo_batch', compat: 'trl' }).flat(), [high, -low, -low, -low, low, low, low, -high]);
  });

  it('scales by the share of rewards that are not 0 under gpg', () => {
    expectClose(batchAdvantages([{ rewards: a, lengths: [1, 2, 3, 4] }], { estimator: 'gpg', compat: 'verl' })[0] ?? [], pair(1));
  });

  it('normalizes each term of the reward by itself under gdpo, as TRL does', () => {
    const terms = [
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 1],
    ] as const;
    const group = {
      rewards: terms.map(([first, second]) => first + 0.5 * second),
      lengths: [1, 1, 1, 1],
      parts: terms.map(([first, second]) => ({ first, second: 0.5 * second })),
    };
    const options = { estimator: 'gdpo', compat: 'trl', termWeights: { first: 1, second: 0.5 } } as const;
    expectClose(batchAdvantages([group], options)[0] ?? [], [0.1414751, -0.7510265, -0.7510265, 1.3605777]);
  });

  it('takes the weighted sum of the terms that could be had, as TRL does', () => {
    // Two reward functions of weights 1 and 0.5; the second has nothing to say of the third sample.
    expectClose(groupAdvantages([1, 0.5, 0, 1.5], { compat: 'trl' }), [0.3872383, -0.3872383, -1.1617149, 1.1617149]);
  });

  it('normalizes two groups apart', () => {
    const groups = [
      { rewards: [1, 0], lengths: [1, 1] },
      { rewards: [0.5, 0.5, 0, 0], lengths: [1, 1, 1, 1] },
    ];
    expectClose(
      batchAdvantages(groups, { estimator: 'grpo', compat: 'verl' }).flat(),
      [0.7071058, -0.7071058, 0.8660224, 0.8660224, -0.8660224, -0.8660224],
    );
  });
});

describe('groupAdvantages', () => {
  it.each([
    [new Array(3).fill(0.1)],
    [new Array(6).fill(2.3)],
    [new Array(12).fill(0.9)],
    [new Array(16).fill(0.1)],
    [new Array(7).fill(0.3)],
    [[0.1 + 0.2, 0.3, 0.3]], // sums of parts that differ in the last bit
  ])('gives exact zeros to equal rewards %j, whose deviation in floating point is not 0', (rewards) => {
    for (const estimator of ['grpo', 'dr_grpo', 'rloo', 'maxrl'] as const)
      for (const compat of ['exact', 'verl', 'openrlhf'] as const)
        expect(groupAdvantages(rewards, { estimator, compat }).every((value) => value === 0)).toBe(true);
  });

  it('reads an unscorable rollout as reward 0 only when asked to', () => {
    expect(groupAdvantages([1, null], { estimator: 'dr_grpo', compat: { ...compatPresets.exact, unscorable: 'zero' } })).toEqual([
      0.5, -0.5,
    ]);
    expect(groupAdvantages([null, null])).toEqual([0, 0]);
  });

  it('refuses what is no reward', () => {
    expect(() => groupAdvantages([])).toThrow(RangeError);
    const fromJavaScript = groupAdvantages as (rewards: number[], options: unknown) => number[];
    expect(() => fromJavaScript([1, 0], { estimator: 'reinforce_pp' })).toThrow('use batchAdvantages');
    expect(() => fromJavaScript([1, 0], { estimator: 'gdpo' })).toThrow('use batchAdvantages');
    expect(() => fromJavaScript([1, 0], { estimator: 'foo' })).toThrow(
      /^estimator "foo" is none of grpo, dr_grpo, dapo, rloo, opo, maxrl, grpo_passk$/,
    );
    expect(() => fromJavaScript([1, 0], { compat: 'foo' })).toThrow('none of exact, verl');
    expect(() => fromJavaScript([1, 0], { estimatr: 'rloo' })).toThrow('no option "estimatr"');
    expect(() => groupAdvantages([1, Number.NaN])).toThrow(/reward 1 is NaN/);
    expect(() => groupAdvantages([Number.POSITIVE_INFINITY])).toThrow(RangeError);
    expect(() => fromJavaScript([1, undefined as never], {})).toThrow(/reward 1 is undefined/);
    const holed = [1];
    holed[2] = 0;
    expect(() => fromJavaScript(holed, {})).toThrow(/reward 1 is undefined/);
  });

  it.each([[[1e308, -1e308]], [[0, 1e160]], [[-1.7e308, 1, 2]]])('refuses %j, whose deviation no float64 holds', (rewards) => {
    for (const estimator of ['grpo', 'dr_grpo', 'rloo', 'maxrl', 'grpo_passk'] as const)
      expect(() => groupAdvantages(rewards, { estimator })).toThrow(/beyond 1e\+100 the deviation of a group overflows; scale the rewards/);
    expect(() => batchAdvantages([{ rewards, lengths: rewards.map(() => 1) }], { estimator: 'grpo_batch', compat: 'exact' })).toThrow(
      RangeError,
    );
  });

  it('is right up to the largest reward', () => {
    expect(groupAdvantages([1e100, -1e100])).toEqual([1, -1]);
    expect(groupAdvantages([1e100, 0, 0, 1e100], { estimator: 'dr_grpo' })).toEqual([5e99, -5e99, -5e99, 5e99]);
  });

  it('takes a group, and a batch, of 300,000 rewards', () => {
    const rewards = Array.from({ length: 300_000 }, (_, i) => i % 2);
    const estimators = ['grpo', 'dr_grpo', 'dapo', 'rloo', 'opo', 'maxrl', 'grpo_passk'] as const;
    for (const estimator of estimators) {
      const advantages = groupAdvantages(rewards, { estimator, lengths: rewards.map(() => 1) });
      expect(advantages).toHaveLength(300_000);
      expect(advantages.every(Number.isFinite)).toBe(true);
    }
    const group = { rewards, lengths: rewards.map(() => 1), parts: rewards.map((answer) => ({ answer })) };
    for (const estimator of ['reinforce_pp', 'reinforce_pp_baseline', 'grpo_batch', 'gpg', 'gdpo'] as const)
      expect(batchAdvantages([group], { estimator, compat: 'exact', termWeights: { answer: 1 } })[0]).toHaveLength(300_000);
  });

  const reward = fc.double({ min: -3, max: 3, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);
  const rewards = fc.array(reward, { minLength: 2, maxLength: 32 });
  const estimator = fc.constantFrom<GroupEstimator>('grpo', 'dr_grpo', 'rloo');
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

  it('sums to zero', () => {
    fc.assert(fc.property(rewards, estimator, (r, e) => Math.abs(sum(groupAdvantages(r, { estimator: e }))) < 1e-9 * r.length));
  });
  it('does not see a shift of all rewards', () => {
    fc.assert(
      fc.property(rewards, estimator, reward, (r, e, shift) => {
        const moved = groupAdvantages(
          r.map((x) => x + shift),
          { estimator: e },
        );
        expectClose(moved, groupAdvantages(r, { estimator: e }), 1e-7);
      }),
    );
  });
  it('follows a permutation', () => {
    fc.assert(
      fc.property(rewards, estimator, (r, e) => {
        expectClose(groupAdvantages([...r].reverse(), { estimator: e }), groupAdvantages(r, { estimator: e }).reverse(), 1e-9);
      }),
    );
  });
  it('never ranks a better reward below a worse one', () => {
    fc.assert(
      fc.property(rewards, estimator, (r, e) => {
        const advantages = groupAdvantages(r, { estimator: e });
        return r.every((x, i) => r.every((y, j) => x <= y || (advantages[i] as number) >= (advantages[j] as number)));
      }),
    );
  });
  it('has unit deviation under exact grpo', () => {
    fc.assert(
      fc.property(rewards, (r) => {
        const advantages = groupAdvantages(r);
        const square = sum(advantages.map((x) => x * x)) / r.length;
        expect(advantages.every((x) => x === 0) || Math.abs(square - 1) < 1e-6).toBe(true);
      }),
    );
  });
  it('gives a group with unscorable members the advantages of the group without them', () => {
    fc.assert(
      fc.property(rewards, estimator, fc.nat(31), (r, e, at) => {
        const place = at % (r.length + 1);
        const withNull = groupAdvantages([...r.slice(0, place), null, ...r.slice(place)], { estimator: e });
        expect(withNull[place]).toBe(0);
        expect(withNull.filter((_, i) => i !== place)).toEqual(groupAdvantages(r, { estimator: e }));
      }),
    );
  });
});

describe('batchAdvantages', () => {
  const parts = [
    { rewards: [2, 1, 0], lengths: [1, 1, 1], parts: [{ a: 1, b: 1 }, { a: 1 }, { a: 0, b: 0 }] },
    { rewards: [1, null, 1], lengths: [1, 1, 1], parts: [{ a: 1, b: 0 }, {}, { a: 0, b: 1 }] },
  ];
  it('has mean 0 and deviation 1 over the scorable rollouts under gdpo, and 0 for the others', () => {
    const advantages = batchAdvantages(parts, { estimator: 'gdpo', compat: 'exact', termWeights: { a: 1, b: 1 } });
    expect(advantages[1]?.[1]).toBe(0);
    const scorable = advantages.flat().filter((_, i) => i !== 4);
    expect(scorable.reduce((s, x) => s + x, 0)).toBeCloseTo(0, 12);
    expect(scorable.reduce((s, x) => s + x * x, 0) / 5).toBeCloseTo(1, 12);
    // A term of weight 0 says nothing; equal rewards say nothing.
    const one = batchAdvantages(parts, { estimator: 'gdpo', compat: 'exact', termWeights: { a: 1, b: 0 } });
    expect(one[0]?.[0]).toBeCloseTo(one[0]?.[1] as number, 12);
    const same = [{ rewards: [1, 1], lengths: [1, 1], parts: [{ a: 1 }, { a: 1 }] }];
    expect(batchAdvantages(same, { estimator: 'gdpo', compat: 'trl', termWeights: { a: 1 } })).toEqual([[0, 0]]);
  });
  it('leaves a rollout out of a term that could not be had, under gdpo, instead of counting it 0', () => {
    const options = { estimator: 'gdpo', compat: 'exact', termWeights: { a: 1, b: 1 } } as const;
    const group = (b: Record<string, number>) => [
      {
        rewards: [2, 1, 1],
        lengths: [1, 1, 1],
        parts: [
          { a: 1, b: 1 },
          { a: 0, b: 1 },
          { a: 1, ...b },
        ],
      },
    ];
    // Both that have term b have all of it: the term says nothing, and the third rollout is as good as the first.
    const [first, , third] = batchAdvantages(group({}), options)[0] ?? [];
    expect(third).toBeCloseTo(first as number, 12);
    const [best, , worse] = batchAdvantages(group({ b: 0 }), options)[0] ?? [];
    expect(worse).toBeLessThan(best as number);
  });

  it('asks for what gdpo needs', () => {
    expect(() => batchAdvantages(parts, { estimator: 'gdpo', compat: 'exact' })).toThrow(/parts of the rewards and their weights/);
    expect(() => batchAdvantages(parts, { estimator: 'gdpo', compat: 'exact', termWeights: { a: 1 } })).toThrow(/no weight .* "b"/);
  });
  it('gives zeros to a batch of equal or no rewards under grpo_batch and gpg', () => {
    for (const estimator of ['grpo_batch', 'gpg'] as const) {
      expect(batchAdvantages([{ rewards: [0, 0], lengths: [2, 3] }], { estimator, compat: 'trl' })).toEqual([[0, 0]]);
      expect(batchAdvantages([{ rewards: [null], lengths: [4] }], { estimator, compat: 'trl' })).toEqual([[0]]);
    }
  });

  it('has mean 0 and variance 1 over tokens under REINFORCE++', () => {
    const groups = [
      { rewards: [1, 0, null], lengths: [5, 9, 4] },
      { rewards: [0.5, 2], lengths: [3, 0] },
    ];
    const advantages = batchAdvantages(groups, { estimator: 'reinforce_pp', compat: 'exact' });
    const tokens = groups.flatMap((g, p) =>
      g.rewards.flatMap((r, i) => (r === null ? [] : new Array(g.lengths[i]).fill(advantages[p]?.[i]))),
    );
    expect(tokens.reduce((s, x) => s + x, 0)).toBeCloseTo(0, 9);
    expect(tokens.reduce((s, x) => s + x * x, 0) / (tokens.length - 1)).toBeCloseTo(1, 6);
    expect(advantages[0]?.[2]).toBe(0);
  });
  it('needs no more than two rewards, or two tokens', () => {
    const pair = [{ rewards: [1, 0], lengths: [1, 1] }];
    expect(batchAdvantages(pair, { estimator: 'grpo_batch', compat: 'exact' })).toEqual([[1, -1]]);
    expectClose(batchAdvantages(pair, { estimator: 'reinforce_pp', compat: 'exact' })[0] ?? [], [Math.SQRT1_2, -Math.SQRT1_2]);
  });
  it('subtracts the mean of a lone reward where that is worth nothing, and leaves it where it counts raw, under the baseline', () => {
    const groups = [
      { rewards: [1], lengths: [1] },
      { rewards: [1, 0], lengths: [1, 1] },
    ];
    const flat = (compat: 'exact' | 'verl') => batchAdvantages(groups, { estimator: 'reinforce_pp_baseline', compat }).flat();
    expectClose(flat('exact'), [0, 1, -1]);
    expectClose(
      flat('verl'),
      [2 / 3, 1 / 6, -5 / 6].map((centred) => centred / Math.sqrt(7 / 12)),
    );
  });
  it('does not count a response without tokens for variance', () => {
    const groups = [{ rewards: [5, 1, 1], lengths: [0, 3, 2] }];
    expect(batchAdvantages(groups, { estimator: 'reinforce_pp', compat: 'exact' })).toEqual([[0, 0, 0]]);
  });
  it('gives zeros to equal sums of terms under gdpo, also where nothing is added to the deviation', () => {
    // Terms that stand against each other: the sums are equal.
    const parts = [
      { a: 1, b: 0 },
      { a: 0, b: 1 },
    ];
    const groups = [{ rewards: [1, 1], lengths: [1, 1], parts }];
    expect(batchAdvantages(groups, { estimator: 'gdpo', compat: 'exact', termWeights: { a: 1, b: 1 } })).toEqual([[0, 0]]);
  });
  it('leaves a missing term out under gdpo, whatever the convention for unscorable rewards', () => {
    const parts = [{ a: 1, b: 1 }, { a: 0, b: 1 }, { a: 1 }];
    const groups = [{ rewards: [2, 1, 1], lengths: [1, 1, 1], parts }];
    const by = (unscorable: 'zero' | 'exclude', singleton: 'raw' | 'zero') =>
      batchAdvantages(groups, {
        estimator: 'gdpo',
        compat: { ...compatPresets.exact, unscorable, singleton },
        termWeights: { a: 1, b: 1 },
      });
    expect(by('zero', 'raw')).toEqual(by('exclude', 'zero'));
    const alone = [{ rewards: [3, 1], lengths: [1, 1], parts: [{ a: 1, b: 2 }, { a: 1 }] }];
    const of = (singleton: 'raw' | 'zero') =>
      batchAdvantages(alone, { estimator: 'gdpo', compat: { ...compatPresets.exact, singleton }, termWeights: { a: 1, b: 1 } });
    expect(of('raw')).toEqual([[0, 0]]); // one value of a term is no better than none
  });
  it('gives zeros to a batch without variance, without tokens, or without rewards', () => {
    const options = { estimator: 'reinforce_pp', compat: 'verl' } as const;
    expect(batchAdvantages([{ rewards: [1, 1], lengths: [2, 3] }], options)).toEqual([[0, 0]]);
    expect(batchAdvantages([{ rewards: [1, 0], lengths: [0, 0] }], options)).toEqual([[0, 0]]);
    expect(batchAdvantages([{ rewards: [null], lengths: [4] }], options)).toEqual([[0]]);
  });
});
