/** Other samples' models as simulators of an answer: what is left to compare with when a policy writes no simulators. */
import { evaluatePoint } from '../core/evaluate.ts';
import type { LinearModel } from '../core/linear-model.ts';
import { probePoints } from './probe-points.ts';

export interface SampleAgreement {
  /** Other models that could be compared: those with the same names of variables. */
  readonly numModels: number;
  /** Of these, how many say that the solution is feasible and worth the same. */
  readonly agreeAtOptimum: number;
  /** Of these, how many say the same at every point around it too, so are the same problem as far as points can tell. */
  readonly agreeEverywhere: number;
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

/**
 * Compares a solved model with others at its optimum and at points around it (`probePoints`), by the names of the variables.
 *
 * @param solution values by name of an optimum of `model`. @param others models of other samples.
 */
export function sampleAgreement(
  model: LinearModel,
  solution: Readonly<Record<string, number>>,
  others: readonly LinearModel[],
  seed: string | number,
): SampleAgreement {
  const optimum = model.variables.map(({ name }) => solution[name] ?? Number.NaN);
  const points = probePoints(model, optimum, seed);
  const index = new Map(model.variables.map(({ name }, j) => [name, j]));
  let [numModels, agreeAtOptimum, agreeEverywhere] = [0, 0, 0];
  for (const other of others) {
    const order = other.variables.map(({ name }) => index.get(name) ?? -1);
    if (order.length !== index.size || order.includes(-1)) continue;
    numModels += 1;
    const same = (point: readonly number[]): boolean => {
      const a = evaluatePoint(model, point);
      const b = evaluatePoint(
        other,
        order.map((j) => point[j] ?? 0),
      );
      const [breachA, breachB] = [Math.max(a.violation, a.fraction), Math.max(b.violation, b.fraction)];
      return close(b.objective, a.objective) && breachA <= 1e-6 === breachB <= 1e-6;
    };
    if (!same(optimum)) continue;
    agreeAtOptimum += 1;
    if (other.sense === model.sense && points.every(same)) agreeEverywhere += 1;
  }
  return { numModels, agreeAtOptimum, agreeEverywhere };
}
