/** The value that a program claims by `report`. */
import type { Outcome } from '../core/outcome.ts';

/**
 * The reported value, or null where the program reported none. HiGHS (of a linear program) and GLPK give 0 as the objective of a model
 * without a solution: a program that passes this 0 on claims nothing, as one that passes on the infinity that HiGHS gives of a
 * mixed-integer program, or the error that gurobipy raises.
 */
export function claimOf({ reported, status, solves }: Pick<Outcome, 'reported' | 'status' | 'solves'>): number | null {
  const isProof = status === 'infeasible' || status === 'unbounded' || status === 'infeasible_or_unbounded';
  return reported === 0 && isProof && solves.at(-1)?.status === status ? null : reported;
}
