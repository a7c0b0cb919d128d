/** JSON text that crosses the sandbox's wall. */
import { GuestRefusal } from '../../sandbox/guest.ts';

/** A number for a JSON text of ours: an infinity becomes a literal too large for a double, which every parser reads back as one. */
export function jsonNumber(value: number): string {
  if (Number.isNaN(value)) return 'null';
  if (value === Number.POSITIVE_INFINITY) return '1e999';
  return value === Number.NEGATIVE_INFINITY ? '-1e999' : String(value);
}

/** What library code in the sandbox handed over; a program may have replaced the JSON it was written with. */
export function guestJson(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw new GuestRefusal('SyntaxError', 'what was handed to the solver is not JSON text');
  }
}
