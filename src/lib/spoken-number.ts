/** Numbers as texts say them: "60,500", "$3.50", "20%", "fifteen percent", "two thirds", "twice", "5 times", "one hundred and twenty". */

const units: Readonly<Record<string, number>> = Object.fromEntries(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
    .split(' ')
    .map((word, value) => [word, value]),
);
const tens: Readonly<Record<string, number>> = Object.fromEntries(
  'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, i) => [word, 20 + 10 * i]),
);
const parts: Readonly<Record<string, number>> = { half: 2, halves: 2, third: 3, quarter: 4, fourth: 4, fifth: 5, tenth: 10 };
const factors: Readonly<Record<string, number>> = { once: 1, twice: 2, double: 2, thrice: 3, triple: 3, dozen: 12 };
const scales = [
  ['million', 1e6],
  ['thousand', 1e3],
  ['hundred', 100],
] as const; // the largest first

const valueIn = (table: Readonly<Record<string, number>>, word: string): number | undefined =>
  Object.hasOwn(table, word) ? table[word] : word.endsWith('s') ? valueIn(table, word.slice(0, -1)) : undefined;

/**
 * The value of a number in digits or words, or undefined when the text is anything else.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { spokenNumber } from 'evom/lib';
 * assert.deepEqual(['60,500', '20%', 'a third', '1.5 times', 'twenty-five', 'some'].map(spokenNumber), [60500, 0.2, 1 / 3, 1.5, 25, undefined]);
 * ```
 */
export function spokenNumber(text: string): number | undefined {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/^(?:a|an)\s+/, '')
    .replace(/^\$\s*/, '');
  const percent = /^(.*?)\s*(?:%|percent)$/.exec(plain);
  if (percent !== null) {
    const value = spokenNumber(percent[1] ?? '');
    return value === undefined ? undefined : value / 100;
  }
  const times = /^(.+?)\s+times$/.exec(plain);
  if (times !== null) return spokenNumber(times[1] ?? '');
  const fraction = /^(\d+)\s*\/\s*(\d+)$/.exec(plain);
  if (fraction !== null) return Number(fraction[2]) === 0 ? undefined : Number(fraction[1]) / Number(fraction[2]);
  if (/^[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$|^[+-]?\.\d+$/.test(plain)) return Number(plain.replaceAll(',', ''));
  return phraseValue(plain.split(/[\s-]+/));
}

/**
 * The numbers that a running text writes as words, once each: every number word, and every phrase of them.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { numberWordsIn } from 'evom/lib';
 * assert.deepEqual(numberWordsIn('At least two thirds of the twelve boats, and twenty-five men.'), [2, 2 / 3, 1 / 3, 12, 20, 25, 5]);
 * ```
 */
export function numberWordsIn(text: string): number[] {
  const found = new Set<number>();
  for (const run of text.toLowerCase().match(/[a-z]+(?:[ -][a-z]+)*/g) ?? []) {
    const words = run.split(/[ -]/);
    for (let from = 0; from < words.length; from++) {
      for (let to = from + 1; to <= Math.min(words.length, from + longestPhrase); to++) {
        const value = phraseValue(words.slice(from, to));
        if (value !== undefined) found.add(value);
      }
    }
  }
  return [...found];
}

/** "two hundred and fifty thousand". */
const longestPhrase = 5;

/** A word of its own, a count of parts ("two thirds"), or a cardinal. */
function phraseValue(words: readonly string[]): number | undefined {
  const [first = '', second] = words;
  const part = valueIn(parts, second ?? first);
  if (words.length <= 2 && part !== undefined) {
    const count = second === undefined ? 1 : valueIn(units, first);
    return count === undefined ? undefined : count / part;
  }
  return (words.length === 1 ? valueIn(factors, first) : undefined) ?? cardinal(words);
}

/** "seven", "twenty-five", "one hundred thousand", "two hundred and fifty", "1.5 million", "hundred". */
function cardinal(words: readonly string[]): number | undefined {
  for (const [name, scale] of scales) {
    const at = words.findIndex((word) => word === name || word === `${name}s`);
    if (at === -1) continue;
    const [head, tail] = [words.slice(0, at), words.slice(words[at + 1] === 'and' ? at + 2 : at + 1)];
    // "thousands of" is no number, "a hundred" is one.
    const times = head.length > 0 ? cardinal(head) : name === 'hundred' && at === words.length - 1 ? 1 : undefined;
    const rest = at === words.length - 1 ? 0 : cardinal(tail);
    return times === undefined || rest === undefined || rest >= scale ? undefined : times * scale + rest;
  }
  const [first = '', second] = words;
  if (words.length === 1) return /^\d+(?:\.\d+)?$/.test(first) ? Number(first) : (valueIn(units, first) ?? valueIn(tens, first));
  const [ten, unit] = [valueIn(tens, first), valueIn(units, second ?? '')];
  return words.length === 2 && ten !== undefined && unit !== undefined && unit > 0 && unit < 10 ? ten + unit : undefined;
}
