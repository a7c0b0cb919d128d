/** Points around an optimum at which two descriptions of one problem should say the same. */

import { evaluatePoint } from '../core/evaluate.ts';
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import { largest } from '../lib/extremes.ts';
import { randomStream } from '../lib/random.ts';

/** Values in all points together; a point of a large model costs as much as many of a small one. */
const maxValues = 6000;

/**
 * The optimum and points near it, nearest first: one step of each variable up and down, half a step of each integer, the origin, the
 * edges of each row from the optimum and from the origin, and random points in the box of twice the optimum.
 *
 * A missing or extra row, another coefficient or another type shows at some of them even where the optimum is the same.
 *
 * @param optimum [variables]
 * @param seed names the random points.
 * @returns [points][variables]; the first is the optimum.
 */
export function probePoints(model: LinearModel, optimum: readonly number[], seed: string | number, maxPoints = 80): number[][] {
  const { variables, constraints } = model;
  const limit = Math.max(4, Math.min(maxPoints, Math.floor(maxValues / Math.max(1, variables.length))));
  const moved = (base: readonly number[], j: number, value: number): number[] => base.map((x, i) => (i === j ? value : x));
  const stepOf = (j: number): number => (variables[j]?.integer ? 1 : Math.max(1, Math.abs(optimum[j] ?? 0) / 10));
  const origin = variables.map(({ lower, upper }) => Math.min(Math.max(0, lower), upper));
  const random = randomStream(seed, 'probe');
  const drawn = Array.from({ length: 12 }, () =>
    variables.map(({ integer }, j) => {
      const value = random.next() * 2 * Math.max(1, Math.abs(optimum[j] ?? 0));
      return integer ? Math.round(value) : value;
    }),
  );
  const edges = (base: readonly number[]): number[][] => constraints.flatMap((row) => edgePoints(model, row, base));
  const singles = variables.flatMap((v, j) => [
    moved(optimum, j, (optimum[j] ?? 0) + stepOf(j)),
    moved(optimum, j, (optimum[j] ?? 0) - stepOf(j)),
    ...(v.integer ? [moved(origin, j, (origin[j] ?? 0) + 0.5)] : []),
  ]);
  const groups = [singles, edges(origin), edges(optimum), drawn];
  // Turn by turn, so that a model with many rows leaves room for the others.
  const points: number[][] = [[...optimum], origin];
  for (let turn = 0; points.length < limit && groups.some((group) => turn < group.length); turn++) {
    for (const group of groups) {
      const point = group[turn];
      if (point !== undefined && points.length < limit) points.push(point);
    }
  }
  return points;
}

/** Just inside and just outside each side of a row, reached by its weightiest variable. */
function edgePoints({ variables }: LinearModel, row: Constraint, base: readonly number[]): number[][] {
  const k = row.coefficients.reduce((best, value, i) => (Math.abs(value) > Math.abs(row.coefficients[best] ?? 0) ? i : best), 0);
  const [j, coefficient] = [row.columns[k], row.coefficients[k] ?? 0];
  if (j === undefined || coefficient === 0) return [];
  const rest = row.columns.reduce((sum, column, i) => (i === k ? sum : sum + (row.coefficients[i] ?? 0) * (base[column] ?? 0)), 0);
  return [row.lower, row.upper].filter(Number.isFinite).flatMap((side) => {
    const edge = (side - rest) / coefficient;
    const step = Math.max(1e-3, Math.abs(edge) / 100);
    const values = variables[j]?.integer ? [Math.floor(edge + 1e-9), Math.floor(edge + 1e-9) + 1] : [edge - step, edge + step];
    return values.map((value) => base.map((x, i) => (i === j ? value : x)));
  });
}

/** Rows whose extremes are looked for; each costs up to four solves. */
const maxExtremeRows = 60;

/**
 * For each side of each row two points that no other row or bound forbids: the one where the row is as tight as the rest allows, and one that
 * oversteps it by a little. A row that is too tight or too loose shows at them, whatever stands between it and the optimum.
 *
 * @param solve any exact solver.
 * @returns [points][variables]; sides that the rest of the model keeps out of reach give none.
 */
export function extremePoints(
  model: LinearModel,
  solve: (model: LinearModel) => { readonly values: ArrayLike<number> | null },
): number[][] {
  if (model.constraints.length > maxExtremeRows) return [];
  return model.constraints.flatMap((row, i) =>
    (['upper', 'lower'] as const).flatMap((side) => {
      const bound = row[side];
      if (!Number.isFinite(bound)) return [];
      const out = side === 'upper' ? 1 : -1;
      const isWhole = row.columns.every((j) => model.variables[j]?.integer === true);
      const step = Math.max(1e-2, Math.abs(bound) / 100, isWhole ? largest(row.coefficients.map(Math.abs)) : 0);
      const costs = new Map(row.columns.map((j, k) => [j, row.coefficients[k] ?? 0]));
      const pushed = (limit: number): LinearModel => ({
        sense: side === 'upper' ? 'max' : 'min',
        offset: 0,
        variables: model.variables.map((v, j) => ({ ...v, cost: costs.get(j) ?? 0 })),
        // An equality is overstepped to one side at a time: its other side stays.
        constraints: model.constraints.map((r, k) => (k === i ? { ...r, [side]: limit } : r)),
      });
      const tight = solve(pushed(bound)).values;
      const over = solve(pushed(bound + out * step)).values;
      // Beside large terms a small overstep is rounding, and says nothing.
      const isClear = over !== null && evaluatePoint(model, over).violation >= 1e-4;
      return [...(tight === null ? [] : [Array.from(tight)]), ...(isClear ? [Array.from(over)] : [])];
    }),
  );
}
