/** Points that may refute a solver, or stand in a proof: they satisfy the model itself and not the tolerances of solvers. */
import type { MinForm } from './min-form.ts';

/** What a side or bound may be missed by, relative to itself; solvers take 1e-7 to 1e-6. */
const tolerance = 1e-8;
/** What of a row's largest term float64 loses of the sum. */
const rounding = 2 ** -51;

/**
 * Whether a point satisfies a model but for rounding, with whole numbers for integers.
 *
 * What a row may be missed by does not grow with its terms, as solvers' tolerances do: under `x - y + z <= 5`, `y = z`, a point with terms of
 * 1e15 would be feasible with `x = 1e8`.
 *
 * @param values [columns]
 */
export function isExact(form: MinForm, values: Float64Array): boolean {
  const { lower, upper, isInteger, rowLower, rowUpper, starts, columns, coefficients } = form;
  for (const [j, value] of values.entries()) {
    if (!isWithin(value, lower[j], upper[j], 0) || (isInteger[j] === 1 && !Number.isInteger(value))) return false;
  }
  for (let i = 0; i < form.numRows; i++) {
    let activity = 0;
    let largest = 0;
    for (let k = starts[i] ?? 0; k < (starts[i + 1] ?? 0); k++) {
      const term = (coefficients[k] ?? 0) * (values[columns[k] ?? 0] ?? Number.NaN);
      activity += term;
      largest = Math.max(largest, Math.abs(term));
    }
    if (!isWithin(activity, rowLower[i], rowUpper[i], rounding * largest)) return false;
  }
  return true;
}

/** Infinite values are within nothing. */
function isWithin(value: number, lower = -Infinity, upper = Infinity, doubt = 0): boolean {
  if (!Number.isFinite(value)) return false;
  if (value < lower) return lower - value <= tolerance * Math.max(1, Math.abs(lower)) + doubt;
  return value <= upper || value - upper <= tolerance * Math.max(1, Math.abs(upper)) + doubt;
}
