/** Per-token estimators of the divergence from the reference policy, with their gradients. */

import type { KlEstimator } from '../core/training.ts';

export type { KlEstimator } from '../core/training.ts';

const logRatioBound = 20;
const k3Bound = 10;

/** `value` in nats; `gradient` is its derivative by the policy's log-probability. */
export interface KlTerm {
  readonly value: number;
  readonly gradient: number;
}

/**
 * Schulman's estimators of KL(policy || reference) from one drawn token: `k1 = lp - ref`, `k2 = (lp - ref)^2 / 2`,
 * `k3 = e^k - k - 1` with `k = ref - lp`.
 *
 * As in verl, k is clamped to ±20 and k3 to at most 10, beyond which the gradient is 0. As a loss term only the
 * gradient of k2 has the divergence's gradient as its mean; k1's has mean 0 and k3's is biased. So `k1+` and `k3+` (verl) have the
 * value of k1 and k3 with the gradient of k2.
 *
 * @param logprob nats, of the policy.
 * @param refLogprob nats, of the reference.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { klTerm } from 'evom/rl';
 * assert.deepEqual(klTerm('k2', -1, -3), { value: 2, gradient: 2 });
 * ```
 */
export function klTerm(estimator: KlEstimator, logprob: number, refLogprob: number): KlTerm {
  const difference = logprob - refLogprob;
  switch (estimator) {
    case 'k1':
      return { value: difference, gradient: 1 };
    case 'k2':
      return { value: 0.5 * difference * difference, gradient: difference };
    case 'k3': {
      const k = Math.min(logRatioBound, Math.max(-logRatioBound, -difference));
      const value = Math.expm1(k) - k;
      const inside = k === -difference && value <= k3Bound;
      return { value: Math.min(value, k3Bound), gradient: inside ? -Math.expm1(k) : 0 };
    }
    case 'k1+':
    case 'k3+':
      return { value: klTerm(estimator === 'k1+' ? 'k1' : 'k3', logprob, refLogprob).value, gradient: difference };
    default:
      return estimator satisfies never;
  }
}
