/** The numeric conventions on which published advantage estimators disagree, as values with names. */

/** Choices that the papers leave open and every trainer makes differently. */
export interface AdvantageConventions {
  /** Added to the standard deviation (or the mean, for `maxrl`) before dividing by it. */
  readonly eps: number;
  /** Delta degrees of freedom of the standard deviation: 0 population, 1 Bessel. */
  readonly ddof: 0 | 1;
  /** A group with one scorable reward: its advantage is the `raw` reward, or `zero`. */
  readonly singleton: 'raw' | 'zero';
  /** A `null` reward: left out of mean, deviation and count with advantage 0, or read as a reward of `zero`. */
  readonly unscorable: 'exclude' | 'zero';
  /** Rewards whose range (max - min) is at most this are equal: the group has advantage 0. */
  readonly zeroRange: number;
  /** Lower bound of the standard deviation; 0 for none (verl's vectorized variant has 1e-3). */
  readonly stdFloor: number;
}

export type Compat = 'exact' | 'verl' | 'trl' | 'openrlhf';

const shared = { unscorable: 'exclude', zeroRange: 1e-9, stdFloor: 0 } as const;

/**
 * Conventions by the name of the trainer they reproduce; `exact` is the formula without epsilon and with the
 * population's deviation, so that [1, 0, 0, 1] gives [1, -1, -1, 1].
 *
 * Every preset leaves unscorable rewards out, also where the trainer would score a fault as 0: a fault of ours must not
 * become a low reward. Ask for `{ ...compatPresets.verl, unscorable: 'zero' }` to have it so.
 */
export const compatPresets: Readonly<Record<Compat, AdvantageConventions>> = {
  exact: { eps: 0, ddof: 0, singleton: 'zero', ...shared },
  verl: { eps: 1e-6, ddof: 1, singleton: 'raw', ...shared },
  trl: { eps: 1e-4, ddof: 1, singleton: 'zero', ...shared },
  openrlhf: { eps: 1e-9, ddof: 1, singleton: 'zero', ...shared },
};

/** The conventions that a preset's name or a conventions object stands for. @throws {RangeError} for a name that is not known. */
export function conventionsOf(compat: Compat | AdvantageConventions): AdvantageConventions {
  if (typeof compat !== 'string') return compat;
  if (!Object.hasOwn(compatPresets, compat)) throw new RangeError(`compat "${compat}" is none of ${Object.keys(compatPresets).join(', ')}`);
  return compatPresets[compat];
}
