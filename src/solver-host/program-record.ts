/** What a program's process wrote about itself, read as untrusted data: a program may have written it. */
import type { LinearModel } from '../core/linear-model.ts';
import { type SolveStatus, solveStatuses } from '../core/outcome.ts';
import type { Product, QuadraticModel } from '../core/quadratic-model.ts';

/** One solve as the library in the program's process did it. */
export interface LibrarySolve {
  /** The model handed over; null when it is not linear. */
  readonly model: LinearModel | null;
  /** The model handed over where it is quadratic; `model` is null then. */
  readonly quadratic?: QuadraticModel;
  readonly status: SolveStatus;
  readonly objective: number | null;
  readonly values: Readonly<Record<string, number>> | null;
  /** How large the model was, where the record had no room for it; null otherwise. */
  readonly size: { readonly variables: number; readonly integers: number; readonly constraints: number } | null;
  /** What the library said when it refused the model. */
  readonly message: string | null;
  readonly ms: number;
  /** Why our own capture failed; null when it did not. */
  readonly fault: string | null;
}

/** What ended a program. */
export interface ProgramError {
  readonly type: string;
  readonly message: string;
  readonly line: number | null;
  readonly isSyntax: boolean;
  /** It comes of a solution that is not there: the library had none to give, or the program itself gave up. */
  readonly isUnread: boolean;
  /** The package that an import did not find; null for any other error. */
  readonly module: string | null;
}

export interface ProgramRecord {
  readonly error: ProgramError | null;
  readonly solves: readonly LibrarySolve[];
  readonly options: Readonly<Record<string, number | string | boolean>>;
  readonly reported: number | null;
  /** What the library's licence refused; null when nothing. */
  readonly licence: string | null;
}

const statuses: ReadonlySet<string> = new Set(solveStatuses);

/** A record that is not of the form it must have. */
export class MalformedRecord extends Error {}

/**
 * Reads a record.
 *
 * @throws {MalformedRecord} when anything in it is not of its form.
 */
export function parseProgramRecord(text: string): ProgramRecord {
  const record = object(JSON.parse(text), 'record');
  const error = record.error === null ? null : object(record.error, 'error');
  return {
    error:
      error === null
        ? null
        : {
            type: string(error.type, 'error.type').slice(0, 200),
            message: string(error.message, 'error.message'),
            line: error.line === null ? null : number(error.line, 'error.line'),
            isSyntax: error.syntax === true,
            isUnread: error.unread === true,
            module: typeof error.module === 'string' ? error.module.slice(0, 200) : null,
          },
    solves: array(record.solves, 'solves').map(librarySolve),
    options: Object.fromEntries(
      Object.entries(object(record.options, 'options')).flatMap(([name, value]) =>
        typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? [[name, value]] : [],
      ),
    ),
    reported: optionalNumber(record.reported, 'reported'),
    licence: record.licence === null ? null : string(record.licence, 'licence'),
  };
}

function librarySolve(value: unknown): LibrarySolve {
  const solve = object(value, 'solve');
  const status = string(solve.status, 'status');
  if (!statuses.has(status)) throw new MalformedRecord(`status ${status.slice(0, 40)}`);
  const size = solve.size === undefined ? null : object(solve.size, 'size');
  const model = solve.model === null ? null : object(solve.model, 'model');
  const isQuadratic = model !== null && model.quadratic !== undefined;
  return {
    model: model === null || isQuadratic ? null : linearModel(model),
    ...(isQuadratic ? { quadratic: quadraticModel(model) } : {}),
    status: status as SolveStatus,
    objective: optionalNumber(solve.objective, 'objective'),
    values: solve.values === null ? null : point(object(solve.values, 'values')),
    size:
      size === null
        ? null
        : {
            variables: number(size.variables, 'size.variables'),
            integers: number(size.integers, 'size.integers'),
            constraints: number(size.constraints, 'size.constraints'),
          },
    message: typeof solve.message === 'string' ? solve.message : null,
    ms: number(solve.ms, 'ms'),
    fault: solve.fault === null ? null : string(solve.fault, 'fault'),
  };
}

/** The columns of `recorder.linear` as a `LinearModel`. A cost or coefficient that is no number becomes NaN: the solver refuses it. */
function linearModel(model: Readonly<Record<string, unknown>>): LinearModel {
  const column = (name: string): readonly unknown[] => array(model[name], name);
  const names = column('names');
  const [lower, upper, integer, cost] = ['lower', 'upper', 'integer', 'cost'].map(column) as [unknown[], unknown[], unknown[], unknown[]];
  const rowNames = column('row_names');
  const [rowLower, rowUpper, starts] = ['row_lower', 'row_upper', 'starts'].map(column) as [unknown[], unknown[], unknown[]];
  const columns = column('columns').map((j) => number(j, 'columns'));
  const coefficients = column('coefficients').map(numberOrNaN);
  if ([lower, upper, integer, cost].some((other) => other.length !== names.length)) throw new MalformedRecord('columns differ in length');
  if ([rowLower, rowUpper].some((other) => other.length !== rowNames.length) || starts.length !== rowNames.length + 1)
    throw new MalformedRecord('rows differ in length');
  if (columns.length !== coefficients.length) throw new MalformedRecord('entries differ in length');
  return {
    sense: model.sense === 'max' ? 'max' : 'min',
    offset: numberOrNaN(model.offset),
    variables: names.map((name, j) => ({
      name: string(name, 'names'),
      lower: bound(lower[j], -Infinity),
      upper: bound(upper[j], Infinity),
      integer: integer[j] === 1,
      cost: numberOrNaN(cost[j]),
    })),
    constraints: rowNames.map((name, i) => {
      const [from, to] = [number(starts[i], 'starts'), number(starts[i + 1], 'starts')];
      return {
        name: string(name, 'row_names'),
        lower: bound(rowLower[i], -Infinity),
        upper: bound(rowUpper[i], Infinity),
        ...mergedTerms(columns.slice(from, to), coefficients.slice(from, to)),
      };
    }),
  };
}

/** The form of `recorder.quadratic`. */
function quadraticModel(model: Readonly<Record<string, unknown>>): QuadraticModel {
  const { products, rows } = object(model.quadratic, 'quadratic');
  return {
    linear: linearModel(model),
    products: mergedProducts(products),
    rows: array(rows, 'quadratic.rows').map((value) => {
      const row = object(value, 'quadratic.rows');
      const columns = array(row.columns, 'columns').map((j) => number(j, 'columns'));
      const coefficients = array(row.coefficients, 'coefficients').map(numberOrNaN);
      if (columns.length !== coefficients.length) throw new MalformedRecord('entries differ in length');
      return {
        name: string(row.name, 'quadratic.rows.name'),
        lower: bound(row.lower, -Infinity),
        upper: bound(row.upper, Infinity),
        ...mergedTerms(columns, coefficients),
        products: mergedProducts(row.products),
      };
    }),
  };
}

/** Each pair of variables once, the one with the lower place first. */
function mergedProducts(value: unknown): Product[] {
  const sums = new Map<string, Product>();
  for (const product of array(value, 'products')) {
    const [i, j, coefficient] = array(product, 'products');
    const [one, other] = [number(i, 'products'), number(j, 'products')];
    const [first, second] = one <= other ? [one, other] : [other, one];
    const key = `${first} ${second}`;
    sums.set(key, [first, second, (sums.get(key)?.[2] ?? 0) + numberOrNaN(coefficient)]);
  }
  return [...sums.values()].filter(([, , coefficient]) => coefficient !== 0);
}

/** Each column once: some libraries keep `x + x` as two terms. */
function mergedTerms(columns: readonly number[], coefficients: readonly number[]): { columns: number[]; coefficients: number[] } {
  const sums = new Map<number, number>();
  for (const [k, column] of columns.entries()) sums.set(column, (sums.get(column) ?? 0) + (coefficients[k] ?? Number.NaN));
  return { columns: [...sums.keys()], coefficients: [...sums.values()] };
}

function point(values: Readonly<Record<string, unknown>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'number' ? [[name, plainZero(value)]] : [])),
  );
}

const bound = (value: unknown, infinite: number): number => (value === null ? infinite : number(value, 'bound'));
/** Libraries write -0 for bounds and offsets of 0; stored outcomes know one zero. */
const plainZero = (value: number): number => (value === 0 ? 0 : value);
const numberOrNaN = (value: unknown): number => (typeof value === 'number' ? plainZero(value) : Number.NaN);

function number(value: unknown, what: string): number {
  if (typeof value !== 'number') throw new MalformedRecord(`${what} is not a number`);
  return plainZero(value);
}

const optionalNumber = (value: unknown, what: string): number | null => (value === null ? null : number(value, what));

function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new MalformedRecord(`${what} is not text`);
  return value;
}

function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new MalformedRecord(`${what} is not a list`);
  return value;
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedRecord(`${what} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}
