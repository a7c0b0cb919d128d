/**
 * The canonical form of a linear model: what stays when the ways of writing the same thing down are taken away.
 *
 * Taken away: max for min of the negated objective; `a >= b` for `-a <= -b`; the scale of a row; an equality for two
 * inequalities; rows of one variable for bounds; zero coefficients; repeated, and looser parallel, rows; rows that always hold
 * for want of a side; fractional bounds of integer variables; variables of zero cost in no row. A binary is an integer from
 * 0 to 1. Kept: the scale of the objective and of the variables, and whatever needs a deduction over several rows: a bound
 * that other rows imply still counts.
 */
import type { LinearModel } from '../core/linear-model.ts';

/** Entries up to here are rounding dust, as for the solvers. */
const negligible = 1e-9;
/** Bounds from here on are infinite, as for the solvers. */
const infinite = 1e20;

export interface CanonicalColumn {
  readonly name: string;
  readonly cost: number;
  readonly lower: number;
  readonly upper: number;
  readonly integer: boolean;
}

/** `sum(coefficients[k] * x[columns[k]]) <= upper`, with 1 as the largest magnitude of a coefficient; columns ascend. */
export interface CanonicalRow {
  readonly columns: readonly number[];
  readonly coefficients: readonly number[];
  readonly upper: number;
  /** Index of the constraint that it comes from; of several, the one that binds. */
  readonly constraint: number;
}

/** Minimise `cost'x + offset` under `rows` and bounds. All numbers are rounded as `rounded` does. */
export interface CanonicalModel {
  readonly offset: number;
  readonly columns: readonly CanonicalColumn[];
  readonly rows: readonly CanonicalRow[];
}

/**
 * A number to 9 significant digits: numbers that differ by less than about 1e-9 of their size become equal.
 *
 * The factor moves numbers with a short decimal or binary fraction away from the halves between two roundings, where the last
 * bit of a division would decide.
 */
export function rounded(value: number): number {
  if (Math.abs(value) >= infinite) return Math.sign(value) * Infinity;
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value === 0 ? 0 : value;
  return Number((value * (1 + 3.7e-12)).toPrecision(9));
}

/** Right-hand sides are of the size of coefficients, so that dust on them is dust beside 1. */
const roundedSide = (value: number): number => (Math.abs(value) <= negligible ? 0 : rounded(value));

/**
 * The canonical form of a model.
 *
 * @param model a model without faults (`modelFault`).
 * @returns columns in the order of `model.variables`, without the unused ones; rows in order of first appearance.
 */
export function canonicalModel(model: LinearModel): CanonicalModel {
  const { variables, constraints } = model;
  const lower = variables.map((v) => v.lower);
  const upper = variables.map((v) => v.upper);
  const used = new Uint8Array(variables.length);
  const rows = new Map<string, { columns: readonly number[]; coefficients: readonly number[]; upper: number; constraint: number }>();

  /** Takes `sum <= side`, whose entries are not negligible. */
  const addRow = (constraint: number, columns: readonly number[], coefficients: readonly number[], side: number): void => {
    if (side >= infinite) return;
    const [column] = columns;
    const [coefficient] = coefficients;
    if (column === undefined || coefficient === undefined) {
      // A row without terms holds or makes the model infeasible.
      if (side < -negligible) rows.set('never', { columns: [], coefficients: [], upper: -1, constraint });
    } else if (columns.length === 1) {
      if (coefficient > 0) upper[column] = Math.min(upper[column] ?? Infinity, side / coefficient);
      else lower[column] = Math.max(lower[column] ?? -Infinity, side / coefficient);
    } else {
      let scale = 0;
      for (const a of coefficients) scale = Math.max(scale, Math.abs(a));
      const scaled = coefficients.map((a) => rounded(a / scale));
      const key = `${columns.join()}:${scaled.join()}`;
      const side_ = roundedSide(side / scale);
      const known = rows.get(key);
      if (known === undefined) rows.set(key, { columns, coefficients: scaled, upper: side_, constraint });
      else if (side_ < known.upper) {
        known.upper = side_;
        known.constraint = constraint;
      }
      for (const j of columns) used[j] = 1;
    }
  };

  for (const [i, row] of constraints.entries()) {
    const order = [...row.columns.keys()].filter((k) => Math.abs(row.coefficients[k] ?? 0) > negligible);
    order.sort((a, b) => (row.columns[a] ?? 0) - (row.columns[b] ?? 0));
    const columns = order.map((k) => row.columns[k] ?? 0);
    const coefficients = order.map((k) => row.coefficients[k] ?? 0);
    addRow(i, columns, coefficients, row.upper);
    if (row.lower > -infinite) {
      addRow(
        i,
        columns,
        coefficients.map((a) => -a),
        -row.lower,
      );
    }
  }

  const sign = model.sense === 'max' ? -1 : 1;
  const newIndex = new Int32Array(variables.length).fill(-1);
  const columns: CanonicalColumn[] = [];
  for (const [j, variable] of variables.entries()) {
    let low = roundedSide(lower[j] ?? -Infinity);
    let high = roundedSide(upper[j] ?? Infinity);
    if (variable.integer) {
      low = rounded(Math.ceil(low - 1e-6));
      high = rounded(Math.floor(high + 1e-6));
    }
    // An unused variable whose bounds cross makes the model infeasible: it stays.
    if (variable.cost === 0 && used[j] === 0 && low <= high) continue;
    newIndex[j] = columns.length;
    columns.push({ name: variable.name, cost: rounded(sign * variable.cost), lower: low, upper: high, integer: variable.integer });
  }
  return {
    offset: rounded(sign * model.offset),
    columns,
    rows: [...rows.values()].map((row) => ({ ...row, columns: row.columns.map((j) => newIndex[j] ?? -1) })),
  };
}
