/** The facts about one outcome that take solving: comparison with the reference, second backend, relaxation. */
import type { CrossSolve, Evidence } from '../../core/evidence.ts';
import { noEvidence } from '../../core/evidence.ts';
import type { LinearModel } from '../../core/linear-model.ts';
import { isProof, type Outcome } from '../../core/outcome.ts';
import type { Answer } from '../../core/problem.ts';
import { identicalModels } from '../../modeling/identical.ts';
import { solvesReference } from '../../modeling/reference-point.ts';
import { comparePerturbed } from '../../modeling/robustness.ts';
import type { Solution, SolverBackend } from '../../solvers/backend.ts';

/** What an audit is asked about one outcome, as plain data that a thread can be sent. */
export interface AuditTask {
  readonly model: LinearModel;
  readonly status: Outcome['status'];
  readonly objective: number | null;
  readonly certificate: Outcome['certificate'];
  readonly solution: Outcome['solution'];
  readonly reference: LinearModel | null;
  readonly answer: Answer;
}

export interface AuditSettings {
  /** Random changes of program and reference (`comparePerturbed`); 0 asks only whether they are identical. */
  readonly perturbations: number;
  /** A verdict with a proof needs no second backend. */
  readonly sharesProofs: boolean;
}

/** Budgets of one solve of the audit. They are counted; the clock behind them takes a solve out of the comparison. */
export const auditLimits = { timeLimitMs: 2000, simplexIterations: 20_000, nodes: 2000 } as const;
/** Matrix entries up to which a model is solved again: above, an audit would cost more than the program. */
export const largestAudited = 20_000;
/** Matrix entries up to which GLPK takes the relaxations. */
const smallRelaxation = 1000;

/** Variables and matrix entries. */
export const entriesOf = (model: LinearModel): number =>
  model.constraints.reduce((sum, row) => sum + row.columns.length, model.variables.length);

/** Who solves what. All are exact and deterministic, but for `second`, whose word is only compared. */
export interface AuditSolvers {
  /** Perturbed models and large relaxations. */
  readonly backend: SolverBackend;
  /** The captured model itself, once more; null to ask none. */
  readonly second: SolverBackend | null;
  /** Relaxations of up to 1,000 matrix entries, which GLPK solves several times faster than HiGHS. */
  readonly small: SolverBackend;
}

/** Gathers the evidence of an outcome whose answer is right. */
export function gatherEvidence(task: AuditTask, settings: AuditSettings, { backend, second, small }: AuditSolvers): Evidence {
  const { model, reference, answer } = task;
  if (entriesOf(model) > largestAudited || (reference !== null && entriesOf(reference) > largestAudited))
    return { ...noEvidence, comparison: reference === null ? null : 'unmatched' };
  const solve = (candidate: LinearModel): Solution => backend.solve(candidate, auditLimits);
  // Which of the two depends on the model alone.
  const solveRelaxation = entriesOf(model) > smallRelaxation ? solve : (candidate: LinearModel) => small.solve(candidate, auditLimits);
  const comparison = reference === null ? null : compare(model, reference, settings, solve);
  return {
    ...noEvidence,
    comparison,
    solvesReference: reference !== null && typeof answer === 'number' ? solvesReference(model, task.solution, reference, answer) : null,
    crossSolve: second === null ? null : settings.sharesProofs && isProof(task.certificate) ? provenSolve(task) : crossSolve(task, second),
    objectiveRange: comparison === 'identical' || task.status !== 'optimal' ? null : objectiveRange(task, solveRelaxation),
  };
}

function compare(
  model: LinearModel,
  reference: LinearModel,
  settings: AuditSettings,
  solve: (model: LinearModel) => Solution,
): Evidence['comparison'] {
  if (settings.perturbations > 0) return comparePerturbed(model, reference, solve, { trials: settings.perturbations }).comparison;
  return identicalModels(model, reference) ? 'identical' : 'different';
}

/** What another backend would say of a verdict with a proof. */
const provenSolve = ({ certificate, status, objective }: AuditTask): CrossSolve => ({
  backend: certificate,
  status: status as CrossSolve['status'],
  objective,
  agrees: true,
});

/** Whether a second backend ends with the same status and, to 1e-6 of its size, the same optimum. */
export function crossSolve(task: Pick<AuditTask, 'model' | 'status' | 'objective'>, second: SolverBackend): CrossSolve {
  const { status, objective } = second.look === undefined ? second.solve(task.model, auditLimits) : second.look(task.model, auditLimits);
  return { backend: second.name, status, objective, agrees: agreement(task, status, objective) };
}

const noSolution: ReadonlySet<string> = new Set(['infeasible', 'unbounded', 'infeasible_or_unbounded']);

function agreement(task: Pick<AuditTask, 'status' | 'objective'>, status: Solution['status'], objective: number | null): boolean | null {
  if (status === 'time_limit' || status === 'feasible' || status === 'error') return null;
  if (status !== task.status) {
    // Either of "infeasible or unbounded" is in accord with it.
    const isUndecided = status === 'infeasible_or_unbounded' || task.status === 'infeasible_or_unbounded';
    return isUndecided && noSolution.has(status) && noSolution.has(task.status);
  }
  if (objective === null || task.objective === null) return objective === task.objective;
  return Math.abs(objective - task.objective) <= 1e-6 * Math.max(1, Math.abs(objective), Math.abs(task.objective));
}

/** Least and greatest objective over the linear relaxation; null when a solve reached no verdict. */
function objectiveRange({ model, objective }: AuditTask, solve: (model: LinearModel) => Solution): Evidence['objectiveRange'] {
  const isLinear = !model.variables.some((variable) => variable.integer);
  const relaxed = isLinear ? model : { ...model, variables: model.variables.map((variable) => ({ ...variable, integer: false })) };
  const end = (sense: 'min' | 'max'): number | null => {
    // Of a linear program one end is its optimum.
    if (isLinear && sense === model.sense) return objective;
    const { status, objective: value } = solve({ ...relaxed, sense });
    if (status === 'optimal') return value;
    return status === 'unbounded' ? (sense === 'max' ? Infinity : -Infinity) : null;
  };
  const [least, greatest] = [end('min'), end('max')];
  return least === null || greatest === null ? null : [least, greatest];
}
