/** Which split an instance belongs to, by its numbers alone. */
import { createHash } from 'node:crypto';
import type { LinearModel } from '../../core/linear-model.ts';
import type { Split } from '../../core/problem.ts';

/**
 * A hash of a family and of the numbers in its model, whatever their order, names or wording: two instances with equal
 * keys hold the same numbers.
 */
export function numbersKeyOf(family: string, model: LinearModel): string {
  const sorted = (values: readonly number[]): string =>
    values
      .filter(Number.isFinite)
      .toSorted((a, b) => a - b)
      .join(',');
  const text = [
    family,
    model.sense,
    sorted(model.variables.map((v) => v.cost)),
    sorted(model.constraints.flatMap((c) => c.coefficients)),
    sorted(model.constraints.flatMap((c) => (c.lower === c.upper ? [c.lower] : [c.lower, c.upper]))),
  ].join(';');
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

/** Where equal numbers always land: 80 % train, 10 % validation, 10 % test. */
export function splitOfNumbers(numbersKey: string): Split {
  const bucket = Number.parseInt(numbersKey.slice(0, 8), 16) % 100;
  return bucket < 80 ? 'train' : bucket < 90 ? 'validation' : 'test';
}
