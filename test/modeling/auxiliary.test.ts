import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { equalUpToAuxiliaries } from '../../src/modeling/auxiliary.ts';
import { identicalModels } from '../../src/modeling/identical.ts';
import { families } from '../../src/problems/families/index.ts';
import { generateProblem } from '../../src/problems/generator/generate.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

/** The model with the left side of its first inequality called by a name: a free variable, and an equation. */
function withTotal(model: LinearModel): LinearModel {
  const [row] = model.constraints;
  if (row === undefined) throw new Error('no row');
  const total = { name: 'total', lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, integer: false, cost: 0 };
  const j = model.variables.length;
  return {
    ...model,
    variables: [...model.variables, total],
    constraints: [
      { ...row, columns: [j], coefficients: [1] },
      { name: 'total', lower: 0, upper: 0, columns: [...row.columns, j], coefficients: [...row.coefficients, -1] },
      ...model.constraints.slice(1),
    ],
  };
}

describe('equalUpToAuxiliaries', () => {
  const plain = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x <= 2\nend');

  it.each([
    ['an objective that has a name', 'max\n profit\nst\n profit - 3 x - 2 y <= 0\n x + y <= 4\n x <= 2\nbounds\n profit free\nend', true],
    ['a total with the bound of the row', 'max\n 3 x + 2 y\nst\n total - x - y = 0\n x <= 2\nbounds\n total <= 4\nend', true],
    ['a stock that two equations carry on', 'max\n 3 x + 2 y\nst\n s - x = 0\n t - s - y = 0\n t <= 4\n x <= 2\nend', true],
    ['a total of something else', 'max\n 3 x + 2 y\nst\n total - x - 2 y = 0\n total <= 4\n x <= 2\nend', false],
    ['a total that forbids more', 'max\n 3 x + 2 y\nst\n total - x - y = 0\n total <= 4\n total >= 1\n x <= 2\nend', false],
    ['a surplus variable that is none', 'max\n 3 x + 2 y + z\nst\n x + y + z <= 4\n x <= 2\nend', false],
    ['an integer total of fractions', 'max\n 3 x + 2 y\nst\n total - x - y = 0\n total <= 4\n x <= 2\ngen\n total\nend', false],
  ])('of %s says %s', (_, text, equal) => {
    expect(equalUpToAuxiliaries(parseLp(text as string), plain)).toBe(equal);
    expect(equalUpToAuxiliaries(plain, parseLp(text as string))).toBe(equal);
  });

  it.each(families.map(({ name }) => name))('knows the models of the family %s again with a total in them', (family) => {
    const model = generateProblem({ family, seed: 9, index: 0, difficulty: 1, wordings: 'seen' })?.model;
    if (model === undefined || model.constraints.length === 0) throw new Error('no model');
    const changed = withTotal(model);
    expect(identicalModels(changed, model)).toBe(false);
    expect(equalUpToAuxiliaries(changed, model)).toBe(true);
    const wrong = { ...changed, variables: changed.variables.map((v, j) => (j === 0 ? { ...v, cost: v.cost + 1 } : v)) };
    expect(equalUpToAuxiliaries(wrong, model)).toBe(false);
  });
});
