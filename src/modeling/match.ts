/** Which variables and rows of two models correspond, when the models are alike rather than equal. */
import { largest } from '../lib/extremes.ts';
import type { CanonicalModel, CanonicalRow } from './canonical.ts';
import { type Colours, markedColours, refineColours } from './colours.ts';

/** Refinements that one matching may take, counted in matrix entries: at most some 0.1 s. */
const entryBudget = 2_000_000;
/** Pairs of unlike rows that are looked at: two models of 500 such rows each. */
const mostRowPairs = 250_000;
/** Share of a pair's features that must agree for it to count as one variable with a mistake in it, rather than two. */
const leastLikeness = 0.4;
/** The same for two rows: terms in common, over terms in either. */
const leastCommonTerms = 0.5;

export interface ModelMatch {
  /** [columns of a] its column in b, or -1. */
  readonly columns: Int32Array;
  /** [rows of a] its row in b, or -1. Rows match that say the same of the same variables, then rows that are alike. */
  readonly rows: Int32Array;
  /** How much of the two agrees, in 0..1; 1 where they are equal. */
  readonly agreement: number;
}

/**
 * Matches two canonical models: by name and by structure, whichever makes them agree more.
 *
 * By structure, variables pair off that are alone in what surrounds them (colour refinement, from far to near), each pair telling its
 * neighbours apart in turn; ties go to equal names, then to the first.
 */
export function matchModels(a: CanonicalModel, b: CanonicalModel): ModelMatch {
  const byName = withRows(a, b, columnsByName(a, b));
  if (byName.agreement === 1) return byName;
  const byStructure = withRows(a, b, columnsByStructure(a, b));
  return byStructure.agreement > byName.agreement ? byStructure : byName;
}

const normalised = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

function columnsByName(a: CanonicalModel, b: CanonicalModel): Int32Array {
  const image = new Int32Array(a.columns.length).fill(-1);
  for (const read of [(name: string) => name, normalised]) {
    const [inA, inB] = [placesOf(a, read), placesOf(b, read)];
    const taken = new Set(image);
    for (const [name, [first, ...more]] of inA) {
      const [twin, ...others] = inB.get(name) ?? [];
      if (first === undefined || twin === undefined || more.length > 0 || others.length > 0) continue;
      if (image[first] === -1 && !taken.has(twin)) image[first] = twin;
    }
  }
  return image;
}

function placesOf(model: CanonicalModel, read: (name: string) => string): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [j, { name }] of model.columns.entries()) {
    const key = read(name);
    const known = places.get(key);
    if (known === undefined) places.set(key, [j]);
    else known.push(j);
  }
  return places;
}

/** Depths of refinement, far to near: what is alone in its wide surroundings is the surest pair. */
const depths = [8, 2, 1, 0] as const;

function columnsByStructure(a: CanonicalModel, b: CanonicalModel): Int32Array {
  const image = new Int32Array(a.columns.length).fill(-1);
  const marksA = new Int32Array(a.columns.length);
  const marksB = new Int32Array(b.columns.length);
  let numPairs = 0;
  const pair = (j: number, twin: number): void => {
    numPairs += 1;
    image[j] = twin;
    marksA[j] = numPairs;
    marksB[twin] = numPairs;
  };
  const size = (model: CanonicalModel): number => model.rows.reduce((sum, row) => sum + row.columns.length, model.columns.length);
  const cost = size(a) + size(b);
  let entriesLeft = entryBudget;
  while (numPairs < Math.min(a.columns.length, b.columns.length)) {
    let progress = false;
    let tie: { readonly members: readonly number[]; readonly twins: readonly number[] } | null = null;
    for (const depth of depths) {
      entriesLeft -= cost * (depth + 1);
      if (entriesLeft < 0) return image;
      const classes = sharedClasses(refined(a, marksA, depth), refined(b, marksB, depth), marksA, marksB);
      for (const { members, twins } of classes) {
        const [j, twin] = [members[0], twins[0]];
        if (members.length === 1 && twins.length === 1 && j !== undefined && twin !== undefined) {
          pair(j, twin);
          progress = true;
        } else if (tie === null || members.length + twins.length < tie.members.length + tie.twins.length) tie = { members, twins };
      }
      if (progress) break;
    }
    if (progress) continue;
    if (tie === null) entriesLeft -= a.columns.length * b.columns.length;
    if (entriesLeft < 0) return image;
    const chosen = tie === null ? likestPair(a, b, marksA, marksB) : sameNamed(a, b, tie);
    if (chosen === null) break;
    pair(chosen[0], chosen[1]);
  }
  return image;
}

const refined = (model: CanonicalModel, marks: Int32Array, depth: number): Colours =>
  refineColours(model, markedColours(model, marks), -1, depth);

/** Classes of unmatched columns that both models have, in order of their first column. */
function sharedClasses(
  a: Colours,
  b: Colours,
  marksA: Int32Array,
  marksB: Int32Array,
): { readonly members: number[]; readonly twins: number[] }[] {
  const classes = new Map<number, { readonly members: number[]; readonly twins: number[] }>();
  for (const [j, colour] of a.columns.entries()) {
    if (marksA[j] !== 0) continue;
    const known = classes.get(colour);
    if (known === undefined) classes.set(colour, { members: [j], twins: [] });
    else known.members.push(j);
  }
  for (const [j, colour] of b.columns.entries()) if (marksB[j] === 0) classes.get(colour)?.twins.push(j);
  return [...classes.values()].filter(({ twins }) => twins.length > 0);
}

/** Of a tie the first two of one name, else the first two. */
function sameNamed(
  a: CanonicalModel,
  b: CanonicalModel,
  { members, twins }: { readonly members: readonly number[]; readonly twins: readonly number[] },
): readonly [number, number] | null {
  const nameOf = (model: CanonicalModel, j: number): string => normalised(model.columns[j]?.name ?? '');
  const firstTwin = new Map(twins.toReversed().map((twin) => [nameOf(b, twin), twin]));
  for (const j of members) {
    const twin = firstTwin.get(nameOf(a, j));
    if (twin !== undefined) return [j, twin];
  }
  const [j, twin] = [members[0], twins[0]];
  return j === undefined || twin === undefined ? null : [j, twin];
}

/** The two unmatched columns that are most alike, or null when no two are. */
function likestPair(a: CanonicalModel, b: CanonicalModel, marksA: Int32Array, marksB: Int32Array): readonly [number, number] | null {
  const [entriesA, entriesB] = [entriesOf(a), entriesOf(b)];
  const [namesA, namesB] = [a, b].map(({ columns }) => columns.map(({ name }) => normalised(name))) as [string[], string[]];
  let best: readonly [number, number] | null = null;
  let most = leastLikeness;
  for (let j = 0; j < a.columns.length; j++) {
    if (marksA[j] !== 0) continue;
    for (let k = 0; k < b.columns.length; k++) {
      if (marksB[k] !== 0) continue;
      const [x, y] = [a.columns[j], b.columns[k]];
      if (x === undefined || y === undefined) continue;
      const common = commonShare(entriesA[j] ?? [], entriesB[k] ?? []);
      const votes = [x.cost === y.cost, x.cost === y.cost, x.integer === y.integer, x.lower === y.lower, x.upper === y.upper];
      const named = namesA[j] === namesB[k] ? 3 : 0;
      const likeness = (votes.filter(Boolean).length + named + 3 * common) / 11;
      if (likeness > most) [best, most] = [[j, k], likeness];
    }
  }
  return best;
}

/** [columns] the coefficients that stand in it, in order. */
function entriesOf(model: CanonicalModel): number[][] {
  const entries = model.columns.map((): number[] => []);
  for (const row of model.rows) for (const [k, j] of row.columns.entries()) entries[j]?.push(row.coefficients[k] ?? 0);
  for (const list of entries) list.sort((x, y) => x - y);
  return entries;
}

/** Members that two sorted lists share, over those of either; 1 for two empty lists. */
function commonShare(x: readonly number[], y: readonly number[]): number {
  let [i, k, common] = [0, 0, 0];
  while (i < x.length && k < y.length) {
    const difference = (x[i] ?? 0) - (y[k] ?? 0);
    if (difference === 0) common += 1;
    if (difference <= 0) i += 1;
    if (difference >= 0) k += 1;
  }
  const either = x.length + y.length - common;
  return either === 0 ? 1 : common / either;
}

/** A row in the words of the other model, its columns in order; columns without a twin are negative. */
export function imageOfRow({ columns, coefficients }: CanonicalRow, image: Int32Array): { readonly j: number; readonly value: number }[] {
  const terms = columns.map((j, k) => ({ j: image[j] ?? -1, value: coefficients[k] ?? 0 }));
  for (const [k, term] of terms.entries()) if (term.j < 0) term.j = -1 - (columns[k] ?? 0);
  return terms.sort((x, y) => x.j - y.j);
}

const keyOf = (terms: readonly { readonly j: number; readonly value: number }[]): string =>
  terms.map(({ j, value }) => `${j}*${value}`).join();

function withRows(a: CanonicalModel, b: CanonicalModel, columns: Int32Array): ModelMatch {
  const rows = new Int32Array(a.rows.length).fill(-1);
  const identity = Int32Array.from(b.columns.keys());
  const termsB = b.rows.map((row) => imageOfRow(row, identity));
  const termsA = a.rows.map((row) => imageOfRow(row, columns));
  const placeB = new Map(termsB.map((terms, i) => [keyOf(terms), i]));
  const taken = new Uint8Array(b.rows.length);
  let agreeing = 0;
  for (const [i, terms] of termsA.entries()) {
    const twin = placeB.get(keyOf(terms));
    if (twin === undefined) continue;
    rows[i] = twin;
    taken[twin] = 1;
    agreeing += a.rows[i]?.upper === b.rows[twin]?.upper ? 1 : 0.5;
  }
  matchAlikeRows(termsA, termsB, rows, taken);
  for (const [j, column] of a.columns.entries()) {
    const twin = b.columns[columns[j] ?? -1];
    if (twin === undefined) continue;
    const votes = [column.cost === twin.cost, column.lower === twin.lower, column.upper === twin.upper, column.integer === twin.integer];
    agreeing += votes.filter(Boolean).length / 4;
  }
  const most = Math.max(a.columns.length, b.columns.length) + Math.max(a.rows.length, b.rows.length);
  return { columns, rows, agreement: most === 0 ? 1 : agreeing / most };
}

type Terms = readonly { readonly j: number; readonly value: number }[];

/** Pairs the rows that are left, those with most terms in common first. */
function matchAlikeRows(termsA: readonly Terms[], termsB: readonly Terms[], rows: Int32Array, taken: Uint8Array): void {
  const leftA = [...termsA.keys()].filter((i) => rows[i] === -1);
  const leftB = [...termsB.keys()].filter((i) => taken[i] === 0);
  if (leftA.length * leftB.length > mostRowPairs) return;
  const pairs = leftA.flatMap((i) =>
    leftB.flatMap((twin) => {
      const likeness = rowLikeness(termsA[i] ?? [], termsB[twin] ?? []);
      return likeness >= leastCommonTerms ? [{ i, twin, likeness }] : [];
    }),
  );
  pairs.sort((x, y) => y.likeness - x.likeness || x.i - y.i || x.twin - y.twin);
  for (const { i, twin } of pairs) {
    if (rows[i] !== -1 || taken[twin] !== 0) continue;
    rows[i] = twin;
    taken[twin] = 1;
  }
}

/** Terms in common over terms in either; among equals, rows whose coefficients stand in one ratio come first. */
function rowLikeness(x: Terms, y: Terms): number {
  const inY = new Map(y.map(({ j, value }) => [j, value]));
  const ratios = new Map<number, number>();
  let common = 0;
  for (const { j, value } of x) {
    const other = inY.get(j);
    if (other === undefined) continue;
    common += 1;
    const ratio = Number((other / value).toPrecision(7));
    ratios.set(ratio, (ratios.get(ratio) ?? 0) + 1);
  }
  const either = x.length + y.length - common;
  return common === 0 ? 0 : common / either + (0.1 * largest(ratios.values())) / common;
}
