/** Chain-of-Experts samples without their folder: `[{input, output}]`, joined with the text that holds the same data. */
import { isDeepStrictEqual } from 'node:util';
import { plainLabels, readLabel } from '../problems/sets/labels.ts';
import { type Draft, type Fields, type Format, has, isFields } from './format.ts';

/** The Python or JSON dictionary at the end of a text, as data; null when it ends with none. */
export function closingData(text: string): Fields | null {
  const end = text.trimEnd();
  if (!end.endsWith('}')) return null;
  for (let at = end.indexOf('{'); at >= 0; at = end.indexOf('{', at + 1)) {
    const json = end
      .slice(at)
      .replace(/'((?:[^'\\]|\\.)*)'/g, (_, inner: string) => JSON.stringify(inner))
      .replace(/\bTrue\b/g, 'true')
      .replace(/\bFalse\b/g, 'false')
      .replace(/\bNone\b/g, 'null');
    try {
      const value = JSON.parse(json) as unknown;
      if (isFields(value)) return value;
    } catch {
      // Not from here: the next brace may open the dictionary.
    }
  }
  return null;
}

/**
 * Samples joined with texts by their data, which must be equal to the last number.
 *
 * @param texts questions that end with their data as a dictionary, as LLMOPT publishes ComplexOR.
 */
export function sampleFormat(texts: readonly string[]): Format {
  const known = texts.flatMap((question) => {
    const data = closingData(question);
    return data === null ? [] : [{ question, data }];
  });
  const read = (record: Fields): Draft => {
    const { input, output } = record;
    if (!isFields(input)) return { field: 'input', message: 'is not an object' };
    const published = Array.isArray(output) ? (output[0] as unknown) : output;
    const label = readLabel(published ?? null, plainLabels);
    if (label === undefined) return { field: 'output', message: `is ${JSON.stringify(output)}, which starts with no number` };
    const found = known.filter(({ data }) => isDeepStrictEqual(data, input));
    const [text] = found;
    if (text === undefined || found.length > 1) {
      const why = found.length > 1 ? `${found.length} texts hold its data` : 'no text holds its data';
      return { field: 'input', message: `comes without a question, and ${why}; name a file of texts with --texts` };
    }
    return { key: null, question: text.question, ...label, data: input };
  };
  return {
    name: 'sample',
    description: 'Chain-of-Experts sample.json alone: input, output; joined with --texts by its data',
    matches: (record) => has(record, 'input', 'output') && isFields(record.input),
    read: (record) => [read(record)],
  };
}
