/** Multipliers that prove a relaxation infeasible, from any backend that gives duals. */
import type { LinearModel } from '../../core/linear-model.ts';

/**
 * The model with what each row misses as variables of their own, and their sum as the cost (phase 1 of the simplex method). It always has
 * an optimum; where that is positive, its dual values are a Farkas proof for the rows that it was made of.
 */
export function phaseOne({ variables, constraints }: LinearModel): LinearModel {
  const numColumns = variables.length;
  const slack = (name: string): LinearModel['variables'][number] => ({ name, lower: 0, upper: Infinity, integer: false, cost: 1 });
  return {
    sense: 'min',
    offset: 0,
    variables: [
      ...variables.map((variable) => ({ ...variable, integer: false, cost: 0 })),
      ...constraints.flatMap((_, i) => [slack(`short${i}`), slack(`over${i}`)]),
    ],
    constraints: constraints.map((row, i) => ({
      ...row,
      columns: [...row.columns, numColumns + 2 * i, numColumns + 2 * i + 1],
      coefficients: [...row.coefficients, 1, -1],
    })),
  };
}
