/** What running one program showed. Always data: nothing that a program does makes us throw. */
import type { LinearModel } from './linear-model.ts';
import type { QuadraticModel } from './quadratic-model.ts';

/** How one solve ended. */
export const solveStatuses = [
  'optimal',
  'feasible', // a solution without proof of optimality, for a reason other than time
  'infeasible',
  'unbounded',
  'infeasible_or_unbounded',
  'time_limit', // stopped by a budget; never earns an answer reward
  'error', // the backend refused the model
] as const;
export type SolveStatus = (typeof solveStatuses)[number];

/**
 * How a verdict is known. The first three are proofs that our own code has checked, `enumeration` is a tree of them; looks are the word of
 * solvers that agree.
 */
export const certificates = [
  'dual', // an optimum: a point, and multipliers of the rows that bound the objective at its value
  'farkas', // infeasible: multipliers of the rows that contradict one another
  'ray', // unbounded: a point, and a direction from it that betters the objective for ever
  'enumeration', // all branches over whole numbers, each closed by one of the above
  'second_look', // the same solver by another way, without presolve
  'second_solver', // another solver
  'none', // one solver's word, or no verdict
] as const;
export type Certificate = (typeof certificates)[number];

const proofs: ReadonlySet<Certificate> = new Set(['dual', 'farkas', 'ray', 'enumeration']);

/** Whether our own code has checked a proof, so that no solver has to be believed. */
export const isProof = (certificate: Certificate): boolean => proofs.has(certificate);

/** How a program ended: by its last solve, or by the first thing that stopped it. */
export const outcomeStatuses = [
  'optimal',
  'feasible',
  'infeasible',
  'unbounded',
  'infeasible_or_unbounded',
  'time_limit',
  'no_solve', // ran to its end without a solve
  'no_program', // the completion holds no program
  'syntax_error',
  'runtime_error',
  'deadline', // its execution budget ran out
  'memory',
  'output_limit',
  'crash', // took its sandbox down
  'infra_error', // our fault: retried, then left out of the group; never reward 0
] as const;
export type OutcomeStatus = (typeof outcomeStatuses)[number];

/** One solve as the host recorded it. */
export interface SolveRecord {
  readonly status: SolveStatus;
  /** Recomputed by the host from model and solution; null without a solution. */
  readonly objective: number | null;
  readonly certificate: Certificate;
  readonly modelHash: string;
  readonly numVariables: number;
  readonly numIntegers: number;
  readonly numConstraints: number;
  readonly ms: number;
}

export interface Outcome {
  readonly status: OutcomeStatus;
  /** Objective of the last solve, recomputed by the host. */
  readonly objective: number | null;
  /** How the verdict on the last solve is known. */
  readonly certificate: Certificate;
  /** What the program gave to `report(value)`; null when it did not. */
  readonly reported: number | null;
  /** Values of the variables in the last solve's solution. */
  readonly solution: Readonly<Record<string, number>> | null;
  readonly solves: readonly SolveRecord[];
  /** The model of the last solve; null where it was not linear. */
  readonly model: LinearModel | null;
  /** The model of the last solve where it was quadratic, `model` being null then. */
  readonly quadratic?: QuadraticModel;
  readonly stdout: string;
  readonly error: { readonly type: string; readonly message: string; readonly line: number | null } | null;
  readonly dialect: string;
  readonly backend: string;
  readonly solverVersion: string;
  /** Solver options that the program asked for and that were honoured. */
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /**
   * What the program's own library said of its last solve, where a library other than the host's solver ran it. `resolved` says
   * whether the host solved the same model again and vouches for `objective`; it does not for a model that is more than quadratic.
   */
  readonly library?: { readonly status: SolveStatus; readonly objective: number | null; readonly resolved: boolean };
  /** The wall clock, not a counted budget, decided this outcome: not replayable, never rewarded. */
  readonly wallLimited: boolean;
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** An outcome of a program that never ran, for example because there was none. */
export function emptyOutcome(status: OutcomeStatus, about: { dialect: string; backend: string; error?: Outcome['error'] }): Outcome {
  return {
    status,
    objective: null,
    certificate: 'none',
    reported: null,
    solution: null,
    solves: [],
    model: null,
    stdout: '',
    error: about.error ?? null,
    dialect: about.dialect,
    backend: about.backend,
    solverVersion: '',
    options: {},
    wallLimited: false,
    wallMs: 0,
    cpuMs: 0,
  };
}
