/** A learner whose figures are not finite, as after a step that went wrong: nobody may take that for a step without figures. */
import type { Learner, LearnerMetrics } from '../../src/policy/learner.ts';

export function notANumberLearner(
  metrics: LearnerMetrics = { loss: Number.NaN, approx_kl: Number.NaN, grad_norm: Infinity, skipped: 1 },
): Learner {
  let version = 0;
  return {
    get version() {
      return version;
    },
    step: async () => {
      version += 1;
      return { version, metrics };
    },
    weights: () => ({ type: 'tensors', version, tensors: new Map([['w', Float32Array.of(Number.NaN)]]) }),
    save: async () => undefined,
    close: async () => undefined,
  };
}
