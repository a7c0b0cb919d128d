/** Quadratic models as solvers may be given them, and the points that come back. */

import { evaluateQuadratic, type Product, type QuadraticModel } from '../core/quadratic-model.ts';
import { counted } from '../lib/counted.ts';
import { feasibilityTolerance, integralityTolerance } from './solution.ts';
import { boundsCross, largestCoefficient, modelFault } from './validate.ts';

function productsFault(what: string, products: readonly Product[], numVariables: number): string | null {
  const exists = (j: number): boolean => Number.isInteger(j) && j >= 0 && j < numVariables;
  for (const [i, j, coefficient] of products) {
    if (!exists(i) || !exists(j)) return `${what} multiplies columns ${i} and ${j}, but the model has ${counted(numVariables, 'variable')}`;
    if (!Number.isFinite(coefficient)) return `${what} has the coefficient ${coefficient}, not a finite number`;
    if (Math.abs(coefficient) >= largestCoefficient) return `${what} has the coefficient ${coefficient}; the largest taken is 1e15`;
  }
  return null;
}

/** Why no solver may be given a model, or null when one may; as `modelFault` for linear ones. */
export function quadraticFault({ linear, products, rows }: QuadraticModel): string | null {
  const numVariables = linear.variables.length;
  return (
    modelFault(linear) ??
    modelFault({ ...linear, constraints: rows }) ?? // of the rows what is linear in them
    productsFault('the objective', products, numVariables) ??
    rows.reduce<string | null>((found, row) => found ?? productsFault(`constraint "${row.name}"`, row.products, numVariables), null)
  );
}

/** Whether bounds cross, so that no point can satisfy the model. */
export const quadraticBoundsCross = ({ linear, rows }: QuadraticModel): boolean =>
  boundsCross(linear) || rows.some(({ lower, upper }) => lower > upper);

/** A point that satisfies a model. */
export interface QuadraticPoint {
  /** [variables] */
  readonly values: readonly number[];
  readonly objective: number;
  /** Largest relative breach of a row or bound, within the tolerance. */
  readonly violation: number;
}

/**
 * A point made whole where its integers are whole but for rounding, and checked in float64 against the model as we hold it.
 *
 * @param values [variables]
 * @returns null for a point that breaks the model.
 */
export function checkedQuadraticPoint(model: QuadraticModel, values: readonly number[]): QuadraticPoint | null {
  const whole = values.map((value, j) => (model.linear.variables[j]?.integer === true ? Math.round(value) : value));
  for (const point of [whole, values]) {
    const { objective, violation, fraction } = evaluateQuadratic(model, point);
    if (violation <= feasibilityTolerance && fraction <= integralityTolerance && Number.isFinite(objective))
      return { values: point, objective, violation };
  }
  return null;
}
