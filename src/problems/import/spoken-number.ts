/** Numbers as problem texts say them: "60,500", "$3.50", "20%", "fifteen percent", "a third", "twice", "5 times". */

const words: Readonly<Record<string, number>> = {
  zero: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
  hundred: 100,
  half: 1 / 2,
  third: 1 / 3,
  quarter: 1 / 4,
  fourth: 1 / 4,
  fifth: 1 / 5,
  once: 1,
  twice: 2,
  double: 2,
  thrice: 3,
  triple: 3,
};

/**
 * The value of a number in digits or words, or undefined when the text is anything else.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { spokenNumber } from 'evom';
 * assert.deepEqual(['60,500', '20%', 'a third', '1.5 times', 'some'].map(spokenNumber), [60500, 0.2, 1 / 3, 1.5, undefined]);
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
  return Object.hasOwn(words, plain) ? words[plain] : wordProduct(plain);
}

const scales: ReadonlyMap<string, number> = new Map([
  ['hundred', 100],
  ['thousand', 1e3],
  ['million', 1e6],
]);

/** "one hundred thousand": a number word and scales behind it, each larger than the one before. */
function wordProduct(text: string): number | undefined {
  const [first = '', ...rest] = text.split(/\s+/);
  const start = spokenDigit(first);
  const factors = rest.map((word) => scales.get(word));
  if (start === undefined || factors.length === 0 || factors.some((factor, i) => factor === undefined || factor <= (factors[i - 1] ?? 1)))
    return undefined;
  return factors.reduce<number>((product, factor) => product * (factor ?? 1), start);
}

const spokenDigit = (word: string): number | undefined =>
  /^\d+(?:\.\d+)?$/.test(word) ? Number(word) : Object.hasOwn(words, word) ? words[word] : undefined;
