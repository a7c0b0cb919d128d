/** Many faults in one message. */

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
