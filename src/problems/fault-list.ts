/** Many faults in one message. */

/** Faults that a message names; the rest is counted. */
export const mostNamed = 20;

/**
 * Faults a line each, up to `mostNamed`, then how many more there are.
 *
 * @param total how many there are, where `faults` does not hold all.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { faultList } from 'evom';
 * assert.equal(faultList(['a:1: is empty', 'a:7: is empty'], 30), 'a:1: is empty\na:7: is empty\nand 28 more');
 * ```
 */
export function faultList(faults: readonly string[], total = faults.length): string {
  const named = faults.slice(0, mostNamed);
  return [...named, ...(total > named.length ? [`and ${total - named.length} more`] : [])].join('\n');
}
