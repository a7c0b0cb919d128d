/** The numbers of a text and of a model, and which of the model's decide its optimum. */
import type { LinearModel } from '../core/linear-model.ts';

/** Numbers that texts write as words. */
const spelled: ReadonlyMap<string, number> = new Map(
  Object.entries({
    two: 2,
    three: 3,
    four: 4,
    five: 5,
    six: 6,
    seven: 7,
    eight: 8,
    nine: 9,
    ten: 10,
    twelve: 12,
    dozen: 12,
    twice: 2,
    double: 2,
    half: 0.5,
    third: 1 / 3,
    quarter: 0.25,
  }),
);

/** The numbers in a text, with thousands separators read both ways. */
export function numbersIn(text: string): Set<number> {
  const found = new Set<number>();
  for (const [match] of text.matchAll(/\d[\d,]*(?:\.\d+)?/g)) {
    found.add(Number(match.replaceAll(',', '')));
    for (const part of match.split(',')) if (part !== '') found.add(Number(part));
  }
  return found;
}

/** The numbers of a text as figures, once each, without 0 and 1, which stand in every model. */
export function figuresIn(text: string): number[] {
  const found = new Set<number>();
  for (const [match] of text.matchAll(/\d[\d,]*(?:\.\d+)?/g)) found.add(Number(match.replaceAll(',', '')));
  return [...found].filter((figure) => figure !== 0 && figure !== 1);
}

const wordsIn = (text: string): number[] =>
  [...new Set(text.toLowerCase().match(/[a-z]+/g) ?? [])].flatMap((word) => spelled.get(word.replace(/s$/, '')) ?? spelled.get(word) ?? []);

export function* numbersOf(model: LinearModel): Generator<number> {
  yield model.offset;
  for (const { cost, lower, upper } of model.variables) yield* [cost, lower, upper];
  for (const { lower, upper, coefficients } of model.constraints) yield* [lower, upper, ...coefficients];
}

const near = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.max(x, y);

/** The ways in which a model writes a number of the text: as it stands, as a share of 100, as what is left of 100 %, as a mark-up. */
function formsOf(figure: number): number[] {
  if (figure <= 1) return [figure, 100 * figure];
  return figure <= 100 ? [figure, figure / 100, 1 - figure / 100, 1 + figure / 100] : [figure, figure / 100];
}

const isWritten = (literal: number, figures: readonly number[]): boolean =>
  figures.some((figure) => formsOf(figure).some((form) => near(form, literal)));

const sizes = (literals: Iterable<number>): number[] =>
  [...new Set([...literals].map(Math.abs))].filter((size) => Number.isFinite(size) && size !== 0);

/** Shares in 0..1; null where there is nothing to divide by. */
export interface LiteralShares {
  /** Figures of the text that stand in the model. */
  readonly coverage: number | null;
  /** Of these, those in rows and bounds that are tied to the objective, by any chain of rows. */
  readonly attached: number | null;
  /** Of the numbers that decide the optimum, those that stand in the text. */
  readonly native: number | null;
  /** How many figures the text has. */
  readonly numFigures: number;
}

/**
 * How the numbers of text and model go together.
 *
 * The numbers that decide the optimum are, seen from the objective along binding rows: costs of variables that are not 0, bounds that
 * hold, and all of a row that holds with less than 15 % of play where it has integers.
 *
 * @param values by variable, in the model's order.
 */
export function literalShares(model: LinearModel, values: readonly number[], question: string): LiteralShares {
  const figures = figuresIn(question);
  const literals = sizes(numbersOf(model));
  const covered = figures.filter((figure) => formsOf(figure).some((form) => literals.some((literal) => near(form, literal))));
  const attached = sizes(tiedTo(model, () => true));
  const tied = covered.filter((figure) => formsOf(figure).some((form) => attached.some((literal) => near(form, literal))));
  const deciding = sizes(decidingNumbers(model, values)).filter((literal) => literal !== 1);
  const told = [...figures, ...wordsIn(question)];
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    coverage: share(covered.length, figures.length),
    attached: share(tied.length, covered.length),
    native: share(deciding.filter((literal) => isWritten(literal, told)).length, deciding.length),
    numFigures: figures.length,
  };
}

/** Numbers of the variables and rows that hang together with the objective, by rows that `connects` lets through. */
function tiedTo(model: LinearModel, connects: (row: number) => boolean): number[] {
  const { variables, constraints } = model;
  const rowsOf = variables.map((): number[] => []);
  for (const [i, row] of constraints.entries()) if (connects(i)) for (const j of row.columns) rowsOf[j]?.push(i);
  const numbers: number[] = [model.offset];
  const [seenVariable, seenRow] = [new Uint8Array(variables.length), new Uint8Array(constraints.length)];
  const open = [...variables.keys()].filter((j) => variables[j]?.cost !== 0);
  for (const j of open) seenVariable[j] = 1;
  for (let j = open.pop(); j !== undefined; j = open.pop()) {
    const { cost, lower, upper } = variables[j] ?? { cost: 0, lower: 0, upper: 0 };
    numbers.push(cost, lower, upper);
    for (const i of rowsOf[j] ?? []) {
      const row = constraints[i];
      if (row === undefined || seenRow[i] === 1) continue;
      seenRow[i] = 1;
      numbers.push(row.lower, row.upper, ...row.coefficients);
      for (const other of row.columns) {
        if (seenVariable[other] === 1) continue;
        seenVariable[other] = 1;
        open.push(other);
      }
    }
  }
  return numbers;
}

function decidingNumbers(model: LinearModel, values: readonly number[]): number[] {
  const { variables, constraints } = model;
  const at = (value: number, side: number, play: number): boolean =>
    Number.isFinite(side) && Math.abs(value - side) <= Math.max(1e-7, play * Math.abs(side));
  const binds = constraints.map(({ lower, upper, columns, coefficients }) => {
    const activity = columns.reduce((sum, j, k) => sum + (coefficients[k] ?? 0) * (values[j] ?? 0), 0);
    const play = columns.some((j) => variables[j]?.integer === true) ? 0.15 : 1e-7;
    return at(activity, lower, play) || at(activity, upper, play);
  });
  // What does not decide is taken out of the model, and the rest read along its rows.
  const deciding: LinearModel = {
    ...model,
    variables: variables.map((variable, j) => {
      const value = values[j] ?? 0;
      const cost = Math.abs(value) > 1e-9 ? variable.cost : 0;
      const hold = (bound: number): number => (at(value, bound, 1e-7) ? bound : 0);
      return { ...variable, cost, lower: hold(variable.lower), upper: hold(variable.upper) };
    }),
  };
  return tiedTo(deciding, (i) => binds[i] === true);
}
