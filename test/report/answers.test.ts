import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/evaluate/evaluate.ts';
import { betweenAnswers, collapseOf, runAnswers } from '../../src/report/answers.ts';
import { beforeAfter, betweenRuns } from '../../src/report/comparisons.ts';
import type { RunView } from '../../src/report/run-view.ts';
import type { Sample } from '../../src/report/samples.ts';
import { whyOf } from '../../src/report/why.ts';
import { evaluation } from '../train/fixtures.ts';

/** A set of 40 problems with one sample each, of which the first `passes` pass. */
const scored = (passes: number, ids = 'p'): Evaluation =>
  evaluation(
    { problems: 40, pass_at_1: passes / 40 },
    Array.from({ length: 40 }, (_, i) => ({
      id: `${ids}${i}`,
      samples: 1,
      scorable: 1,
      passes: i < passes ? 1 : 0,
      flagged_passes: 0,
      identical: null,
      executed: 1,
    })) as unknown as Evaluation['scores'],
  );

const view = (over: Partial<RunView> = {}): RunView => ({
  name: 'A',
  directory: '/runs/A',
  config: {},
  environment: {},
  metrics: [],
  evaluations: [
    { step: 0, sets: [scored(10)] },
    { step: 50, sets: [scored(30)] },
  ],
  state: 'finished',
  changedMs: 0,
  ...over,
});
const answers = (run: RunView): string[] => runAnswers(run, beforeAfter(run)).map(({ question, answer }) => `${question} ${answer}`);

describe('runAnswers', () => {
  it('says whether a run learned, with rates, test and steps', () => {
    expect(answers(view())[0]).toBe(
      'Did it learn? yes on set: pass@1 25.0 % to 75.0 %, better by 50.0 points (p < 0.0001, 40 problems), step 0 to 50',
    );
    const same = { step: 9, sets: [scored(11)] };
    expect(answers(view({ evaluations: [{ step: 0, sets: [scored(10)] }, same] }))[0]).toMatch(/^Did it learn\? not clearly on set/);
  });

  it('tells alarms once a kind, with their steps', () => {
    const metrics = [
      { step: 3, alarms: 'KL 0.3 is high' },
      { step: 4 },
      { step: 7, alarms: 'KL 0.41 is high\nlearner/loss is not a finite number' },
    ];
    expect(answers(view({ metrics, evaluations: [] }))).toEqual([
      'Was anything alarming? 2 steps from 3 to 7, the last time: KL 0.41 is high',
      'Was anything alarming? step 7: learner/loss is not a finite number',
    ]);
  });
});

describe('betweenAnswers', () => {
  const between = (...runs: RunView[]): string[] =>
    betweenAnswers(runs, betweenRuns(runs)).map(({ question, answer, tone }) => `${question} ${answer} ${tone}`);
  const other = (...evaluations: RunView['evaluations']): RunView => view({ name: 'B', evaluations });

  it('says whether the second beat the first, or why that is not known', () => {
    expect(between(view(), other({ step: 60, sets: [scored(5)] }))).toEqual([
      'Did B beat A? no on set: pass@1 12.5 % against 75.0 %, worse by 62.5 points (p < 0.0001, 40 problems), at step 60 against step 50 bad',
    ]);
    expect(between(view(), other({ step: 60, sets: [scored(5, 'q')] }))).toEqual([
      expect.stringMatching(/not known on set: .*different problems/),
    ]);
    expect(between(view(), other())).toEqual([expect.stringMatching(/not known: no set was evaluated by both; .* none against none/)]);
  });
});

describe('collapseOf', () => {
  it('finds the step from which entropy stays below half and a tenth of where it began', () => {
    const series = [1, 1, 1, 1, 1, 0.4, 0.6, 0.4, 0.08, 0.05].map((entropy, i): [number, number] => [i + 1, entropy]);
    expect(collapseOf(series)).toEqual({ start: 1, end: 0.05, half: 8, tenth: 9 });
    expect(collapseOf([])).toBeNull();
  });

  it('never calls a share below which entropy does not stay', () => {
    const entropies = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(entropies, (values) => {
        const found = collapseOf(values.map((entropy, i) => [i + 1, entropy]));
        if (found === null) return false;
        const stays = (from: number | null, share: number) =>
          from === null ? !((values.at(-1) ?? 0) < share * found.start) : values.slice(from - 1).every((one) => one < share * found.start);
        return stays(found.half, 0.5) && stays(found.tenth, 0.1);
      }),
    );
  });
});

describe('whyOf', () => {
  const sample = {
    reward: 1.1,
    parts: { answer: 1, format: 0.1, overlong: 0 },
    correct: true,
    identical: true,
    status: 'optimal',
    objective: 12,
    answer: 12,
    certificate: 'dual',
    flags: [],
    error: null,
    differences: [],
  } as unknown as Sample;

  it('names the terms of the reward and the verdict behind them', () => {
    expect(whyOf(sample)).toBe(
      '1.1 = answer 1 + format 0.1 (nothing for overlong); right: 12 is the wanted optimum (certificate dual), and the model equals the reference',
    );
    const wrong = { ...sample, reward: 0.1, parts: { format: 0.1 }, correct: false, objective: 10, flags: ['value_only' as const] };
    const differences = [{ kind: 'right_hand_side', where: 'c1', expected: '4', found: '5' } as const];
    expect(whyOf({ ...wrong, differences })).toBe(
      '0.1 = format 0.1; wrong: its optimum is 10, wanted 12; its model differs in right hand side; flagged value only',
    );
    expect(whyOf({ ...wrong, objective: null, status: 'syntax_error', error: 'SyntaxError: no\nat 3', flags: [] })).toBe(
      '0.1 = format 0.1; wrong: it ended as syntax error (SyntaxError: no)',
    );
    expect(
      whyOf({ ...sample, objective: null, status: 'infeasible', answer: 'infeasible', certificate: 'farkas', identical: null }),
    ).toMatch(/right: infeasible is the wanted answer \(certificate farkas\)$/);
    const claimed = { ...wrong, objective: null, status: 'infeasible', answer: 'infeasible', flags: ['unsupported_claim'] } as const;
    expect(whyOf(claimed)).toMatch(/wrong: it ended as infeasible, which is wanted, but reported a number; .*; flagged unsupported claim$/);
    expect(whyOf({ ...sample, reward: null, error: null })).toBe("no reward: a fault of ours; it is left out of its group's mean");
  });
});
