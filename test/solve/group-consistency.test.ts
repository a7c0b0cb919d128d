import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noEvidence } from '../../src/core/evidence.ts';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';
import { modelHash } from '../../src/modeling/identical.ts';
import { rewardPresets, scoreOutcome } from '../../src/reward/reward.ts';
import { type ConsistencyRule, groupConsistency } from '../../src/solve/group-consistency.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const about = { dialect: 'highs-js', backend: 'highs' };
const question = 'Boots earn 68 dollars and mugs 62. They take 17 and 22 units of 488. Make 2 more boots than mugs at least.';
const outcomeOf = (lp: string, objective: number, solution: Record<string, number>): Outcome => {
  const model = parseLp(lp);
  const solve = {
    status: 'optimal' as const,
    objective,
    certificate: 'dual' as const,
    modelHash: modelHash(model),
    numVariables: 2,
    numIntegers: 0,
    numConstraints: 1,
    ms: 0,
  };
  return { ...emptyOutcome('optimal', about), objective, solution, model, solves: [solve] };
};
const right = outcomeOf('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\ngen\n boots mugs\nend', 1904, {
  boots: 28,
  mugs: 0,
});
const short = outcomeOf('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\ngen\n boots mugs\nend', 1904, { boots: 28, mugs: 0 });
const nothing = outcomeOf('max\n 0 x\nst\n x <= 1\nend', 0, { x: 0 });
const broken = emptyOutcome('runtime_error', about);
const passed = (outcomes: Outcome[], rule: ConsistencyRule) => groupConsistency(question, outcomes, rule).map((e) => e?.passed ?? null);

describe('groupConsistency by programs that are faithful to the text', () => {
  const other = outcomeOf('max\n 62 boots + 68 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\ngen\n boots mugs\nend', 1788, {
    boots: 18,
    mugs: 8,
  });

  it('is the share of the votes among the programs with exactly the numbers of the text', () => {
    // right and other hold 68, 62, 17, 22, 488 and 2; short has no 2 and so no vote, though it gives the answer of right.
    expect(passed([right, right, right, other, short, short], 'faithful')).toEqual([2 / 3, 2 / 3, 2 / 3, 0, 0, 0]);
  });

  it('lets one faithful program win against any number that are not', () => {
    expect(passed([right, ...Array.from({ length: 7 }, () => short)], 'faithful')).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('pays nothing for agreeing on nothing, without an answer nothing either, and null after a fault of ours', () => {
    expect(passed([nothing, nothing, broken, emptyOutcome('infra_error', about)], 'faithful')).toEqual([0, 0, 0, null]);
    expect(groupConsistency(question, [short, broken], 'faithful').map((e) => e?.failed)).toEqual([['numbers'], ['answer']]);
  });
});

describe('groupConsistency by agreement', () => {
  it('is the mean of equal answers, equal models and numbers of the text', () => {
    // right: value 3/3, model 2/3, text 6/6; short: value 3/3, model 0/3, text 5/6 (2 is missing).
    const [a, , , d] = groupConsistency(question, [right, right, right, short], 'agreement');
    expect(a?.passed).toBeCloseTo((1 + 2 / 3 + 1) / 3, 9);
    expect(d?.passed).toBeCloseTo((1 + 0 + 5 / 6) / 3, 9);
    expect(d?.failed).toEqual(['model']);
  });

  it('pays no more for agreeing on nothing than for the numbers of the text alone', () => {
    const [empty] = passed([nothing, nothing, nothing], 'agreement');
    const [alone] = passed([right, nothing, nothing], 'agreement');
    expect(empty).toBeLessThanOrEqual(2 / 3);
    expect(alone).toBeCloseTo(1 / 3, 9);
  });

  it('compares by names whoever comes first: a renamed model says the same as its equal and as no other', () => {
    const rows = '17 boots + 22 mugs <= 488\n boots - mugs >= 2';
    const renamed = outcomeOf(`max\n 68 b + 62 m\nst\n 17 b + 22 m <= 488\n b - m >= 2\ngen\n b m\nend`, 1904, { b: 28, m: 0 });
    const spare = outcomeOf(
      `max\n 68 boots + 62 mugs\nst\n ${rows}\n 34 boots + 44 mugs <= 976\n boots <= 28\ngen\n boots mugs\nend`,
      1904,
      {
        boots: 28,
        mugs: 0,
      },
    );
    const [ofRight, ofRenamed, ofSpare] = passed([right, renamed, spare], 'agreement');
    expect(ofRenamed).toBeLessThan(ofRight as number);
    expect(passed([renamed, right, spare], 'agreement')).toEqual([ofRenamed, ofRight, ofSpare]);
  });

  it('is 0 without an answer and null after a fault of ours', () =>
    expect(passed([broken, emptyOutcome('infra_error', about), right], 'agreement')).toEqual([0, null, expect.closeTo(1 / 3, 9)]));
});

describe('groupConsistency by majority', () => {
  it('is 1 for the most frequent answer, if two give it', () => {
    expect(passed([right, short, nothing, broken], 'majority')).toEqual([1, 1, 0, 0]);
    expect(passed([right, nothing], 'majority')).toEqual([0, 0]);
    expect(passed([broken, broken], 'majority')).toEqual([0, 0]);
  });
});

describe.each(['faithful', 'agreement', 'majority'] as const)('the reward by %s', (rule) => {
  const config = { ...rewardPresets.evom, weights: { ...rewardPresets.evom.weights, answer: 0, consistency: 1 } };
  const rewards = (answer: number | null, outcomes: readonly Outcome[]) => {
    const evidence = groupConsistency(question, outcomes, rule);
    const problem = { id: 'p', question, answer, source: 'test' };
    return outcomes.map(
      (outcome, i) => scoreOutcome({ outcome, problem, evidence: { ...noEvidence, consistency: evidence[i] ?? null } }, config).value,
    );
  };
  it('is the same whatever the label says, and with none', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(right, short, nothing, broken), { minLength: 1, maxLength: 8 }), (outcomes) => {
        const without = rewards(null, outcomes);
        expect(without).toEqual(rewards(1904, outcomes));
        expect(without).toEqual(rewards(7, outcomes));
        for (const value of without) expect(value).not.toBeNull();
      }),
      { numRuns: 40 },
    ));

  it('does not depend on the order of the group', () =>
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (order) => {
        const group = [right, right, short, nothing, broken];
        const plain = rewards(null, group);
        const turned = rewards(
          null,
          order.map((i) => group[i] as Outcome),
        );
        expect(turned).toEqual(order.map((i) => plain[i]));
      }),
      { numRuns: 20 },
    ));
});

it('a problem without a label stays unscored where the answer is paid', () =>
  expect(
    scoreOutcome({ outcome: right, problem: { id: 'p', question, answer: null, source: 'test' } }, rewardPresets.evom).value,
  ).toBeNull());
