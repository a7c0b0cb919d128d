/** The coding agent's turns: what a program is told that failed, has no solution, or disagrees with the simulators. */
import type { Outcome } from '../core/outcome.ts';
import { answerKindOf } from '../decode/self-consistency.ts';
import type { ChatMessage } from '../dialects/prompt.ts';
import { type Attempt, askPrograms, fenced, type ProgramAsk, seedsOf } from './ask.ts';
import { type Choice, keyOf } from './choose.ts';
import type { SolveOptions, SolveParts } from './solve-parts.ts';
import { type AskOptions, leastRoom, roomAfter } from './speaker.ts';
import { feedbackOf, isRefuted, type Validation } from './validate.ts';

/** What a round of repair needs to know. */
export interface RepairState {
  /** The first prompt. */
  readonly base: readonly ChatMessage[];
  readonly samples: readonly Attempt[];
  readonly chosen: Choice | null;
  /** What the simulators say of the chosen answer. */
  readonly validations: readonly Validation[];
}

const hasFailed = ({ outcome }: Attempt): boolean => answerKindOf(outcome.status) === 'error';
const lacksSolution = ({ outcome }: Attempt): boolean => ['infeasible', 'unbounded'].includes(answerKindOf(outcome.status) ?? '');

/** Samples that a turn may still change: none where a majority has a solution already that no simulator refutes. */
function repairable({ samples, chosen, validations }: RepairState): number[] {
  const isSettled =
    chosen !== null &&
    chosen.value !== null &&
    2 * chosen.agreeing > samples.length &&
    (chosen.kind === 'optimal' || chosen.kind === 'time_limit');
  if (isSettled && !isRefuted(validations)) return [];
  return samples.flatMap((sample, i) => (hasFailed(sample) || (lacksSolution(sample) && !sample.stands) ? [i] : []));
}

/** What the program is told of its run. */
export function runFeedback({ status, error }: Outcome): string {
  const whole = 'Read the problem again, then give the whole corrected program.';
  switch (answerKindOf(status)) {
    case 'infeasible':
      return `The solver proves that this model is infeasible: no values satisfy all of its constraints. Check every constraint and bound against the text: its direction, its sign, its units, demands written twice or too tight. ${whole} If the problem itself cannot be satisfied, give the same program again.`;
    case 'unbounded':
      return `The solver finds this model unbounded: its objective can be improved for ever. A constraint or bound of the text is missing, or the objective points the wrong way. ${whole} If the problem itself has no bound, give the same program again.`;
    default: {
      const line = error?.line === null || error?.line === undefined ? '' : ` (line ${error.line})`;
      const said = error === null ? 'it ended without an answer of the solver' : `${error.type}: ${error.message}${line}`;
      return `Running this answer ended with ${status}: ${said}. ${whole}`;
    }
  }
}

/** An answer as it is shown again: without what it thought before, which costs tokens and says nothing new. */
const answered = ({ text, program }: Attempt, language: string): string => {
  const said = text.replace(/<think>[\s\S]*?(?:<\/think>|$)/g, '').trim();
  return said === '' ? fenced(language, program?.code ?? '') : said;
};

/**
 * One round of repair, all its turns in one call of the policy: each sample that failed or has no solution is told so and answers again in
 * its own conversation; where more simulators differ from the chosen answer than agree, as many programs as there were samples answer the
 * discrepancy. A policy that is asked by bare prompts cannot be told anything and is sampled anew where simulators refute its answer.
 *
 * @returns the samples after it, repaired ones in the places of those they repair; null where nothing was left to say.
 */
export async function repairRound(
  parts: SolveParts,
  options: SolveOptions,
  state: RepairState,
  round: number,
  about: AskOptions,
): Promise<readonly Attempt[] | null> {
  const { samples, chosen, validations } = state;
  const disagreement = isRefuted(validations) ? validations.find((v) => v.type === 'inconsistent') : undefined;
  if (parts.template === 'bare') {
    if (disagreement === undefined) return null;
    const anew: ProgramAsk = { messages: state.base, turns: [], seeds: seedsOf(options.seed, 'program', round, options.samples) };
    const [more = []] = await askPrograms(parts, [anew], 0, about); // they know nothing of the disagreement
    return [...samples, ...more];
  }
  const own = repairable(state).flatMap((i) => {
    const sample = samples[i] as Attempt;
    const turn = nextTurn(parts, state.base, sample, runFeedback(sample.outcome));
    return turn === null ? [] : [{ i, ask: { ...turn, seeds: [`${options.seed}/solve/program/${round}/${options.samples + i}`] } }];
  });
  // The record's own program has no conversation; a sample of the same model has one.
  const shown = chosen?.sample;
  const told =
    shown && (samples.find(({ outcome }) => outcome === shown.outcome) ?? samples.find((sample) => keyOf(sample) === keyOf(shown)));
  const turn = disagreement === undefined || told === undefined ? null : nextTurn(parts, state.base, told, feedbackOf(disagreement));
  const doubted = turn === null ? [] : [{ ...turn, seeds: seedsOf(options.seed, 'program', round, options.samples) }];
  if (own.length + doubted.length === 0) return null;
  const answers = await askPrograms(parts, [...own.map(({ ask }) => ask), ...doubted], round, about);
  const next = [...samples];
  for (const [k, { i }] of own.entries()) {
    const [answer] = answers[k] ?? [];
    if (answer !== undefined) next[i] = mended(samples[i] as Attempt, answer);
  }
  return [...next, ...(doubted.length === 0 ? [] : (answers.at(-1) ?? []))];
}

/** The attempt that counts after a turn; it belongs to the round of the one that it repairs. */
function mended(before: Attempt, after: Attempt): Attempt {
  // A model without a solution that is given again, or stood by in words, stays as it is and is not asked a second time.
  if (lacksSolution(before) && (after.program === null || answerKindOf(after.outcome.status) === answerKindOf(before.outcome.status)))
    return { ...(after.program === null ? before : after), turns: after.turns, round: before.round, stands: true };
  return { ...after, round: before.round };
}

/** The conversation with one more turn, its oldest turns left out where they do not fit; null where not even the last fits. */
function nextTurn(parts: SolveParts, base: readonly ChatMessage[], sample: Attempt, feedback: string): Omit<ProgramAsk, 'seeds'> | null {
  const said: ChatMessage[] = [
    { role: 'assistant', content: answered(sample, parts.dialect.language) },
    { role: 'user', content: feedback },
  ];
  for (let from = 0; from <= sample.turns.length; from += 2) {
    const turns = [...sample.turns.slice(from), ...said];
    const messages = [...base, ...turns];
    if (roomAfter(parts, messages) >= leastRoom) return { messages, turns };
  }
  return null;
}
