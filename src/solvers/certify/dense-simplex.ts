/**
 * A dual simplex on a dense dictionary: finds multipliers for proofs about small models, and is taken at its word in nothing.
 *
 * It shares no code with a backend, does no presolve, and goes on from where it stood when bounds change, so that a node of a search costs
 * microseconds. What it finds is multipliers and points; whether they prove anything is for `dualBound` and the check of points to say.
 */
import type { MinForm } from './min-form.ts';

/**
 * How a solve ended: `optimal` with multipliers that bound the cost; `infeasible` with multipliers that bound zero away from zero; `cut_off`
 * where the cost passed `cutoff` on the way up, with multipliers; `runaway` where only an assumed bound holds a column; `stuck` after too
 * many pivots.
 */
export type SimplexEnd = 'optimal' | 'infeasible' | 'cut_off' | 'runaway' | 'stuck';

const tolerance = { primal: 1e-9, dual: 1e-9, pivot: 1e-9 } as const;
/** An infinite bound that the costs push against is assumed to be so many times the largest finite one. */
const farOff = 1e6;

/** `basic = table x nonbasic`, over the columns (0 to n - 1) and the activities of the rows (n to n + m - 1). */
export class DenseSimplex {
  readonly #form: MinForm;
  readonly #far: number;
  /** [m * n] by rows. */
  readonly #table: Float64Array;
  /** [n] cost of a unit of each nonbasic. */
  readonly #reduced: Float64Array;
  readonly #basic: Int32Array;
  readonly #nonbasic: Int32Array;
  /** [n + m] bounds of columns and sides of rows. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** [n + m] values of columns and activities. */
  readonly #values: Float64Array;
  /** [m] the largest term that each basic value is a sum of. */
  readonly #sizes: Float64Array;
  /** Table entries that pivots have gone over: the measure of work. */
  work: number;

  private constructor(from: DenseSimplex | MinForm, cost: Float64Array) {
    if (from instanceof DenseSimplex) {
      this.#form = from.#form;
      this.#far = from.#far;
      this.#table = from.#table.slice();
      this.#reduced = from.#reduced.slice();
      this.#basic = from.#basic.slice();
      this.#nonbasic = from.#nonbasic.slice();
      this.#low = from.#low.slice();
      this.#high = from.#high.slice();
      this.#values = from.#values.slice();
      this.#sizes = from.#sizes.slice();
      this.work = from.work;
      return;
    }
    const { numColumns: n, numRows: m } = from;
    this.#form = from;
    this.#table = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let k = from.starts[i] ?? 0; k < (from.starts[i + 1] ?? 0); k++)
        this.#table[i * n + (from.columns[k] ?? 0)] = from.coefficients[k] ?? 0;
    }
    this.#reduced = cost.slice();
    this.#basic = Int32Array.from({ length: m }, (_, i) => n + i);
    this.#nonbasic = Int32Array.from({ length: n }, (_, j) => j);
    this.#low = new Float64Array(n + m);
    this.#low.set(from.rowLower, n);
    this.#high = new Float64Array(n + m);
    this.#high.set(from.rowUpper, n);
    this.#values = new Float64Array(n + m);
    this.#sizes = new Float64Array(m);
    this.#far = farOff * largestFinite(from);
    this.work = 0;
  }

  /** @param cost [columns] of the minimisation; default the model's. */
  static of(form: MinForm, cost: Float64Array = form.cost): DenseSimplex {
    return new DenseSimplex(form, cost);
  }

  clone(): DenseSimplex {
    return new DenseSimplex(this, this.#reduced);
  }

  /** Of column `j`, or of the activity of row `j - numColumns`. */
  value(j: number): number {
    return this.#values[j] ?? 0;
  }

  /** [rows] after `optimal` and `cut_off`: the multipliers of the rows. */
  multipliers(): Float64Array {
    const { numColumns: n, numRows: m } = this.#form;
    const multipliers = new Float64Array(m);
    for (let j = 0; j < n; j++) {
      const v = this.#nonbasic[j] ?? 0;
      if (v >= n) multipliers[v - n] = this.#reduced[j] ?? 0;
    }
    return multipliers;
  }

  /**
   * Solves under other bounds of the columns.
   *
   * @param cutoff ends the solve when the cost is known to be as much.
   * @returns how it ended; after `infeasible` also the multipliers that show it.
   */
  solve(
    lower: Float64Array,
    upper: Float64Array,
    cutoff: number,
    maxPivots: number,
  ): { readonly end: SimplexEnd; readonly farkas: Float64Array | null } {
    this.#low.set(lower);
    this.#high.set(upper);
    this.#place();
    for (let pivots = 0; ; pivots++) {
      const cost = this.#evaluate();
      if (cost >= cutoff) return { end: 'cut_off', farkas: null };
      const { row, direction } = this.#leaving();
      if (row === -1) return { end: this.#runsAway() ? 'runaway' : 'optimal', farkas: null };
      const column = this.#entering(row, direction);
      if (column === -1) return { end: 'infeasible', farkas: this.#farkas(row, direction) };
      if (pivots >= maxPivots) return { end: 'stuck', farkas: null };
      const leaving = this.#basic[row] ?? 0;
      this.#values[leaving] = (direction > 0 ? this.#low[leaving] : this.#high[leaving]) ?? 0;
      this.#pivot(row, column);
    }
  }

  /** Puts each nonbasic at the bound that its cost pushes it to. */
  #place(): void {
    for (let j = 0; j < this.#nonbasic.length; j++) {
      const v = this.#nonbasic[j] ?? 0;
      const reduced = this.#reduced[j] ?? 0;
      const lower = this.#low[v] ?? 0;
      const upper = this.#high[v] ?? 0;
      if (reduced > tolerance.dual) this.#values[v] = Math.max(lower, -this.#far);
      else if (reduced < -tolerance.dual) this.#values[v] = Math.min(upper, this.#far);
      else this.#values[v] = lower !== -Infinity ? lower : upper !== Infinity ? upper : 0;
    }
  }

  /** Values of the basics. @returns the cost */
  #evaluate(): number {
    const n = this.#nonbasic.length;
    let cost = 0;
    for (let j = 0; j < n; j++) cost += (this.#reduced[j] ?? 0) * (this.#values[this.#nonbasic[j] ?? 0] ?? 0);
    for (let i = 0; i < this.#basic.length; i++) {
      let value = 0;
      let size = 0;
      for (let j = 0; j < n; j++) {
        const term = (this.#table[i * n + j] ?? 0) * (this.#values[this.#nonbasic[j] ?? 0] ?? 0);
        value += term;
        size = Math.max(size, Math.abs(term));
      }
      this.#values[this.#basic[i] ?? 0] = value;
      this.#sizes[i] = size;
    }
    this.work += n * this.#basic.length;
    return cost;
  }

  /** The basic that misses its bounds most, and the way that it has to go. */
  #leaving(): { row: number; direction: number } {
    let worst = 0;
    let row = -1;
    let direction = 0;
    for (let i = 0; i < this.#basic.length; i++) {
      const v = this.#basic[i] ?? 0;
      const value = this.#values[v] ?? 0;
      const below = (this.#low[v] ?? 0) - value;
      const above = value - (this.#high[v] ?? 0);
      const miss = Math.max(below, above) / Math.max(1, this.#sizes[i] ?? 0);
      if (miss <= Math.max(tolerance.primal, worst)) continue;
      worst = miss;
      row = i;
      direction = below > 0 ? 1 : -1;
    }
    return { row, direction };
  }

  /** The nonbasic that can make up for it at the least cost a unit; of equals, the one with the largest entry. */
  #entering(row: number, direction: number): number {
    const n = this.#nonbasic.length;
    let best = -1;
    let bestRatio = Infinity;
    let bestSize = 0;
    let largest = 0;
    for (let j = 0; j < n; j++) largest = Math.max(largest, Math.abs(this.#table[row * n + j] ?? 0));
    for (let j = 0; j < n; j++) {
      const entry = direction * (this.#table[row * n + j] ?? 0);
      const size = Math.abs(entry);
      if (size <= tolerance.pivot * largest) continue;
      const v = this.#nonbasic[j] ?? 0;
      const value = this.#values[v] ?? 0;
      const reduced = this.#reduced[j] ?? 0;
      // What an assumed bound holds may only come back from it.
      const isHeld = Math.abs(reduced) > tolerance.dual && Math.abs(value) >= this.#far;
      const canMove =
        entry > 0 ? value < (this.#high[v] ?? 0) && !(isHeld && value > 0) : value > (this.#low[v] ?? 0) && !(isHeld && value < 0);
      if (!canMove) continue;
      const ratio = Math.max(0, entry > 0 ? reduced : -reduced) / size;
      if (ratio > bestRatio + tolerance.dual || (ratio > bestRatio - tolerance.dual && size <= bestSize)) continue;
      best = j;
      bestRatio = ratio;
      bestSize = size;
    }
    return best;
  }

  /** The multipliers in the identity of one basic row: along it everything stands at its end, and still the sides are not met. */
  #farkas(row: number, direction: number): Float64Array {
    const { numColumns: n, numRows: m } = this.#form;
    const multipliers = new Float64Array(m);
    const set = (v: number, value: number): void => {
      if (v >= n) multipliers[v - n] = direction * value;
    };
    set(this.#basic[row] ?? 0, 1);
    for (let j = 0; j < n; j++) set(this.#nonbasic[j] ?? 0, -(this.#table[row * n + j] ?? 0));
    return multipliers;
  }

  #runsAway(): boolean {
    return this.#nonbasic.some((v, j) => {
      const reduced = this.#reduced[j] ?? 0;
      return (
        (reduced > tolerance.dual && (this.#low[v] ?? 0) < -this.#far) || (reduced < -tolerance.dual && (this.#high[v] ?? 0) > this.#far)
      );
    });
  }

  #pivot(row: number, column: number): void {
    const n = this.#nonbasic.length;
    const table = this.#table;
    const at = row * n;
    const pivot = table[at + column] ?? 1;
    for (let j = 0; j < n; j++) table[at + j] = j === column ? 1 / pivot : -(table[at + j] ?? 0) / pivot;
    for (let i = 0; i < this.#basic.length; i++) {
      const factor = table[i * n + column] ?? 0;
      if (i === row || factor === 0) continue;
      table[i * n + column] = 0;
      for (let j = 0; j < n; j++) table[i * n + j] = sum(table[i * n + j] ?? 0, factor * (table[at + j] ?? 0));
    }
    const factor = this.#reduced[column] ?? 0;
    this.#reduced[column] = 0;
    for (let j = 0; j < n; j++) this.#reduced[j] = sum(this.#reduced[j] ?? 0, factor * (table[at + j] ?? 0));
    [this.#basic[row], this.#nonbasic[column]] = [this.#nonbasic[column] ?? 0, this.#basic[row] ?? 0];
    this.work += n * this.#basic.length;
  }
}

/** A sum in which two terms that cancel leave 0 and no rounding: a free column needs multipliers that cancel exactly. */
function sum(a: number, b: number): number {
  const total = a + b;
  return Math.abs(total) <= 1e-12 * Math.abs(a) ? 0 : total;
}

function largestFinite({ lower, upper, rowLower, rowUpper }: MinForm): number {
  let largest = 1;
  for (const bounds of [lower, upper, rowLower, rowUpper]) {
    for (const bound of bounds) if (Math.abs(bound) !== Infinity) largest = Math.max(largest, Math.abs(bound));
  }
  return largest;
}
