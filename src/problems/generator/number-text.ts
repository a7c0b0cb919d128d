/** Numbers as people write them. */
import type { RandomStream } from '../../lib/random.ts';

const small = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'] as const;
const fractions: Readonly<Record<string, string>> = {
  '1/2': 'half',
  '1/3': 'a third',
  '2/3': 'two thirds',
  '1/4': 'a quarter',
  '3/4': 'three quarters',
  '1/5': 'a fifth',
  '2/5': 'two fifths',
  '3/5': 'three fifths',
};

/** Which forms a problem's numbers take beside digits. */
export interface NumberForms {
  /** Whole numbers from 2 to 12 in words. */
  readonly words: boolean;
  /** "2,500" instead of "2500". */
  readonly thousands: boolean;
}

/** A share of a whole, written as a fraction or as a percentage. */
export interface Share {
  readonly numerator: number;
  /** 100 for a percentage. */
  readonly denominator: number;
}

export interface NumberWriter {
  (value: number): string;
  /** "a third", "35 %". */
  readonly share: (share: Share) => string;
  /** "twice", "3 times". */
  readonly times: (factor: number) => string;
}

/**
 * Writes the numbers of one problem.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { randomStream } from 'evom/lib';
 * import { numberWriter } from 'evom/problems';
 * const write = numberWriter({ words: true, thousands: true }, randomStream(1));
 * assert.equal(write(2500), '2,500');
 * assert.equal(write.share({ numerator: 1, denominator: 3 }), 'a third');
 * ```
 */
export function numberWriter(forms: NumberForms, random: RandomStream): NumberWriter {
  const percent = random.next() < 0.5 ? ' %' : ' percent';
  const write = (value: number): string => {
    if (forms.words && Number.isInteger(value) && value >= 2 && value <= 12 && random.next() < 0.7) return small[value] as string;
    if (forms.thousands && value >= 1000) return value.toLocaleString('en-US');
    return String(value);
  };
  return Object.assign(write, {
    share: ({ numerator, denominator }: Share) =>
      denominator === 100 ? `${numerator}${percent}` : (fractions[`${numerator}/${denominator}`] ?? `${numerator}/${denominator}`),
    times: (factor: number) => (factor === 2 ? 'twice' : `${write(factor)} times`),
  });
}

/** "a, b and c". */
export function joined(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}
