/** Short ways to write reference models and to draw numbers whose optimum leans on all of them. */

import type { Constraint, LinearModel, Variable } from '../../core/linear-model.ts';
import { largest } from '../../lib/extremes.ts';
import type { RandomStream } from '../../lib/random.ts';

export type Domain = 'real' | 'integer' | 'binary';
export type Term = readonly [name: string, coefficient: number];
export interface Row {
  readonly terms: readonly Term[];
  readonly op: '<=' | '>=' | '=';
  readonly rhs: number;
}

export const column = (name: string, cost: number, domain: Domain): Variable => ({
  name,
  lower: 0,
  upper: domain === 'binary' ? 1 : Infinity,
  integer: domain !== 'real',
  cost,
});

/** A model from rows over variable names; rows are named `c1`, `c2`, ... and terms with coefficient 0 are left out. */
export function modelOf(sense: 'min' | 'max', variables: readonly Variable[], rows: readonly Row[]): LinearModel {
  const index = new Map(variables.map((v, i) => [v.name, i]));
  const constraints: Constraint[] = rows.map((row, i) => {
    const terms = row.terms.filter(([, value]) => value !== 0);
    return {
      name: `c${i + 1}`,
      lower: row.op === '<=' ? -Infinity : row.rhs,
      upper: row.op === '>=' ? Infinity : row.rhs,
      columns: terms.map(([name]) => {
        const at = index.get(name);
        if (at === undefined) throw new RangeError(`row ${i + 1} names "${name}", which is not a variable`);
        return at;
      }),
      coefficients: terms.map(([, value]) => value),
    };
  });
  return { sense, offset: 0, variables, constraints };
}

/** The same model with its rows in another order, named anew from `c1`. */
export function withRowOrder(model: LinearModel, order: readonly number[]): LinearModel {
  const constraints = order.map((from, i) => ({ ...(model.constraints[from] as Constraint), name: `c${i + 1}` }));
  return { ...model, constraints };
}

/** `count` different elements of a list, in random order. */
export function draw<T>(random: RandomStream, items: readonly T[], count: number): T[] {
  if (count > items.length) throw new RangeError(`${count} of ${items.length} items`);
  return random.shuffle(items).slice(0, count);
}

export const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

export interface Side {
  /** [columns] */
  readonly coefficients: readonly number[];
  /** 1 where the row holds the objective back (a capacity of a maximum, a need of a minimum), -1 where it pushes the other way. */
  readonly sign: 1 | -1;
  /** Range of this row's multiplier instead of the common one. */
  readonly prices?: readonly [number, number];
}

/**
 * Objective coefficients and right sides that make `point` the optimum with every row tight: `b = A x`,
 * `c = round(sum_i sign_i y_i a_i)` with random positive multipliers `y`. For whole variables the right sides are then
 * moved by up to `noise`, so that relaxing them matters.
 */
export function tightNumbers(
  random: RandomStream,
  sides: readonly Side[],
  point: readonly number[],
  options: { readonly prices: readonly [number, number]; readonly noise?: number },
): { readonly costs: number[]; readonly limits: number[] } {
  const costs = point.map(() => 0);
  const limits = sides.map((side) => {
    const [low, high] = side.prices ?? options.prices;
    const scale = largest(side.coefficients.map(Math.abs));
    // A row with small coefficients gets a larger multiplier, or it would not be felt beside the others.
    const price = ((low + random.next() * (high - low)) * side.sign) / Math.sqrt(scale);
    side.coefficients.forEach((a, j) => {
      costs[j] = (costs[j] ?? 0) + price * a;
    });
    const exact = side.coefficients.reduce((sum, a, j) => sum + a * (point[j] ?? 0), 0);
    const noise = side.coefficients.filter((a) => a !== 0).length > 1 ? (options.noise ?? 0) : 0;
    return Math.max(1, exact + (noise > 0 ? random.int(-noise, noise) : 0));
  });
  return { costs: costs.map((cost) => Math.max(2, Math.round(cost))), limits };
}
