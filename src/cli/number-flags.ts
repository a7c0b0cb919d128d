/** Numbers that flags take. */
import { EvomError } from '../lib/errors.ts';

/** @throws {EvomError} `E_USAGE` naming the flag when the value is not a whole number of at least `least`. */
export function wholeNumber(value: number, flag: string, least = 1): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new EvomError('E_USAGE', `${flag} must be a whole number, at least ${least}`);
}

/** @throws {EvomError} `E_USAGE` naming the flag when the value is not a finite number of at least `least`. */
export function atLeast(value: number, flag: string, least: number): number {
  if (value >= least && Number.isFinite(value)) return value;
  throw new EvomError('E_USAGE', `${flag} must be a number, at least ${least}`);
}

/** The parts of `a,b,c`, each once. */
export const listOf = (text: string, flag: string): string[] => {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '')) throw new EvomError('E_USAGE', `${flag} is a list such as a,b; got "${text}"`);
  return [...new Set(items)];
};

/** The numbers of a list such as `2,4,6`. @param what each has to be, in words. */
export const numbersOf = (text: string, flag: string, accept: (value: number) => boolean, what: string): number[] =>
  listOf(text, flag).map((item) => {
    const value = Number(item);
    if (!accept(value)) throw new EvomError('E_USAGE', `${flag}: "${item}" is not ${what}`);
    return value;
  });
