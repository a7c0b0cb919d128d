import { judgeRuleNames, scoreByRules } from 'evom/reward';
import { describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';

const about = { dialect: 'highs-js', backend: 'highs' } as const;
const optimal = (objective: number): Outcome => ({ ...emptyOutcome('optimal', about), objective });
const verdicts = [
  { outcome: optimal(100), problem: { answer: 100 } },
  { outcome: optimal(103), problem: { answer: 100 } }, // within 5 %
  { outcome: optimal(7), problem: { answer: null } }, // no label
  { outcome: emptyOutcome('infra_error', about), problem: { answer: 5 } },
  { outcome: emptyOutcome('no_program', about), problem: { answer: 5 } },
];

describe('scoreByRules', () => {
  it('divides by the problems that have a label, and never by a fault of ours', () => {
    expect(scoreByRules(verdicts, { rules: ['sirl', 'evom'], labels: 'some@1' })).toEqual([
      { judge: { rule: 'sirl', labels: 'some@1', denominator: 'labelled' }, right: 1, of: 3, accuracy: 1 / 3 },
      { judge: { rule: 'evom', labels: 'some@1', denominator: 'labelled' }, right: 2, of: 3, accuracy: 2 / 3 },
    ]);
  });

  it('divides by all problems where it is told to, but for faults of ours', () => {
    const [score] = scoreByRules(verdicts, { rules: ['evom'], labels: 'some@1', denominator: 'all' });
    expect(score).toEqual({ judge: { rule: 'evom', labels: 'some@1', denominator: 'all' }, right: 2, of: 4, accuracy: 0.5 });
  });

  it('has no accuracy of nothing', () => {
    expect(scoreByRules([], { rules: ['exact'], labels: '' })).toMatchObject([{ right: 0, of: 0, accuracy: null }]);
  });

  it('scores by every rule, and by one of the caller', () => {
    expect(scoreByRules(verdicts, { labels: '' }).map(({ judge }) => judge.rule)).toEqual(judgeRuleNames);
    const double = {
      name: 'exact',
      definition: '',
      source: '',
      noSolution: 'never',
      matches: (v: number, a: number) => v === 2 * a,
    } as const;
    const twice = [{ outcome: optimal(10), problem: { answer: 5 } }];
    expect(scoreByRules(twice, { rules: [double, 'exact'], labels: '' }).map(({ right, judge }) => [judge.rule, right])).toEqual([
      ['exact', 1],
      ['exact', 0],
    ]);
  });
});
