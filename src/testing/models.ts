/** Models written short, for the suites. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import { randomStream } from '../lib/random.ts';

export const inf = Infinity;

export const column = (name: string, cost: number, lower = 0, upper = inf, integer = false): Variable => ({
  name,
  cost,
  lower,
  upper,
  integer,
});

/** A row from `[column, coefficient]` pairs. */
export const row = (name: string, lower: number, terms: readonly (readonly [number, number])[], upper: number): Constraint => ({
  name,
  lower,
  upper,
  columns: terms.map(([j]) => j),
  coefficients: terms.map(([, a]) => a),
});

export const model = (
  sense: 'min' | 'max',
  variables: readonly Variable[],
  constraints: readonly Constraint[] = [],
  offset = 0,
): LinearModel => ({ sense, offset, variables, constraints });

/** A market split problem (Cornuéjols and Dawande): a few equalities over many binaries, which no solver here proves in seconds. */
export function marketSplit(numBinaries = 30, numRows = 4): LinearModel {
  let state = 12345;
  const draw = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const slacks = 2 * numRows;
  const variables = Array.from({ length: numBinaries + slacks }, (_, j) =>
    j < numBinaries ? column(`b${j}`, 0, 0, 1, true) : column(`s${j}`, 1),
  );
  const constraints = Array.from({ length: numRows }, (_, i) => {
    const terms = Array.from({ length: numBinaries }, (__, j) => [j, Math.floor(draw() * 100)] as const);
    const half = Math.floor(terms.reduce((sum, [, a]) => sum + a, 0) / 2);
    return row(`r${i}`, half, [...terms, [numBinaries + 2 * i, 1], [numBinaries + 2 * i + 1, -1]], half);
  });
  return model('min', variables, constraints);
}

/** A knapsack whose good packings differ in the fifth digit: a solver that may stop within 0.01 % of the bound often does, below `best`. */
export function nearTies(seed: number, numItems = 12): { readonly knapsack: LinearModel; readonly best: number } {
  const random = randomStream('near-ties', seed);
  const items = Array.from({ length: numItems }, () => {
    const weight = random.int(200, 999);
    return { weight, value: 1000 * weight + random.int(0, 59) };
  });
  const room = Math.floor(items.reduce((sum, { weight }) => sum + weight, 0) / 2);
  const most = (from: number, left: number): number => {
    const item = items[from];
    if (item === undefined) return 0;
    const without = most(from + 1, left);
    return item.weight > left ? without : Math.max(without, item.value + most(from + 1, left - item.weight));
  };
  const knapsack = model(
    'max',
    items.map(({ value }, j) => column(`x${j}`, value, 0, 1, true)),
    [
      row(
        'room',
        -inf,
        items.map(({ weight }, j) => [j, weight] as const),
        room,
      ),
    ],
  );
  return { knapsack, best: most(0, room) };
}
