import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberWordsIn, spokenNumber } from '../../src/lib/spoken-number.ts';

const units =
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
/** English for 1 to 999,999,999, written for this test. */
function inWords(value: number): string {
  const below100 = (n: number): string =>
    n < 20 ? (units[n - 1] ?? '') : [tens[Math.floor(n / 10) - 2] ?? '', ...(n % 10 === 0 ? [] : [units[(n % 10) - 1] ?? ''])].join('-');
  for (const [name, scale] of [
    ['million', 1e6],
    ['thousand', 1e3],
    ['hundred', 100],
  ] as const) {
    if (value < scale) continue;
    const rest = value % scale;
    const joint = name === 'hundred' ? ' and ' : ' ';
    return `${inWords(Math.floor(value / scale))} ${name}${rest === 0 ? '' : `${joint}${inWords(rest)}`}`;
  }
  return below100(value);
}

describe('spokenNumber', () => {
  it.each([
    ['60,500', 60500],
    ['$3.50', 3.5],
    ['fifteen percent', 0.15],
    ['one hundred thousand', 100000],
    ['1.5 million', 1500000],
    ['a hundred', 100],
    ['a dozen', 12],
    ['twenty-five', 25],
    ['two thirds', 2 / 3],
    ['a quarter', 0.25],
    ['five times', 5],
    ['1/4', 0.25],
    ['1/0', undefined],
    ['8000 minutes', undefined],
    ['hundred two', undefined],
    ['five twenty', undefined],
    ['thousands', undefined],
    ['and', undefined],
    ['one constructor', undefined],
    ['constructor', undefined],
    ['', undefined],
  ])('reads %j as %j', (text, value) => expect(spokenNumber(text)).toBe(value));

  it('reads every whole number below a thousand million in words', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 999_999_999 })), (value) => {
        expect(spokenNumber(inWords(value))).toBe(value);
      }),
    );
  });
});

describe('numberWordsIn', () => {
  it('finds number words and the phrases they make', () => {
    expect(numberWordsIn('At least two thirds of the twelve boats, and twenty-five men.')).toEqual([2, 2 / 3, 1 / 3, 12, 20, 25, 5]);
    expect(numberWordsIn('Two hundred and fifty crates; half of them twice.')).toEqual(expect.arrayContaining([250, 0.5, 2]));
  });
  it('finds none in other words', () => expect(numberWordsIn('Someone sells often; 5 tents, thousands of them.')).toEqual([]));
});
