/** Dialects by name. */
import { EvomError } from '../core/errors.ts';
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
 * @throws {EvomError} E_CONFIG naming the nearest known name.
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
  const nearest = [...known.keys()].sort((a, b) => editDistance(name, a) - editDistance(name, b))[0] ?? '';
  throw new EvomError('E_CONFIG', `dialect "${name}" is not known; did you mean "${nearest}"? Known: ${[...known.keys()].join(', ')}`);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
