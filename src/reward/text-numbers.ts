/** The numbers of a problem's text, and the ways in which a model may write them. */
import { numberWordsIn } from '../lib/spoken-number.ts';

/** The numbers in a text, with thousands separators read both ways. */
export function numbersIn(text: string): Set<number> {
  const found = new Set<number>();
  for (const [match] of text.matchAll(/\d[\d,]*(?:\.\d+)?/g)) {
    found.add(Number(match.replaceAll(',', '')));
    for (const part of match.split(',')) if (part !== '') found.add(Number(part));
  }
  return found;
}

/** The numbers of a text as figures, each time they are written, without 0 and 1, which stand in every model. */
export const figureOccurrences = (text: string): number[] =>
  [...text.matchAll(/\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d*\.?\d+/g)]
    .map(([match]) => Number(match.replaceAll(',', '')))
    .filter((figure) => figure !== 0 && figure !== 1);

/** The numbers of a text as figures, once each, without 0 and 1. */
export const figuresIn = (text: string): number[] => [...new Set(figureOccurrences(text))];

/** Figures and number words of a text, without 0 and 1. */
export const toldIn = (text: string): number[] => [...figuresIn(text), ...numberWordsIn(text).filter((word) => word !== 0 && word !== 1)];

/** Whether a size in a model is a number of the text: as it stands, as a share of 100, as what is left of 100 %, as a mark-up. */
export const isFormOf = (figure: number, literal: number): boolean => formsOf(figure).some((form) => near(form, literal));

/** 0 and 1 stand in every model and are no form of another number. */
function formsOf(figure: number): number[] {
  const shares = figure <= 100 ? [figure / 100, 1 - figure / 100, 1 + figure / 100] : [figure / 100];
  return [figure, ...(figure <= 1 ? [100 * figure] : shares).filter((form) => form !== 0 && form !== 1)];
}

const near = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.max(x, y);
