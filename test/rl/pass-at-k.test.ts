import { passAtK } from 'evom/rl';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);

describe('passAtK', () => {
  it('is 1 - C(n - c, k) / C(n, k)', () => {
    expect(passAtK(5, 2, 2)).toBeCloseTo(0.7, 12);
    expect(passAtK(4, 2, 2)).toBeCloseTo(5 / 6, 12); // as many wrong ones as draws
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(12), fc.nat(12), (n, c, k) => {
        fc.pre(c <= n && k >= 1 && k <= n);
        expect(passAtK(n, c, k)).toBeCloseTo(n - c < k ? 1 : 1 - choose(n - c, k) / choose(n, k), 10);
      }),
    );
  });
  it('is the share of right samples for one draw, 0 where none is right, 1 where all are', () => {
    expect(passAtK(8, 3, 1)).toBeCloseTo(3 / 8, 12);
    expect(passAtK(8, 0, 8)).toBe(0);
    expect(passAtK(8, 8, 1)).toBe(1);
    expect(passAtK(1, 0, 1)).toBe(0);
  });
  it.each([
    [4, 5, 1],
    [4, -1, 1],
    [4, 1, 0],
    [4, 1, 5],
    [4.5, 1, 1],
    [4, 0.5, 1],
    [4, 1, 1.5],
    [4, 1, Number.NaN],
  ])('refuses n=%d, c=%d, k=%d', (n, c, k) => {
    expect(() => passAtK(n, c, k)).toThrow(RangeError);
  });
});
