/** Variable names that a dialect can hold. */
import type { LinearModel } from '../core/linear-model.ts';

/**
 * A name for each variable that `isSafe` accepts, all different; safe names stay as they are, and others keep what they can.
 *
 * @returns [variables] names
 */
export function safeNames(model: LinearModel, isSafe: (name: string) => boolean): string[] {
  const taken = new Set(model.variables.map((v) => v.name).filter(isSafe));
  const given = new Set<string>();
  return model.variables.map(({ name }) => {
    if (isSafe(name) && !given.has(name)) {
      given.add(name);
      return name;
    }
    const cleaned = name.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 40);
    const stem = isSafe(cleaned) ? cleaned : `v_${cleaned}`; // "large pill" becomes large_pill, "3 rooms" v_3_rooms
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? stem : `${stem}_${n}`;
      if (taken.has(candidate) || given.has(candidate)) continue;
      given.add(candidate);
      return candidate;
    }
  });
}
