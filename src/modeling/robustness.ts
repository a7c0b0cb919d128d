/** Whether two models keep one optimum when both are changed alike: an equal optimum of unlike models may be luck. */
import type { ModelComparison } from '../core/evidence.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { SolveStatus } from '../core/outcome.ts';
import { type RandomStream, randomStream } from '../lib/random.ts';
import { type CanonicalModel, type CanonicalRow, canonicalModel } from './canonical.ts';
import { identicalModels } from './identical.ts';
import { type ModelMatch, matchModels } from './match.ts';

/** What a solver says about a model; handed in, so that this folder needs no solver. */
export type SolveModel = (model: LinearModel) => { readonly status: SolveStatus; readonly objective: number | null };

export interface PerturbationOptions {
  /** Random changes tried, and as many places at most that the optimum is pushed to; default 8. */
  readonly trials?: number;
  /** Key of the random draws; default `evom`. */
  readonly seed?: string | number;
}

export interface PerturbedComparison {
  readonly comparison: ModelComparison;
  /** Changes under which at least one model had an optimum and both had a verdict. */
  readonly compared: number;
  /** The first change that told them apart, e.g. `objective: 12.5 against 14`; null where none did. */
  readonly difference: string | null;
}

/** Verdicts fewer than this prove nothing. */
const leastCompared = 3;
/** After so many changes without a verdict the models are too hard to compare. */
const mostUndecided = 3;
/** Unmatched rows that are tested for being implied; a model with more differs anyway. */
const mostImpliedTests = 12;
/** How much more a variable is worth when the optimum is pushed towards it. */
const pushFactor = 8;

/**
 * Re-solves both models under the same seeded changes of objective and right-hand sides and compares the optima.
 *
 * Costs of matched variables are multiplied by factors of 1/3 to 3; sides of matched rows and bounds by 1/2 to 2, and sides of 0
 * moved by as much as a coefficient is worth; 0/1 bounds and rows that only count ones stay as they are, and equalities of integers
 * stay solvable. Signs never change, so that models which differ where no sensible objective goes (`=` for `>=` under a cost) stay equal. Rows, bounds and types
 * that only one model has are left out of it first where the other implies them.
 *
 * After ReLoop and NEMO, which change data and look whether the optimum moves; here the reference says where to.
 *
 * @param solve has to be exact (gap 0) and deterministic; a status of `time_limit` or `error` takes a change out of the count.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createBackend, parseLp } from 'evom';
 * import { comparePerturbed } from 'evom/modeling';
 * const backend = await createBackend('highs');
 * const solve = (model) => backend.solve(model, { timeLimitMs: 1000 });
 * const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nend');
 * const lucky = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\n y <= 1\nend'); // optimum (4, 0) either way
 * assert.equal(comparePerturbed(lucky, reference, solve).comparison, 'different');
 * const implied = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\n x <= 4\nend');
 * assert.equal(comparePerturbed(implied, reference, solve).comparison, 'equivalent');
 * backend.close();
 * ```
 */
export function comparePerturbed(
  program: LinearModel,
  reference: LinearModel,
  solve: SolveModel,
  { trials = 8, seed = 'evom' }: PerturbationOptions = {},
): PerturbedComparison {
  if (identicalModels(program, reference)) return { comparison: 'identical', compared: 0, difference: null };
  const whole = matchPair(canonicalModel(program), canonicalModel(reference));
  const pair = withoutImplied(whole, solve);
  if (isSame(pair)) return { comparison: 'equivalent', compared: 0, difference: null };
  if (pair.numColumns === 0) return { comparison: 'unmatched', compared: 0, difference: null };
  let [compared, undecided] = [0, 0];
  for (const { kind, towards, draws } of changes(pair, trials, seed)) {
    if (kind !== 'sides' && !pair.costsMatch) continue; // a cost that only one model has cannot be changed in both
    const [a, b] = perturbed(pair, draws, kind, towards);
    const [x, y] = [solve(solvable(a)), solve(solvable(b))];
    if (!isVerdict(x.status) || !isVerdict(y.status)) {
      undecided += 1;
      if (undecided >= mostUndecided) break;
      continue;
    }
    if (x.status !== 'optimal' && y.status !== 'optimal') continue;
    // Sides may be changed beyond what the reference allows for, such as its big-M: that proves nothing.
    if (kind !== 'objective' && y.status === 'infeasible') continue;
    compared += 1;
    if (!sameOptimum(x, y)) return { comparison: 'different', compared, difference: `${kind}: ${told(x)} against ${told(y)}` };
  }
  return { comparison: compared < leastCompared ? 'unmatched' : 'equivalent', compared, difference: null };
}

const kinds = ['both', 'objective', 'sides'] as const;
type Kind = (typeof kinds)[number];

/** One change of both models. */
interface Change {
  readonly kind: Kind;
  readonly draws: RandomStream;
  /** Columns of `b` to make worth more (1) or less (-1), so that the optimum goes where the models differ; null for none. */
  readonly towards: ReadonlyMap<number, number> | null;
}

/** Random changes, then some that push the optimum to each place where the models differ. */
function* changes(pair: Pair, trials: number, seed: string | number): Generator<Change> {
  const targets = trials === 0 ? [] : places(pair);
  for (let trial = 0; trial < trials; trial++)
    yield { kind: kinds[trial % kinds.length] ?? 'both', draws: randomStream(seed, 'perturb', trial), towards: null };
  for (const [i, towards] of targets.slice(0, trials).entries()) {
    yield { kind: 'objective', draws: randomStream(seed, 'push', i), towards };
    yield { kind: 'both', draws: randomStream(seed, 'push', i), towards };
  }
}
type Verdict = ReturnType<SolveModel>;

const isVerdict = (status: SolveStatus): boolean => status === 'optimal' || status === 'infeasible' || status === 'unbounded';
const told = ({ status, objective }: Verdict): string => (status === 'optimal' ? String(objective) : status);

function sameOptimum(x: Verdict, y: Verdict): boolean {
  if (x.status !== y.status) return false;
  const [u, v] = [x.objective ?? 0, y.objective ?? 0];
  return Math.abs(u - v) <= 1e-6 * Math.max(1, Math.abs(u), Math.abs(v));
}

/** Two models and what of them corresponds. */
interface Pair {
  readonly a: CanonicalModel;
  readonly b: CanonicalModel;
  readonly match: ModelMatch;
  readonly numColumns: number;
  /** Every variable with a cost has a twin. */
  readonly costsMatch: boolean;
}

function matchPair(a: CanonicalModel, b: CanonicalModel, known: ModelMatch | null = null): Pair {
  const match = known ?? matchModels(a, b);
  const twins = new Set(match.columns);
  const costsMatch =
    a.columns.every(({ cost }, j) => cost === 0 || (match.columns[j] ?? -1) >= 0) &&
    b.columns.every(({ cost }, j) => cost === 0 || twins.has(j));
  return { a, b, match, numColumns: match.columns.filter((twin) => twin >= 0).length, costsMatch };
}

/** The canonical model as a solver takes it. */
function solvable({ offset, columns, rows }: CanonicalModel): LinearModel {
  return {
    sense: 'min',
    offset,
    variables: columns,
    constraints: rows.map(({ columns: of, coefficients, upper }, i) => ({
      name: `r${i}`,
      lower: -Infinity,
      upper,
      columns: of,
      coefficients,
    })),
  };
}

/** Where the two models differ, as directions that lead there: a variable of another cost, bound or type, and each unlike row. */
function places({ a, b, match }: Pair): Map<number, number>[] {
  const found: Map<number, number>[] = [];
  for (const [j, column] of a.columns.entries()) {
    const at = match.columns[j] ?? -1;
    const twin = b.columns[at];
    if (twin === undefined) continue;
    if (column.cost !== twin.cost || column.upper !== twin.upper || column.integer !== twin.integer) found.push(new Map([[at, 1]]));
    if (column.lower !== twin.lower) found.push(new Map([[at, -1]]));
  }
  const against = (row: CanonicalRow, image: (j: number) => number): void => {
    found.push(new Map(row.columns.map((j, k) => [image(j), row.coefficients[k] ?? 0])));
  };
  const alike = new Set<number>();
  for (const [i, row] of a.rows.entries()) {
    const at = match.rows[i] ?? -1;
    const twin = b.rows[at];
    if (twin !== undefined && sameRow(row, twin, match.columns)) alike.add(at);
    else against(row, (j) => match.columns[j] ?? -1);
  }
  for (const [i, row] of b.rows.entries()) if (!alike.has(i)) against(row, (j) => j);
  return found;
}

function sameRow(row: CanonicalRow, twin: CanonicalRow, image: Int32Array): boolean {
  const inTwin = new Map(twin.columns.map((j, k) => [j, twin.coefficients[k]]));
  return (
    row.upper === twin.upper &&
    row.columns.length === inTwin.size &&
    row.columns.every((j, k) => inTwin.get(image[j] ?? -1) === row.coefficients[k])
  );
}

/** Whether the two are equal, column by column and row by row, under their matching. */
function isSame({ a, b, match }: Pair): boolean {
  if (a.columns.length !== b.columns.length || a.rows.length !== b.rows.length || a.offset !== b.offset) return false;
  return match.agreement === 1;
}

/** The pair without the rows and tighter bounds of one side that the other side implies. */
function withoutImplied(pair: Pair, solve: SolveModel): Pair {
  const { a, b, match } = pair;
  const back = new Int32Array(b.columns.length).fill(-1);
  for (const [j, twin] of match.columns.entries()) if (twin >= 0) back[twin] = j;
  const rowsBack = new Int32Array(b.rows.length).fill(-1);
  for (const [i, twin] of match.rows.entries()) if (twin >= 0) rowsBack[twin] = i;
  const trimmedA = trimmed(a, b, match.columns, match.rows, solve);
  const trimmedB = trimmed(b, a, back, rowsBack, solve);
  return trimmedA === a && trimmedB === b ? pair : matchPair(trimmedA, trimmedB);
}

/** `model` without what `other` implies; `model` itself when nothing is. */
function trimmed(model: CanonicalModel, other: CanonicalModel, image: Int32Array, rowImage: Int32Array, solve: SolveModel): CanonicalModel {
  const unmatched = [...model.rows.keys()].filter((i) => (rowImage[i] ?? -1) < 0);
  let testsLeft = mostImpliedTests;
  const implies = (columns: readonly number[], coefficients: readonly number[], upper: number): boolean => {
    testsLeft -= 1;
    const terms = columns.map((j) => image[j] ?? -1);
    if (testsLeft < 0 || terms.some((j) => j < 0)) return false;
    const costs = new Map(terms.map((j, k) => [j, -(coefficients[k] ?? 0)]));
    const furthest = solve(solvable({ ...other, offset: 0, columns: other.columns.map((c, j) => ({ ...c, cost: costs.get(j) ?? 0 })) }));
    if (!isVerdict(furthest.status)) testsLeft = 0;
    return furthest.status === 'optimal' && -(furthest.objective ?? 0) <= upper + 1e-6 * Math.max(1, Math.abs(upper));
  };
  const dropped = new Set(unmatched.filter((i) => rowIsImplied(model.rows[i], implies)));
  let bounds = 0;
  const columns = model.columns.map((column, j) => {
    const twin = other.columns[image[j] ?? -1];
    if (twin === undefined || column.integer !== twin.integer) return column;
    let { lower, upper } = column;
    if (upper < twin.upper && implies([j], [1], upper)) upper = twin.upper;
    if (lower > twin.lower && implies([j], [-1], -lower)) lower = twin.lower;
    if (upper === column.upper && lower === column.lower) return column;
    bounds += 1;
    return { ...column, lower, upper };
  });
  if (dropped.size === 0 && bounds === 0) return model;
  return { ...model, columns, rows: model.rows.filter((_, i) => !dropped.has(i)) };
}

const rowIsImplied = (
  row: CanonicalRow | undefined,
  implies: (columns: readonly number[], coefficients: readonly number[], upper: number) => boolean,
): boolean => row !== undefined && implies(row.columns, row.coefficients, row.upper);

/** A row that counts ones, such as `each place once`: its side is no number of the data. */
const isCounting = (row: CanonicalRow): boolean => row.coefficients.every((a) => Math.abs(a) === 1) && Math.abs(row.upper) <= 1;

/**
 * The steps in which the sum of a row of integer variables moves, as their number in one unit of the canonical row; null where it
 * moves freely. An equality off these steps has no solution, whatever the models say.
 */
function gridOf({ columns }: CanonicalModel, { columns: of, coefficients }: CanonicalRow): number | null {
  if (!of.every((j) => columns[j]?.integer === true)) return null;
  for (let steps = 1; steps <= 1000; steps++)
    if (coefficients.every((a) => Math.abs(a * steps - Math.round(a * steps)) <= 1e-6)) return steps;
  return null;
}

/** Both models, changed alike. What is drawn for a row or variable of `b` holds for its twin in `a`. */
function perturbed({ a, b, match }: Pair, draws: RandomStream, kind: Kind, towards: Change['towards']): [CanonicalModel, CanonicalModel] {
  // In a minimisation a column is worth more for a smaller positive or a larger negative cost.
  const push = (j: number): number => pushFactor ** ((towards?.get(j) ?? 0) * ((b.columns[j]?.cost ?? 0) > 0 ? -1 : 1));
  const spread = towards === null ? Math.log(3) : Math.log(1.5);
  const costs = b.columns.map((_, j) => Math.exp((2 * draws.next() - 1) * spread) * push(j));
  // Small changes keep most models feasible; large ones show what small ones do not.
  const reach = draws.next() < 0.5 ? 1.3 : 2;
  const sideFactor = (): number => reach ** (2 * draws.next() - 1);
  const bounds = b.columns.map(sideFactor);
  const sides = b.rows.map(sideFactor);
  // The two sides of an equality move together.
  const reverse = reversePairs(b);
  for (const [i, other] of reverse.entries()) if (other > i) sides[other] = sides[i] ?? 1;
  const reverseA = reversePairs(a);
  const grids = new Map<number, number>();
  const equalInA = new Set([...match.rows].filter((_, k) => (reverseA[k] ?? -1) >= 0));
  for (const [i, row] of b.rows.entries()) {
    const grid = (reverse[i] ?? -1) >= 0 || equalInA.has(i) ? gridOf(b, row) : null;
    if (grid !== null) grids.set(i, grid);
  }
  const columnTwins = new Set(match.columns);
  const rowTwins = new Set(match.rows);
  const changesCosts = kind !== 'sides';
  const changesSides = kind !== 'objective';
  const columnOf = (column: CanonicalModel['columns'][number], twin: number): CanonicalModel['columns'][number] => {
    const cost = changesCosts ? column.cost * (costs[twin] ?? 1) : column.cost;
    if (!changesSides) return { ...column, cost };
    const scaled = (bound: number): number => {
      if (!column.integer) return bound * (bounds[twin] ?? 1);
      return Math.abs(bound) <= 1 || !Number.isFinite(bound) ? bound : Math.round(bound * (bounds[twin] ?? 1));
    };
    return { ...column, cost, lower: scaled(column.lower), upper: scaled(column.upper) };
  };
  const rowOf = (row: CanonicalRow, i: number, at: number, others: ReadonlyMap<number, number>): CanonicalRow => {
    if (!changesSides || isCounting(row)) return row;
    // An inequality whose reverse only this model has is an equality of its own: both sides move as the matched one does.
    const twin = at >= 0 ? at : (others.get(i) ?? -1);
    const factor = sides[twin];
    if (factor === undefined) return row;
    const sign = at >= 0 ? 1 : -1;
    const upper = row.upper === 0 ? sign * (factor - 1) * signOf(b, twin) : row.upper * factor;
    const grid = grids.get(twin);
    return { ...row, upper: grid === undefined ? upper : (Math.sign(upper) * Math.round(grid * Math.abs(upper))) / grid };
  };
  const orphans = new Map<number, number>();
  for (const [i, other] of reverseA.entries()) {
    const twin = match.rows[other] ?? -1;
    if (other >= 0 && (match.rows[i] ?? -1) < 0 && twin >= 0) orphans.set(i, twin);
  }
  const reverseOrphans = new Map<number, number>();
  for (const [i, other] of reverse.entries()) if (other >= 0 && !rowTwins.has(i) && rowTwins.has(other)) reverseOrphans.set(i, other);
  return [
    {
      ...a,
      columns: a.columns.map((column, j) => ((match.columns[j] ?? -1) >= 0 ? columnOf(column, match.columns[j] ?? -1) : column)),
      rows: a.rows.map((row, i) => rowOf(row, i, match.rows[i] ?? -1, orphans)),
    },
    {
      ...b,
      columns: b.columns.map((column, j) => (columnTwins.has(j) ? columnOf(column, j) : column)),
      rows: b.rows.map((row, i) => rowOf(row, i, rowTwins.has(i) ? i : -1, reverseOrphans)),
    },
  ];
}

/** Sides of 0 of an equality move one up and the other down: the first of the two rows says which way. */
const signOf = (b: CanonicalModel, row: number): number => {
  const first = b.rows[row]?.coefficients[0] ?? 1;
  return first < 0 ? -1 : 1;
};

/** [rows] for each row the row that says the reverse, as the second side of an equality does; -1 for none. */
function reversePairs({ rows }: CanonicalModel): Int32Array {
  const key = (row: CanonicalRow, sign: number): string => row.columns.map((j, k) => `${j}*${sign * (row.coefficients[k] ?? 0)}`).join();
  const places = new Map(rows.map((row, i) => [key(row, 1), i]));
  return Int32Array.from(rows, (row) => places.get(key(row, -1)) ?? -1);
}
