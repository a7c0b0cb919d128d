import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from '../../src/lib/nearest.ts';

describe('nearestName', () => {
  it('finds the name that a slip of the finger meant', () => {
    expect(nearestName('gruop_size', ['group_size', 'top_k'])).toBe('group_size');
    expect(nearestName('Temprature', ['temperature', 'top_p'])).toBe('temperature');
  });

  it('finds nothing where nothing is near', () => {
    expect(nearestName('colour', ['group_size', 'top_k'])).toBe(null);
    expect(nearestName('x', [])).toBe(null);
  });

  it('finds every name from itself with one letter dropped, doubled or swapped', () => {
    const names = ['group_size', 'temperature', 'max_tokens', 'checkpoint_every'];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.constantFrom('drop', 'double', 'swap'), (name, at, slip) => {
        const i = at % (name.length - 1);
        const middle = { drop: '', double: `${name[i]}${name[i]}`, swap: `${name[i + 1]}${name[i]}` }[slip];
        expect(nearestName(name.slice(0, i) + middle + name.slice(slip === 'swap' ? i + 2 : i + 1), names)).toBe(name);
      }),
    );
  });
});
