import { parseLp } from 'evom';
import { solvesReference } from 'evom/modeling';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { column } from '../../src/testing/models.ts';

const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nend'); // (4, 0): 12

describe('solvesReference', () => {
  /** The reference with a variable in no row and at no cost. */
  const withUnused = (lower: number, upper: number, integer = false): LinearModel => ({
    ...reference,
    variables: [...reference.variables, column('spare', 0, lower, upper, integer)],
  });

  it.each([
    [0, 10],
    [2, 3],
    [-5, -1],
    [-Infinity, Infinity],
    [-Infinity, -4],
  ])('needs no value of a variable in no row and at no cost, between %s and %s', (lower, upper) => {
    expect(solvesReference(reference, { x: 4, y: 0 }, withUnused(lower, upper), 12)).toBe(true);
  });

  it('needs a value of every variable of a row, though it costs nothing, or of the objective', () => {
    const slack = parseLp('max\n 3 x\nst\n x + s <= 4\nend');
    expect(solvesReference(slack, { x: 4 }, slack, 12)).toBe(false);
    expect(solvesReference(slack, { x: 4, s: 0 }, slack, 12)).toBe(true);
    expect(solvesReference(slack, { s: 0 }, slack, 0)).toBe(false);
  });

  it('takes no value from what every object has', () => {
    const odd = parseLp('max\n 3 constructor\nst\n constructor + toString <= 4\nend');
    expect(solvesReference(odd, {}, odd, 0)).toBe(false);
    expect(solvesReference(odd, { constructor: 4, toString: 0 } as unknown as Record<string, number>, odd, 12)).toBe(true);
  });

  it.each<[string, Record<string, number>, number, boolean]>([
    ['an optimum off by rounding', { x: 4, y: 0 }, 12.00001, true],
    ['an optimum off by more', { x: 4, y: 0 }, 12.0001, false],
    ['a point above a row by rounding', { x: 4 + 5e-7, y: 0 }, 12, true],
    ['a point above a row by more', { x: 4 + 1e-5, y: 0 }, 12.00003, false],
    ['a point below a bound', { x: 4.1, y: -0.15 }, 12, false],
    ['a point that is worth more than the optimum said', { x: 4, y: 0 }, 11, false],
    ['a point that is worth less', { x: 3, y: 1 }, 12, false],
  ])('%s', (_, point, optimum, solves) => {
    expect(solvesReference(reference, point, reference, optimum)).toBe(solves);
  });

  it('measures the optimum against its own size where that is above 1', () => {
    const large = parseLp('max\n 1000000 x\nst\n x + y <= 4\nend');
    expect(solvesReference(large, { x: 4, y: 0 }, large, 4_000_003)).toBe(true);
    expect(solvesReference(large, { x: 4, y: 0 }, large, 4_000_005)).toBe(false);
    const negative = parseLp('min\n - 1000000 x\nst\n x + y <= 4\nend');
    expect(solvesReference(negative, { x: 4, y: 0 }, negative, -4_000_003)).toBe(true);
    const small = parseLp('max\n 0.001 x\nst\n x + y <= 4\nend');
    expect(solvesReference(small, { x: 4, y: 0 }, small, 0.0040009)).toBe(true);
    expect(solvesReference(small, { x: 4, y: 0 }, small, 0.004002)).toBe(false);
  });

  it('takes a value for whole within 1e-5', () => {
    const whole = parseLp('max\n x + y\nst\n x + y <= 4\ngen\n x y\nend');
    expect(solvesReference(whole, { x: 3 - 9e-6, y: 1 + 9e-6 }, whole, 4)).toBe(true);
    expect(solvesReference(whole, { x: 3 - 2e-5, y: 1 + 2e-5 }, whole, 4)).toBe(false);
  });
});
