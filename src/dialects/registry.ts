/** Dialects by name. */
import { EvomError } from '../lib/errors.ts';
import { nearestName } from '../lib/nearest.ts';
import type { Dialect } from './dialect.ts';
import { glpkJs } from './glpk-js.ts';
import { highsJs } from './highs-js.ts';
import { coptpy } from './python/coptpy.ts';
import { gurobipy } from './python/gurobipy.ts';
import { highspy } from './python/highspy.ts';
import { ortools } from './python/ortools.ts';
import { pulp } from './python/pulp.ts';
import { pyscipopt } from './python/pyscipopt.ts';
import { simulatorJs } from './simulator-js.ts';
import { simulatorPython } from './simulator-python.ts';

const all: readonly Dialect[] = [highsJs, glpkJs, gurobipy, coptpy, ortools, highspy, pyscipopt, pulp, simulatorJs, simulatorPython];
const known: ReadonlyMap<string, Dialect> = new Map(all.map((dialect) => [dialect.name, dialect]));

/** Names of the dialects whose programs solve, in the order they are documented. */
export const dialectNames: readonly string[] = all.filter((dialect) => !dialect.isSimulator).map(({ name }) => name);
/** Names of the dialects whose programs check a given solution. */
export const simulatorNames: readonly string[] = all.filter((dialect) => dialect.isSimulator).map(({ name }) => name);

/**
 * The dialect of a name.
 *
 * @throws {EvomError} E_CONFIG naming the known names, and the nearest where one is near.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { dialectByName } from 'evom';
 * assert.equal(dialectByName('highs-js').language, 'javascript');
 * assert.throws(() => dialectByName('higs-js'), /did you mean "highs-js"/);
 * ```
 */
export function dialectByName(name: string): Dialect {
  const found = known.get(name);
  if (found !== undefined) return found;
  const names = [...known.keys()];
  const nearest = nearestName(name, names);
  const meant = nearest === null ? '' : ` did you mean "${nearest}"?`;
  throw new EvomError('E_CONFIG', `dialect "${name}" is not known;${meant} known are ${names.join(', ')}`);
}
