import { describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome, outcomeStatuses } from '../../src/core/outcome.ts';
import { missedRows } from '../../src/solvers/certify/missed-rows.ts';
import { hasSolution, hasVerdict, solverFeedback } from '../../src/verify/feedback.ts';

const outcome = (over: Partial<Outcome>): Outcome => ({
  ...emptyOutcome(over.status ?? 'optimal', { dialect: 'highs-js', backend: 'highs' }),
  ...over,
});
const variable = (name: string, over: object = {}) => ({ name, lower: 0, upper: Infinity, integer: false, cost: 1, ...over });
const row = (name: string, lower: number, upper: number, ...coefficients: number[]) => ({
  name,
  lower,
  upper,
  columns: coefficients.map((_, j) => j),
  coefficients,
});
const model = (constraints: ReturnType<typeof row>[], ...variables: ReturnType<typeof variable>[]) =>
  ({ sense: 'max', offset: 0, variables, constraints }) as const;

describe('solverFeedback', () => {
  it('gives objective and values, zeros counted, and what the program reported where it is another', () => {
    expect(solverFeedback(outcome({ objective: 0.1 + 0.2, reported: 0.1 + 0.2, solution: { x: 0, y: 0 } }))).toBe(
      'The solver found an optimum: objective 0.3. All values are 0.',
    );
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x${i}`, i % 2 === 0 ? i + 1 : 0]));
    expect(solverFeedback(outcome({ objective: 2, reported: null, solution: { ...many, z: -1 } }))).toMatch(
      /Values: x0 = 1, x2 = 3, .*, z = -1; 15 more are 0\.$/,
    );
    const wide = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x${i}`, 1]));
    expect(solverFeedback(outcome({ objective: 2, solution: wide }))).toMatch(/x19 = 1; 10 more, 0 of them 0\.$/);
  });

  it('names five of the rows that a point misses, with their signs, and counts the others', () => {
    const told = (numRows: number) => {
      const rows = Array.from({ length: numRows }, (_, i) => row('', 1, Infinity, -1, 1 - 0.125 * (i + 1)));
      const bounded = model(rows, variable('x', { upper: 0 }), variable('y', { upper: 0 }));
      return solverFeedback(outcome({ status: 'infeasible', model: bounded }));
    };
    expect(told(5)).toMatch(/: - x \+ 0\.875 y >= 1 \(missed by 1\);.*- x \+ 0\.375 y >= 1 \(missed by 1\)\.$/);
    expect(told(7)).toMatch(/- x \+ 0\.375 y >= 1 \(missed by 1\) and 2 more\.$/);
  });

  it('has a sentence for every ending', () => {
    for (const status of outcomeStatuses) expect(solverFeedback(outcome({ status }))).toMatch(/^T.*\.$/);
    const error = { type: 'SyntaxError', message: "unexpected token: ')'.\n", line: 4 };
    expect(solverFeedback(outcome({ status: 'syntax_error', error }))).toBe(
      "The program does not parse in line 4: SyntaxError: unexpected token: ')'.",
    );
  });

  it('names the rows that an infeasible model misses, the crossed bounds of a variable, and whole numbers', () => {
    const said = (constraints: ReturnType<typeof row>[], ...variables: ReturnType<typeof variable>[]) =>
      solverFeedback(outcome({ status: 'infeasible', model: model(constraints, ...variables) }))
        .split('. ')
        .slice(1)
        .join('. ');
    expect(said([row('cap', -Infinity, 4, 1, -2), row('', 5, 9, 0.5, 0)], variable('x', { upper: 2 }), variable('y'))).toBe(
      'Rows missed at the nearest point: 5 <= 0.5 x + 0 y <= 9 (missed by 4).',
    );
    expect(said([row('c', -Infinity, 4, 1)], variable('x', { lower: 3, upper: 1 }))).toBe('The bounds of x cross: 3 and 1.');
    expect(said([row('c', 0.4, 0.6, 1)], variable('x', { integer: true }))).toBe('Without whole numbers it has solutions.');
    expect(said([], variable('x'))).toBe('Without whole numbers it has solutions.');
  });

  it('is no longer than it may be, whatever the program calls its rows', () => {
    const long = row('r'.repeat(5000), 5, Infinity, 1);
    const infeasible = outcome({ status: 'infeasible', model: model([long], variable('x', { upper: 1 })) });
    expect(solverFeedback(infeasible, { mostChars: 100 })).toHaveLength(100);
    expect(solverFeedback(infeasible).length).toBe(1000);
  });

  it('knows verdicts and solutions apart', () => {
    expect(outcomeStatuses.filter((status) => hasSolution({ status }))).toEqual(['optimal', 'feasible']);
    expect(outcomeStatuses.filter((status) => hasVerdict({ status }))).toEqual([
      'optimal',
      'feasible',
      'infeasible',
      'unbounded',
      'infeasible_or_unbounded',
    ]);
  });
});

describe('missedRows', () => {
  it('gives null for what it cannot look at', () => {
    const wide = Array.from({ length: 300 }, (_, j) => variable(`x${j}`));
    const rows = Array.from({ length: 60 }, (_, i) => row(`r${i}`, 1, Infinity, ...wide.map(() => 1)));
    expect(missedRows(model(rows, ...wide))).toBeNull();
    expect(missedRows(model([row('c', 1, 0, 1)], variable('x')))).toBeNull();
    expect(missedRows(model([row('c', 1, 2, Number.NaN)], variable('x')))).toBeNull();
  });
});
