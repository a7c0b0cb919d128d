/** What a policy is asked for one problem once its record is there: programs and simulators, side by side. */
import type { Program } from '../core/program.ts';
import { buildPrompt, type ChatMessage } from '../dialects/prompt.ts';
import { type SampledProgram, verified } from './candidates.ts';
import type { Say } from './component-evidence.ts';
import type { Reading } from './read-problem.ts';
import { testInstructions, withNames, withRecord } from './record-text.ts';
import type { Example, SolveOptions, SolveParts } from './solve-parts.ts';
import { type AskOptions, ask, type Question } from './speaker.ts';

/** Solved problems to show as examples. */
export async function recalled(parts: SolveParts, { question, components }: SolveOptions, say: Say): Promise<readonly Example[]> {
  if (!components.memory || parts.recall === null) return [];
  if (parts.template === 'bare') {
    say('memory', 'silent', 'left out: this policy is asked by bare prompts, which have no place for examples');
    return [];
  }
  const examples = await parts.recall(question);
  const records = examples.filter(({ record }) => record !== undefined).length;
  say('memory', 'silent', `${examples.length} solved problems shown as examples, ${records} of them to the extractor too`);
  return examples;
}

/** A program with the conversation that led to it. */
export interface Attempt extends SampledProgram {
  /** Its answers before, and what was said to each: the turns after the first prompt. */
  readonly turns: readonly ChatMessage[];
  /** 0 of the first round; the round of a repair after a simulator's disagreement. */
  readonly round: number;
  /** It was told that its model has no solution, and stands by that. */
  readonly stands: boolean;
}

/** The messages that ask for a program: examples as earlier turns, the problem with its record and the advice. */
export function programMessages(
  { template, dialect }: SolveParts,
  question: string,
  examples: readonly Example[],
  { record, advice }: { readonly record: Reading['winner']; readonly advice: string | null },
): ChatMessage[] {
  const base = buildPrompt(template, withRecord(question, record, advice), dialect);
  const shown = examples.flatMap((example): ChatMessage[] => [
    ...buildPrompt(template, withRecord(example.question, record === null ? null : (example.record ?? null), null), dialect).filter(
      ({ role }) => role === 'user',
    ),
    { role: 'assistant', content: fenced(dialect.language, example.program) },
  ]);
  return [...base.filter(({ role }) => role === 'system'), ...shown, ...base.filter(({ role }) => role !== 'system')];
}

export const fenced = (language: string, code: string): string => `\`\`\`${language === 'python' ? 'python' : 'js'}\n${code}\n\`\`\``;

/** One thing that programs are asked for. */
export interface ProgramAsk {
  readonly messages: readonly ChatMessage[];
  /** What `messages` has beyond the first prompt. */
  readonly turns: readonly ChatMessage[];
  readonly seeds: readonly string[];
}

/**
 * Asks for programs and, beside them, for what `others` says; each program runs while the next is sampled.
 *
 * @returns [asks][seeds] attempts.
 */
export async function askPrograms(
  parts: SolveParts,
  asks: readonly ProgramAsk[],
  round: number,
  about: AskOptions,
  others: readonly Question[] = [],
): Promise<Attempt[][]> {
  const running = asks.map((): Promise<Attempt>[] => []);
  const faults: unknown[] = [];
  const questions = asks.map(
    ({ messages, turns, seeds }, i): Question => ({
      messages,
      seeds,
      onText: (sample, text, completion) => {
        const attempt = verified(parts, parts.dialect, parts.backend, text, completion).then(
          (done): Attempt => ({ ...done, turns, round, stands: false }),
        );
        attempt.catch((error: unknown) => faults.push(error)); // awaited below
        (running[i] as Promise<Attempt>[])[sample] = attempt;
      },
    }),
  );
  await ask(parts, [...questions, ...others], about);
  if (faults.length > 0) throw faults[0];
  return Promise.all(running.map((of) => Promise.all(of)));
}

export interface FirstRound {
  readonly samples: readonly Attempt[];
  readonly simulators: readonly Program[];
  readonly numSimulators: number;
}

/** The first programs, and the simulators: written without seeing a program. */
export async function askFirst(
  parts: SolveParts,
  options: SolveOptions,
  base: readonly ChatMessage[],
  reading: Reading,
  about: AskOptions,
): Promise<FirstRound> {
  const { seed, samples } = options;
  const simulators: Program[] = [];
  const simulatorAsk = simulatorQuestion(parts, options, reading, simulators);
  const programs: ProgramAsk = { messages: base, turns: [], seeds: seedsOf(seed, 'program', 0, samples) };
  const beside = parts.simulators === undefined && simulatorAsk !== null ? [simulatorAsk] : [];
  const apart = parts.simulators !== undefined && simulatorAsk !== null ? ask(parts.simulators, [simulatorAsk], about) : Promise.resolve();
  const [[attempts = []]] = await Promise.all([askPrograms(parts, [programs], 0, about, beside), apart]);
  return { samples: attempts, simulators, numSimulators: simulatorAsk?.seeds.length ?? 0 };
}

export const seedsOf = (seed: string | number, what: string, round: number, count: number): string[] =>
  Array.from({ length: count }, (_, k) => `${seed}/solve/${what}/${round}/${k}`);

function simulatorQuestion(
  parts: SolveParts,
  { question, components, checks, seed, simulatorRecord = 'whole' }: SolveOptions,
  { winner }: Reading,
  found: Program[],
): Question | null {
  const { simulatorDialect: dialect, simulators: speaker = parts } = parts;
  if (!components.simulator || dialect === null || checks === 0) return null;
  const isBare = speaker.template === 'bare';
  const told =
    winner === null || isBare ? question : simulatorRecord === 'whole' ? withRecord(question, winner, null) : withNames(question, winner);
  return {
    messages: buildPrompt(speaker.template, isBare ? told : `${told}\n\n${testInstructions(dialect.name)}`, dialect),
    seeds: seedsOf(seed, 'simulator', 0, checks),
    onText: (_, text) => {
      const program = dialect.extract(text);
      if (program !== null) found.push(program);
    },
  };
}
