/** glpk.js's JSON model to a `LinearModel`, refusing what would abort GLPK. */
import type { Constraint, LinearModel, Variable } from '../../core/linear-model.ts';
import { GuestRefusal } from '../../sandbox/guest.ts';

/** GLPK's constants, as the package offers them. */
export const glpkConstants = {
  GLP_MIN: 1,
  GLP_MAX: 2,
  GLP_FR: 1,
  GLP_LO: 2,
  GLP_UP: 3,
  GLP_DB: 4,
  GLP_FX: 5,
  GLP_MSG_OFF: 0,
  GLP_MSG_ERR: 1,
  GLP_MSG_ON: 2,
  GLP_MSG_ALL: 3,
  GLP_MSG_DBG: 4,
  GLP_UNDEF: 1,
  GLP_FEAS: 2,
  GLP_INFEAS: 3,
  GLP_NOFEAS: 4,
  GLP_OPT: 5,
  GLP_UNBND: 6,
} as const;

type Json = Readonly<Record<string, unknown>>;

/**
 * The model that glpk.js would build.
 *
 * As there: variables in order of appearance, 0 as default lower bound, `GLP_UP` without a lower bound, `GLP_FX` at `lb`,
 * binaries after bounds, and numbers may be numerals.
 *
 * @throws {GuestRefusal} naming the row or variable, where glpk.js throws or GLPK aborts.
 */
export function glpkModel(lp: unknown): LinearModel {
  const model = object(lp, 'the model');
  const objective = object(model.objective, 'objective');
  const direction = objective.direction;
  if (direction !== glpkConstants.GLP_MIN && direction !== glpkConstants.GLP_MAX) {
    throw refusal('objective.direction must be glpk.GLP_MIN or glpk.GLP_MAX');
  }
  const columns = new Map<string, { -readonly [K in keyof Variable]: Variable[K] }>();
  const index = new Map<string, number>();
  const column = (name: unknown, where: string): number => {
    if (typeof name !== 'string' || name === '' || name.length > 255) throw refusal(`${where} has a variable without a usable name`);
    const known = index.get(name);
    if (known !== undefined) return known;
    const next = index.size;
    index.set(name, next);
    columns.set(name, { name, lower: 0, upper: Number.POSITIVE_INFINITY, integer: false, cost: 0 });
    return next;
  };
  const variable = (name: unknown, where: string): { -readonly [K in keyof Variable]: Variable[K] } => {
    column(name, where);
    const found = columns.get(name as string);
    if (found === undefined) throw refusal(`${where} has an unknown variable`);
    return found;
  };
  for (const term of list(objective.vars, 'objective.vars')) {
    const { name, coef } = object(term, 'a term of objective.vars');
    variable(name, 'objective.vars').cost = number(coef, `the objective coefficient of ${String(name)}`);
  }
  const constraints = list(model.subjectTo, 'subjectTo').map((row, i) => constraint(object(row, `subjectTo[${i}]`), i, column));
  for (const [i, entry] of optionalList(model.bounds, 'bounds').entries()) {
    const given = object(entry, `bounds[${i}]`);
    const target = variable(given.name, `bounds[${i}]`);
    const { lower, upper } = boundsOf(given, `bounds[${i}]`);
    target.lower = lower;
    target.upper = upper;
  }
  for (const name of optionalList(model.generals, 'generals')) variable(name, 'generals').integer = true;
  for (const name of optionalList(model.binaries, 'binaries'))
    Object.assign(variable(name, 'binaries'), { integer: true, lower: 0, upper: 1 });
  return { sense: direction === glpkConstants.GLP_MAX ? 'max' : 'min', offset: 0, variables: [...columns.values()], constraints };
}

function constraint(row: Json, i: number, column: (name: unknown, where: string) => number): Constraint {
  const where = `subjectTo[${i}]`;
  const terms = new Map<number, number>();
  for (const term of list(row.vars, `${where}.vars`)) {
    const { name, coef } = object(term, `a term of ${where}`);
    const at = column(name, where);
    if (terms.has(at)) throw refusal(`${where} has variable ${String(name)} twice`);
    terms.set(at, number(coef, `the coefficient of ${String(name)} in ${where}`));
  }
  const name = row.name;
  const bounds = boundsOf(object(row.bnds, `${where}.bnds`), `${where}.bnds`);
  return { name: typeof name === 'string' ? name : '', ...bounds, columns: [...terms.keys()], coefficients: [...terms.values()] };
}

function boundsOf(given: Json, where: string): { readonly lower: number; readonly upper: number } {
  const lb = (): number => number(given.lb, `${where}.lb`, true);
  const ub = (): number => number(given.ub, `${where}.ub`, true);
  switch (given.type) {
    case glpkConstants.GLP_FR:
      return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
    case glpkConstants.GLP_LO:
      return { lower: lb(), upper: Number.POSITIVE_INFINITY };
    case glpkConstants.GLP_UP:
      return { lower: Number.NEGATIVE_INFINITY, upper: ub() };
    case glpkConstants.GLP_DB:
      return { lower: lb(), upper: ub() };
    case glpkConstants.GLP_FX: {
      const at = lb();
      return { lower: at, upper: at };
    }
    default:
      throw refusal(`${where}.type must be one of glpk.GLP_FR, GLP_LO, GLP_UP, GLP_DB, GLP_FX`);
  }
}

const refusal = (message: string): GuestRefusal => new GuestRefusal('TypeError', `glpk.solve: ${message}`);

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null) throw refusal(`${where} is missing or not an object`);
  return value as Json;
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refusal(`${where} is missing or not an array`);
  return value;
}

const optionalList = (value: unknown, where: string): readonly unknown[] =>
  value === undefined || value === null ? [] : list(value, where);

function number(value: unknown, where: string, mayBeInfinite = false): number {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  const isNumber = typeof parsed === 'number' && !Number.isNaN(parsed) && (mayBeInfinite || Number.isFinite(parsed));
  if (!isNumber) throw refusal(`${where} is ${JSON.stringify(value) ?? 'missing'}, not a number`);
  return parsed;
}
