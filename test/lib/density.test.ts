import { describe, expect, it } from 'vitest';
import { gaussianDensity } from '../../src/lib/density.ts';

const values = [1, 100, 40, 40, 75.5];

describe('gaussianDensity', () => {
  it('is the mean of normal curves of Scott bandwidth', () => {
    // Bandwidth 27.462359581 and densities by Python's math module, from the formula.
    const [low = 0, middle = 0, high = 0] = gaussianDensity(values, [0, 50, 100]);
    expect(low).toBeCloseTo(0.00498530729013873, 14);
    expect(middle).toBeCloseTo(0.00847117612877506, 14);
    expect(high).toBeCloseTo(0.0053954844136526155, 14);
  });

  it('has area 1', () => {
    const at = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 4);
    const area = gaussianDensity(values, at).reduce((sum, y) => sum + y / 4, 0);
    expect(area).toBeCloseTo(1, 6);
  });

  it('is finite where all values are equal', () => expect(gaussianDensity([7, 7, 7], [7])[0]).toBeCloseTo(0.3989422804, 9));

  it('refuses no values, and one that is not finite', () => {
    expect(() => gaussianDensity([], [0])).toThrow(/got none/);
    expect(() => gaussianDensity([1, Number.NaN], [0])).toThrow(/got NaN/);
  });
});
