/** What a point is worth in a linear model, judged from the model alone and never from a solver's word. */
import type { LinearModel } from './linear-model.ts';

export interface PointEvaluation {
  /** `cost'x + offset`. */
  readonly objective: number;
  /** Largest breach of a row or bound, relative to `max(1, |bound|, largest |term|)` of that row; NaN when a value is not a number. */
  readonly violation: number;
  /** Largest distance of an integer variable from a whole number. */
  readonly fraction: number;
}

/** Breach of `lower <= value <= upper`, relative to the size of the numbers it is made of. */
function breach(value: number, lower: number, upper: number, largestTerm: number): number {
  if (Number.isNaN(value)) return Number.NaN;
  if (value < lower) return (lower - value) / Math.max(1, Math.abs(lower), largestTerm);
  if (value > upper) return (value - upper) / Math.max(1, Math.abs(upper), largestTerm);
  return 0;
}

/**
 * Objective, feasibility and integrality of a point.
 *
 * @param model a linear or mixed-integer model of V variables.
 * @param values [V] one value a variable, in the order of `model.variables`.
 * @throws {RangeError} if `values` has another length.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { evaluatePoint } from 'evom';
 * const variables = [{ name: 'x', lower: 0, upper: 4, integer: true, cost: 3 }];
 * const constraints = [{ name: 'c', lower: -Infinity, upper: 5, columns: [0], coefficients: [2] }];
 * const model = { sense: 'max', offset: 1, variables, constraints } as const;
 * assert.deepEqual(evaluatePoint(model, [2.5]), { objective: 8.5, violation: 0, fraction: 0.5 });
 * assert.equal(evaluatePoint(model, [3]).violation, 1 / 6); // 6 <= 5 is missed by 1, beside terms of 6
 * ```
 */
export function evaluatePoint(model: LinearModel, values: ArrayLike<number>): PointEvaluation {
  const { variables, constraints } = model;
  if (values.length !== variables.length) throw new RangeError(`${values.length} values for ${variables.length} variables`);
  let objective = model.offset;
  let violation = 0;
  let fraction = 0;
  for (let j = 0; j < variables.length; j++) {
    const variable = variables[j];
    if (variable === undefined) continue;
    const value = values[j] ?? Number.NaN;
    // A zero cost beside an infinite value must not make the sum NaN.
    if (variable.cost !== 0) objective += variable.cost * value;
    violation = Math.max(violation, breach(value, variable.lower, variable.upper, 0));
    if (variable.integer) fraction = Math.max(fraction, Math.abs(value - Math.round(value)));
  }
  for (const row of constraints) {
    let activity = 0;
    let largest = 0;
    for (let k = 0; k < row.columns.length; k++) {
      const term = (row.coefficients[k] ?? 0) * (values[row.columns[k] ?? -1] ?? Number.NaN);
      activity += term;
      largest = Math.max(largest, Math.abs(term));
    }
    violation = Math.max(violation, breach(activity, row.lower, row.upper, largest));
  }
  return { objective, violation, fraction };
}
