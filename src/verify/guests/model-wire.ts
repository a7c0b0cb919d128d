/** Models and results as text between the library inside the sandbox and the host. */
import type { LinearModel } from '../../core/linear-model.ts';
import { GuestRefusal } from '../../sandbox/guest.ts';
import type { ModelWire } from './highs-library/types.ts';
import { jsonNumber } from './json-numbers.ts';

const refusal = (message: string): GuestRefusal => new GuestRefusal('Error', message);

/** A list of numbers; the library writes infinities as text. */
function numbers(value: unknown, where: string): number[] {
  if (!Array.isArray(value)) throw refusal(`${where} is not a list`);
  return value.map((item) => {
    const number = item === 'Infinity' ? Infinity : item === '-Infinity' ? -Infinity : item;
    if (typeof number !== 'number') throw refusal(`${where} holds ${JSON.stringify(item)}, not a number`);
    return number;
  });
}

/** Names where they are given, else as HiGHS writes them. */
function names(value: unknown, count: number, letter: string): string[] {
  const given: unknown[] = Array.isArray(value) ? value : [];
  const all = Array.from({ length: count }, (_, i) => {
    const name = given[i];
    return typeof name === 'string' && name !== '' ? name.slice(0, 255) : `${letter}${i}`;
  });
  if (new Set(all).size < count) throw refusal(`two ${letter === 'c' ? 'columns' : 'rows'} have the same name`);
  return all;
}

/**
 * The model that the library handed over.
 *
 * @param value untrusted: a program may have replaced what the library is made of.
 * @throws {GuestRefusal} where it is no linear model.
 */
export function modelFromWire(value: unknown): LinearModel {
  const wire = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof ModelWire, unknown>>;
  const [cost, lower, upper, types] = [wire.cost, wire.lower, wire.upper, wire.types].map((list, k) =>
    numbers(list, ['colCost', 'colLower', 'colUpper', 'integrality'][k] ?? ''),
  ) as [number[], number[], number[], number[]];
  const [rowLower, rowUpper] = [numbers(wire.rowLower, 'rowLower'), numbers(wire.rowUpper, 'rowUpper')];
  const [starts, indices, values] = [
    numbers(wire.starts, 'matrix.starts'),
    numbers(wire.indices, 'matrix.indices'),
    numbers(wire.values, 'matrix.values'),
  ];
  if (types.some((type) => type === 2 || type === 3)) throw refusal('semi-continuous variables are not offered; use a binary variable');
  if (lower.length !== cost.length || upper.length !== cost.length || types.length !== cost.length || rowUpper.length !== rowLower.length) {
    throw refusal('the lists of the model have different lengths');
  }
  const colNames = names(wire.names, cost.length, 'c');
  const rowNames = names(wire.rowNames, rowLower.length, 'r');
  return {
    sense: wire.sense === -1 ? 'max' : 'min',
    offset: typeof wire.offset === 'number' ? wire.offset : Number.NaN,
    variables: cost.map((c, j) => ({
      name: colNames[j] ?? '',
      lower: lower[j] ?? 0,
      upper: upper[j] ?? 0,
      integer: types[j] !== 0,
      cost: c,
    })),
    constraints: rowLower.map((low, i) => ({
      name: rowNames[i] ?? '',
      lower: low,
      upper: rowUpper[i] ?? 0,
      columns: indices.slice(starts[i], starts[i + 1]),
      coefficients: values.slice(starts[i], starts[i + 1]),
    })),
  };
}

const list = (values: readonly number[]): string => `[${values.map(jsonNumber).join()}]`;

/** A model for the library, as JSON text. */
export function modelToWire({ sense, offset, variables, constraints }: LinearModel): string {
  const starts = [0];
  for (const row of constraints) starts.push((starts.at(-1) ?? 0) + row.columns.length);
  const parts = [
    `"sense":${sense === 'max' ? -1 : 1},"offset":${jsonNumber(offset)}`,
    `"cost":${list(variables.map((v) => v.cost))}`,
    `"lower":${list(variables.map((v) => v.lower))}`,
    `"upper":${list(variables.map((v) => v.upper))}`,
    `"types":${list(variables.map((v) => (v.integer ? 1 : 0)))}`,
    `"names":${JSON.stringify(variables.map((v) => v.name))}`,
    `"rowLower":${list(constraints.map((c) => c.lower))}`,
    `"rowUpper":${list(constraints.map((c) => c.upper))}`,
    `"rowNames":${JSON.stringify(constraints.map((c) => c.name))}`,
    `"starts":${list(starts)}`,
    `"indices":${list(constraints.flatMap((c) => c.columns))}`,
    `"values":${list(constraints.flatMap((c) => c.coefficients))}`,
  ];
  return `{${parts.join()}}`;
}
