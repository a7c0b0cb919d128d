/** Addresses that go and come again and again are held back, each time for longer. */

const firstHoldMs = 1000;
const longestHoldMs = 60_000;
/** After so long without a return its past is forgotten, milliseconds. */
const forgottenMs = 300_000;

interface Past {
  returns: number;
  isListed: boolean;
  changedAt: number;
  heldUntil: number;
}

/** Remembers which addresses were there, and says which may be used. */
export class Flapping {
  readonly #past = new Map<string, Past>();

  /**
   * @param addresses those that a source names now.
   * @param now milliseconds of a clock that only rises.
   * @returns those of them that may be used: one that came back waits one second, then two, four, up to a minute.
   */
  steady(addresses: readonly string[], now: number): string[] {
    const named = new Set(addresses);
    for (const [address, past] of this.#past) {
      if (past.isListed && !named.has(address)) Object.assign(past, { isListed: false, changedAt: now });
      if (now - past.changedAt > forgottenMs) {
        if (past.isListed) past.returns = 0;
        else this.#past.delete(address);
      }
    }
    return addresses.filter((address) => {
      const past = this.#past.get(address);
      if (past === undefined) {
        this.#past.set(address, { returns: 0, isListed: true, changedAt: now, heldUntil: 0 });
        return true;
      }
      if (!past.isListed) {
        const holdMs = Math.min(longestHoldMs, firstHoldMs * 2 ** past.returns);
        Object.assign(past, { returns: past.returns + 1, isListed: true, changedAt: now, heldUntil: now + holdMs });
      }
      return now >= past.heldUntil;
    });
  }
}
