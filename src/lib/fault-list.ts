/** Many faults in one message. */
import { EvomError } from './errors.ts';

/** Faults that a message names; the rest is counted. */
export const mostNamed = 20;

/**
 * Faults a line each, up to `mostNamed`, then how many more there are.
 *
 * @param total how many there are, where `faults` does not hold all.
 */
export function faultList(faults: readonly string[], total = faults.length): string {
  const named = faults.slice(0, mostNamed);
  return [...named, ...(total > named.length ? [`and ${total - named.length} more`] : [])].join('\n');
}

/**
 * Refuses a file whose records have faults: some of it would be less than was asked for.
 *
 * @param faults those that are named, at most.
 * @throws {EvomError} `E_DATA` where `total` is not 0.
 */
export function refuseFaultyRecords(path: string, faults: readonly string[], total: number): void {
  if (total === 0) return;
  const text = `${total} of the records in ${path} cannot be read; correct them or map their fields`;
  throw new EvomError('E_DATA', `${text}:\n${faultList(faults, total)}`);
}
