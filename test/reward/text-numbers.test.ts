import { expect, it } from 'vitest';
import { figureOccurrences, figuresIn } from '../../src/reward/text-numbers.ts';

it('reads each number as often as it is written, commas in thousands and in lists apart', () => {
  expect(figureOccurrences('5 of 5, at most 1,500.5 or 12,000,000.')).toEqual([5, 5, 1500.5, 12_000_000]);
  expect(figureOccurrences('costs 5,8 and 9; .5 of 10')).toEqual([5, 8, 9, 0.5, 10]);
  expect(figureOccurrences('12,3456')).toEqual([12, 3456]);
  expect(figuresIn('0 or 1 or 7 or 7')).toEqual([7]);
});
