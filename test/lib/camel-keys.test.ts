import { expect, it } from 'vitest';
import { camelKeys } from '../../src/lib/camel-keys.ts';

it('renames keys, takes values as they are, and the compiler knows the names', () => {
  const nested = { kept_as: 1 };
  const { lr, maxGradNorm, top2, inner } = camelKeys({ lr: 1, max_grad_norm: 2, top_2: 3, inner: nested });
  expect([lr, maxGradNorm, top2, inner]).toEqual([1, 2, 3, nested]);
});
