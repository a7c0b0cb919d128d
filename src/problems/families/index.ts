/** All families by name. */
import { EvomError } from '../../lib/errors.ts';
import type { Family } from '../generator/family.ts';
import { cover, knapsack, projects } from './choose.ts';
import { investment } from './investment.ts';
import { brewing, farming, production } from './mix.ts';
import { blending, diet, trips } from './need.ts';
import { facility, flow, transport } from './network.ts';
import { lotSizing, scheduling } from './time.ts';
import { assignment, cutting, makespan, staffing } from './work.ts';

export const families: readonly Family[] = [
  production,
  brewing,
  farming,
  investment,
  diet,
  blending,
  trips,
  staffing,
  cutting,
  cover,
  knapsack,
  projects,
  assignment,
  makespan,
  transport,
  flow,
  facility,
  scheduling,
  lotSizing,
];

const byName = new Map(families.map((family) => [family.name, family]));

/** @throws {EvomError} `E_CONFIG` naming the families that exist. */
export function familyNamed(name: string): Family {
  const family = byName.get(name);
  if (family === undefined) throw new EvomError('E_CONFIG', `no problem family "${name}"; choose from ${[...byName.keys()].join(', ')}`);
  return family;
}
