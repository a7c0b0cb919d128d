/** Whole numbers on a command line. */
import { EvomError } from '../core/errors.ts';

/** @throws {EvomError} `E_USAGE` naming the flag when the value is not a whole number of at least 1. */
export function wholeNumber(value: number, flag: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new EvomError('E_USAGE', `${flag} must be a whole number, at least 1`);
}
