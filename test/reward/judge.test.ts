import {
  type Answer,
  emptyOutcome,
  type JudgeRuleName,
  judgeOutcome,
  judgeRule,
  judgeRuleNames,
  type Outcome,
  type OutcomeStatus,
  type SolveRecord,
} from 'evom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const solve = (objective: number | null, status: SolveRecord['status'] = 'optimal'): SolveRecord => ({
  status,
  objective,
  certificate: 'dual',
  modelHash: 'h',
  numVariables: 2,
  numIntegers: 0,
  numConstraints: 2,
  ms: 1,
});
const ended = (status: OutcomeStatus, objective: number | null = null, more: Partial<Outcome> = {}): Outcome => ({
  ...emptyOutcome(status, { dialect: 'highs-js', backend: 'highs' }),
  objective,
  solves: [solve(objective, status as SolveRecord['status'])],
  ...more,
});
const optimal = (objective: number, more: Partial<Outcome> = {}): Outcome => ended('optimal', objective, more);
const correct = (outcome: Outcome, answer: Answer, rule: JudgeRuleName = 'sirl', accepted?: number[]) =>
  judgeOutcome(outcome, { answer, ...(accepted === undefined ? {} : { accepted }) }, rule).correct;

describe('judge rules', () => {
  // Values on both sides of each rule's border, for labels of different size and 0.
  it.each<[JudgeRuleName, number, number[], number[]]>([
    ['sirl', 100, [100, 100.0001], [100.0002, 99]],
    ['sirl', 0, [0, 9e-7], [2e-6]],
    ['evom', 100, [105, 95], [105.1, -100]],
    ['evom', -100, [-105, -95], [-94.9, 100]],
    ['evom', 0, [0, 4e-14], [4e-8, 0.01]],
    ['evom-strict', 100, [100.009], [100.02]],
    ['evom-strict', 1e-4, [1.00009e-4], [1.002e-4]],
    ['evom-train', 2200, [2200.00005, 2200.2, 2199.8], [2200.23, 2266]],
    ['evom-train', 0.001, [0.00109], [0.0011001]],
    ['evom-train', 0, [0, 9e-5, -9e-5], [1.1e-4]],
    ['orlm', 100, [105.4, 94.6], [106, 94]],
    ['orlm', 0, [0.4, -0.3], [0.6, 1]],
    ['orlm', -20, [-21], [-22, 20]],
    ['orlm', 2.5, [2, 1.9], [3]], // Python rounds the half to 2
    ['evostep', 20_000, [20_002.4], [20_003]],
    ['evostep', 12, [12.4], [13]],
    ['mamo', 10, [10.001, 10.0009], [10.01]],
    ['mamo', 0, [1, -1], [1.1]],
    ['mamo', 1234.5678, [1234.56, 1234.5678], [1234.9]],
    ['agent', 5, [5.09], [5.11]],
    ['optibench', 5, [5.00005], [5.001]],
    ['exact', 0.3, [0.3], [0.1 + 0.2]],
    ['indusopt', 1e6, [1e6 + 0.9], [1e6 + 1.2]],
    ['indusopt', 0, [9e-7], [2e-6]],
    ['orlm', -2.5, [-2, -1.9], [-3]], // the half to the even neighbour, below 0 too
    ['orlm', 3.5, [4, 4.4], [3, 3.4]],
    ['orlm', 40, [42, 38], [43, 37]],
    ['mamo', 1e6, [1_000_099], [1_000_101]], // relative 1e-4
    ['mamo', -10, [-10.001], [-10.01, 10]],
    ['mamo', 0.123456, [0.1234565], [0.12358]], // in the sixth decimal
    ['mamo', 0.001, [0.0019], [0.0021]], // less than one of the third decimal
    ['mamo', 1.2345e-7, [0.005], [0.02]], // Python's text of it has no digits that count either: two decimals
    ['indusopt', -1e6, [-1e6 - 1, -1e6 + 1], [-1e6 - 1.1, -1e6 + 1.1]],
    ['agent', -5, [-5.09], [-5.11, 5]],
    ['optibench', -5, [-5.00005], [-5.001, 5]],
    ['exact', 0, [0], [1e-12]],
    ['sirl', -100, [-100.0001], [-100.0002, 100]],
    ['indusopt', -1e6, [-1e6 - 0.9], [-1e6 - 1.2, 1e6]],
  ])('%s with label %d accepts %j and refuses %j', (name, label, accepted, refused) => {
    for (const value of accepted) expect(correct(optimal(value), label, name), String(value)).toBe(true);
    for (const value of refused) expect(correct(optimal(value), label, name), String(value)).toBe(false);
  });

  it('accepts the label itself under every rule', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.constantFrom(...judgeRuleNames),
        (label, name) => correct(optimal(label), label, name) === true,
      ),
    );
  });

  it('are eleven, each with words for reports', () => {
    expect(judgeRuleNames).toHaveLength(11);
    for (const name of judgeRuleNames)
      expect(judgeRule(name)).toMatchObject({ name, definition: expect.stringMatching(/\S/), source: expect.stringMatching(/\S/) });
    expect(judgeRule('constructor')).toBeNull();
  });

  it.each<[JudgeRuleName, Answer, OutcomeStatus, boolean]>([
    ['sirl', 'infeasible', 'infeasible', true],
    ['sirl', 'infeasible', 'unbounded', false],
    ['sirl', 'infeasible', 'infeasible_or_unbounded', false],
    ['sirl', 'unbounded', 'unbounded', true],
    ['evom-train', 'infeasible', 'infeasible', true],
    ['evom-train', 'infeasible', 'unbounded', false],
    ['orlm', 'infeasible', 'unbounded', true],
    ['orlm', 'infeasible', 'infeasible_or_unbounded', true],
    ['mamo', 'infeasible', 'infeasible', false],
    ['exact', 'unbounded', 'unbounded', false],
    ['orlm', 'infeasible', 'no_solve', false],
    ['orlm', 'infeasible', 'runtime_error', false],
    ['orlm', 'infeasible', 'time_limit', false],
    ['sirl', 5, 'infeasible', false],
  ])('%s: label %s and status %s give %s', (name, label, status, expected) => {
    expect(correct(ended(status), label, name)).toBe(expected);
  });
});

describe('judgeOutcome', () => {
  it('says nothing without a label or after a fault of ours', () => {
    expect(correct(optimal(5), null)).toBeNull();
    expect(correct(ended('infra_error'), 5)).toBeNull();
    expect(judgeOutcome(optimal(5), { answer: null }, 'sirl').value).toBe(5);
  });
  it('takes each accepted number for right, also without an answer', () => {
    expect(correct(optimal(8), 5, 'sirl', [7, 8])).toBe(true);
    expect(correct(optimal(8), null, 'sirl', [8])).toBe(true);
    expect(correct(optimal(9), 5, 'sirl', [7, 8])).toBe(false);
  });
  it('never calls right what a budget or the clock ended', () => {
    expect(correct(ended('time_limit', 5), 5)).toBe(false);
    expect(correct(optimal(5, { wallLimited: true }), 5)).toBe(false);
    expect(correct(ended('feasible', 5), 5)).toBe(false);
  });
  it.each<OutcomeStatus>(['no_program', 'syntax_error', 'runtime_error', 'deadline', 'memory', 'output_limit', 'crash', 'no_solve'])(
    'never calls %s right, whatever it solved before',
    (status) => {
      expect(correct(ended(status, 5, { solves: [solve(5)], reported: 5 }), 5, 'evom')).toBe(false);
    },
  );
  it('takes a reported value that an optimal solve has, not only the last', () => {
    const outcome = optimal(9, { solves: [solve(5), solve(9)], reported: 5 });
    expect(judgeOutcome(outcome, { answer: 5 }, 'sirl')).toEqual({ correct: true, value: 5, unsupportedClaim: false });
    expect(judgeOutcome(outcome, { answer: 9 }, 'sirl').correct).toBe(false);
  });
  it('takes a reported value for a solve’s to 1e-6 of the larger of both, and of 1', () => {
    const claims = (objective: number, reported: number) =>
      judgeOutcome(optimal(objective, { reported }), { answer: null }, 'sirl').unsupportedClaim;
    expect([claims(2000, 2000.0019), claims(2000, 2000.0021)]).toEqual([false, true]);
    expect([claims(-2000, -2000.0019), claims(-2000, -2000.0021)]).toEqual([false, true]);
    expect([claims(0, 9e-7), claims(0, 2e-6), claims(0.5, 0.5 + 9e-7)]).toEqual([false, true, false]);
  });
  it('takes no claim for unsupported after a fault of ours', () => {
    expect(judgeOutcome(ended('infra_error', null, { reported: 3 }), { answer: 3 }, 'sirl')).toEqual({
      correct: null,
      value: 3,
      unsupportedClaim: false,
    });
  });
  it('judges the last objective where the status is optimal, and none else', () => {
    expect(judgeOutcome(optimal(5), { answer: 5 }, 'sirl')).toEqual({ correct: true, value: 5, unsupportedClaim: false });
    expect(judgeOutcome(ended('feasible', 5), { answer: 5 }, 'sirl')).toEqual({ correct: false, value: null, unsupportedClaim: false });
  });
  it('judges by a rule of the caller', () => {
    const near = {
      name: 'exact',
      definition: '',
      source: '',
      noSolution: 'any',
      matches: (v: number, a: number) => Math.abs(v - a) <= 2,
    } as const;
    expect(judgeOutcome(optimal(7), { answer: 5 }, near).correct).toBe(true);
    expect(judgeOutcome(optimal(7.5), { answer: 5 }, near).correct).toBe(false);
    expect(judgeOutcome(ended('unbounded'), { answer: 'infeasible' }, near).correct).toBe(true);
  });
  it('matches no value with a label that is not finite', () => {
    expect(correct(optimal(5), Number.POSITIVE_INFINITY, 'agent')).toBe(false);
    expect(correct(optimal(5), Number.NaN, 'evom')).toBe(false);
  });
  it('refuses a reported value that no optimal solve has', () => {
    expect(judgeOutcome(optimal(9, { reported: 5 }), { answer: 5 }, 'sirl')).toEqual({
      correct: false,
      value: null,
      unsupportedClaim: true,
    });
    const limited = optimal(9, { solves: [solve(5, 'time_limit'), solve(9)], reported: 5 });
    expect(judgeOutcome(limited, { answer: 5 }, 'sirl')).toMatchObject({ correct: false, unsupportedClaim: true });
    expect(judgeOutcome(ended('no_solve', null, { solves: [], reported: 5 }), { answer: 5 }, 'sirl')).toMatchObject({
      correct: false,
      unsupportedClaim: true,
    });
    expect(judgeOutcome(ended('infeasible', null, { reported: 3 }), { answer: 'infeasible' }, 'sirl')).toMatchObject({
      correct: false,
      unsupportedClaim: true,
    });
    expect(judgeOutcome(optimal(9, { reported: Number.NaN }), { answer: 9 }, 'sirl')).toMatchObject({
      correct: false,
      unsupportedClaim: true,
    });
  });
  it.each(['infeasible', 'unbounded'] as const)('takes the 0 that a library gives for no objective for no number: %s', (status) => {
    const passedOn = ended(status, null, { reported: 0 });
    expect(judgeOutcome(passedOn, { answer: status }, 'sirl')).toEqual({ correct: true, value: null, unsupportedClaim: false });
    expect(correct(passedOn, 0)).toBe(false);
    expect(correct(passedOn, status === 'infeasible' ? 'unbounded' : 'infeasible')).toBe(false);
    for (const solves of [[], [solve(5)], [{ ...solve(5), status, objective: null }, solve(5)]])
      expect(judgeOutcome({ ...passedOn, solves }, { answer: status }, 'sirl')).toMatchObject({ correct: false, unsupportedClaim: true });
    for (const other of ['time_limit', 'feasible', 'runtime_error'] as const)
      expect(judgeOutcome(ended(other, null, { reported: 0 }), { answer: status }, 'sirl').unsupportedClaim).toBe(true);
  });
  it('takes no number of an earlier solve beside a last solve without a solution, whatever the label says', () => {
    for (const status of ['infeasible', 'unbounded'] as const) {
      const outcome = ended(status, null, { solves: [solve(5), { ...solve(5), status, objective: null }], reported: 5 });
      expect(judgeOutcome(outcome, { answer: status }, 'sirl')).toMatchObject({ correct: false, value: 5, unsupportedClaim: false });
      expect(judgeOutcome(outcome, { answer: status }, 'orlm').correct).toBe(false);
      expect(judgeOutcome({ ...outcome, reported: null }, { answer: status }, 'sirl').correct).toBe(true);
    }
  });
  it('refuses values that are not finite', () => {
    expect(correct(optimal(Number.POSITIVE_INFINITY), 5, 'evom')).toBe(false);
    expect(correct(optimal(Number.NaN), 5, 'evom')).toBe(false);
  });
  it('names the rules when it does not know one', () => {
    expect(() => correct(optimal(5), 5, 'srl' as JudgeRuleName)).toThrow(/unknown judge rule "srl"; known are sirl/);
  });
});
