import {
  type Evidence,
  emptyOutcome,
  type LinearModel,
  noEvidence,
  type Outcome,
  overlongPenalty,
  type Problem,
  parseLp,
  type RewardConfig,
  rewardPresets,
  type ScoreInput,
  type SolveRecord,
  scoreOutcome,
  type UserTerm,
} from 'evom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literalShares } from '../../src/reward/literals.ts';
import { column, model, row } from '../solvers/models.ts';

const problem: Problem = { id: 'p', question: 'A farm has 80 acres and 1,200 dollars.', answer: 340, source: 'test' };
const solved: SolveRecord = {
  status: 'optimal',
  objective: 340,
  certificate: 'dual',
  modelHash: 'h',
  numVariables: 2,
  numIntegers: 0,
  numConstraints: 2,
  ms: 1,
};
const right: Outcome = {
  ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }),
  objective: 340,
  certificate: 'dual',
  solves: [solved],
};
const compared = (comparison: Evidence['comparison']): { evidence: Evidence } => ({ evidence: { ...noEvidence, comparison } });
const input = (outcome: Outcome, more: Partial<ScoreInput> = {}): ScoreInput => ({
  outcome,
  problem,
  completionTokens: 50,
  maxTokens: 100,
  truncated: false,
  ...more,
});
const evom: RewardConfig = rewardPresets.evom;

describe('overlongPenalty', () => {
  it.each([
    [79, 0],
    [80, 0],
    [81, -0.05],
    [90, -0.5],
    [100, -1],
    [110, -1],
  ])('gives %d of 100 tokens, with a buffer of 20, %d', (tokens, penalty) => {
    expect(overlongPenalty(tokens, 100, { buffer: 20, penalty: 1 })).toBeCloseTo(penalty, 12);
  });
  it('grows with the factor and never rewards', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.double({ min: 0, max: 3, noNaN: true }), (tokens, penalty) => {
        const value = overlongPenalty(tokens, 200, { buffer: 40, penalty });
        return value <= 0 && value >= -penalty && value <= overlongPenalty(Math.max(0, tokens - 1), 200, { buffer: 40, penalty });
      }),
    );
  });
  it('needs a buffer within the completion', () => {
    expect(() => overlongPenalty(5, 10, { buffer: 0, penalty: 1 })).toThrow(/buffer is 0 tokens/);
    expect(() => overlongPenalty(5, 10, { buffer: 11, penalty: 1 })).toThrow(/buffer is 11/);
    expect(() => overlongPenalty(5, 10, { buffer: Number.NaN, penalty: 1 })).toThrow(/buffer is NaN/);
    expect(() => overlongPenalty(5, Infinity, { buffer: Infinity, penalty: 1 })).toThrow(/buffer is Infinity/);
  });
  it.each([-1, Number.NaN, Infinity])('never pays for length: a penalty of %d is refused', (penalty) => {
    expect(() => overlongPenalty(5, 10, { buffer: 2, penalty })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG', message: expect.stringContaining(`the overlong penalty is ${penalty}`) }),
    );
  });
  it('refuses a length that is none, and knows the end of a completion without a limit', () => {
    for (const tokens of [Number.NaN, -1]) expect(() => overlongPenalty(tokens, 10, { buffer: 2, penalty: 1 })).toThrow(RangeError);
    expect(overlongPenalty(1e9, Infinity, { buffer: 2, penalty: 1 })).toBe(0);
    expect(overlongPenalty(Infinity, Infinity, { buffer: 2, penalty: 1 })).toBe(-1); // cut off all the same
  });
});

describe('scoreOutcome', () => {
  it('adds format and answer', () => {
    expect(scoreOutcome(input(right), evom)).toEqual({
      value: 1.1,
      parts: { format: 0.1, answer: 1 },
      correct: true,
      identical: null,
      flags: [],
    });
    expect(scoreOutcome(input({ ...right, objective: 341 }), evom)).toMatchObject({ value: 0.1, correct: false });
    expect(scoreOutcome(input(right), rewardPresets.answer)).toMatchObject({ value: 1, parts: { answer: 1 } });
  });
  it.each([
    ['no_program', 0],
    ['syntax_error', 0],
    ['runtime_error', 0.1],
    ['deadline', 0.1],
    ['no_solve', 0.1],
  ] as const)('gives %s a format term of %d and no more', (status, format) => {
    expect(scoreOutcome(input(emptyOutcome(status, { dialect: 'highs-js', backend: 'highs' })), evom)).toMatchObject({
      value: format,
      parts: { format, answer: 0 },
    });
  });
  it('pays a solve that ended with a verdict where that has a weight', () => {
    const config = { ...evom, weights: { ...evom.weights, executes: 0.2 } };
    expect(scoreOutcome(input({ ...right, objective: 5 }), config).parts.executes).toBe(0.2);
    expect(scoreOutcome(input({ ...right, status: 'time_limit' }), config).parts.executes).toBe(0);
    expect(scoreOutcome(input({ ...right, status: 'runtime_error' }), config).parts.executes).toBe(0);
  });
  it('pays nothing for a fault of ours where no label is needed either', () => {
    const config = { ...evom, weights: { ...evom.weights, answer: 0, solution: 0, consistency: 1 } };
    const given = input(emptyOutcome('infra_error', { dialect: 'highs-js', backend: 'highs' }));
    expect(scoreOutcome(given, config)).toMatchObject({ value: null, parts: {}, correct: null });
  });

  it('gives null, not 0, to a fault of ours and to a problem without a label', () => {
    expect(scoreOutcome(input(emptyOutcome('infra_error', { dialect: 'highs-js', backend: 'highs' })), evom)).toEqual({
      value: null,
      parts: {},
      correct: null,
      identical: null,
      flags: [],
    });
    expect(scoreOutcome(input(right, { problem: { ...problem, answer: null } }), evom)).toMatchObject({
      value: null,
      parts: {},
      correct: null,
    });
  });
  it('discounts a right value from a model unlike the reference', () => {
    expect(scoreOutcome(input(right, compared('different')), { ...evom, valueOnlyWeight: 0.3 })).toMatchObject({
      parts: { answer: 0.3 },
      correct: true,
      identical: false,
      flags: ['value_only'],
    });
    expect(scoreOutcome(input(right, compared('different')), { ...evom, valueOnlyWeight: 0 }).parts.answer).toBe(0);
    expect(scoreOutcome(input(right, compared('identical')), { ...evom, valueOnlyWeight: 0 }).parts.answer).toBe(1);
    expect(scoreOutcome(input(right, compared(null)), { ...evom, valueOnlyWeight: 0 }).parts.answer).toBe(1);
    expect(scoreOutcome(input({ ...right, objective: 5 }, compared('different')), evom).flags).toEqual([]);
  });

  const honest = model(
    'max',
    [column('x', 3), column('y', 5)],
    [
      row(
        'land',
        -Infinity,
        [
          [0, 1],
          [1, 1],
        ],
        80,
      ),
      row(
        'money',
        -Infinity,
        [
          [0, 10],
          [1, 20],
        ],
        1200,
      ),
    ],
  );
  const tricks: [string, LinearModel, Partial<SolveRecord>][] = [
    [
      'a variable fixed to the answer',
      model(
        'max',
        [column('x', 1, 340, 340), column('y', 0)],
        [
          row(
            'c',
            -Infinity,
            [
              [0, 1],
              [1, 1],
            ],
            400,
          ),
        ],
      ),
      {},
    ],
    [
      'the answer as a constant',
      model(
        'max',
        [column('x', 0), column('y', 0)],
        [
          row(
            'c',
            -Infinity,
            [
              [0, 1],
              [1, 1],
            ],
            80,
          ),
        ],
        340,
      ),
      {},
    ],
    [
      'the answer as a right-hand side',
      model(
        'max',
        [column('x', 1), column('y', 1)],
        [
          row(
            'c',
            -Infinity,
            [
              [0, 1],
              [1, 1],
            ],
            340,
          ),
        ],
      ),
      {},
    ],
    [
      'the negated answer',
      model(
        'min',
        [column('x', -1), column('y', 0)],
        [
          row(
            'c',
            -340,
            [
              [0, -1],
              [1, 1],
            ],
            80,
          ),
        ],
      ),
      {},
    ],
  ];
  it.each(tricks)('pays nothing for %s', (_, trick, more) => {
    const reward = scoreOutcome(input({ ...right, model: trick, solves: [{ ...solved, ...more }] }), evom);
    expect(reward).toMatchObject({ value: 0.1, correct: true, flags: ['answer_literal'] });
  });
  it('does not flag an honest model, nor an answer that the text names', () => {
    expect(scoreOutcome(input({ ...right, model: honest }), evom).flags).toEqual([]);
    const named = { ...problem, answer: 1200 };
    expect(scoreOutcome(input({ ...right, objective: 1200, model: honest }, { problem: named }), evom).flags).toEqual([]);
    const small = { ...problem, answer: 10 };
    expect(scoreOutcome(input({ ...right, objective: 10, model: honest }, { problem: small }), evom).flags).toEqual([]);
  });
  it('calls an answer above 20 telling, and 20 not, each value of a list alike', () => {
    const flagsOf = (answer: number, other: number | null, bound: number): readonly string[] => {
      const trick = model('max', [column('x', 1, 0, bound), column('y', 0)], [row('c', -Infinity, [[1, 1]], 80)]);
      const about = { ...problem, answer, ...(other === null ? {} : { accepted: [other] }) };
      return scoreOutcome(
        input({ ...right, objective: bound, model: trick, solves: [{ ...solved, objective: bound }] }, { problem: about }),
        evom,
      ).flags;
    };
    expect(flagsOf(20, null, 20)).toEqual([]);
    expect(flagsOf(20.001, null, 20.001)).toEqual(['answer_literal']);
    expect(flagsOf(-21, null, 21)).toEqual(['answer_literal']);
    expect(flagsOf(7, 21, 21)).toEqual(['answer_literal']);
    expect(flagsOf(21, 7, 7)).toEqual([]);
  });
  it('pays nothing for a model without two variables and a constraint, unless the reference is like that', () => {
    const tiny = { ...right, solves: [{ ...solved, numVariables: 1 }] };
    expect(scoreOutcome(input(tiny), evom)).toMatchObject({ value: 0.1, correct: true, flags: ['trivial_model'] });
    expect(scoreOutcome(input({ ...right, solves: [{ ...solved, numConstraints: 0 }] }), evom).flags).toEqual(['trivial_model']);
    expect(scoreOutcome(input(tiny, compared('identical')), evom)).toMatchObject({ value: 1.1, flags: [] });
  });
  it('pays nothing for a claim without a solve, nor for what the clock decided', () => {
    expect(scoreOutcome(input({ ...right, objective: 5, solves: [{ ...solved, objective: 5 }], reported: 340 }), evom)).toMatchObject({
      value: 0.1,
      correct: false,
      flags: ['unsupported_claim'],
    });
    expect(scoreOutcome(input({ ...right, wallLimited: true }), evom)).toMatchObject({
      value: 0.1,
      correct: false,
      flags: ['wall_limited'],
    });
    const library = { status: 'optimal', objective: right.objective, resolved: false } as const;
    expect(scoreOutcome(input({ ...right, library }), evom)).toMatchObject({ value: 0.1, correct: true, flags: ['library_word'] });
    expect(scoreOutcome(input({ ...right, library: { ...library, resolved: true } }), evom).flags).toEqual([]);
    // A program beyond quadratic: no host can read its rows, so that none are counted.
    const nonlinear = { ...right, model: null, solves: [{ ...solved, objective: right.objective, numConstraints: 0 }], library };
    expect(scoreOutcome(input(nonlinear), evom).flags).toEqual(['library_word']);
  });
  it('pays for a quadratic program that the host solved again, and looks at its point and numbers', () => {
    const acres = row('acres', -Infinity, [[0, 1], [1, 1]], 80); // biome-ignore format: one row
    const linear = model('max', [column('x', 0, 0, 80), column('y', 15, 0, 80)], [acres]);
    const quadratic = { linear, products: [[0, 0, 0.25]], rows: [] } as const;
    const library = { status: 'optimal', objective: 340, resolved: true } as const;
    const verified: Outcome = { ...right, quadratic, library, certificate: 'second_solver', solution: { x: 10, y: 21 } };
    expect(scoreOutcome(input(verified), evom)).toMatchObject({ value: 1.1, correct: true, flags: [] });
    expect(scoreOutcome(input({ ...verified, solution: { x: 10, y: 20 } }), evom).flags).toEqual(['wrong_point']);
    expect(scoreOutcome(input({ ...verified, solution: { x: 60, y: 21 } }), evom).flags).toEqual(['wrong_point']);
    const told = { ...quadratic, products: [[0, 0, 0.25], [0, 1, 340]] } as const; // biome-ignore format: one model
    expect(scoreOutcome(input({ ...verified, quadratic: told, solution: null }), evom).flags).toEqual(['answer_literal']);
    const strange = { ...quadratic, linear: model('max', [column('x', 7, 0, 9), column('y', 7, 0, 9)], []) };
    const many = { ...problem, question: 'Of 80 acres, 1,200 dollars and 35 cows.' };
    expect(scoreOutcome(input({ ...verified, quadratic: strange, solution: null }, { problem: many }), evom).flags).toEqual([
      'low_coverage',
    ]);
  });
  it('punishes length, and a cut-off completion as one of full length', () => {
    const config = { ...evom, overlong: { buffer: 20, penalty: 1 } };
    expect(scoreOutcome(input(right, { completionTokens: 90 }), config)).toMatchObject({ parts: { answer: 1, overlong: -0.5 } });
    expect(scoreOutcome(input(right, { truncated: true }), config).parts.overlong).toBe(-1);
  });
  it('is the sum of its parts, and a right answer never earns less than a wrong one', () => {
    const statuses = fc.constantFrom<Outcome['status']>('optimal', 'infeasible', 'time_limit', 'runtime_error', 'no_program', 'feasible');
    fc.assert(
      fc.property(
        statuses,
        fc.constantFrom(340, 12),
        fc.nat(100),
        fc.constantFrom<Evidence['comparison']>('identical', 'equivalent', 'different', 'unmatched', null),
        (status, objective, completionTokens, comparison) => {
          const config = {
            ...evom,
            weights: { ...evom.weights, format: 0.1, executes: 0.2, answer: 1 },
            valueOnlyWeight: 0.5,
            overlong: { buffer: 20, penalty: 0.5 },
          };
          const outcome = { ...right, status, objective, solves: [{ ...solved, objective }] };
          const reward = scoreOutcome(input(outcome, { completionTokens, ...compared(comparison) }), config);
          const best = scoreOutcome(input(right, { completionTokens, ...compared(comparison) }), config);
          expect(reward.value).toBeCloseTo(
            Object.values(reward.parts).reduce((a, b) => a + b, 0),
            12,
          );
          expect(best.value ?? 0).toBeGreaterThanOrEqual(reward.value ?? 0);
        },
      ),
    );
  });

  const seen = (more: Partial<Evidence>): { evidence: Evidence } => ({ evidence: { ...noEvidence, ...more } });
  const confirmed = { backend: 'glpk', status: 'optimal', objective: 340, agrees: true } as const;

  it('pays for a solution of the reference, a confirmed optimum and a passed check where these have weights', () => {
    const config = { ...evom, weights: { ...evom.weights, solution: 1, consistency: 0.5, crossSolver: 0.2 } };
    const withModel = { problem: { ...problem, model: honest } };
    expect(scoreOutcome(input(right, withModel), config).parts).toEqual({ format: 0.1, answer: 1, solution: 0 });
    expect(
      scoreOutcome(
        input(right, {
          ...withModel,
          ...seen({ solvesReference: true, crossSolve: confirmed, consistency: { passed: 0.5, failed: ['a'] } }),
        }),
        config,
      ).parts,
    ).toEqual({ format: 0.1, answer: 1, solution: 1, consistency: 0.25, cross_solver: 0.2 });
    expect(scoreOutcome(input(right), config).parts).toEqual({ format: 0.1, answer: 1 });
  });

  it('pays nothing where another solver disagrees, and only counts where it reached no verdict', () => {
    const disagrees = seen({ crossSolve: { ...confirmed, objective: 350, agrees: false } });
    expect(scoreOutcome(input(right, disagrees), evom)).toMatchObject({ value: 0.1, flags: ['solver_disagreement'] });
    const unsure = seen({ crossSolve: { ...confirmed, status: 'time_limit', objective: null, agrees: null } });
    expect(scoreOutcome(input(right, unsure), evom)).toMatchObject({ value: 1.1, flags: ['unconfirmed'] });
  });

  it('leaves a share of the answer under a soft flag', () => {
    const constant = seen({ objectiveRange: [340, 340] });
    expect(scoreOutcome(input(right, constant), evom)).toMatchObject({ parts: { answer: 1 }, flags: ['constant_objective'] });
    expect(scoreOutcome(input(right, constant), { ...evom, softFlagWeight: 0.25 }).parts.answer).toBe(0.25);
    expect(scoreOutcome(input(right, seen({ peers: { alike: 0, others: 3 } })), evom).flags).toEqual(['peer_disagreement']);
    // Two reasons for doubt weigh more than one.
    const both = seen({ objectiveRange: [340, 340], comparison: 'different' });
    const reward = scoreOutcome(input(right, both), { ...evom, softFlagWeight: 0.5, valueOnlyWeight: 0.25 });
    expect(reward).toMatchObject({ parts: { answer: 0.125 }, flags: ['constant_objective', 'value_only'] });
  });

  it('takes both shares where a value is right by luck and flagged: they multiply', () => {
    const both = seen({ comparison: 'different', objectiveRange: [340, 340] });
    const { parts, flags } = scoreOutcome(input(right, both), { ...evom, valueOnlyWeight: 0.5, softFlagWeight: 0.25 });
    expect(flags).toEqual(expect.arrayContaining(['constant_objective', 'value_only']));
    expect(parts.answer).toBe(0.125);
  });

  it('takes a model that behaves like the reference for right, and says when nothing could be compared', () => {
    const strict = { ...evom, valueOnlyWeight: 0 };
    expect(scoreOutcome(input(right, compared('equivalent')), strict)).toMatchObject({ parts: { answer: 1 }, identical: false, flags: [] });
    expect(scoreOutcome(input(right, compared('unmatched')), strict)).toMatchObject({ parts: { answer: 0 }, flags: ['unmatched_model'] });
  });

  it('gives null where the audit itself failed', () => {
    expect(scoreOutcome(input(right, seen({ fault: 'no solver today' })), evom)).toMatchObject({
      value: null,
      correct: null,
      flags: ['audit_fault'],
    });
  });

  it('lists hints of a wrong answer and pays nothing for them', () => {
    const wrongOne = { ...right, objective: 341, solves: [{ ...solved, objective: 341 }] };
    expect(scoreOutcome(input(wrongOne, seen({ hints: ['hint_sense'] })), evom)).toMatchObject({ value: 0.1, flags: ['hint_sense'] });
    expect(scoreOutcome(input(right, seen({ hints: ['hint_sense'] })), evom).flags).toEqual([]);
  });

  it('denies a point that is not worth its objective or breaks its model, and a value of a solve before the last', () => {
    const model = honest; // best: 80 acres, 40 of each
    const point = { ...right, model, solution: { x: 40, y: 40 }, objective: 320, solves: [{ ...solved, objective: 320 }] };
    const of = { problem: { ...problem, answer: 320 } };
    expect(scoreOutcome(input(point, of), evom).flags).toEqual([]);
    expect(scoreOutcome(input({ ...point, solution: { x: 40, y: 41 } }, of), evom).flags).toContain('wrong_point');
    expect(scoreOutcome(input({ ...point, solution: { x: 64, y: 25.6 } }, of), evom)).toMatchObject({
      parts: { answer: 0 },
      flags: ['wrong_point'],
    });
    const earlier = { ...point, reported: 340, solves: [solved, { ...solved, objective: 320 }] };
    expect(scoreOutcome(input(earlier), evom)).toMatchObject({ correct: true, parts: { answer: 0 }, flags: ['earlier_solve'] });
  });

  it('scores a problem without a label by its check alone, where nothing that is paid needs a label', () => {
    const unlabelled = {
      problem: { ...problem, answer: null },
      ...seen({ consistency: { passed: 0.5, failed: ['a'] }, hints: ['hint_sense'] }),
    };
    const weights = { ...evom.weights, answer: 0, consistency: 2 };
    expect(scoreOutcome(input(right, unlabelled), { ...evom, weights })).toEqual({
      value: 1.1,
      parts: { format: 0.1, consistency: 1 },
      correct: null,
      identical: null,
      flags: [],
    });
    for (const needing of [{ answer: 1 }, { solution: 1 }, { consistency: 0 }])
      expect(scoreOutcome(input(right, unlabelled), { ...evom, weights: { ...weights, ...needing } }).value).toBeNull();
  });

  it('lists the hard flags of an outcome that nothing can be said of', () => {
    const unlabelled = { problem: { ...problem, answer: null } };
    expect(scoreOutcome(input({ ...right, wallLimited: true }, unlabelled), evom)).toMatchObject({ value: null, flags: ['wall_limited'] });
  });

  it('pays no solution, and no confirmation, of an answer that is not paid', () => {
    const config = { ...evom, weights: { ...evom.weights, solution: 1, crossSolver: 1 } };
    const about = { problem: { ...problem, model: honest } };
    const by = (outcome: Outcome, evidence: Partial<Evidence>) =>
      scoreOutcome(input(outcome, { ...about, ...seen(evidence) }), config).parts;
    expect(by(right, { solvesReference: true })).toMatchObject({ answer: 1, solution: 1 });
    expect(by({ ...right, wallLimited: true }, { solvesReference: true })).toMatchObject({ answer: 0, solution: 0 });
    expect(by({ ...right, objective: 1 }, { solvesReference: true })).toMatchObject({ answer: 0, solution: 0 });
    expect(by(right, { crossSolve: { ...confirmed, agrees: null } }).cross_solver).toBe(0);
    expect(by(right, { crossSolve: { ...confirmed, agrees: false } }).cross_solver).toBe(0);
  });

  it('counts a verdict only where a solve was made, for each status that is one', () => {
    const config = { ...evom, weights: { ...evom.weights, executes: 1 } };
    const by = (outcome: Outcome) => scoreOutcome(input(outcome), config).parts.executes;
    for (const status of ['optimal', 'feasible', 'infeasible', 'unbounded', 'infeasible_or_unbounded'] as const)
      expect(by({ ...right, status })).toBe(1);
    expect(by({ ...right, solves: [] })).toBe(0);
  });

  it('needs neither text nor lengths to score', () => {
    expect(scoreOutcome({ outcome: right, problem }, { ...evom, overlong: { buffer: 20, penalty: 1 } })).toMatchObject({
      parts: { format: 0.1, answer: 1, overlong: 0 },
    });
    expect(scoreOutcome({ outcome: right, problem }, { ...evom, formatTags: ['code'] }).parts.format).toBe(0);
  });

  it('tells terms of the user what judge and audit found, also of what is wrong', () => {
    const told: unknown[] = [];
    const score: UserTerm['score'] = (given, verdict) => {
      told.push([given.completionText, verdict]);
      return 1;
    };
    const config = { ...evom, terms: [{ name: 'mine', weight: 0.5, score }] };
    const wrong = input({ ...right, objective: 1, wallLimited: true }, { completionText: 'so' });
    expect(scoreOutcome(wrong, config)).toMatchObject({ value: 0.6, parts: { mine: 0.5 } });
    expect(told).toEqual([['so', { correct: false, flags: ['wall_limited'] }]]);
  });

  it('asks for elements once each and in order, with nothing between', () => {
    const config = { ...evom, formatTags: ['think', 'code'] };
    const formatOf = (completionText: string) => scoreOutcome(input(right, { completionText }), config).parts.format;
    expect(formatOf('<think>so</think>\n<code>x</code>\n')).toBe(0.1);
    for (const text of [
      '',
      '<code>x</code>',
      '<code>x</code><think>so</think>',
      '<think>a</think><think>b</think><code>x</code>',
      '<think>so</think> and <code>x</code>',
      '<think>so<code>x</code>',
      '<think>so</think><code><code>x</code>',
      '<think>so<think></think><code>x</code>',
      '<think>so</think><code>x</code></code>',
      '<think>so</think><code>x</think></code>',
      '<think>a <code> in a thought</think><code>x</code>',
      '<think>so</think><code>x</code> Done.',
    ])
      expect(formatOf(text)).toBe(0);
  });

  it.each([
    ['<think>so</think><code>x</code>', 1],
    ['<think>so</think>\n\n<code>x</code>\n', 1],
    ['<code>x</code><think>so</think>', 0.5],
    ['<think>so</think> and <code>x</code>', 0.5],
    ['<think>so</think>', 0.25],
    ['<think>so', 0.125],
    ['<think>so</think><think>again</think><code>x</code>', 0.25],
    ['<think>so</think><code>x</think></code>', 0.375],
    ['report(1)', 0],
    ['', 0],
  ])('pays by the tag, as EVOM does: %j is worth %d', (completionText, worth) => {
    const outcome = emptyOutcome('syntax_error', { dialect: 'highs-js', backend: 'highs' }); // not asked
    expect(scoreOutcome(input(outcome, { completionText }), rewardPresets.evom_paper).parts.format).toBe(worth);
  });

  it("adds terms of the user's own, with what judge and audit found", () => {
    const score: UserTerm['score'] = ({ outcome }, { correct }) => (correct ? outcome.solves.length / 4 : null);
    const config = { ...evom, terms: [{ name: 'frugal', weight: 2, score }] };
    expect(scoreOutcome(input(right), config)).toMatchObject({ value: 1.6, parts: { format: 0.1, answer: 1, frugal: 0.5 } });
    expect(scoreOutcome(input({ ...right, objective: 1 }), config).parts).toEqual({ format: 0.1, answer: 0 });
  });

  describe('presets after SIRL', () => {
    const [stage1, stage2] = [rewardPresets.sirl_stage1, rewardPresets.sirl_stage2];
    const about = { dialect: 'highs-js', backend: 'highs' } as const;
    it('pay a right answer of 0, which the released functions never do', () => {
      const zero = { ...right, objective: 0, solves: [{ ...solved, objective: 0 }] };
      expect(scoreOutcome(input(zero, { problem: { ...problem, answer: 0 } }), stage1).value).toBe(3);
    });
    it('pay nothing for code that runs without a solve, nor for an empty completion, which the released functions do', () => {
      expect(scoreOutcome(input(emptyOutcome('no_solve', about), { problem: { ...problem, answer: 'infeasible' } }), stage1)).toMatchObject(
        {
          correct: false,
          parts: { format: 1, executes: 0, answer: 0 },
        },
      );
      expect(scoreOutcome(input(emptyOutcome('no_program', about)), stage1).value).toBe(0);
      expect(scoreOutcome(input(emptyOutcome('no_solve', about)), stage2).value).toBe(0);
    });
    it('pay for a solution by name and never in part', () => {
      const withModel = { problem: { ...problem, model: honest } };
      expect(scoreOutcome(input(right, { ...withModel, ...seen({ solvesReference: true }) }), stage2).value).toBe(3);
      expect(scoreOutcome(input(right, { ...withModel, ...seen({ solvesReference: false }) }), stage2).value).toBe(2);
    });
  });
});

describe('literalShares', () => {
  it('takes a row for deciding up to 15 % of play where it has whole numbers, and else where it holds exactly', () => {
    const nativeOf = (kind: string, activity: number): number | null =>
      literalShares(parseLp(`max\n 7 x\nst\n x + y <= 100\n${kind}`), [activity, 0], 'It earns 7.').native;
    // Of 7 and 100 only 7 stands in the text; 100 counts where its row decides.
    expect(nativeOf('gen\n x y\nend', 86)).toBe(0.5);
    expect(nativeOf('gen\n x y\nend', 84)).toBe(1);
    expect(nativeOf('end', 99.9)).toBe(1);
    expect(nativeOf('end', 100)).toBe(0.5);
  });

  const question = 'A boat takes 10 ducks in 20 minutes, a canoe 8 in 40. At most 12 by boat, at least 60 % by canoe, 300 ducks.';
  const honestModel = parseLp('min\n 20 x + 40 y\nst\n 10 x + 8 y >= 300\n 0.4 y - 0.6 x >= 0\nbounds\n x <= 12\ngen\n x y\nend');
  it('finds the numbers of a text in an honest model, percentages as shares', () => {
    expect(literalShares(honestModel, [12, 23], question)).toEqual({ coverage: 1, attached: 1, native: 1, numFigures: 7 });
  });
  it('tells numbers that decide from numbers that stand by', () => {
    const constant = parseLp('min\n 290 k\nst\n 10 x + 8 y >= 300\n 0.4 y - 0.6 x >= 0\n k >= 4\nbounds\n x <= 12\nend');
    const shares = literalShares(constant, [4, 12, 23], question);
    expect(shares.attached).toBe(0);
    expect(shares.native).toBe(0);
    expect(shares.coverage).toBeGreaterThan(0.5);
  });
});
