import { describe, expect, it } from 'vitest';
import { boundsCross, wholeLower, wholeUpper } from '../../src/solvers/validate.ts';
import { column, model } from './models.ts';

describe('bounds of integers', () => {
  it('are rounded inwards', () => {
    expect([wholeLower(0.2), wholeUpper(7.5), wholeLower(-1.5), wholeUpper(-1.5)]).toEqual([1, 7, -1, -2]);
  });

  it('are the whole number that they miss by rounding', () => {
    expect([wholeLower(3 + 1e-9), wholeUpper(3 - 1e-9)]).toEqual([3, 3]);
    expect([wholeLower(3 + 1e-5), wholeUpper(3 - 1e-5)]).toEqual([4, 2]);
  });

  it('cross where no whole number lies between them', () => {
    expect(boundsCross(model('min', [column('x', 1, 0.4, 0.6, true)]))).toBe(true);
    expect(boundsCross(model('min', [column('x', 1, 0.1 + 0.2, 0.9, true)]))).toBe(true);
    expect(boundsCross(model('min', [column('x', 1, 2.9999999999, 3, true)]))).toBe(false);
    expect(boundsCross(model('min', [column('x', 1, 0.4, 0.6)]))).toBe(false);
  });
});
