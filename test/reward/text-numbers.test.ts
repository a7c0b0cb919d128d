import { expect, it } from 'vitest';
import { figureOccurrences, figuresIn, isFormOf, numbersIn, toldIn } from '../../src/reward/text-numbers.ts';

it('reads each number as often as it is written, commas in thousands and in lists apart', () => {
  expect(figureOccurrences('5 of 5, at most 1,500.5 or 12,000,000.')).toEqual([5, 5, 1500.5, 12_000_000]);
  expect(figureOccurrences('costs 5,8 and 9; .5 of 10')).toEqual([5, 8, 9, 0.5, 10]);
  expect(figureOccurrences('12,3456')).toEqual([12, 3456]);
  expect(figureOccurrences('1,500.25 and 0.125 and 340')).toEqual([1500.25, 0.125, 340]);
  expect(figuresIn('0 or 1 or 7 or 7')).toEqual([7]);
});

it('takes a percentage for a share, what is left and a mark-up, and 1 for no form of 100', () => {
  expect([20, 0.2, 0.8, 1.2].map((literal) => isFormOf(20, literal))).toEqual([true, true, true, true]);
  expect([100, 1, 0, 2].map((literal) => isFormOf(100, literal))).toEqual([true, false, false, true]);
});

it('takes no share of more than a whole for what is left or a mark-up, a share itself for a percentage, and nothing for 0 or 1', () => {
  expect([150, 1.5, -0.5, 2.5].map((literal) => isFormOf(150, literal))).toEqual([true, true, false, false]);
  expect([0.4, 40, 0.6, 1.4].map((literal) => isFormOf(0.4, literal))).toEqual([true, true, false, false]);
  expect([99, 0.01].map((literal) => isFormOf(99, literal))).toEqual([true, true]);
});

it('takes a number for itself to 1e-6 of its size', () => {
  expect([1000.0009, 1000.0011].map((literal) => isFormOf(1000, literal))).toEqual([true, false]);
  expect([0.3333333, 0.33333].map((literal) => isFormOf(1 / 3, literal))).toEqual([true, false]);
});

it('reads the numbers of a text with commas both ways', () => {
  expect(numbersIn('1,200 of 3.5 or 7,8')).toEqual(new Set([1200, 1, 200, 3.5, 78, 7, 8]));
  expect(numbersIn('5, 12.75 and 1,200, all')).toEqual(new Set([5, 12.75, 1200, 1, 200]));
  expect(numbersIn('none')).toEqual(new Set());
});

it('hears number words too, but neither 0 nor 1', () => {
  expect(toldIn('zero or one of the twelve boats takes 8')).toEqual([8, 12]);
});
