/** A simplex method over whole numbers of any size: no rounding, no tolerance, and Bland's rule, so that it always ends. */

export const gcd = (a, b) => {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
};
const lcm = (a, b) => (a / gcd(a, b)) * b;

/** A finite double as the fraction `[numerator, denominator]` that it is. */
export function fraction(value) {
  let [scaled, denominator] = [value, 1n];
  for (; !Number.isInteger(scaled); denominator *= 2n) scaled *= 2;
  return [BigInt(scaled), denominator];
}

/**
 * Rows `d x_i = t[i][0] - sum t[i][j] x_j` over the nonbasic columns j, all variables at least 0 (Edmonds' integer pivoting: every
 * entry is a minor of the first tableau, so that each division by d leaves no rest). Row 0 is the objective, to be minimised.
 */
class Tableau {
  constructor(rows, numColumns) {
    this.rows = rows;
    this.d = 1n;
    // Names of variables: columns from 1, then a slack a row.
    this.nonbasic = Array.from({ length: numColumns + 1 }, (_, j) => j);
    this.basic = rows.map((_, i) => numColumns + i);
  }

  pivot(r, s) {
    const { rows, d } = this;
    const pivotRow = rows[r];
    const sign = pivotRow[s] < 0n ? -1n : 1n;
    const p = sign * pivotRow[s];
    if (sign < 0n) for (let j = 0; j < pivotRow.length; j++) pivotRow[j] = -pivotRow[j];
    for (let i = 0; i < rows.length; i++) {
      if (i === r) continue;
      const row = rows[i];
      const factor = row[s];
      if (factor === 0n && p === d) continue;
      for (let j = 0; j < row.length; j++) if (j !== s) row[j] = (row[j] * p - factor * pivotRow[j]) / d;
      row[s] = -sign * factor;
    }
    pivotRow[s] = sign * d;
    this.d = p;
    [this.basic[r], this.nonbasic[s]] = [this.nonbasic[s], this.basic[r]];
  }

  /** @param barred a variable that stays nonbasic. */
  minimise(barred) {
    const { rows, basic, nonbasic } = this;
    for (;;) {
      let s = 0;
      for (let j = 1; j < rows[0].length; j++)
        if (rows[0][j] > 0n && nonbasic[j] !== barred && (s === 0 || nonbasic[j] < nonbasic[s])) s = j;
      if (s === 0) return 'optimal';
      let r = 0;
      for (let i = 1; i < rows.length; i++) {
        if (rows[i][s] <= 0n) continue;
        const order = r === 0 ? -1n : rows[i][0] * rows[r][s] - rows[r][0] * rows[i][s];
        if (order < 0n || (order === 0n && basic[i] < basic[r])) r = i;
      }
      if (r === 0) return 'unbounded';
      this.pivot(r, s);
    }
  }

  /** Makes the right-hand sides non-negative with the help of one more column. @returns whether that column can be 0. */
  isFeasible(auxiliary) {
    const { rows, basic } = this;
    let lowest = 1;
    for (let i = 2; i < rows.length; i++) if (rows[i][0] < rows[lowest][0]) lowest = i;
    if (rows.length === 1 || rows[lowest][0] >= 0n) return true;
    rows[0][auxiliary] = -1n;
    this.pivot(lowest, auxiliary);
    this.minimise(null);
    if (rows[0][0] !== 0n) return false;
    const r = basic.indexOf(auxiliary, 1);
    const s = r < 1 ? 0 : rows[r].findIndex((value, j) => j > 0 && value !== 0n);
    if (s > 0) this.pivot(r, s);
    return true;
  }

  /** Sets the objective to the sum of `costs[column] * x_column`. */
  setCosts(costs) {
    const { rows, basic, nonbasic } = this;
    const row = rows[0].fill(0n);
    for (const [column, cost] of costs.entries()) {
      if (column === 0 || cost === 0n) continue;
      const at = nonbasic.indexOf(column, 1);
      if (at > 0) row[at] -= cost * this.d;
      else {
        const source = rows[basic.indexOf(column, 1)];
        for (let j = 0; j < row.length; j++) row[j] += cost * source[j];
      }
    }
  }
}

/**
 * A model's rows and costs as whole numbers, each row and the costs multiplied by a positive one of their own.
 *
 * @param model a `LinearModel`; its costs are turned so that they are minimised, its constant is left out.
 */
export function wholeModel({ sense, variables, constraints }) {
  const costs = variables.map((v) => fraction(sense === 'max' ? -v.cost : v.cost));
  const costScale = costs.reduce((scale, [, d]) => lcm(scale, d), 1n);
  const rows = constraints.map(({ columns, coefficients, lower, upper }) => {
    const sides = [lower, upper].map((side) => (Number.isFinite(side) ? fraction(side) : null));
    const terms = coefficients.map(fraction);
    const scale = [...terms, ...sides.filter((side) => side !== null)].reduce((s, [, d]) => lcm(s, d), 1n);
    const dense = new Array(variables.length).fill(0n);
    for (const [k, j] of columns.entries()) dense[j] += terms[k][0] * (scale / terms[k][1]);
    const [low, high] = sides.map((side) => (side === null ? null : side[0] * (scale / side[1])));
    return { dense, lower: low, upper: high };
  });
  return { costs: costs.map(([n, d]) => n * (costScale / d)), costScale, rows };
}

/**
 * Minimises a whole model over bounds.
 *
 * @param bounds [variables] `{ lower, upper }`, each a fraction, or null for none.
 * @returns `{ status: 'optimal' | 'infeasible' | 'unbounded' }`; of an optimum also `point` [variables] of fractions and `value`, the costs' sum as a fraction.
 */
export function minimiseLinear({ costs, costScale, rows }, bounds) {
  // Variable j is shift + the sum of sign * column.
  const parts = [];
  let numColumns = 0;
  const limits = [];
  for (const { lower, upper } of bounds) {
    if (lower !== null && upper !== null) {
      const width = upper[0] * lower[1] - lower[0] * upper[1];
      if (width < 0n) return { status: 'infeasible' };
      limits.push({ column: numColumns + 1, width, scale: upper[1] * lower[1] });
    }
    const columns = lower !== null ? [[++numColumns, 1n]] : [[++numColumns, -1n]];
    if (lower === null && upper === null) columns.push([++numColumns, 1n]);
    parts.push({ shift: lower ?? upper ?? [0n, 1n], columns });
  }
  const auxiliary = numColumns + 1;
  const blank = () => new Array(auxiliary + 1).fill(0n);
  const shiftScale = parts.reduce((scale, { shift }) => lcm(scale, shift[1]), 1n);
  const rowOf = (dense, side, sign) => {
    const row = blank();
    row[0] = sign * side * shiftScale;
    row[auxiliary] = -1n;
    for (let j = 0; j < dense.length; j++) {
      if (dense[j] === 0n) continue;
      const { shift, columns } = parts[j];
      row[0] -= sign * dense[j] * shift[0] * (shiftScale / shift[1]);
      for (const [column, part] of columns) row[column] += sign * dense[j] * part * shiftScale;
    }
    return row;
  };
  const table = [blank()];
  for (const { dense, lower, upper } of rows) {
    if (upper !== null) table.push(rowOf(dense, upper, 1n));
    if (lower !== null) table.push(rowOf(dense, lower, -1n));
  }
  for (const { column, width, scale } of limits) {
    const row = blank();
    row[0] = width;
    row[column] = scale;
    row[auxiliary] = -1n;
    table.push(row);
  }
  const tableau = new Tableau(table, auxiliary);
  if (!tableau.isFeasible(auxiliary)) return { status: 'infeasible' };
  const columnCosts = blank();
  for (const [j, { columns }] of parts.entries()) for (const [column, part] of columns) columnCosts[column] += part * costs[j];
  tableau.setCosts(columnCosts);
  const status = tableau.minimise(auxiliary);
  if (status === 'unbounded') return { status };
  const { d, basic } = tableau;
  const levels = blank();
  for (let i = 1; i < table.length; i++) if (basic[i] < auxiliary) levels[basic[i]] = table[i][0];
  const point = parts.map(({ shift, columns }) => {
    const n = shift[0] * d + shift[1] * columns.reduce((sum, [column, part]) => sum + part * levels[column], 0n);
    const common = gcd(n, shift[1] * d);
    return [n / common, (shift[1] * d) / common];
  });
  return { status, point, value: sumOf(costs, point, costScale) };
}

function sumOf(costs, point, scale) {
  let [n, d] = [0n, 1n];
  for (const [j, [a, b]] of point.entries()) {
    if (costs[j] === 0n) continue;
    [n, d] = [n * b + costs[j] * a * d, d * b];
    const common = gcd(n, d);
    [n, d] = [n / common, d / common];
  }
  return [n, d * scale];
}
