/** The decision-process extractor: several records of one problem, and the one that the program is written from. */
import type { LinearModel } from '../core/linear-model.ts';
import { type Extraction, extractionInstructions, modelOfExtraction, parseExtraction } from '../decode/extraction.ts';
import { minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
import type { ChatMessage } from '../dialects/prompt.ts';
import { modelHash } from '../modeling/identical.ts';
import type { Say } from './component-evidence.ts';
import type { Example, SolveOptions, SolveParts } from './solve-parts.ts';
import { type AskOptions, ask, leastRoom, roomAfter } from './speaker.ts';

/** What was read out of a problem's text. */
export interface Reading {
  /** Records that passed the schema. */
  readonly records: readonly Extraction[];
  readonly numAsked: number;
  /** The one that goes into the prompts; null without one. */
  readonly winner: Extraction | null;
  /** What the winner says as a linear model; null where it is not linear. */
  readonly model: LinearModel | null;
}

export const noReading: Reading = { records: [], numAsked: 0, winner: null, model: null };

/** The judge sees so many of the best records (NEMO, arXiv:2601.21372). */
const mostJudged = 3;

/**
 * Samples records and picks one: by utility over whole records, then, of the best three that differ, by a judge who reads the text.
 * Without minimum Bayes risk decoding one record is asked for.
 */
export async function readProblem(
  parts: SolveParts,
  options: SolveOptions,
  examples: readonly Example[],
  about: AskOptions,
  say: Say,
): Promise<Reading> {
  const { components, checks, question, seed } = options;
  if (components.record === false) return noReading;
  if (parts.template === 'bare') {
    if (components.bayesRisk)
      say('extraction', 'silent', 'left out: bare prompts have no place for records; these are read off the captured models');
    return noReading;
  }
  const numAsked = components.bayesRisk ? checks : Math.min(1, checks);
  if (numAsked === 0) return noReading;
  const records: Extraction[] = [];
  const faults: string[] = [];
  await ask(
    parts,
    [
      {
        messages: extractionMessages(question, examples),
        seeds: Array.from({ length: numAsked }, (_, k) => `${seed}/solve/extraction/0/${k}`),
        onText: (_, text) => {
          const read = parseExtraction(text);
          if ('extraction' in read) records.push(read.extraction);
          else faults.push(read.faults[0] ?? '');
        },
      },
    ],
    about,
  );
  if (records.length === 0) {
    say('extraction', 'silent', `none of ${numAsked} records passed the schema (${faults[0]}); programs are asked for without one`);
    return { ...noReading, numAsked };
  }
  const winner = await pickRecord(parts, options, records, about, say);
  return { records, numAsked, winner, model: modelOfExtraction(winner) };
}

function extractionMessages(question: string, examples: readonly Example[]): ChatMessage[] {
  return [
    { role: 'system', content: `You are an expert in operations research. ${extractionInstructions}` },
    ...examples.flatMap(({ question: solved, record }): ChatMessage[] =>
      record === undefined
        ? []
        : [
            { role: 'user', content: solved.trim() },
            { role: 'assistant', content: `\`\`\`json\n${JSON.stringify(record)}\n\`\`\`` },
          ],
    ),
    { role: 'user', content: question.trim() },
  ];
}

/** A key that is equal for records that say the same linear model, whatever its names. */
const sameKey = (record: Extraction): string => {
  const model = modelOfExtraction(record);
  return model === null ? JSON.stringify(record) : modelHash(model);
};

async function pickRecord(
  parts: SolveParts,
  options: SolveOptions,
  records: readonly Extraction[],
  about: AskOptions,
  say: Say,
): Promise<Extraction> {
  const keys = new Map(records.map((record) => [record, sameKey(record)]));
  const choice = minimumBayesRisk(records, { isSame: (a, b) => keys.get(a) === keys.get(b) });
  const ranked = (choice?.order ?? []).flatMap((i) => records[i] ?? []);
  const [best] = ranked;
  if (best === undefined || !options.components.bayesRisk) return records[0] as Extraction;
  const different = ranked.filter((record, i) => ranked.findIndex((other) => keys.get(other) === keys.get(record)) === i);
  const shown = different.slice(0, mostJudged);
  const counted = `${records.length} records, ${different.length === 1 ? 'all the same model' : `${different.length} that differ`}`;
  if (shown.length === 1) {
    say('extraction', 'silent', `${counted}; it is in the prompts`);
    return best;
  }
  const judged = await judgeRecords(parts, options, shown, about);
  const how =
    judged === null
      ? 'the judge named none, so the one most like the others is in the prompts'
      : judged === 0
        ? 'the judge takes the one most like the others; it is in the prompts'
        : `the judge takes number ${judged + 1} by likeness; it is in the prompts`;
  say('extraction', 'silent', `${counted}; ${how}`);
  return shown[judged ?? 0] ?? best;
}

/** @returns index of the record that the judge names; null where it names none or cannot be asked. */
async function judgeRecords(
  parts: SolveParts,
  { question, seed }: SolveOptions,
  records: readonly Extraction[],
  about: AskOptions,
): Promise<number | null> {
  const judge = parts.judge ?? parts;
  const listed = records.map((record, i) => `Record ${i + 1}:\n\`\`\`json\n${JSON.stringify(record)}\n\`\`\``).join('\n\n');
  const messages: ChatMessage[] = [
    {
      role: 'system',
      content:
        'You are an expert in operations research and judge which of several decision records says what the problem says. Check variables, their types and bounds, objective and every constraint of each record against the text. End with one line: RECORD: its number.',
    },
    { role: 'user', content: `Problem:\n${question.trim()}\n\n${listed}` },
  ];
  if (judge.template === 'bare' || roomAfter(judge, messages) < leastRoom) return null;
  let chosen: number | null = null;
  await ask(
    judge,
    [
      {
        messages,
        seeds: [`${seed}/solve/judge/0/0`],
        onText: (_, text) => {
          const named = Number([...text.matchAll(/RECORD:\s*\**\s*(\d+)/gi)].at(-1)?.[1] ?? Number.NaN);
          if (named >= 1 && named <= records.length) chosen = named - 1;
        },
      },
    ],
    { ...about, sampling: { ...about.sampling, temperature: 0 } },
  );
  return chosen;
}
