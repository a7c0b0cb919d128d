/** AdamW with bias correction and decoupled weight decay, in place over flat arrays. */

export interface AdamWStep {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  /** Number of this update, from 1: the moments' bias correction. */
  readonly step: number;
  /** Factor on the gradient (clipping by global norm). */
  readonly gradientScale: number;
}

/**
 * `w -= lr * (m / c1) / (sqrt(v / c2) + eps) + lr * weightDecay * w`, as `torch.optim.AdamW`.
 *
 * Arithmetic is float64, stored float32.
 *
 * @param weights [n], updated, as are the moments `first` and `second`.
 */
export function adamwUpdate(
  weights: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  options: AdamWStep,
): void {
  const { lr, eps, weightDecay, step, gradientScale } = options;
  const [beta1, beta2] = options.betas;
  const stepSize = lr / (1 - beta1 ** step);
  const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
  const keep = 1 - lr * weightDecay;
  for (let i = 0; i < weights.length; i++) {
    const g = (gradient[i] as number) * gradientScale;
    const m = beta1 * (first[i] as number) + (1 - beta1) * g;
    const v = beta2 * (second[i] as number) + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    weights[i] = keep * (weights[i] as number) - (stepSize * m) / (Math.sqrt(v) * rootCorrection + eps);
  }
}
