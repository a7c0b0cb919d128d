/** A program with products of variables. It is no `LinearModel`, so that none can be taken for its linear part. */
import { evaluatePoint, type PointEvaluation } from './evaluate.ts';
import type { Constraint, LinearModel } from './linear-model.ts';

/** `coefficient * x[first] * x[second]`, by places in `linear.variables`; a square has one variable twice. */
export type Product = readonly [first: number, second: number, coefficient: number];

/** `lower <= sum(coefficients[k] * x[columns[k]]) + products <= upper`. */
export interface QuadraticConstraint extends Constraint {
  readonly products: readonly Product[];
}

/** `sense cost'x + offset + products` subject to linear rows, rows with products and the bounds of the variables. */
export interface QuadraticModel {
  /** All but the products: sense, offset, variables with their linear costs, and the rows that are linear. Alone it is another model. */
  readonly linear: LinearModel;
  /** Of the objective. */
  readonly products: readonly Product[];
  readonly rows: readonly QuadraticConstraint[];
}

const breach = (value: number, lower: number, upper: number, largestTerm: number): number => {
  if (Number.isNaN(value)) return Number.NaN;
  const missed = Math.max(lower - value, value - upper, 0);
  return missed === 0 ? 0 : missed / Math.max(1, Math.abs(value < lower ? lower : upper), largestTerm);
};

/**
 * Objective, feasibility and integrality of a point, as `evaluatePoint` has them for linear models.
 *
 * @param values [V] one value a variable, in the order of `model.linear.variables`.
 * @throws {RangeError} if `values` has another length.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { evaluateQuadratic } from 'evom';
 * const side = (name: string) => ({ name, lower: 0, upper: Infinity, integer: false, cost: 0 });
 * const fence = { name: 'fence', lower: -Infinity, upper: 20, columns: [0, 1], coefficients: [2, 2] };
 * const linear = { sense: 'max', offset: 0, variables: [side('a'), side('b')], constraints: [fence] } as const;
 * const area = { linear, products: [[0, 1, 1]], rows: [] } as const;
 * assert.deepEqual(evaluateQuadratic(area, [5, 5]), { objective: 25, violation: 0, fraction: 0 });
 * ```
 */
export function evaluateQuadratic(model: QuadraticModel, values: ArrayLike<number>): PointEvaluation {
  const at = (j: number): number => values[j] ?? Number.NaN;
  const base = evaluatePoint(model.linear, values);
  let violation = base.violation;
  for (const { lower, upper, columns, coefficients, products } of model.rows) {
    let activity = 0;
    let largest = 0;
    const add = (term: number): void => {
      activity += term;
      largest = Math.max(largest, Math.abs(term));
    };
    for (const [k, j] of columns.entries()) add((coefficients[k] ?? 0) * at(j));
    for (const [i, j, coefficient] of products) add(coefficient * at(i) * at(j));
    violation = Math.max(violation, breach(activity, lower, upper, largest));
  }
  const objective = model.products.reduce((sum, [i, j, coefficient]) => sum + coefficient * at(i) * at(j), base.objective);
  return { objective, violation, fraction: base.fraction };
}
