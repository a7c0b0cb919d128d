/** How a program's model differs from the reference, after variables and rows are matched. */
import type { Constraint, LinearModel } from '../core/linear-model.ts';
import { type CanonicalModel, type CanonicalRow, canonicalModel } from './canonical.ts';
import { imageOfRow, type ModelMatch, matchModels } from './match.ts';

export const differenceKinds = [
  'missing_variable',
  'extra_variable',
  'variable_type',
  'bound',
  'objective_sense',
  'objective_coefficient',
  'objective_constant',
  'missing_constraint',
  'extra_constraint',
  'coefficient',
  'right_hand_side',
  'direction',
] as const;

export type DifferenceKind = (typeof differenceKinds)[number];

/** One difference, in the program's and the reference's own names. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** Where: a variable, or a row as text. */
  readonly where: string;
  /** What the reference has; null where it has nothing. */
  readonly expected: string | null;
  /** What the program has; null where it has nothing. */
  readonly found: string | null;
}

/**
 * The differences of a program's model from the reference, with names, order, scales and ways of writing taken away; none for
 * models that are identical.
 *
 * Read it as a reader's guess: several mistakes at once can be told in several ways, and a model with other variables is mostly
 * missing and extra ones. A row of one variable is a bound. No solver is asked.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseLp } from 'evom';
 * import { diagnoseModel } from 'evom/modeling';
 * const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 6\nend');
 * const program = parseLp('max\n 3 a + 2 b\nst\n 2 a + 2 b <= 10\n a + 3 b <= 6\ngen\n a\nend');
 * assert.deepEqual(diagnoseModel(program, reference), [
 *   { kind: 'variable_type', where: 'a', expected: 'continuous', found: 'integer' },
 *   { kind: 'right_hand_side', where: '2 a + 2 b <= 10', expected: 'x + y <= 4', found: '2 a + 2 b <= 10' },
 * ]);
 * ```
 */
export function diagnoseModel(program: LinearModel, reference: LinearModel): Difference[] {
  const [a, b] = [canonicalModel(program), canonicalModel(reference)];
  const match = matchModels(a, b);
  if (match.agreement < 1 && a.columns.some((column) => column.cost !== 0)) {
    const columns = a.columns.map((column) => ({ ...column, cost: negated(column.cost) }));
    const turned = { ...a, offset: negated(a.offset), columns };
    const turnedMatch = matchModels(turned, b);
    if (turnedMatch.agreement > match.agreement) {
      const found = program.sense === reference.sense ? `${program.sense} of the negated objective` : program.sense;
      const sense: Difference = { kind: 'objective_sense', where: 'objective', expected: reference.sense, found };
      return [sense, ...differences(program, reference, turned, b, turnedMatch)];
    }
  }
  return differences(program, reference, a, b, match);
}

const negated = (value: number): number => (value === 0 ? 0 : -value);

function differences(program: LinearModel, reference: LinearModel, a: CanonicalModel, b: CanonicalModel, match: ModelMatch): Difference[] {
  return [...columnDifferences(a, b, match, reference.sense), ...rowDifferences(program, reference, a, b, match)];
}

const range = (lower: number, upper: number): string =>
  `${lower === -Infinity ? '' : `${lower} <= `}x${upper === Infinity ? '' : ` <= ${upper}`}`;
const typeOf = (integer: boolean): string => (integer ? 'integer' : 'continuous');

function columnDifferences(a: CanonicalModel, b: CanonicalModel, { columns }: ModelMatch, sense: LinearModel['sense']): Difference[] {
  const found: Difference[] = [];
  // Canonical costs are those of a minimisation; they are told under the sense of the reference.
  const costText = (cost: number): string => String(sense === 'max' ? negated(cost) : cost);
  const matched = new Set(columns);
  for (const [j, column] of a.columns.entries()) {
    const where = column.name;
    const twin = b.columns[columns[j] ?? -1];
    if (twin === undefined) {
      found.push({ kind: 'extra_variable', where, expected: null, found: where });
      continue;
    }
    if (column.integer !== twin.integer)
      found.push({ kind: 'variable_type', where, expected: typeOf(twin.integer), found: typeOf(column.integer) });
    if (column.lower !== twin.lower || column.upper !== twin.upper)
      found.push({ kind: 'bound', where, expected: range(twin.lower, twin.upper), found: range(column.lower, column.upper) });
    if (column.cost !== twin.cost)
      found.push({ kind: 'objective_coefficient', where, expected: costText(twin.cost), found: costText(column.cost) });
  }
  for (const [j, { name }] of b.columns.entries())
    if (!matched.has(j)) found.push({ kind: 'missing_variable', where: name, expected: name, found: null });
  if (a.offset !== b.offset)
    found.push({ kind: 'objective_constant', where: 'objective', expected: costText(b.offset), found: costText(a.offset) });
  return found;
}

function rowDifferences(
  program: LinearModel,
  reference: LinearModel,
  a: CanonicalModel,
  b: CanonicalModel,
  match: ModelMatch,
): Difference[] {
  const found: Difference[] = [];
  const identity = Int32Array.from(b.columns.keys());
  const twins = new Set<number>();
  const extra: number[] = [];
  // A constraint that the two sides of an equality make is told once.
  const told = new Set<string>();
  const tell = (kind: DifferenceKind, row: CanonicalRow | null, twin: CanonicalRow | null): void => {
    const ours = row && rowText(program, row.constraint);
    const theirs = twin && rowText(reference, twin.constraint);
    const key = `${kind}/${row?.constraint}/${twin?.constraint}`;
    if (told.has(key)) return;
    told.add(key);
    found.push({ kind, where: ours ?? theirs ?? '', expected: theirs, found: ours });
  };
  for (const [i, row] of a.rows.entries()) {
    const at = match.rows[i] ?? -1;
    const twin = b.rows[at];
    if (twin === undefined) {
      extra.push(i);
      continue;
    }
    twins.add(at);
    const kind = rowDifference(row, twin, match.columns, identity);
    if (kind !== null) tell(kind, row, twin);
  }
  const missing = [...b.rows.keys()].filter((i) => !twins.has(i));
  const isDirection = new Set<number>();
  const placeA = new Map(a.rows.map((row, i) => [keyOf(imageOfRow(row, match.columns)), i]));
  const placeB = new Map(b.rows.map((row, i) => [keyOf(imageOfRow(row, identity)), i]));
  for (const i of extra) {
    const row = a.rows[i] as CanonicalRow;
    const opposite = negatedKey(imageOfRow(row, match.columns));
    // The other side of a row that stands in the reference as an inequality, or the reverse of one that is missing.
    const reverseOf = placeB.get(opposite);
    if (reverseOf === undefined) tell('extra_constraint', row, null);
    else {
      isDirection.add(reverseOf);
      tell('direction', row, b.rows[reverseOf] ?? null);
    }
  }
  for (const i of missing) {
    if (isDirection.has(i)) continue;
    const twin = b.rows[i] as CanonicalRow;
    const opposite = negatedKey(imageOfRow(twin, identity));
    const reverseOf = placeA.get(opposite);
    if (reverseOf === undefined) tell('missing_constraint', null, twin);
    else tell('direction', a.rows[reverseOf] ?? null, twin);
  }
  return found;
}

type Terms = readonly { readonly j: number; readonly value: number }[];

const keyOf = (terms: Terms): string => terms.map(({ j, value }) => `${j}*${value}`).join();
const negatedKey = (terms: Terms): string => keyOf(terms.map(({ j, value }) => ({ j, value: -value })));

/** What tells two matched rows apart; null where nothing does. The largest coefficient of each is 1, so that they share one scale. */
function rowDifference(row: CanonicalRow, twin: CanonicalRow, image: Int32Array, identity: Int32Array): DifferenceKind | null {
  const [ours, theirs] = [imageOfRow(row, image), new Map(imageOfRow(twin, identity).map(({ j, value }) => [j, value]))];
  const near = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-7 * Math.max(1, Math.abs(x), Math.abs(y));
  const sameTerms = (sign: 1 | -1): boolean =>
    ours.length === theirs.size && ours.every(({ j, value }) => near(theirs.get(j) ?? 0, sign * value));
  if (sameTerms(1)) return near(twin.upper, row.upper) ? null : 'right_hand_side';
  return sameTerms(-1) ? 'direction' : 'coefficient';
}

const number = (value: number): string => String(Number(value.toPrecision(9)));

/** A constraint as text, e.g. `10 x + 8 y >= 300`; long ones are cut after six terms. */
function rowText(model: LinearModel, index: number): string {
  const row = model.constraints[index];
  return row === undefined ? '' : constraintText(model, row);
}

function constraintText({ variables }: LinearModel, { lower, upper, columns, coefficients }: Constraint): string {
  const terms = columns.slice(0, 6).map((j, k) => {
    const value = coefficients[k] ?? 0;
    const size = Math.abs(value) === 1 ? '' : `${number(Math.abs(value))} `;
    const sign = value < 0 ? (k === 0 ? '-' : '- ') : k === 0 ? '' : '+ ';
    return `${sign}${size}${variables[j]?.name ?? '?'}`;
  });
  const sum = `${terms.join(' ')}${columns.length > 6 ? ` + ${columns.length - 6} more` : ''}`;
  if (lower === upper) return `${sum} = ${number(lower)}`;
  if (lower === -Infinity) return `${sum} <= ${number(upper)}`;
  return upper === Infinity ? `${sum} >= ${number(lower)}` : `${number(lower)} <= ${sum} <= ${number(upper)}`;
}

/** Differences by kind, for reports: how many models have at least one of a kind. */
export function countDifferences(diagnoses: readonly (readonly Difference[])[]): Partial<Record<DifferenceKind, number>> {
  const counts: Partial<Record<DifferenceKind, number>> = {};
  for (const diagnosis of diagnoses)
    for (const kind of new Set(diagnosis.map((difference) => difference.kind))) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
