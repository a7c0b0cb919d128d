/** What several simulators say of several candidates: the votes behind choosing a program by the policy's own simulators. */
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import { modelHashOf } from '../decode/self-consistency.ts';
import { type ValidationOptions, validateBySimulator } from './validate.ts';

export interface SimulatorVotes {
  /** Simulators that say the same as the model at every point, and simulators that do not; one that cannot tell is neither. */
  readonly agree: number;
  readonly differ: number;
}

/**
 * Each simulator's verdict on each outcome. Equal models, and equal simulators, are compared once and counted as often as they came.
 *
 * @param outcomes [candidates]; one without a solution has no votes.
 * @returns [candidates]
 */
export async function simulatorVotes(
  outcomes: readonly Outcome[],
  simulators: readonly Program[],
  options: ValidationOptions,
): Promise<SimulatorVotes[]> {
  const numBySimulator = new Map<string, { readonly simulator: Program; count: number }>();
  for (const simulator of simulators) {
    const known = numBySimulator.get(simulator.code);
    if (known === undefined) numBySimulator.set(simulator.code, { simulator, count: 1 });
    else known.count += 1;
  }
  const votesOf = async (outcome: Outcome): Promise<SimulatorVotes> => {
    const verdicts = await Promise.all(
      [...numBySimulator.values()].map(async ({ simulator, count }) => ({
        type: (await validateBySimulator(outcome, simulator, options)).type,
        count,
      })),
    );
    const sum = (wanted: string): number => verdicts.reduce((total, { type, count }) => total + (type === wanted ? count : 0), 0);
    return { agree: sum('consistent'), differ: sum('inconsistent') };
  };
  const byModel = new Map<string, Promise<SimulatorVotes>>();
  return Promise.all(
    outcomes.map((outcome) => {
      const hash = modelHashOf(outcome);
      if (hash === null || outcome.solution === null) return { agree: 0, differ: 0 };
      // A model's hash is one of numbers alone, and a simulator looks at which name has which.
      const key = JSON.stringify([hash, outcome.model, outcome.solution]);
      const votes = byModel.get(key) ?? votesOf(outcome);
      byModel.set(key, votes);
      return votes;
    }),
  );
}

/**
 * The weight of a vote in a consensus: 1 where all simulators agree with the sample's model or none can tell, `1 / (1 + n)` where all n
 * differ.
 */
export const simulatorWeight = ({ agree, differ }: SimulatorVotes): number => (1 + agree) / (1 + agree + differ);
