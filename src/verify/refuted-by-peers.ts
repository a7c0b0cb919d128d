/** Programs of a group with equal models bear witness about their solver: the better point refutes the worse verdict. */
import { evaluatePoint } from '../core/evaluate.ts';
import { isProof, type Outcome } from '../core/outcome.ts';

/** Relative difference of two optima of one model from which one of them is wrong. */
const gap = 1e-6;

/**
 * The outcomes of a group, those refuted made `infra_error` of type `NotCertified`: a program must not lose its reward because the solver
 * was wrong about it.
 *
 * Refuted is an optimum, or an infeasibility, that no proof stands behind where another program's solve of the same model (by its hash)
 * has a better objective at an exact point: a program could else write the rows so small that tolerances let any point pass, and take
 * the rewards of all others away.
 *
 * @param outcomes of programs that ran on one backend.
 */
export function withoutRefuted(outcomes: readonly Outcome[]): Outcome[] {
  const best = new Map<string, number>();
  for (const outcome of outcomes) {
    const cost = costOf(outcome);
    const hash = outcome.solves.at(-1)?.modelHash ?? '';
    if (cost !== null && hash !== '' && isExact(outcome)) best.set(hash, Math.min(cost, best.get(hash) ?? Infinity));
  }
  return outcomes.map((outcome) => {
    const known = best.get(outcome.solves.at(-1)?.modelHash ?? '');
    if (known === undefined || isProof(outcome.certificate)) return outcome;
    const cost = costOf(outcome);
    const isWorse = cost !== null && cost - known > gap * Math.max(1, Math.abs(cost), Math.abs(known));
    if (!isWorse && outcome.status !== 'infeasible') return outcome;
    const message = `another program's point of the same model is better than the verdict "${outcome.status}"`;
    return { ...outcome, status: 'infra_error', error: { type: 'NotCertified', message, line: null } };
  });
}

/** The optimum as the cost of a minimisation, as equal models have it in common; null for another ending. */
function costOf({ status, objective, model }: Outcome): number | null {
  if (status !== 'optimal' || objective === null || model === null) return null;
  return model.sense === 'max' ? -objective : objective;
}

/** What a row may be missed by, its largest coefficient taken for 1. */
const tolerance = 1e-8;

/** Whether the point satisfies the model in whatever scale its rows are written: equal models may differ in that. */
function isExact({ model, solution }: Outcome): boolean {
  if (model === null || solution === null) return false;
  const constraints = model.constraints.map((row) => {
    const scale = 1 / row.coefficients.reduce((most, coefficient) => Math.max(most, Math.abs(coefficient)), Number.MIN_VALUE);
    const coefficients = row.coefficients.map((coefficient) => coefficient * scale);
    return { ...row, lower: row.lower * scale, upper: row.upper * scale, coefficients };
  });
  const values = model.variables.map(({ name }) => solution[name] ?? Number.NaN);
  const { violation, fraction } = evaluatePoint({ ...model, constraints }, values);
  return violation <= tolerance && fraction === 0;
}
