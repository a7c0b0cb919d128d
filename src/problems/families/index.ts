/** All families by name. */
import { EvomError } from '../../lib/errors.ts';
import type { Family } from '../generator/family.ts';
import { cover, knapsack, projects } from './choose.ts';
import { investment } from './investment.ts';
import { brewing, farming, production } from './mix.ts';
import { blending, diet, trips } from './need.ts';
import { facility, flow, transport } from './network.ts';
import { lotSizing, scheduling } from './time.ts';
import { fleet, mixture, offers } from './varied.ts';
import { assignment, cutting, makespan, staffing } from './work.ts';

/** `families: all`. Which problem comes at which place of a stream depends on this list, so it does not grow. */
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

/** Further families, of ratios, percentages and names of two words: `families: wide` is all of both lists. */
export const variedFamilies: readonly Family[] = [offers, fleet, mixture];

/** Names by what a configuration says: `all`, `wide`, or a list. */
export const familyNames = (asked: 'all' | 'wide' | readonly string[]): readonly string[] =>
  typeof asked === 'string' ? (asked === 'all' ? families : [...families, ...variedFamilies]).map(({ name }) => name) : asked;

const byName = new Map([...families, ...variedFamilies].map((family) => [family.name, family]));

/** @throws {EvomError} `E_CONFIG` naming the families that exist. */
export function familyNamed(name: string): Family {
  const family = byName.get(name);
  if (family === undefined) throw new EvomError('E_CONFIG', `no problem family "${name}"; choose from ${[...byName.keys()].join(', ')}`);
  return family;
}
