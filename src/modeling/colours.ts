/** Colour refinement (1-dimensional Weisfeiler-Leman) on a model: alike variables and rows keep one colour, unlike ones part. */
import type { CanonicalModel } from './canonical.ts';

/** Colours are hashes of 51 bits, the same for alike parts of two models. */
export interface Colours {
  readonly columns: Float64Array;
  readonly rows: Float64Array;
  /** How many different colours there are in all. */
  readonly numClasses: number;
}

const bits = new Float64Array(1);
const words = new Int32Array(bits.buffer);

/** Two lanes of a hash, of 32 and 19 bits, as one number. */
function hash(a: number, b: number): number {
  bits[0] = a;
  const a0 = words[0] ?? 0;
  const a1 = words[1] ?? 0;
  bits[0] = b;
  const b0 = words[0] ?? 0;
  const b1 = words[1] ?? 0;
  let x = Math.imul(a0 ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(a1 ^ 0x7f4a7c15, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 15) ^ b0, 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12) ^ b1, 0x297a2d39);
  x ^= x >>> 15;
  let y = Math.imul(b0 ^ 0x165667b1, 0xd3a2646c) ^ Math.imul(b1 ^ 0x27d4eb2f, 0xfd7046c5);
  y = Math.imul(y ^ (y >>> 16) ^ a1, 0x7feb352d);
  y = Math.imul(y ^ (y >>> 13) ^ a0 ^ x, 0x846ca68b);
  y ^= y >>> 16;
  return (x >>> 0) + (y & 0x7ffff) * 4294967296;
}

/** Sum of colours, which does not depend on their order: modulo a prime of 52 bits it stays exact in a double. */
const add = (a: number, b: number): number => (a + b) % 4503599627370449;

function countClasses(columns: Float64Array, rows: Float64Array): number {
  const seen = new Set<number>(columns);
  const numColumnClasses = seen.size;
  return numColumnClasses + new Set<number>(rows).size;
}

/** The colours that the parts of a model have by themselves. */
export function initialColours(model: CanonicalModel): Colours {
  const columns = Float64Array.from(model.columns, (c) => hash(hash(c.cost, c.lower), hash(c.upper, c.integer ? 1 : 2)));
  const rows = Float64Array.from(model.rows, (r) => hash(r.upper, r.columns.length + 0.5));
  return { columns, rows, numClasses: countClasses(columns, rows) };
}

/**
 * Parts colours by the colours around them until no class parts any more.
 *
 * @param marked a column to give a colour of its own first, to break a tie; -1 for none.
 * @param rounds steps at most: after k of them a colour tells what lies within k steps, from a variable to its rows or from a row to its variables.
 */
export function refineColours(model: CanonicalModel, start: Colours, marked = -1, rounds = Number.POSITIVE_INFINITY): Colours {
  let columns = start.columns.slice();
  let rows = start.rows;
  let numClasses = start.numClasses;
  if (marked >= 0) {
    columns[marked] = hash(columns[marked] ?? 0, 0.25);
    numClasses = countClasses(columns, rows);
  }
  for (let round = 0; round < rounds; round++) {
    const columnSums = new Float64Array(columns.length);
    const nextRows = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const row = model.rows[i];
      if (row === undefined) continue;
      let sum = 0;
      for (let k = 0; k < row.columns.length; k++) {
        const j = row.columns[k] ?? 0;
        const coefficient = row.coefficients[k] ?? 0;
        sum = add(sum, hash(coefficient, columns[j] ?? 0));
        columnSums[j] = add(columnSums[j] ?? 0, hash(rows[i] ?? 0, coefficient));
      }
      nextRows[i] = hash(rows[i] ?? 0, sum);
    }
    const nextColumns = columns.map((colour, j) => hash(colour, columnSums[j] ?? 0));
    const nextClasses = countClasses(nextColumns, nextRows);
    columns = nextColumns;
    rows = nextRows;
    if (nextClasses === numClasses) break;
    numClasses = nextClasses;
  }
  return { columns, rows, numClasses };
}

/**
 * The colours to start from when some columns are already matched with another model's: a matched column is known by its mark
 * alone, whatever its cost and bounds.
 *
 * @param marks [columns] 0 for a column by itself, else the number of its pair.
 */
export function markedColours(model: CanonicalModel, marks: Int32Array): Colours {
  const { columns, rows } = initialColours(model);
  for (let j = 0; j < columns.length; j++) if (marks[j] !== 0) columns[j] = hash(0.75, marks[j] ?? 0);
  return { columns, rows, numClasses: countClasses(columns, rows) };
}
