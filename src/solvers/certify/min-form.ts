/** A model as the proofs read it: a minimisation in flat arrays, with what every backend does to it before its solver sees it. */
import type { LinearModel } from '../../core/linear-model.ts';
import { smallestCoefficient, solverBound, wholeLower, wholeUpper } from '../validate.ts';

/** `min cost'x` subject to `rowLower <= A x <= rowUpper` and `lower <= x <= upper`, with A by rows. */
export interface MinForm {
  readonly numColumns: number;
  readonly numRows: number;
  /** [columns] costs of the minimisation; the model's constant is left out. */
  readonly cost: Float64Array;
  /** [columns] bounds, infinite from 1e20 on; those of integers are whole. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** [rows] */
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  /** [rows + 1] where each row's entries begin in `columns` and `coefficients`; entries of 1e-9 and below are left out. */
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly coefficients: Float64Array;
  /** [columns] 1 for an integer. */
  readonly isInteger: Uint8Array;
  readonly hasIntegers: boolean;
}

/** The form of a model whose numbers are in order (`modelFault` is null). */
export function minForm({ sense, variables, constraints }: LinearModel): MinForm {
  const sign = sense === 'max' ? -1 : 1;
  const entries = constraints.reduce((sum, row) => sum + row.columns.length, 0);
  const starts = new Int32Array(constraints.length + 1);
  const columns = new Int32Array(entries);
  const coefficients = new Float64Array(entries);
  const [rowLower, rowUpper] = [new Float64Array(constraints.length), new Float64Array(constraints.length)];
  let end = 0;
  for (const [i, row] of constraints.entries()) {
    for (let k = 0; k < row.columns.length; k++) {
      const coefficient = row.coefficients[k] ?? 0;
      if (Math.abs(coefficient) <= smallestCoefficient) continue;
      columns[end] = row.columns[k] ?? 0;
      coefficients[end++] = coefficient;
    }
    starts[i + 1] = end;
    rowLower[i] = solverBound(row.lower);
    rowUpper[i] = solverBound(row.upper);
  }
  const [cost, lower, upper] = [new Float64Array(variables.length), new Float64Array(variables.length), new Float64Array(variables.length)];
  const isInteger = new Uint8Array(variables.length);
  for (const [j, variable] of variables.entries()) {
    cost[j] = sign * variable.cost;
    lower[j] = solverBound(variable.integer ? wholeLower(variable.lower) : variable.lower);
    upper[j] = solverBound(variable.integer ? wholeUpper(variable.upper) : variable.upper);
    isInteger[j] = variable.integer ? 1 : 0;
  }
  return {
    numColumns: variables.length,
    numRows: constraints.length,
    cost,
    lower,
    upper,
    rowLower,
    rowUpper,
    starts,
    columns: columns.subarray(0, end),
    coefficients: coefficients.subarray(0, end),
    isInteger,
    hasIntegers: isInteger.includes(1),
  };
}
