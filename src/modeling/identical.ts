/** Whether two linear models say the same, whatever their variables and rows are called and how they are ordered. */
import { createHash } from 'node:crypto';
import type { LinearModel } from '../core/linear-model.ts';
import { type CanonicalModel, type CanonicalRow, canonicalModel } from './canonical.ts';
import { type Colours, initialColours, refineColours } from './colours.ts';

/** Refinements that one comparison may take, counted in matrix entries, so that hostile symmetry costs at most some 0.1 s. */
const entryBudget = 2_000_000;

/**
 * A hash of what a model says: equal for models that `identicalModels` calls identical.
 *
 * The reverse holds but for models that colour refinement cannot tell apart, which are symmetric and not seen in practice.
 *
 * @returns 32 hexadecimal digits.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * import { modelHash } from 'evom/modeling';
 * const a = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x <= 2\nend');
 * const b = parseLp('min\n -2 p - 3 q\nst\n -2 q - 2 p >= -8\nbounds\n q <= 2\nend');
 * assert.equal(modelHash(a), modelHash(b));
 * ```
 */
export function modelHash(model: LinearModel): string {
  const canonical = canonicalModel(model);
  const { columns, rows } = refineColours(canonical, initialColours(canonical));
  return createHash('sha256').update(`${canonical.offset};${columns.sort().join()};${rows.sort().join()}`).digest('hex').slice(0, 32);
}

/**
 * Whether two models are the same optimization problem up to names, order and the ways of writing that `canonicalModel` takes
 * away. Numbers count as equal when they agree to about 1e-9 of their size after scaling.
 *
 * Compared by name where the names are the same, else by structure: colour refinement, and a bounded search where symmetry
 * leaves several ways to match. A search that runs out of its bound says false.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * import { identicalModels } from 'evom/modeling';
 * const model = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x <= 2\nend');
 * assert.ok(identicalModels(model, parseLp('max\n 2 a + 3 b\nst\n 2 a + 2 b <= 8\nbounds\n b <= 2\nend')));
 * assert.ok(!identicalModels(model, parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\nend')));
 * ```
 */
export function identicalModels(a: LinearModel, b: LinearModel): boolean {
  const [first, second] = [canonicalModel(a), canonicalModel(b)];
  if (first.offset !== second.offset || first.columns.length !== second.columns.length || first.rows.length !== second.rows.length)
    return false;
  const target = new TargetModel(second);
  const byName = matchByName(first, second);
  if (byName !== null && target.equals(first, byName)) return true;
  const search = { target, first, second, entriesLeft: entryBudget };
  return matches(search, initialColours(first), initialColours(second), -1, -1);
}

/** For each column of `a` the column of `b` with its name; null where names differ or stand twice. */
function matchByName(a: CanonicalModel, b: CanonicalModel): Int32Array | null {
  const indexOf = new Map(b.columns.map((column, j) => [column.name, j]));
  const image = new Int32Array(a.columns.length);
  for (const [j, column] of a.columns.entries()) {
    const found = indexOf.get(column.name);
    if (found === undefined) return null;
    indexOf.delete(column.name);
    image[j] = found;
  }
  return image;
}

/** A model that others are compared with, column by column under a matching. */
class TargetModel {
  private readonly model: CanonicalModel;
  private readonly sides: ReadonlyMap<string, number>;

  constructor(model: CanonicalModel) {
    this.model = model;
    this.sides = new Map(model.rows.map((row) => [rowKey(row, null), row.upper]));
  }

  /** Whether `other` becomes this model when its column j is called `image[j]`. */
  equals(other: CanonicalModel, image: Int32Array): boolean {
    const sameColumns = other.columns.every((column, j) => {
      const twin = this.model.columns[image[j] ?? -1];
      return (
        twin !== undefined &&
        twin.cost === column.cost &&
        twin.lower === column.lower &&
        twin.upper === column.upper &&
        twin.integer === column.integer
      );
    });
    return sameColumns && other.rows.every((row) => this.sides.get(rowKey(row, image)) === row.upper);
  }
}

function rowKey({ columns, coefficients }: CanonicalRow, image: Int32Array | null): string {
  if (image === null) return columns.map((j, k) => `${j}*${coefficients[k]}`).join();
  const renamed = columns.map((j, k) => [image[j] ?? -1, coefficients[k]] as const);
  renamed.sort((a, b) => a[0] - b[0]);
  return renamed.map(([j, coefficient]) => `${j}*${coefficient}`).join();
}

interface Search {
  readonly target: TargetModel;
  readonly first: CanonicalModel;
  readonly second: CanonicalModel;
  entriesLeft: number;
}

const sameMultiset = (a: Float64Array, b: Float64Array): boolean => {
  const [x, y] = [a.slice().sort(), b.slice().sort()];
  return x.every((value, i) => value === y[i]);
};

/** Whether a matching exists that respects the colours, with one column of each model marked as a pair. */
function matches(search: Search, firstStart: Colours, secondStart: Colours, markedFirst: number, markedSecond: number): boolean {
  const { first, second, target } = search;
  const a = refineColours(first, firstStart, markedFirst);
  const b = refineColours(second, secondStart, markedSecond);
  for (const row of first.rows) search.entriesLeft -= row.columns.length;
  search.entriesLeft -= first.columns.length;
  if (search.entriesLeft < 0 || !sameMultiset(a.columns, b.columns) || !sameMultiset(a.rows, b.rows)) return false;

  const classes = new Map<number, number[]>();
  for (const [j, colour] of b.columns.entries()) {
    const members = classes.get(colour);
    if (members === undefined) classes.set(colour, [j]);
    else members.push(j);
  }
  // Alike columns are often interchangeable: any matching of the classes may do, and one check tells.
  const taken = new Map<number, number>();
  const image = Int32Array.from(a.columns, (colour) => {
    const at = taken.get(colour) ?? 0;
    taken.set(colour, at + 1);
    return classes.get(colour)?.[at] ?? -1;
  });
  if (target.equals(first, image)) return true;

  let tied: number[] | null = null;
  let column = -1;
  for (const [j, colour] of a.columns.entries()) {
    const members = classes.get(colour) ?? [];
    if (members.length > 1 && (tied === null || members.length < tied.length)) {
      tied = members;
      column = j;
    }
  }
  return tied?.some((candidate) => matches(search, a, b, column, candidate)) ?? false;
}
