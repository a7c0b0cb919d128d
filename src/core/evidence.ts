/** Facts about an outcome that took a solver, or another program, to find. They are gathered before scoring, so that scoring is pure. */
import type { SolveStatus } from './outcome.ts';

/** How a program's model compares with the reference model. */
export type ModelComparison =
  | 'identical' // equal up to naming, order and scaling
  | 'equivalent' // not identical; the same optimum under every change that was tried on both
  | 'different' // a change tells them apart: a right optimum is one by luck
  | 'unmatched'; // too few variables correspond to change both alike: nothing is known

/** What another backend says about the captured model. */
export interface CrossSolve {
  /** The backend's name; of a verdict that a proof stands behind, the kind of its certificate, and none was asked. */
  readonly backend: string;
  readonly status: SolveStatus;
  readonly objective: number | null;
  /** null: it reached no verdict within its budget. */
  readonly agrees: boolean | null;
}

/** What an independent check of the solution against the problem's text says (a simulator, NEMO). */
export interface ConsistencyEvidence {
  /** Share of the checks that the solution passed, in 0..1. */
  readonly passed: number;
  /** The checks that failed, for reports. */
  readonly failed: readonly string[];
}

/** Accepted programs of the same problem, where it has no reference model. */
export interface PeerEvidence {
  /** Others whose models keep the same optimum under changes. */
  readonly alike: number;
  readonly others: number;
}

/** Fields are null where nothing was asked or can be said. */
export interface Evidence {
  readonly comparison: ModelComparison | null;
  /** Whether the program's point satisfies the reference model, whose variables it names, and is worth the optimum there. */
  readonly solvesReference: boolean | null;
  readonly crossSolve: CrossSolve | null;
  /** Least and greatest objective over the linear relaxation of the model; infinite where unbounded. */
  readonly objectiveRange: readonly [number, number] | null;
  readonly peers: PeerEvidence | null;
  readonly consistency: ConsistencyEvidence | null;
  /** Why a right value may be missing, by re-solving variants of a wrong model: never a second chance. */
  readonly hints: readonly string[];
  /** A fault of ours while gathering: the rollout cannot be scored. */
  readonly fault: string | null;
}

/** Evidence of an outcome that nothing was asked about. */
export const noEvidence: Evidence = {
  comparison: null,
  solvesReference: null,
  crossSolve: null,
  objectiveRange: null,
  peers: null,
  consistency: null,
  hints: [],
  fault: null,
};
