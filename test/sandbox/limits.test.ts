import { describe, expect, it } from 'vitest';
import { defaultLimits, resolveLimits } from '../../src/sandbox/limits.ts';

describe('resolveLimits', () => {
  it('replaces what is given', () => {
    expect(resolveLimits({ ticks: 5 })).toEqual({ ...defaultLimits, ticks: 5 });
  });

  it('names an unknown or impossible limit', () => {
    expect(() => resolveLimits({ tick: 5 } as object)).toThrow(/"tick" is not known; known: ticks/);
    expect(() => resolveLimits({ ticks: 0 })).toThrow(/positive number, not 0/);
    expect(() => resolveLimits({ memoryMb: 8 })).toThrow(/between 16 and 2048/);
  });
});
