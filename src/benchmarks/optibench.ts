/** OptiBench and NL4OPT-E (ReSocratic): every quantity of the solution by name, the objective among them. */

import { plainLabels, readLabel } from '../problems/sets/labels.ts';
import type { Draft, Fields, Format } from './format.ts';
import { has, isFields } from './format.ts';
import { closingData } from './samples.ts';

/** Words of a name that tells an objective apart from a variable. */
const objectiveWords = /\b(?:total|maxim\w*|minim\w*|optimal|profit|revenue|cost|earnings|income|least|highest|lowest|max|min)\b/i;

/**
 * The objective among the quantities: the last one, as every copy with one answer a problem has it.
 *
 * `isDoubtful` when the last name reads as a variable and another as an objective, or when only variables seem to be there.
 */
export function objectiveOf(
  results: readonly (readonly [name: string, value: unknown])[],
): { name: string; value: unknown; isDoubtful: boolean } | null {
  const last = results.at(-1);
  if (last === undefined) return null;
  const isNamed = objectiveWords.test(last[0]);
  const others = results.slice(0, -1).filter(([name]) => objectiveWords.test(name));
  return {
    name: last[0],
    value: last[1],
    isDoubtful: !isNamed && results.length > 1 && (others.length > 0 || isSeries(results.map(([name]) => name))),
  };
}

/** Whether the last two names are one phrase with another number or letter at its end: "Fertilizer 4", "Fertilizer 5". */
function isSeries(names: readonly string[]): boolean {
  const stem = (name: string | undefined): string => (name ?? '').replace(/\s*(?:\d+|[A-Z])$/, '');
  const [before, last] = [names.at(-2), names.at(-1)];
  return stem(last) !== last && stem(last) === stem(before);
}

/** The quantities; a CSV holds them as a dictionary in text. */
function resultsOf({ results }: Fields): Fields | null {
  if (typeof results === 'string') return closingData(results);
  return isFields(results) ? results : null;
}

function read(record: Fields): readonly Draft[] {
  const { question, index, type } = record;
  const results = resultsOf(record);
  if (typeof question !== 'string' || question.trim() === '') return [{ field: 'question', message: 'is missing or empty' }];
  if (results === null || Object.keys(results).length === 0)
    return [{ field: 'results', message: 'is not an object from quantities to values' }];
  // A columnar file gives every record the names of all records; those of others are null.
  const entries = Object.entries(results).filter(([, value]) => value !== null);
  const answers: [name: string, answer: number][] = [];
  for (const [name, published] of entries) {
    const label = readLabel(published, plainLabels);
    if (typeof label?.answer !== 'number')
      return [{ field: `results.${name}`, message: `is ${JSON.stringify(published)}, which is not a number` }];
    answers.push([name, label.answer]);
  }
  const values = Object.fromEntries(answers);
  const objective = objectiveOf(entries);
  if (objective === null) return [{ field: 'results', message: 'is empty' }];
  return [
    {
      key: typeof index === 'number' || typeof index === 'string' ? index : null,
      question,
      answer: values[objective.name] ?? null,
      ...(typeof type === 'string' && type.startsWith('nonlinear') ? { kind: 'nlp' as const } : {}),
      meta: {
        ...(typeof type === 'string' ? { type } : {}),
        results: values,
      },
      ...(objective.isDoubtful
        ? { doubt: { field: 'results', message: `end with "${objective.name}", which may be a variable and not the objective` } }
        : {}),
    },
  ];
}

export const optibenchFormat: Format = {
  name: 'optibench',
  description: 'ReSocratic OptiBench, NL4OPT-E: question, index, type, results {quantity: value}, the objective last',
  matches: (record) => has(record, 'question', 'results') && resultsOf(record) !== null,
  read,
};

/** The scenarios that ReSocratic writes problems from: text and formal statement together, without an answer. */
export const scenarioFormat: Format = {
  name: 'resocratic-scenario',
  description: 'ReSocratic seed scenarios: scenario (story with formal lines), var_num, type; no answer',
  matches: (record) => has(record, 'scenario', 'var_num'),
  read: (record) => {
    if (typeof record.scenario !== 'string') return [{ field: 'scenario', message: 'is not a text' }];
    const story = record.scenario
      .split('\n')
      .filter((line) => !/^\s*(?:##|\/\/)/.test(line) && line.trim() !== '')
      .join('\n');
    const question = typeof record.question === 'string' ? record.question : story;
    if (question.trim() === '') return [{ field: 'scenario', message: 'holds no line of prose' }];
    const isNonlinear = typeof record.type === 'string' && record.type.startsWith('nonlinear');
    return [{ key: null, question, answer: null, ...(isNonlinear ? { kind: 'nlp' as const } : {}), meta: { scenario: record.scenario } }];
  },
};
