/** Whether a model is written with exactly the numbers of the problem's text. */

import type { LinearModel } from '../core/linear-model.ts';
import { numberWordsIn } from '../lib/spoken-number.ts';
import { figureOccurrences, isFormOf } from '../reward/text-numbers.ts';

/**
 * True when each figure of the text stands in the model as often as in the text, and the model has no other numbers.
 *
 * Signs, 0 and 1 are not looked at. A number word from "two" on, or a part such as "half", may be used and need not be. A percentage may stand as a share, and then more than once
 * in a row ("at least 20 % of all" is 0.8 a - 0.2 b - 0.2 c >= 0). Counting occurrences matters where a policy is paid for it: a model that
 * repeats rows with other numbers holds every number of the text and is wrong.
 */
export function sameNumbers(question: string, model: LinearModel): boolean {
  const figures = figureOccurrences(question);
  const others: Literal[] = [];
  for (const literal of literalsOf(model)) if (!takeFirst(figures, (figure) => isClose(figure, literal.size))) others.push(literal);
  const words = numberWordsIn(question).filter((word) => word !== 0 && word !== 1); // "one" is 100 % too: 100 would be free
  /** Figures that a row writes in another form, e.g. as a share of 100. */
  const rewritten = new Map<number, number[]>();
  for (const { row, size } of others) {
    if (words.some((word) => isFormOf(word, size)) || rewritten.get(row)?.some((figure) => isFormOf(figure, size))) continue;
    const figure = takeFirst(figures, (candidate) => isFormOf(candidate, size));
    if (figure === undefined) return false;
    rewritten.set(row, [...(rewritten.get(row) ?? []), figure]);
  }
  return figures.length === 0;
}

interface Literal {
  /** Index of the row; -1 in the objective and bounds. */
  readonly row: number;
  readonly size: number;
}

function literalsOf({ variables, constraints, offset }: LinearModel): Literal[] {
  const found: Literal[] = [];
  const add = (row: number, numbers: readonly number[]): void => {
    for (const size of numbers.map(Math.abs)) if (Number.isFinite(size) && size !== 0 && size !== 1) found.push({ row, size });
  };
  add(-1, [offset]);
  for (const { cost, lower, upper } of variables) add(-1, [cost, ...ends(lower, upper)]);
  for (const [i, { lower, upper, coefficients }] of constraints.entries()) add(i, [...ends(lower, upper), ...coefficients]);
  return found;
}

/** An equation says its number once. */
const ends = (lower: number, upper: number): number[] => (lower === upper ? [lower] : [lower, upper]);

const isClose = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.max(1, x, y);

/** Takes the first match out of a list. */
function takeFirst(numbers: number[], matches: (number: number) => boolean): number | undefined {
  const at = numbers.findIndex(matches);
  return at === -1 ? undefined : numbers.splice(at, 1)[0];
}
