/** A model as what a simulator says of a point, in the arithmetic that JavaScript and Python share. */
import type { LinearModel } from '../core/linear-model.ts';

export interface SimulatorText {
  /** Without terms `0`. */
  readonly objective: string;
  /** One for each side of a row, then of a bound, then of each integer: `17 * boots + 22 * mugs, "<=", 488`, without brackets around it. */
  readonly demands: readonly string[];
}

/** @param names how each variable is read. */
export function simulatorText(model: LinearModel, names: readonly string[]): SimulatorText {
  const { variables, constraints, offset } = model;
  const costs = variables.map(({ cost }, j) => ({ coefficient: cost, name: names[j] ?? '' }));
  const sum = linear(costs);
  const rest = offset === 0 ? '' : sum === '' ? String(offset) : `${offset < 0 ? ' - ' : ' + '}${Math.abs(offset)}`;
  return {
    objective: `${sum}${rest}` || '0',
    demands: [
      ...constraints.flatMap(({ columns, coefficients, lower, upper }) => {
        const terms = columns.map((column, k) => ({ column, coefficient: coefficients[k] ?? 0, name: names[column] ?? '' }));
        return sides(linear(terms.sort((a, b) => a.column - b.column)) || '0', lower, upper);
      }),
      ...variables.flatMap(({ lower, upper }, j) => sides(names[j] ?? '', lower, upper)),
      ...variables.flatMap(({ integer }, j) => (integer ? [`${names[j]}, "integer"`] : [])),
    ],
  };
}

function linear(terms: readonly { readonly coefficient: number; readonly name: string }[]): string {
  return terms
    .filter(({ coefficient }) => coefficient !== 0)
    .map(({ coefficient, name }, k) => {
      const sign = coefficient < 0 ? (k === 0 ? '-' : ' - ') : k === 0 ? '' : ' + ';
      const size = Math.abs(coefficient);
      return `${sign}${size === 1 ? '' : `${size} * `}${name}`;
    })
    .join('');
}

function sides(left: string, lower: number, upper: number): string[] {
  if (lower === upper) return [`${left}, "=", ${upper}`];
  return [
    ...(upper === Number.POSITIVE_INFINITY ? [] : [`${left}, "<=", ${upper}`]),
    ...(lower === Number.NEGATIVE_INFINITY ? [] : [`${left}, ">=", ${lower}`]),
  ];
}
