import { parseLp } from 'evom';
import { variantHints } from 'evom/modeling';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import type { SolveModel } from '../../src/modeling/robustness.ts';

const mixed = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 5\n x + y <= 3.5\ngen\n x\nend');
const whole = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 5\n x + y <= 3.5\ngen\n x y\nend');
const continuous = parseLp('min\n 3 x + 2 y\nst\n 2 x + y >= 5\nend');

/** Names a changed model by what was changed: its sense, and which of its variables are integers. */
const nameOf = ({ sense, variables }: LinearModel): string => `${sense} ${variables.map(({ integer }) => (integer ? 'i' : 'c')).join('')}`;

/** A solver with an optimum for each changed model that is named; all others are infeasible. */
const knowing =
  (optima: Record<string, number>): SolveModel =>
  (model) => {
    const objective = optima[nameOf(model)];
    return objective === undefined ? { status: 'infeasible', objective: null } : { status: 'optimal', objective };
  };

/** The changed models that a solver is asked for. */
function asked(model: LinearModel, objective: number | null): string[] {
  const names: string[] = [];
  variantHints(model, objective, [1], (variant) => {
    names.push(nameOf(variant));
    return { status: 'infeasible', objective: null };
  });
  return names;
}

describe('variantHints', () => {
  it('changes the type of all variables, then the sense; never to what the model is already', () => {
    expect(asked(mixed, 7)).toEqual(['max cc', 'max ii', 'min ic']);
    expect(asked(whole, 7)).toEqual(['max cc', 'min ii']);
    expect(asked(continuous, 7)).toEqual(['min ii', 'max cc']);
  });

  it.each([
    ['hint_relaxation', { 'max cc': 8.5 }],
    ['hint_integrality', { 'max ii': 8.5 }],
    ['hint_sense', { 'min ic': 8.5 }],
  ] as const)('says %s where that change gives the label', (hint, optima) => {
    expect(variantHints(mixed, 7, [8.5], knowing(optima))).toEqual([hint]);
    expect(variantHints(mixed, 7, [3, 8.5], knowing(optima))).toEqual([hint]);
    expect(variantHints(mixed, 7, [3], knowing(optima))).toEqual([]);
    expect(variantHints(mixed, 7, [], knowing(optima))).toEqual([]);
  });

  it('lists all that hold', () => {
    expect(variantHints(mixed, 8.5, [8], knowing({ 'max cc': 8, 'max ii': 8, 'min ic': 8 }))).toEqual([
      'hint_relaxation',
      'hint_integrality',
      'hint_rounding',
      'hint_sense',
    ]);
  });

  it.each<[number | null, number, boolean]>([
    [7.4, 7, true], // down
    [7.4, 8, true], // up: a label may be rounded either way
    [-7.4, -8, true],
    [7.4, 9, false],
    [7.4, 7.4, false],
    [7, 7, false], // whole already: there was nothing to round
    [null, 0, false],
  ])('an optimum of %s and a label of %s: rounding explains it, %s', (objective, label, explains) => {
    expect(variantHints(mixed, objective, [label], knowing({}))).toEqual(explains ? ['hint_rounding'] : []);
  });

  it('takes a label for reached within a millionth of its size and 1', () => {
    const hints = (label: number, optimum: number) => variantHints(mixed, null, [label], knowing({ 'min ic': optimum }));
    expect(hints(1e6, 1e6 + 0.9)).toEqual(['hint_sense']);
    expect(hints(1e6, 1e6 - 1.1)).toEqual([]);
    expect(hints(-1e6, -1e6 - 0.9)).toEqual(['hint_sense']);
    expect(hints(0, 9e-7)).toEqual(['hint_sense']);
    expect(hints(0, 1.1e-6)).toEqual([]);
    expect(hints(1, 1 - 1.9e-6)).toEqual(['hint_sense']);
  });

  it('believes an optimum only, not the best point of a search that was cut off', () => {
    expect(variantHints(mixed, null, [8.5], () => ({ status: 'time_limit', objective: 8.5 }))).toEqual([]);
    expect(variantHints(mixed, null, [0], () => ({ status: 'optimal', objective: null }))).toEqual([]);
  });
});
