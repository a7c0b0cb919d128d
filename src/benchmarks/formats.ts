/** All formats in the order in which they are tried, and which one a file is written in. */

import { type Fields, type Format, isFields } from './format.ts';
import { nl4optDeclarationsFormat } from './nl4opt-declarations.ts';
import { optibenchFormat, scenarioFormat } from './optibench.ts';
import { ownFormat, plainFormat } from './own-format.ts';
import { questionAnswerFormats } from './question-answer.ts';
import { sampleFormat } from './samples.ts';

/** The more a format asks for, the earlier it comes. */
export const formats: readonly Format[] = [
  nl4optDeclarationsFormat,
  optibenchFormat,
  scenarioFormat,
  ...questionAnswerFormats,
  sampleFormat([]),
  ownFormat,
  plainFormat,
];

export const formatNames: readonly string[] = formats.map((format) => format.name);

export const formatNamed = (name: string): Format | null => formats.find((format) => format.name === name) ?? null;

/** The format that fits most of the first records of a file; null when it fits none. The earlier of two that fit equally. */
export function detectFormat(records: readonly Fields[]): Format | null {
  let best: Format | null = null;
  let most = 0;
  for (const format of formats) {
    const count = records.filter(format.matches).length;
    if (count > most) [best, most] = [format, count];
  }
  return best;
}

/** Names under which exports put their list of records. */
const wrappers = ['data', 'rows', 'examples', 'problems', 'items', 'train', 'validation', 'test'] as const;

/**
 * The records inside a wrapping object: `{data: [...]}`, `{rows: [{row: {...}}]}` as a dataset viewer answers, or an object keyed by
 * id. What no wrapping is known of comes back as it is.
 */
export function unwrapped(record: Fields): readonly Fields[] {
  if (formats.some((format) => format.matches(record))) return [record];
  for (const name of wrappers) {
    const list = record[name];
    if (Array.isArray(list) && list.length > 0 && list.every(isFields)) {
      return list.map((item: Fields) => (isFields(item.row) ? item.row : item)).flatMap(unwrapped);
    }
  }
  const entries = Object.entries(record);
  if (entries.length > 0 && entries.every(([, value]) => isFields(value) && formats.some((format) => format.matches(value)))) {
    return entries.map(([key, value]) => ({ key, ...(value as Fields) }));
  }
  return [record];
}
