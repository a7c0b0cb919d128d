import { describe, expect, it } from 'vitest';
import { sameNumbers } from '../../src/solve/same-numbers.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const question =
  'A kilo of nuts costs 45 dollars and of oats 25; they hold 15 and 15 grams of 375 that are needed. At most 12 kilos of nuts.';
const same = (lp: string, text = question) => sameNumbers(text, parseLp(`${lp}\nend`));

describe('sameNumbers', () => {
  it('holds for a model with each number of the text as often as the text has it', () =>
    expect(same('min\n 45 nuts + 25 oats\nst\n 15 nuts + 15 oats >= 375\n nuts <= 12')).toBe(true));

  it('fails when a number is left out, added, or written more or less often', () => {
    expect(same('min\n 45 nuts + 25 oats\nst\n 15 nuts + 15 oats >= 375')).toBe(false);
    expect(same('min\n 45 nuts + 25 oats\nst\n 15 nuts + 15 oats >= 375\n nuts <= 12\n oats <= 99')).toBe(false);
    expect(same('min\n 45 nuts + 25 oats\nst\n 15 nuts + 15 oats >= 375\n nuts <= 12\n oats <= 12')).toBe(false);
    expect(same('min\n 45 nuts + 25 oats\nst\n 15 nuts + oats >= 375\n nuts <= 12')).toBe(false);
  });

  it('fails for rows repeated with other numbers, though every number stands somewhere', () =>
    expect(same('min\n 45 nuts + 45 oats\nst\n 15 nuts + 15 oats >= 375\n 25 nuts + 15 oats >= 375\n nuts <= 12')).toBe(false));

  it('does not see which number belongs where, nor a direction', () =>
    expect(same('min\n 25 nuts + 45 oats\nst\n 15 nuts + 15 oats <= 375\n nuts >= 12')).toBe(true));

  it('counts an equation once, and takes a bound for a row', () => {
    expect(same('min\n 2 a\nst\n a + b = 7', 'A costs 2. Make 7 in all.')).toBe(true);
    expect(same('min\n 2 a\nst\n a + b >= 7\nbounds\n b <= 4', 'A costs 2. Make 7, at most 4 of b.')).toBe(true);
  });

  it('takes no 100 from the word "one"', () => {
    const text = 'A earns 3 and b earns 8. There are 1,500 hours for the two of them, and one machine.';
    expect(same('max\n 3 a + 8 b\nst\n a + b <= 1500', text)).toBe(true);
    expect(same('max\n 3 a + 8 b\nst\n a + b <= 1500\n a <= 100', text)).toBe(false);
  });

  it('takes a percentage as shares of one row, and number words where they are used', () => {
    const text = 'A earns 3 and b earns 8. At least 20% must be a. There are 1,500 hours; twelve people work.';
    expect(same('max\n 3 a + 8 b\nst\n 0.8 a - 0.2 b >= 0\n a + b <= 1500', text)).toBe(true);
    expect(same('max\n 3 a + 8 b\nst\n 0.8 a - 0.2 b >= 0\n a + b <= 1500\n a <= 12', text)).toBe(true);
  });
});
