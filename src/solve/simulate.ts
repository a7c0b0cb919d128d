/** Runs a simulator on points: what each is worth, and which demands it breaks. */

import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { jsonValue } from '../lib/json-value.ts';
import { marker, simulatorHarness } from './simulator-harness.ts';

/** A solution: the value of each decision variable by name. */
export type Point = Readonly<Record<string, number>>;

/** What a simulator says of one point. */
export interface Simulation {
  /** Null where the simulator gave no finite number. */
  readonly objective: number | null;
  /** Demands that the point breaks, e.g. `#2: 507 <= 488`. */
  readonly broken: readonly string[];
  /** Names that the simulator asked for and the point lacks. */
  readonly missing: readonly string[];
}

export type SimulatorRun =
  | {
      readonly type: 'ran';
      readonly goal: 'min' | 'max' | null;
      readonly simulations: readonly Simulation[];
      /** What each test that the simulator brings along says: null where it passes. Left out of a simulator without tests. */
      readonly tests?: readonly (string | null)[];
    }
  | { readonly type: 'failed'; readonly status: Outcome['status']; readonly message: string };

/**
 * What a simulator says of each point. Equal simulators and points are answered from the verifier's cache.
 *
 * @param simulator a program in a simulator dialect: `module.exports` (`simulator-js`) or `simulate` (`simulator-python`) is a function of the point.
 * @param verify runs it, in the sandbox or on a solver host.
 */
export async function simulate(
  simulator: Program,
  points: readonly Point[],
  verify: (program: Program) => Promise<Outcome>,
): Promise<SimulatorRun> {
  const outcome = await verify({ dialect: simulator.dialect, code: simulator.code + simulatorHarness(simulator.dialect, points) });
  const line = outcome.stdout
    .split('\n')
    .filter((text) => text.startsWith(marker))
    .at(-1);
  if (outcome.status !== 'no_solve' || line === undefined) {
    const message = outcome.error === null ? 'the simulator printed no result' : `${outcome.error.type}: ${outcome.error.message}`;
    return { type: 'failed', status: outcome.status, message };
  }
  const result = parseResult(line.slice(marker.length), points.length);
  return result ?? { type: 'failed', status: outcome.status, message: 'the simulator printed something else under our mark' };
}

function parseResult(text: string, numPoints: number): SimulatorRun | null {
  const value = jsonValue(text);
  if (!Array.isArray(value) || !Array.isArray(value[1]) || value[1].length !== numPoints) return null;
  const [goal, , tests]: unknown[] = value;
  const texts = (items: unknown): string[] => (Array.isArray(items) ? items.map(String) : []);
  return {
    type: 'ran',
    goal: goal === 'min' || goal === 'max' ? goal : null,
    ...(Array.isArray(tests) ? { tests: tests.map((said) => (typeof said === 'string' ? said : null)) } : {}),
    simulations: value[1].map((entry: unknown): Simulation => {
      const [objective, broken, missing] = Array.isArray(entry) ? (entry as unknown[]) : [];
      return { objective: typeof objective === 'number' ? objective : null, broken: texts(broken), missing: texts(missing) };
    }),
  };
}
