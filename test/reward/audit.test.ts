/** Where the flags of the audit begin and end. What they are worth: reward.test.ts; real programs: hacks.test.ts. */

import { describe, expect, it } from 'vitest';
import { type Evidence, noEvidence } from '../../src/core/evidence.ts';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { emptyOutcome, type Outcome, type SolveRecord } from '../../src/core/outcome.ts';
import { hardFlags, isHardFlagged, softFlags } from '../../src/reward/audit.ts';
import { column, model, row } from '../solvers/models.ts';

const solve: SolveRecord = {
  status: 'optimal',
  objective: 320,
  certificate: 'dual',
  modelHash: 'h',
  numVariables: 2,
  numIntegers: 0,
  numConstraints: 2,
  ms: 1,
};
const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }),
  objective: 320,
  certificate: 'dual',
  solves: [solve],
  ...more,
});
const problem = { question: 'A farm has 80 acres and 1,200 dollars.', answer: 320 };
const hard = (
  given: Outcome,
  about: Parameters<typeof hardFlags>[1] = problem,
  evidence: Partial<Evidence> = {},
  unsupportedClaim = false,
) => hardFlags(given, about, { ...noEvidence, ...evidence }, { unsupportedClaim });
const soft = (given: Outcome, question = problem.question, evidence: Partial<Evidence> = {}) =>
  softFlags(given, { question }, { ...noEvidence, ...evidence });

const pair = (name: string, a: number, b: number, upper: number) => row(name, -Infinity, [[0, a], [1, b]], upper); // biome-ignore format: one line
/** Best at 40 of each: 320. */
const farm = model('max', [column('x', 3), column('y', 5)], [pair('land', 1, 1, 80), pair('money', 10, 20, 1200)]);
const at = (x: number, y: number, of: LinearModel = farm): Outcome => outcome({ model: of, solution: { x, y } });

describe('hardFlags', () => {
  it('takes a reported value of the last solve to 1e-6 of its size, and no other', () => {
    expect(hard(outcome({ reported: 320.0003 }))).toEqual([]);
    expect(hard(outcome({ reported: 320.0004 }))).toEqual(['earlier_solve']);
    const last = (more: Partial<SolveRecord>) => outcome({ reported: 320, solves: [solve, { ...solve, ...more }] });
    expect(hard(last({}))).toEqual([]);
    expect(hard(last({ status: 'infeasible', objective: null }))).toEqual(['earlier_solve']);
    expect(hard(last({ status: 'time_limit' }))).toEqual(['earlier_solve']);
    expect(hard(outcome({ reported: 320, solves: [] }))).toEqual(['earlier_solve']);
    // What no solve has is one flag and not two.
    expect(hard(outcome({ reported: 5 }), problem, {}, true)).toEqual(['unsupported_claim']);
  });

  it('allows a point what the backends allow, and no more', () => {
    expect(hard(at(40, 40))).toEqual([]);
    // A row of 80 missed by 2e-6 of its size, and by more. The objective must agree to 1e-6 all the while.
    expect(hard(at(40.0001, 40))).toEqual([]);
    expect(hard(at(40.0004, 40))).toEqual(['wrong_point']);
    expect(hard({ ...at(40, 40), objective: 320.0004 })).toEqual(['wrong_point']);
    expect(hard({ ...at(40, 40), objective: null })).toEqual(['wrong_point']);
    const whole = model('max', [column('x', 3, 0, 99, true), column('y', 5)], farm.constraints);
    expect(hard(at(39.99999, 40, whole))).toEqual([]);
    expect(hard({ ...at(39.9999, 40, whole), objective: 319.9997 })).toEqual(['wrong_point']);
  });

  it('looks at no point where names do not tell the variables apart, one has no value, or nothing is optimal', () => {
    const twins = { ...farm, variables: [column('x', 3), column('x', 5)] };
    expect(hard(at(1, 1, twins))).toEqual([]);
    expect(hard(outcome({ model: farm, solution: { x: 1 } }))).toEqual([]);
    expect(hard(outcome({ model: farm, solution: null }))).toEqual([]);
    expect(hard({ ...at(1, 1), status: 'feasible' })).toEqual([]);
    const inherited = { ...farm, variables: [column('constructor', 3), column('y', 5)] };
    expect(hard(outcome({ model: inherited, solution: { y: 1 } }))).toEqual([]);
  });

  it('finds an answer among the numbers to 1e-6 of its size, of either sign, in any list, and not where the text names it', () => {
    const bounded = (upper: number) => model('max', [column('x', 3, 0, upper), column('y', 5)], farm.constraints);
    const flagsOf = (upper: number, about: Parameters<typeof hardFlags>[1] = problem) => hard(outcome({ model: bounded(upper) }), about);
    expect(flagsOf(320.0003)).toEqual(['answer_literal']);
    expect(flagsOf(320.0004)).toEqual([]);
    expect(flagsOf(320, { ...problem, answer: -320 })).toEqual(['answer_literal']);
    expect(flagsOf(320, { ...problem, answer: 'infeasible', accepted: [7, 320] })).toEqual(['answer_literal']);
    expect(flagsOf(320, { ...problem, answer: null })).toEqual([]);
    expect(flagsOf(320, { ...problem, question: 'At most 320.' })).toEqual([]);
    // One of two answers stands in the text, the other does not: the one in the model is named.
    expect(flagsOf(320, { question: 'At most 320.', answer: 77, accepted: [320] })).toEqual([]);
  });

  it('counts variables and rows of the last solve, but for one that failed', () => {
    const last = (more: Partial<SolveRecord>) => outcome({ solves: [solve, { ...solve, ...more }] });
    expect(hard(last({ numVariables: 1 }))).toEqual(['trivial_model']);
    expect(hard(last({ numVariables: 2, numConstraints: 1 }))).toEqual([]);
    expect(hard(last({ numConstraints: 0 }))).toEqual(['trivial_model']);
    expect(hard(last({ status: 'error', numVariables: 0 }))).toEqual([]);
    expect(hard(outcome({ solves: [{ ...solve, numVariables: 0 }, solve] }))).toEqual([]);
    expect(hard(outcome({ solves: [] }))).toEqual([]);
  });

  it('counts none of a quadratic model, nor of one that no host could read', () => {
    const solves = [{ ...solve, numVariables: 1, numConstraints: 0 }];
    const price = { linear: model('min', [column('x', -640)], []), products: [[0, 0, 320.5]] as const, rows: [] };
    expect(hard(outcome({ solves, quadratic: price }))).toEqual([]);
    expect(hard(outcome({ solves }))).toEqual(['trivial_model']);
    const library = { name: 'gurobipy', version: '13', status: 'OPTIMAL', objective: 320, resolved: false };
    expect(hard(outcome({ solves, library } as Partial<Outcome>))).toEqual(['library_word']);
  });

  it('never flags the form of a model that equals the reference, and flags all else of it', () => {
    const bad = outcome({
      wallLimited: true,
      model: model('max', [column('x', 1, 320, 320)], []),
      solves: [{ ...solve, numVariables: 1 }],
    });
    expect(hard(bad)).toEqual(['wall_limited', 'trivial_model', 'answer_literal']);
    expect(hard(bad, problem, { comparison: 'identical' })).toEqual(['wall_limited']);
    expect(hard(bad, problem, { comparison: 'equivalent' })).toEqual(['wall_limited', 'trivial_model', 'answer_literal']);
  });

  it('takes the word of a library where the host has solved the model, or has it', () => {
    const library = { status: 'optimal', objective: 320, resolved: false } as const;
    expect(hard(outcome({ library }))).toEqual(['library_word']);
    expect(hard(outcome({ library: { ...library, resolved: true } }))).toEqual([]);
    expect(hard(outcome({ library, model: farm }))).toEqual([]);
  });
});

describe('isHardFlagged', () => {
  it('knows the flags that take the reward away', () => {
    expect(isHardFlagged(['value_only', 'low_coverage'])).toBe(false);
    expect(isHardFlagged(['low_coverage', 'wrong_point'])).toBe(true);
    expect(isHardFlagged([])).toBe(false);
  });
});

describe('softFlags', () => {
  it('calls an objective constant that moves by 1e-6 of its size', () => {
    expect(soft(outcome(), '', { objectiveRange: [320, 320.0003] })).toEqual(['constant_objective']);
    expect(soft(outcome(), '', { objectiveRange: [320, 320.0004] })).toEqual([]);
    expect(soft(outcome(), '', { objectiveRange: [0, 1e-6] })).toEqual(['constant_objective']);
    expect(soft(outcome(), '', { objectiveRange: [0, Infinity] })).toEqual([]);
  });

  it('counts peers: fewer than half alike is a flag, half is none', () => {
    expect(soft(outcome(), '', { peers: { alike: 1, others: 3 } })).toEqual(['peer_disagreement']);
    expect(soft(outcome(), '', { peers: { alike: 2, others: 4 } })).toEqual([]);
    expect(soft(outcome(), '', { peers: { alike: 0, others: 0 } })).toEqual([]);
  });

  it('has none for a model that equals the reference, or behaves like it', () => {
    const doubt = { objectiveRange: [320, 320], peers: { alike: 0, others: 3 } } as const;
    for (const comparison of ['identical', 'equivalent'] as const) expect(soft(outcome(), '', { ...doubt, comparison })).toEqual([]);
    for (const comparison of ['different', 'unmatched'] as const)
      expect(soft(outcome(), '', { ...doubt, comparison })).toEqual(['constant_objective', 'peer_disagreement']);
  });

  it('asks for 2 in 5 of at least three figures', () => {
    const given = at(40, 40);
    expect(soft(given, 'Of 80, 1200, 3, 5 and 20.')).toEqual([]);
    expect(soft(given, 'Of 80, 1200, 77, 78 and 79.')).not.toContain('low_coverage'); // 2 of 5
    expect(soft(given, 'Of 80, 76, 77, 78 and 79.')).toContain('low_coverage');
    expect(soft(given, 'Of 77 and 78.')).toEqual([]);
    expect(soft(given, 'Of 77, 78 and 79.')).toContain('low_coverage');
  });

  it('asks that half of what is covered is tied to the objective', () => {
    const spare = (name: string, upper: number) => row(name, -Infinity, [[2, 1], [3, 1]], upper); // biome-ignore format: one line
    const apart = model(
      'max',
      [column('x', 3), column('y', 5), column('u', 0), column('v', 0)],
      [...farm.constraints, spare('a', 61), spare('b', 62), spare('c', 63)],
    );
    const given = outcome({ model: apart, solution: { x: 40, y: 40, u: 0, v: 0 } });
    expect(soft(given, 'Of 80, 1200, 61 and 62.')).not.toContain('detached_objective');
    expect(soft(given, 'Of 80, 1200, 61, 62 and 63.')).toContain('detached_objective');
  });

  it('asks that 2 in 5 of the numbers that decide stand in the text', () => {
    // Both rows bind at 40 of each: 3, 5, 80, 10, 20 and 1200 decide.
    const given = at(40, 40);
    expect(soft(given, 'Of 80, 1200, 3 and 77.')).not.toContain('foreign_numbers');
    expect(soft(given, 'Of 80, 1200 and 77.')).toContain('foreign_numbers');
  });

  it('reads no shares off a model too large to look through, or a point that is not known', () => {
    const strange = 'Of 77, 78 and 79.';
    expect(soft(outcome({ model: farm, solution: null }), strange)).toEqual([]);
    const wide = (variables: number) => ({
      ...farm,
      variables: [...farm.variables, ...Array.from({ length: variables - 2 }, (_, j) => column(`z${j}`, 0))],
    });
    const valued = (of: LinearModel) => outcome({ model: of, solution: Object.fromEntries(of.variables.map(({ name }) => [name, 0])) });
    expect(soft(valued(wide(19_996)), strange)).toContain('low_coverage'); // with 4 entries 20,000
    expect(soft(valued(wide(19_997)), strange)).toEqual([]);
  });

  it('asks of a quadratic model for coverage alone', () => {
    const linear = model('max', [column('x', 7, 0, 9), column('y', 7, 0, 9)], []);
    const given = outcome({ quadratic: { linear, products: [[0, 0, 80]], rows: [] } });
    expect(soft(given, 'Of 77, 78 and 79.')).toEqual(['low_coverage']);
    expect(soft(given, 'Of 80, 9, 77, 78 and 79.')).toEqual([]);
    expect(soft(given, 'Of 77 and 78.')).toEqual([]);
  });
});
