/** Models that the tests of backends, readers and writers share. */
import type { Constraint, LinearModel, Variable } from 'evom';
import fc from 'fast-check';

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

/** Small models of all outcomes: optimal, infeasible, unbounded; most of them mixed-integer. */
export function randomModels(): fc.Arbitrary<LinearModel> {
  const coefficient = fc.integer({ min: -6, max: 9 });
  const variable = fc.record({
    cost: coefficient,
    lower: fc.constantFrom(0, 0, 0, -2, 1.5, -inf),
    width: fc.constantFrom(inf, inf, 1, 4, 7.5, 0),
    integer: fc.boolean(),
  });
  return fc.array(variable, { minLength: 1, maxLength: 6 }).chain((columns) =>
    fc
      .record({
        sense: fc.constantFrom('min' as const, 'max' as const),
        offset: fc.integer({ min: -5, max: 5 }),
        rows: fc.array(
          fc.record({
            coefficients: fc.array(coefficient, { minLength: columns.length, maxLength: columns.length }),
            side: fc.integer({ min: -10, max: 30 }),
            kind: fc.constantFrom('le', 'le', 'ge', 'eq', 'range'),
          }),
          { maxLength: 5 },
        ),
      })
      .map(({ sense, offset, rows }) =>
        model(
          sense,
          columns.map(({ cost, lower, width, integer }, j) =>
            column(`x${j}`, cost, lower, lower === -inf ? (width === inf ? inf : width) : lower + width, integer),
          ),
          rows.map(({ coefficients, side, kind }, i) =>
            row(
              `r${i}`,
              kind === 'le' ? -inf : side,
              coefficients.flatMap((a, j) => (a === 0 ? [] : [[j, a] as const])),
              kind === 'ge' ? inf : kind === 'range' ? side + 5 : side,
            ),
          ),
          offset,
        ),
      ),
  );
}

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
