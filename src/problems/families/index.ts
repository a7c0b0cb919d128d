/** All families by name. */
import { EvomError } from '../../core/errors.ts';
import type { Family } from '../family.ts';
import { brewing, farming, production } from './mix.ts';
import { blending, diet, trips } from './need.ts';

export const families: readonly Family[] = [production, brewing, farming, diet, blending, trips];

const byName = new Map(families.map((family) => [family.name, family]));

/** @throws {EvomError} `E_CONFIG` naming the families that exist. */
export function familyNamed(name: string): Family {
  const family = byName.get(name);
  if (family === undefined) throw new EvomError('E_CONFIG', `no problem family "${name}"; choose from ${[...byName.keys()].join(', ')}`);
  return family;
}
