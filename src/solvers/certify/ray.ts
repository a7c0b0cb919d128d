/** Proof of unboundedness: a direction in which one may go for ever, and which betters the objective. */
import type { LinearModel } from '../../core/linear-model.ts';
import { solverBound } from '../validate.ts';
import { DenseSimplex } from './dense-simplex.ts';
import type { MinForm } from './min-form.ts';

/** What of a sum's largest term may be rounding: of a row's activity, and of the gain. A ray that misses a row by more ends there. */
const rounding = { row: 1e-12, gain: 1e-9 };

/**
 * The model's directions: of a side or bound that is finite only the way off it is open, and each column may move by at most one. Its
 * least cost is negative exactly where a feasible relaxation is unbounded.
 */
export function recessionForm(form: MinForm): MinForm {
  const closed = (bounds: Float64Array, open: number): Float64Array => bounds.map((bound) => (Math.abs(bound) === Infinity ? open : 0));
  return {
    ...form,
    lower: closed(form.lower, -1),
    upper: closed(form.upper, 1),
    rowLower: closed(form.rowLower, -Infinity),
    rowUpper: closed(form.rowUpper, Infinity),
    isInteger: new Uint8Array(form.numColumns),
    hasIntegers: false,
  };
}

/**
 * Whether a direction leaves no bound and no side behind, and lowers the cost. Beside a point of the model this proves it unbounded; where
 * columns are integers, a point with whole numbers does, since a rational direction has a whole multiple (Meyer 1974).
 *
 * @param ray [columns]
 */
export function isImprovingRay(form: MinForm, ray: Float64Array): boolean {
  const { lower, upper, rowLower, rowUpper, starts, columns, coefficients, cost } = form;
  for (const [j, step] of ray.entries()) {
    if ((step < 0 && lower[j] !== -Infinity) || (step > 0 && upper[j] !== Infinity)) return false;
  }
  for (let i = 0; i < form.numRows; i++) {
    let activity = 0;
    let size = 0;
    for (let k = starts[i] ?? 0; k < (starts[i + 1] ?? 0); k++) {
      const term = (coefficients[k] ?? 0) * (ray[columns[k] ?? 0] ?? 0);
      activity += term;
      size = Math.max(size, Math.abs(term));
    }
    if ((activity < -rounding.row * size && rowLower[i] !== -Infinity) || (activity > rounding.row * size && rowUpper[i] !== Infinity))
      return false;
  }
  let gain = 0;
  let size = 0;
  for (const [j, step] of ray.entries()) {
    gain += (cost[j] ?? 0) * step;
    size += Math.abs((cost[j] ?? 0) * step);
  }
  return gain < -rounding.gain * size && size > 0;
}

/** The same as a model, for a backend to find the ray of a large model with. */
export function directionModel(model: LinearModel): LinearModel {
  const closed = <Sides extends { readonly lower: number; readonly upper: number }>(sides: Sides, open: number): Sides => ({
    ...sides,
    lower: solverBound(sides.lower) === -Infinity ? -open : 0,
    upper: solverBound(sides.upper) === Infinity ? open : 0,
  });
  return {
    ...model,
    offset: 0,
    variables: model.variables.map((variable) => ({ ...closed(variable, 1), integer: false })),
    constraints: model.constraints.map((row) => closed(row, Infinity)),
  };
}

/** An improving ray of a small model; null where none is found. */
export function findRay(form: MinForm): Float64Array | null {
  const directions = recessionForm(form);
  const simplex = DenseSimplex.of(directions);
  const { end } = simplex.solve(directions.lower, directions.upper, Infinity, 50 + 10 * (form.numColumns + form.numRows));
  if (end !== 'optimal') return null;
  const ray = Float64Array.from({ length: form.numColumns }, (_, j) => (Math.abs(simplex.value(j)) < 1e-11 ? 0 : simplex.value(j)));
  return isImprovingRay(form, ray) ? ray : null;
}
