import { describe, expect, it } from 'vitest';
import { turns } from '../../src/lib/turns.ts';

describe('turns', () => {
  it('does one piece of work after another, in the order asked', async () => {
    const inTurn = turns();
    const seen: string[] = [];
    const work = (name: string, ms: number) => async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, ms));
      seen.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([inTurn(work('a', 20)), inTurn(work('b', 0)), inTurn(work('c', 5))])).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('goes on after a fault, which only its own caller hears of', async () => {
    const inTurn = turns();
    const failing = inTurn(() => Promise.reject(new Error('no')));
    const next = inTurn(async () => 1);
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe(1);
  });
});
