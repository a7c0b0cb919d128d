/** What every backend refuses before its solver sees it: solvers answer some of these with a wrong optimum or a crash. */

import type { LinearModel } from '../core/linear-model.ts';
import { counted } from '../lib/counted.ts';

/** Bounds from here on are infinite, as HiGHS takes them. */
export const infiniteBound = 1e20;
/** Coefficients from here on are refused, as HiGHS refuses them. */
export const largestCoefficient = 1e15;
/** Matrix entries up to here count as zero, as in HiGHS: rounding dust such as 1e-17 must not become a constraint. */
export const smallestCoefficient = 1e-9;

/** A bound as the solvers take it: a number of magnitude 1e20 or more is infinite. */
export function solverBound(bound: number): number {
  if (bound >= infiniteBound) return Infinity;
  return bound <= -infiniteBound ? -Infinity : bound;
}

function boundsFault(what: string, lower: number, upper: number): string | null {
  if (Number.isNaN(lower) || Number.isNaN(upper)) return `${what} has a bound that is not a number`;
  if (solverBound(lower) === Infinity) return `${what} has the lower bound ${lower}; only an upper bound can be infinite above`;
  if (solverBound(upper) === -Infinity) return `${what} has the upper bound ${upper}; only a lower bound can be infinite below`;
  return null;
}

/**
 * Why no backend may be given a model, or null when one may.
 *
 * Checks that there is a variable, that numbers are finite and below 1e15 (bounds may be infinite), that row indices exist
 * and stand once a row. Crossed bounds are no fault: such a model is infeasible.
 *
 * @returns a sentence naming the row or variable at fault, or null.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { modelFault } from 'evom/solvers';
 * const x = { name: 'x', lower: 0, upper: 1, integer: false, cost: Number.NaN };
 * assert.equal(modelFault({ sense: 'min', offset: 0, variables: [x], constraints: [] }), 'the cost of variable "x" is NaN, not a finite number');
 * ```
 */
export function modelFault(model: LinearModel): string | null {
  const { variables, constraints } = model;
  if (variables.length === 0) return 'the model has no variables';
  if (!Number.isFinite(model.offset)) return `the objective's constant is ${model.offset}, not a finite number`;
  for (const variable of variables) {
    if (!Number.isFinite(variable.cost)) return `the cost of variable "${variable.name}" is ${variable.cost}, not a finite number`;
    if (Math.abs(variable.cost) >= largestCoefficient)
      return `the cost of variable "${variable.name}" is ${variable.cost}; the largest taken is 1e15`;
    const fault = boundsFault(`variable "${variable.name}"`, variable.lower, variable.upper);
    if (fault !== null) return fault;
  }
  // The row in which a column was last seen: finds repetitions without clearing a set for each row.
  const seenIn = new Int32Array(variables.length).fill(-1);
  for (const [rowIndex, row] of constraints.entries()) {
    const fault = boundsFault(`constraint "${row.name}"`, row.lower, row.upper);
    if (fault !== null) return fault;
    if (row.columns.length !== row.coefficients.length)
      return `constraint "${row.name}" has ${row.columns.length} columns but ${row.coefficients.length} coefficients`;
    for (let k = 0; k < row.columns.length; k++) {
      const column = row.columns[k] ?? -1;
      const coefficient = row.coefficients[k] ?? Number.NaN;
      const variable = Number.isInteger(column) ? variables[column] : undefined;
      if (variable === undefined)
        return `constraint "${row.name}" names column ${column}, but the model has ${counted(variables.length, 'variable')}`;
      if (seenIn[column] === rowIndex) return `constraint "${row.name}" names variable "${variable.name}" twice`;
      seenIn[column] = rowIndex;
      if (!Number.isFinite(coefficient))
        return `the coefficient of "${variable.name}" in constraint "${row.name}" is ${coefficient}, not a finite number`;
      if (Math.abs(coefficient) >= largestCoefficient)
        return `the coefficient of "${variable.name}" in constraint "${row.name}" is ${coefficient}; the largest taken is 1e15`;
    }
  }
  return null;
}

/** The smallest whole number from a bound on, and the largest up to one; a bound that misses a whole number by rounding is that number. */
export const wholeLower = (bound: number): number => Math.ceil(bound - 1e-6);
export const wholeUpper = (bound: number): number => Math.floor(bound + 1e-6);

/** Whether bounds cross, so that no point can satisfy the model; whole numbers decide for integer variables. */
export function boundsCross(model: LinearModel): boolean {
  return (
    model.variables.some((v) => (v.integer ? wholeLower(v.lower) > wholeUpper(v.upper) : v.lower > v.upper)) ||
    model.constraints.some((c) => c.lower > c.upper)
  );
}
