/** `reward.consistency_rule: simulators`: the simulators of a problem, written once by a policy that stays as it is, and what they say of a group. */
import type { ConsistencyEvidence } from '../../core/evidence.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Problem } from '../../core/problem.ts';
import type { Program } from '../../core/program.ts';
import { buildPrompt } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { EvomError } from '../../lib/errors.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { simulatorConsistency } from '../../solve/simulator-consistency.ts';
import { testSimulator, usableSimulators } from '../../solve/simulator-tests.ts';
import { ask, createTokenMeter, type Speaker } from '../../solve/speaker.ts';
import type { SimulatorRewardConfig } from '../schema/reward-schema.ts';
import { openSpeaker } from './open-speaker.ts';

export interface GroupSimulators {
  /**
   * What a problem's simulators say of programs for it.
   *
   * @returns [outcomes]; null for a fault of ours.
   */
  evidence(problem: Problem, outcomes: readonly Outcome[]): Promise<(ConsistencyEvidence | null)[]>;
  close(): Promise<void>;
}

/** Problems whose simulators are kept: asking again gives the same ones. */
const remembered = 10_000;

type Settings = Omit<SimulatorRewardConfig, 'checkpoint'>;

/**
 * Opens the policy that writes simulators, which is sampled in this process.
 *
 * @param verify runs simulators.
 * @throws {EvomError} E_CHECKPOINT for a folder that is none.
 */
export async function openSimulators(
  settings: Settings & { readonly checkpoint: string },
  seed: number,
  verify: (program: Program) => Promise<Outcome>,
): Promise<GroupSimulators> {
  const { speaker, close } = await openSpeaker(settings.checkpoint, null);
  return { evidence: simulatorsBy(speaker, settings, seed, verify), close };
}

/**
 * What simulators by a policy say. It is asked once a problem, from the seed of the run and the problem's id alone, so that a resumed run is
 * paid the same.
 */
export function simulatorsBy(
  speaker: Speaker,
  settings: Settings,
  seed: number,
  verify: (program: Program) => Promise<Outcome>,
): GroupSimulators['evidence'] {
  const known = new LruCache<Promise<readonly Program[]>>(remembered);
  // One problem after another: a batch of several would be cut by when their groups ended, and rounding may hang on the cut.
  let last: Promise<unknown> = Promise.resolve();
  const simulatorsOf = (problem: Problem): Promise<readonly Program[]> => {
    const key = JSON.stringify([problem.id, problem.question]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const written = last.then(() => writtenFor(speaker, problem, settings, seed));
    last = written.catch(() => {});
    const usable = written.then((programs) => tested(programs, orFault(verify)));
    usable.catch(() => known.delete(key)); // awaited by whoever asked
    known.set(key, usable);
    return usable;
  };
  return async (problem, outcomes) => {
    try {
      return await simulatorConsistency(outcomes, await simulatorsOf(problem), { verify: orFault(verify) });
    } catch (error) {
      if (error instanceof SimulatorFault) return outcomes.map(() => null);
      throw error;
    }
  };
}

/** A machine and not the simulator failed: nothing is known, and nothing may be paid for it. */
class SimulatorFault extends EvomError {
  constructor(outcome: Outcome) {
    super('E_SANDBOX', `a simulator could not be run: ${outcome.error?.message ?? outcome.status}`);
  }
}

const orFault =
  (verify: (program: Program) => Promise<Outcome>) =>
  async (program: Program): Promise<Outcome> => {
    const outcome = await verify(program);
    if (outcome.status === 'infra_error') throw new SimulatorFault(outcome);
    return outcome;
  };

async function writtenFor(
  speaker: Speaker,
  { id, question }: Problem,
  { count, dialect: name, temperature, max_tokens: maxTokens }: Settings,
  seed: number,
): Promise<Program[]> {
  const dialect = dialectByName(name);
  const found: (Program | null)[] = [];
  const seeds = Array.from({ length: count }, (_, k) => `${seed}/simulators/${id}/${k}`);
  const messages = buildPrompt(speaker.template, question, dialect);
  const sampling = { temperature, topK: 0, topP: 1, maxTokens };
  const onText = (sample: number, text: string): void => {
    found[sample] = dialect.extract(text);
  };
  await ask(speaker, [{ messages, seeds, onText }], { sampling, meter: createTokenMeter() });
  return found.flatMap((program) => program ?? []);
}

async function tested(programs: readonly Program[], verify: (program: Program) => Promise<Outcome>): Promise<readonly Program[]> {
  return usableSimulators(await Promise.all(programs.map((program) => testSimulator(program, null, { verify, seed: 'reward' }))));
}
