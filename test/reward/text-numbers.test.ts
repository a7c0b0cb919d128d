import { expect, it } from 'vitest';
import { figureOccurrences, figuresIn, isFormOf } from '../../src/reward/text-numbers.ts';

it('reads each number as often as it is written, commas in thousands and in lists apart', () => {
  expect(figureOccurrences('5 of 5, at most 1,500.5 or 12,000,000.')).toEqual([5, 5, 1500.5, 12_000_000]);
  expect(figureOccurrences('costs 5,8 and 9; .5 of 10')).toEqual([5, 8, 9, 0.5, 10]);
  expect(figureOccurrences('12,3456')).toEqual([12, 3456]);
  expect(figuresIn('0 or 1 or 7 or 7')).toEqual([7]);
});

it('takes a percentage for a share, what is left and a mark-up, and 1 for no form of 100', () => {
  expect([20, 0.2, 0.8, 1.2].map((literal) => isFormOf(20, literal))).toEqual([true, true, true, true]);
  expect([100, 1, 0, 2].map((literal) => isFormOf(100, literal))).toEqual([true, false, false, true]);
});
