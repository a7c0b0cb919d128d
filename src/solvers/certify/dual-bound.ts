/** Proofs by multipliers of rows: no point is cheaper than this (duality), and no point at all satisfies the model (Farkas). */
import type { MinForm } from './min-form.ts';

/** What of a reduced cost may be rounding, of the terms that it is made of and of the largest cost, where only an infinite bound stands against it. */
const rounding = 1e-9;
/** What of a cost terms that cancel may hide there. */
const hidden = 1e-5;
/** What of a sum of terms may be rounding. */
const summation = 1e-14;
/** What of a sum's largest term float64 may lose of the sum. */
const precision = 2 ** -50;

interface Bounds {
  /** [columns] */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * The least that `cost'x` can be, by weak duality: for any multipliers y of the rows,
 * `cost'x = y'(A x) + (cost - A'y)'x >= sum of y_i times the side that bounds it + least of the rest over the bounds of x`.
 *
 * It holds whatever the multipliers are and wherever they come from; only how large it is depends on them: what terms that cancel may have
 * hidden of a reduced cost is counted against it. A multiplier whose side is infinite is taken for 0.
 *
 * @param cost [columns]; null for no costs, where a positive result proves that there is no point.
 * @param multipliers [rows] dual values of a minimisation: positive where the lower side of a row holds the cost up.
 * @param bounds of the columns, tighter than the model's own in a branch.
 * @returns the bound, less what may be rounding; -Infinity where a column can run away.
 */
export function dualBound(form: MinForm, cost: Float64Array | null, multipliers: ArrayLike<number>, { lower, upper }: Bounds): number {
  const { numColumns, numRows, rowLower, rowUpper, starts, columns, coefficients } = form;
  const reduced = cost === null ? new Float64Array(numColumns) : cost.slice();
  const sizes = new Float64Array(numColumns);
  let largestCost = cost === null ? Infinity : 0;
  for (let j = 0; j < numColumns; j++) {
    sizes[j] = Math.abs(reduced[j] ?? 0);
    largestCost = Math.max(largestCost, sizes[j] ?? 0);
  }
  let bound = 0;
  let size = 0;
  for (let i = 0; i < numRows; i++) {
    const multiplier = multipliers[i] ?? 0;
    const side = (multiplier > 0 ? rowLower[i] : rowUpper[i]) ?? 0;
    if (multiplier === 0 || Math.abs(side) === Infinity) continue;
    bound += multiplier * side;
    size += Math.abs(multiplier * side);
    for (let k = starts[i] ?? 0; k < (starts[i + 1] ?? 0); k++) {
      const j = columns[k] ?? 0;
      const term = multiplier * (coefficients[k] ?? 0);
      reduced[j] = (reduced[j] ?? 0) - term;
      sizes[j] = Math.max(sizes[j] ?? 0, Math.abs(term));
    }
  }
  for (let j = 0; j < numColumns; j++) {
    const termSize = sizes[j] ?? 0;
    if (termSize === 0) continue;
    const value = reduced[j] ?? 0;
    const doubt = precision * termSize;
    const isSure = Math.abs(value) > doubt;
    const [low, high] = [Math.abs(lower[j] ?? 0), Math.abs(upper[j] ?? 0)];
    const end = value > 0 ? low : high;
    // Against a bound that is infinite the sum of the terms has to be nothing but rounding.
    if (isSure && end === Infinity && !(Math.abs(value) <= rounding * Math.min(termSize, largestCost))) return -Infinity;
    if (!isSure && (low === Infinity || high === Infinity) && !(doubt <= hidden * (Math.abs(cost?.[j] ?? 0) || largestCost)))
      return -Infinity;
    if (end !== Infinity) {
      bound += value * ((value > 0 ? lower[j] : upper[j]) ?? 0);
      size += Math.abs(value * end);
    }
    bound -= doubt * (isSure ? finite(end) : Math.max(finite(low), finite(high)));
  }
  return Number.isNaN(bound) ? -Infinity : bound - summation * size;
}

const finite = (size: number): number => (size === Infinity ? 0 : size);

/**
 * Whether multipliers of the rows prove that nothing satisfies rows and bounds (Farkas' lemma): then they bound a cost of zero away from
 * zero, by more than the rounding of the sides that they add up.
 */
export function provesInfeasible(form: MinForm, multipliers: ArrayLike<number>, bounds: Bounds): boolean {
  let size = 0;
  for (let i = 0; i < form.numRows; i++) {
    const multiplier = multipliers[i] ?? 0;
    for (let k = form.starts[i] ?? 0; k < (form.starts[i + 1] ?? 0); k++)
      size = Math.max(size, Math.abs(multiplier * (form.coefficients[k] ?? 0)));
  }
  const bound = dualBound(form, null, multipliers, bounds);
  return bound > rounding * size;
}
