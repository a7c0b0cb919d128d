/** NEMO's asymmetric validation: an optimizer's answer against a simulator that was written without knowing it. */
import { evaluatePoint } from '../core/evaluate.ts';
import type { LinearModel } from '../core/linear-model.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { extremePoints, probePoints } from './probe-points.ts';
import { type Point, type Simulation, simulate } from './simulate.ts';

export interface Discrepancy {
  /** `optimum`: at the optimizer's own solution; `probe`: at a point near it. */
  readonly at: 'optimum' | 'probe';
  readonly kind: 'objective' | 'feasibility' | 'sense';
  /** A sentence for the next attempt. */
  readonly message: string;
}

export type Validation =
  | {
      readonly type: 'consistent';
      /** Points compared, the optimum included; of these how many both call feasible, and at how many the objective moved. */
      readonly numPoints: number;
      readonly numFeasible: number;
      readonly numMoved: number;
    }
  | { readonly type: 'inconsistent'; readonly discrepancies: readonly Discrepancy[]; readonly numPoints: number }
  | { readonly type: 'unchecked'; readonly reason: string };

export interface ValidationOptions {
  /** Runs simulators. */
  readonly verify: (program: Program) => Promise<Outcome>;
  /** `|F_sim - F_opt| <= absolute + relative |F_opt|`. Default 1e-6 both. */
  readonly absolute?: number;
  readonly relative?: number;
  /** Compare at points around the optimum as well; default true. NEMO's own check is the optimum alone. */
  readonly probes?: boolean;
  readonly seed?: string | number;
  /** Also at the points where each row is tight or just overstepped (`extremePoints`), which take a solver to find; default not. */
  readonly solve?: (model: LinearModel) => { readonly values: ArrayLike<number> | null };
}

/**
 * Runs a simulator on an optimizer's solution: is the objective the same, and does the solution hold? Then on points around it, where the
 * captured model and the simulator must move together.
 *
 * The comparison is one of names: a simulator that asks for names the solution lacks leaves it `unchecked`, as does one that fails.
 *
 * @param outcome of an optimizer program; anything but a solution with its model is `unchecked`.
 */
export async function validateBySimulator(outcome: Outcome, simulator: Program, options: ValidationOptions): Promise<Validation> {
  const { model, solution, objective } = outcome;
  if (model === null || solution === null || objective === null)
    return { type: 'unchecked', reason: `the optimizer has no solution to simulate: ${outcome.status}` };
  const names = model.variables.map(({ name }) => name);
  const optimum = names.map((name) => solution[name] ?? Number.NaN);
  const around = options.probes === false ? [optimum] : probePoints(model, optimum, options.seed ?? 'validate');
  const values = options.solve === undefined ? around : [...around, ...extremePoints(model, options.solve)];
  const points = values.map((point): Point => Object.fromEntries(names.map((name, j) => [name, point[j] ?? 0])));
  const run = await simulate(simulator, points, options.verify);
  if (run.type === 'failed') return { type: 'unchecked', reason: `the simulator does not run: ${run.message}` };
  const missing = [...new Set(run.simulations.flatMap((simulation) => simulation.missing))];
  if (missing.length > 0)
    return { type: 'unchecked', reason: `the simulator asks for ${missing.join(', ')}; the solution has ${names.slice(0, 8).join(', ')}` };
  const sense: Discrepancy[] =
    run.goal !== null && run.goal !== model.sense
      ? [{ at: 'optimum', kind: 'sense', message: `the program asks for the ${model.sense}imum where the ${run.goal}imum is wanted` }]
      : [];
  return compare(model, values, run.simulations, sense, options);
}

function compare(
  model: LinearModel,
  values: readonly (readonly number[])[],
  simulations: readonly Simulation[],
  sense: readonly Discrepancy[],
  { absolute = 1e-6, relative = 1e-6 }: ValidationOptions,
): Validation {
  const discrepancies: Discrepancy[] = [...sense];
  const [numMoved, numFeasible] = [new Set<number>(), new Set<number>()];
  const optimal = evaluatePoint(model, values[0] ?? []).objective;
  for (const [i, simulation] of simulations.entries()) {
    const at = i === 0 ? 'optimum' : 'probe';
    const point = evaluatePoint(model, values[i] ?? []);
    const where = i === 0 ? 'the solution' : `the point ${pointText(model, values[i] ?? [])}`;
    const close = (a: number, b: number): boolean => Math.abs(a - b) <= absolute + relative * Math.abs(b);
    if (simulation.objective === null || !close(simulation.objective, point.objective)) {
      const message = `${where} is worth ${simulation.objective ?? 'no number'} by the simulator, ${round(point.objective)} by the model`;
      discrepancies.push({ at, kind: 'objective', message });
    } else if (!close(point.objective, optimal)) numMoved.add(i);
    // A breach between the two tolerances says nothing: it may be rounding to one and a breach to the other.
    const breach = Math.max(point.violation, point.fraction);
    if (breach > 1e-7 && breach < 1e-4) continue;
    const feasible = breach <= 1e-7;
    const holds = simulation.broken.length === 0;
    if (feasible && holds) numFeasible.add(i);
    if (feasible !== holds) {
      const message = holds
        ? `${where} is allowed by the simulator and forbidden by the model`
        : `${where} is allowed by the model and breaks what the simulator demands: ${simulation.broken.join('; ')}`;
      discrepancies.push({ at, kind: 'feasibility', message });
    }
  }
  const numPoints = values.length;
  return discrepancies.length === 0
    ? { type: 'consistent', numPoints, numFeasible: numFeasible.size, numMoved: numMoved.size }
    : { type: 'inconsistent', discrepancies, numPoints };
}

const round = (value: number): string => String(Number(value.toPrecision(9)));

const pointText = ({ variables }: LinearModel, values: readonly number[]): string => {
  const shown = variables.map(({ name }, j) => `${name} = ${round(values[j] ?? 0)}`);
  return shown.length > 6 ? `${shown.slice(0, 6).join(', ')}, ...` : shown.join(', ');
};

/** What to tell the next attempt: at most five discrepancies, those at the solution first. */
export function feedbackOf(validation: Extract<Validation, { type: 'inconsistent' }>): string {
  const lines = validation.discrepancies.slice(0, 5).map(({ message }) => `- ${message}`);
  return `An independent simulation of the problem disagrees with this program:\n${lines.join('\n')}\nOne of the two is wrong. Read the problem again, then give the whole corrected program.`;
}

/** More simulators disagree than agree. */
export const isRefuted = (validations: readonly Validation[]): boolean => {
  const count = (type: Validation['type']): number => validations.filter((v) => v.type === type).length;
  return count('inconsistent') > count('consistent');
};
