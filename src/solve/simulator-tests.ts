/** What a simulator has to pass before it may say anything: its own tests, and that it can be asked at all. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { probePoints } from './probe-points.ts';
import { type Point, simulate } from './simulate.ts';

export interface SimulatorTest {
  readonly simulator: Program;
  /** Why it is kept out; null where it may be used. */
  readonly fault: string | null;
  /** Tests of its own that it passes; null where it brings none. */
  readonly numTests: number | null;
}

/** Points of the record at which it is asked: enough to see whether anything it says moves. */
const numPoints = 8;

/**
 * Runs a simulator on its own tests and on a few points with the record's names.
 *
 * It is kept out if it does not run, fails one of its tests, asks for names that the record lacks, or says the same of every point. What
 * it says of the points is not compared with the record: then it would be a copy of the record and no witness.
 *
 * @param record the model of the record that simulators were given the names of; null without one.
 */
export async function testSimulator(
  simulator: Program,
  record: LinearModel | null,
  { verify, seed }: { readonly verify: (program: Program) => Promise<Outcome>; readonly seed: string | number },
): Promise<SimulatorTest> {
  const points = record === null ? [] : pointsOf(record, seed);
  const run = await simulate(simulator, points, verify);
  const out = (fault: string): SimulatorTest => ({ simulator, fault, numTests: null });
  if (run.type === 'failed') return out(`it does not run: ${run.message}`);
  const failed = run.tests?.findIndex((said) => said !== null) ?? -1;
  if (failed !== -1) return out(`it fails its own test ${failed + 1}: ${run.tests?.[failed]}`);
  const missing = [...new Set(run.simulations.flatMap((simulation) => simulation.missing))];
  if (missing.length > 0) return out(`it asks for ${missing.join(', ')}, which the record has not`);
  const said = new Set(run.simulations.map(({ objective, broken }) => JSON.stringify([objective, broken])));
  if (points.length > 1 && said.size === 1) return out('it says the same of every solution');
  return { simulator, fault: null, numTests: run.tests?.length ?? null };
}

function pointsOf(model: LinearModel, seed: string | number): Point[] {
  const middle = model.variables.map(({ lower, upper, integer }) => {
    const value = Number.isFinite(upper) ? (Math.max(lower, 0) + upper) / 2 : Math.max(lower, 0) + 5;
    return integer ? Math.round(value) : value;
  });
  const names = model.variables.map(({ name }) => name);
  return probePoints(model, middle, seed, numPoints).map((point) => Object.fromEntries(names.map((name, j) => [name, point[j] ?? 0])));
}

/**
 * The simulators that may be used: those that pass tests of their own, and, only where none brings tests, those that run at all.
 *
 * Policies that were trained on simulators without tests write none.
 */
export function usableSimulators(tests: readonly SimulatorTest[]): Program[] {
  const left = tests.filter(({ fault }) => fault === null);
  const tested = left.filter(({ numTests }) => numTests !== null);
  return (tested.length > 0 ? tested : left).map(({ simulator }) => simulator);
}
