/** Writes linear models as free MPS text, which every solver reads. */
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import { solverBound } from './validate.ts';

/** Names that MPS text can hold, one for each name given: blanks become `_`, and doubles get a number. */
function legalNames(names: readonly string[], prefix: string, taken: Set<string>): string[] {
  return names.map((name, index) => {
    let legal = name.replace(/\s/g, '_').slice(0, 250);
    // A name in quotes would be taken for a marker, one that begins with $ for a comment.
    if (legal === '' || /^['$*]/.test(legal)) legal = `${prefix}${index}${legal.slice(1)}`;
    if (taken.has(legal)) legal = `${legal}_${index}`;
    while (taken.has(legal)) legal += '_';
    taken.add(legal);
    return legal;
  });
}

/** How a row is written: its type, right-hand side and, for a row between two numbers, the width of its range. */
interface RowSides {
  readonly type: 'L' | 'G' | 'E';
  readonly side: number;
  readonly range: number | null;
}

/** The doubles around a number, nearest first. */
function neighbours(value: number): number[] {
  const step = Math.abs(value) * 2 ** -53;
  return [value, value + step, value - step, value + 2 * step, value - 2 * step];
}

/** A range says the second side as a difference, which has to give it back to the last bit; null where no double does. */
function sidesOf(lower: number, upper: number): RowSides | null {
  if (lower === upper) return { type: 'E', side: lower, range: null };
  // 1e30 is infinite to every reader, and a row of type N would be dropped.
  if (lower === -Infinity) return { type: 'L', side: upper === Infinity ? 1e30 : upper, range: null };
  if (upper === Infinity) return { type: 'G', side: lower, range: null };
  for (const range of neighbours(upper - lower)) {
    if (lower + range === upper) return { type: 'G', side: lower, range };
    if (upper - range === lower) return { type: 'L', side: upper, range };
  }
  return null;
}

/** The rows as MPS can say them: one whose range has no exact width becomes two. */
function mpsRows(model: LinearModel, names: readonly string[], taken: Set<string>): (RowSides & { name: string; row: Constraint })[] {
  return model.constraints.flatMap((row, i) => {
    const name = names[i] ?? '';
    const lower = solverBound(row.lower);
    const upper = solverBound(row.upper);
    const sides = sidesOf(lower, upper);
    if (sides !== null) return [{ ...sides, name, row }];
    const [second = ''] = legalNames([`${name}_upper`], 'r', taken);
    return [
      { type: 'G', side: lower, range: null, name, row },
      { type: 'L', side: upper, range: null, name: second, row },
    ] as const;
  });
}

/** The lines that give a variable its bounds, whatever a reader takes for granted. */
function boundLines(name: string, lower: number, upper: number, integer: boolean): string[] {
  if (integer && lower === 0 && upper === 1) return [` BV BOUND ${name}`];
  if (lower === upper) return [` FX BOUND ${name} ${lower}`];
  if (lower === -Infinity && upper === Infinity) return [` FR BOUND ${name}`];
  const low = lower === -Infinity ? [` MI BOUND ${name}`] : lower !== 0 || upper < 0 ? [` LO BOUND ${name} ${lower}`] : [];
  // An integer variable without a bound line would be binary.
  const high = upper === Infinity ? (integer ? [` PL BOUND ${name}`] : []) : [` UP BOUND ${name} ${upper}`];
  return [...low, ...high];
}

/**
 * A model as free MPS text that `parseMps` reads back as the same model.
 *
 * Names that MPS text cannot hold are changed: blanks become `_`. A row between two numbers becomes two rows where no range
 * gives both to the last bit.
 *
 * @param model a model that `modelFault` finds no fault with.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseMps, writeMps } from 'evom/solvers';
 * const variables = [{ name: 'x', lower: 0, upper: Infinity, integer: true, cost: 3 }, { name: 'y', lower: -1, upper: 4, integer: false, cost: 0 }];
 * const constraints = [{ name: 'c', lower: 2, upper: 8, columns: [0, 1], coefficients: [2, -1] }];
 * const model = { sense: 'max', offset: 5, variables, constraints } as const;
 * assert.deepEqual(parseMps(writeMps(model)), model);
 * ```
 */
export function writeMps(model: LinearModel): string {
  const { variables } = model;
  const taken = new Set(['obj']);
  const rowNames = legalNames(
    model.constraints.map((c) => c.name),
    'r',
    taken,
  );
  const columnNames = legalNames(
    variables.map((v) => v.name),
    'v',
    new Set(),
  );
  const rows = mpsRows(model, rowNames, taken);
  const entries: string[][] = variables.map(({ cost }) => (cost === 0 ? [] : [`obj ${cost}`]));
  for (const { name, row } of rows)
    for (const [k, column] of row.columns.entries()) entries[column]?.push(`${name} ${row.coefficients[k] ?? 0}`);

  const columns: string[] = [];
  let areIntegers = false;
  let numMarkers = 0;
  const mark = (integer: boolean): void => {
    if (integer === areIntegers) return;
    columns.push(` MARKER${numMarkers++} 'MARKER' '${integer ? 'INTORG' : 'INTEND'}'`);
    areIntegers = integer;
  };
  for (const [j, variable] of variables.entries()) {
    mark(variable.integer);
    // A column exists by its entries.
    const lines = entries[j]?.length === 0 ? ['obj 0'] : (entries[j] ?? []);
    for (const line of lines) columns.push(` ${columnNames[j]} ${line}`);
  }
  mark(false);

  const sides = rows.flatMap(({ name, side }) => (side === 0 ? [] : [` RHS ${name} ${side}`]));
  const ranges = rows.flatMap(({ name, range }) => (range === null ? [] : [` RANGE ${name} ${range}`]));
  const bounds = variables.flatMap((v, j) => boundLines(columnNames[j] ?? '', solverBound(v.lower), solverBound(v.upper), v.integer));
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [title, ...lines]);
  return [
    'NAME',
    ...(model.sense === 'max' ? ['OBJSENSE', ' MAX'] : []),
    'ROWS',
    ' N obj',
    ...rows.map(({ type, name }) => ` ${type} ${name}`),
    'COLUMNS',
    ...columns,
    ...section('RHS', [...(model.offset === 0 ? [] : [` RHS obj ${-model.offset}`]), ...sides]),
    ...section('RANGES', ranges),
    ...section('BOUNDS', bounds),
    'ENDATA',
    '',
  ].join('\n');
}
