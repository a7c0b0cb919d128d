/** Which rows of an infeasible model stay missed where they are missed least. */
import type { LinearModel } from '../../core/linear-model.ts';
import { boundsCross, modelFault } from '../validate.ts';
import { DenseSimplex } from './dense-simplex.ts';
import { phaseOne } from './farkas.ts';
import { minForm } from './min-form.ts';

export interface MissedRow {
  /** Index into the model's constraints. */
  readonly row: number;
  /** How much its sum lacks, or is over, in the row's own units. */
  readonly by: number;
}

/** Entries of the dense table up to which it is asked, and pivots until it is given up: some milliseconds. */
const [mostEntries, mostPivots] = [20_000, 500];
/** Smaller misses are rounding, relative to the row's largest finite side. */
const tolerance = 1e-7;

/**
 * The rows that a point of least total miss does not satisfy, whole numbers left out of account.
 *
 * @returns the largest first; empty where the relaxation has a solution; null where the model is too large, or not one to solve.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { missedRows } from 'evom/solvers';
 * const variables = [{ name: 'x', lower: 0, upper: 1, integer: false, cost: 1 }];
 * const constraints = [{ name: 'c', lower: 3, upper: Infinity, columns: [0], coefficients: [1] }];
 * assert.deepEqual(missedRows({ sense: 'min', offset: 0, variables, constraints }), [{ row: 0, by: 2 }]);
 * ```
 */
export function missedRows(model: LinearModel): MissedRow[] | null {
  if (modelFault(model) !== null || boundsCross(model)) return null;
  const { variables, constraints } = model;
  const elastic = phaseOne(model);
  if (elastic.variables.length * constraints.length > mostEntries) return null;
  const form = minForm(elastic);
  const simplex = DenseSimplex.of(form);
  const { end } = simplex.solve(form.lower, form.upper, Infinity, mostPivots);
  if (end !== 'optimal') return null;
  const missed = constraints.flatMap(({ lower, upper }, row) => {
    const slack = variables.length + 2 * row;
    const by = simplex.value(slack) + simplex.value(slack + 1);
    const size = Math.max(1, sizeOf(lower), sizeOf(upper));
    return by > tolerance * size ? [{ row, by }] : [];
  });
  return missed.sort((a, b) => b.by - a.by || a.row - b.row);
}

const sizeOf = (side: number): number => (Number.isFinite(side) ? Math.abs(side) : 0);
