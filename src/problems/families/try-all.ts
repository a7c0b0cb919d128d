/** Every choice among a few things, weighed in one pass: whether a model of yes and no leans on all its rows. */
import type { Row } from '../generator/model-draft.ts';

/** All lists of 0 and 1 of length n; n is at most 6 here. */
export const choices = (n: number): number[][] =>
  Array.from({ length: 2 ** n }, (_, bits) => Array.from({ length: n }, (_x, j) => (bits >> j) & 1));

export const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, j) => sum + v * (b[j] ?? 0), 0);

/** A row's left side under every choice; its right side comes with the question. */
export interface WeighedRow {
  readonly op: Row['op'];
  readonly values: readonly number[];
}

export function weigh(
  all: readonly (readonly number[])[],
  items: readonly string[],
  rows: readonly Pick<Row, 'terms' | 'op'>[],
): WeighedRow[] {
  return rows.map(({ terms, op }) => {
    const byName = new Map(terms);
    const coefficients = items.map((item) => byName.get(item) ?? 0);
    return { op, values: all.map((chosen) => dot(coefficients, chosen)) };
  });
}

/**
 * The best gain among the choices that keep all rows, where it is (-1 for none), and whether every row is felt: leaving it out allows a better one.
 *
 * @param gains [choices]
 * @param rows each with `values` [choices].
 * @param sides [rows] right sides.
 */
export function bestChoice(
  gains: readonly number[],
  rows: readonly WeighedRow[],
  sides: readonly number[],
): { readonly best: number; readonly at: number; readonly allFelt: boolean } {
  let best = Number.NEGATIVE_INFINITY;
  let at = -1;
  const without = rows.map(() => Number.NEGATIVE_INFINITY);
  for (let c = 0; c < gains.length; c++) {
    const gain = gains[c] ?? 0;
    let broken = -1;
    let numBroken = 0;
    for (let i = 0; i < rows.length && numBroken < 2; i++) {
      const row = rows[i] as WeighedRow;
      const value = row.values[c] ?? 0;
      const side = sides[i] ?? 0;
      if (row.op === '<=' ? value > side : row.op === '>=' ? value < side : value !== side) {
        broken = i;
        numBroken++;
      }
    }
    if (numBroken === 0 && gain > best) {
      best = gain;
      at = c;
    }
    // A choice that breaks a single row shows what that row holds back.
    if (numBroken === 1) without[broken] = Math.max(without[broken] ?? Number.NEGATIVE_INFINITY, gain);
  }
  return { best, at, allFelt: without.every((gain) => gain > best) };
}
