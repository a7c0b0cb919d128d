/** What every solver backend does: take a linear model, answer with an honest status. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Certificate, SolveStatus } from '../core/outcome.ts';

export interface Capabilities {
  readonly lp: boolean;
  readonly milp: boolean;
}

/** Budgets of one solve. Counted budgets replay on a slow machine; the time limit stands behind them. */
export interface SolveLimits {
  readonly timeLimitMs: number;
  readonly simplexIterations?: number;
  readonly nodes?: number;
}

/** What a relaxed side of a row, or bound of a variable, is worth at an optimum, in the objective's own sense. */
export interface Duals {
  /** [constraints] change of the optimum for each unit that a row's active side is raised (the shadow price). */
  readonly rows: Float64Array;
  /** [variables] cost less what the rows pay for the variable (the reduced cost). */
  readonly columns: Float64Array;
}

export interface Solution {
  readonly status: SolveStatus;
  /** Recomputed from `values` and the model; null without a solution. */
  readonly objective: number | null;
  /** [variables] primal values; null without a solution. */
  readonly values: Float64Array | null;
  /** Of an optimal linear program; a backend may leave it out. */
  readonly duals?: Duals | null;
  /** How the verdict is known; a backend that leaves it out is taken at its word, as `none`. */
  readonly certificate?: Certificate;
  /** With `status: 'error'`: a verdict was disproved and none could be put in its place. The solver's fault, never the model's. */
  readonly isRefuted?: boolean;
  /** Why the backend refused the model, when `status` is `error`. */
  readonly message: string | null;
  /** The clock, not a counted budget, stopped this solve. */
  readonly wallLimited: boolean;
  readonly ms: number;
}

/** A solver behind one interface. Creation is asynchronous, solving is not: guests call it synchronously. */
export interface SolverBackend {
  readonly name: string;
  readonly version: string;
  readonly capabilities: Capabilities;
  /**
   * Never throws for a bad model: that is `status: 'error'`. MIP gap 0, one thread, fixed seed.
   *
   * @param known [variables] a point that somebody else found. Where it satisfies the model it is proof against a worse optimum.
   */
  solve(model: LinearModel, limits: SolveLimits, known?: Float64Array | null): Solution;
  /** One look at a model, whose word is not certified: to compare with. Absent where `solve` is that. */
  look?(model: LinearModel, limits: SolveLimits): Solution;
  /** Resolves once a worn-out engine has been replaced; await it between programs. Absent where nothing wears out. */
  settled?(): Promise<void>;
  close(): void;
}
