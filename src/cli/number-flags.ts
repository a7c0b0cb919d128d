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
