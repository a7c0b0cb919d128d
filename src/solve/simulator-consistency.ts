/** The simulator loop's own verdict as a reward without labels (NEMO's open question 2), beside those of `groupConsistency`. */
import type { ConsistencyEvidence } from '../core/evidence.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { simulatorVotes } from './simulator-votes.ts';
import type { ValidationOptions } from './validate.ts';

/**
 * Evidence on each program of a group by the simulators of its problem: the share of those that can tell which say the same as its model at
 * its optimum and around it. Neither an answer nor a reference model is looked at.
 *
 * A program without a solution, or that no simulator can check, earns 0: what is not borne out is not paid.
 *
 * @param outcomes [G] of programs for one problem. @param simulators written without seeing them, and tested (`usableSimulators`).
 * @returns [G]; null for a fault of ours, about which nothing can be said.
 */
export async function simulatorConsistency(
  outcomes: readonly Outcome[],
  simulators: readonly Program[],
  options: ValidationOptions,
): Promise<(ConsistencyEvidence | null)[]> {
  const votes = await simulatorVotes(outcomes, simulators, options);
  return outcomes.map((outcome, i): ConsistencyEvidence | null => {
    if (outcome.status === 'infra_error') return null;
    const { agree, differ } = votes[i] ?? { agree: 0, differ: 0 };
    const passed = agree + differ === 0 ? 0 : agree / (agree + differ);
    return { passed, failed: passed < 0.5 ? ['simulator'] : [] };
  });
}
