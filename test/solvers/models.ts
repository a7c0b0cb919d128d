/** Models that the tests of backends, readers and writers share. */
import fc from 'fast-check';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { column, inf, model, row } from '../../src/testing/models.ts';

export { column, inf, marketSplit, model, row } from '../../src/testing/models.ts';

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
