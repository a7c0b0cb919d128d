/** The policy loss and its gradient by log-probabilities, in plain float64: what every learner is checked against. */
import type { GateTemperature, LossConfig, TrainingRow } from '../core/training.ts';
import { type LossDenominators, lossTokens, tokenWeights } from './aggregate.ts';
import { type Logprobs, sequenceRatio, tokenRatios } from './importance-ratio.ts';
import { klTerm } from './kl.ts';

/** The columns of a batch that the loss reads. */
export type LossRow = Pick<
  TrainingRow,
  'lossMask' | 'lossWeight' | 'advantage' | 'tokenAdvantages' | 'samplerLogprobs' | 'oldLogprobs' | 'refLogprobs' | 'klWeights'
>;

export interface SurrogateLoss {
  readonly loss: number;
  /** [R][T] derivative of `loss` by each log-probability. */
  readonly gradients: Float64Array[];
  readonly lossTokens: number;
  /** Share of loss tokens whose ratio was clipped (for `cispo`: outside its bounds). */
  readonly clipFraction: number;
  /** Mean over loss tokens of `old - lp`, the k1 estimate of KL(old || new). */
  readonly approxKl: number;
  /** Mean over loss tokens of the KL estimate to the reference; 0 without reference log-probabilities. */
  readonly refKl: number;
  readonly ratioMax: number;
}

/**
 * `loss = -sum(w * surrogate) + klCoef * sum(w * klWeight * kl)`, with the weights `w` of `tokenWeights`.
 *
 * With ratio `r = exp(lp - old)` and bounds `lo = 1 - clipLow`, `hi = 1 + clipHigh`:
 * - `ppo`: `min(r A, clip(r, lo, hi) A)`; a dual clip c (arXiv:1912.09729) bounds it from below by `c A` for A < 0.
 * - `cispo` (arXiv:2506.13585): `detach(clip(r, lo, hi)) A lp`; `clipLow: 1` leaves only the upper bound.
 * - `sapo` (arXiv:2511.20347): `4 / tau sigmoid(tau (r - 1)) A`, with a temperature tau for each sign of A.
 * - `dppo` (arXiv:2602.04879, binary total variation): `r A`, and 0 where `A > 0` and `exp(lp) - exp(old) > clipHigh`, or `A <= 0` and it is
 *   below `-clipLow`.
 * - ratio `sequence` (GSPO-token, arXiv:2507.18071 4.3): r is the row's; the gradient of token t is `w A r` as if it were the token's.
 * - `cross_entropy`: the surrogate is `lp`.
 * - `klUnbiased` (DeepSeek-V3.2, arXiv:2512.02556): `kl` is multiplied by r.
 *
 * Log-ratios are clamped to ±20 (sequence: at most 10), where the gradient vanishes. What lies under a 0 of the mask is never read.
 *
 * @param rows [R] rows of one shard; `oldLogprobs` null means the sampler's serve.
 * @param logprobs [R][T] log-probabilities of the policy being trained.
 * @param correction [R][T] detached weights of `samplerWeights`, multiplied into the surrogate; default none.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { surrogateLoss } from 'evom/rl';
 * const loss = { type: 'policy_gradient', clipLow: 0.2, clipHigh: 0.2, dualClip: null, ratio: 'token', surrogate: 'ppo',
 *   aggregation: 'token_mean', normLength: null, klCoef: 0, klEstimator: 'k3' } as const;
 * const row = { lossMask: Uint8Array.of(0, 1, 1), lossWeight: 1, advantage: 2, tokenAdvantages: null,
 *   samplerLogprobs: Float32Array.of(0, -1, -2), oldLogprobs: null, refLogprobs: null, klWeights: null };
 * const { loss: value, gradients } = surrogateLoss([row], [[0, -1, -2]], loss, { globalLossTokens: 2, globalLossRows: 1 });
 * assert.equal(value, -2); // on policy: ratio 1, so the loss is -A
 * assert.deepEqual([...gradients[0] ?? []], [0, -1, -1]);
 * ```
 */
export function surrogateLoss(
  rows: readonly LossRow[],
  logprobs: readonly Logprobs[],
  loss: LossConfig,
  denominators: LossDenominators,
  correction?: readonly Logprobs[],
): SurrogateLoss {
  const weights = tokenWeights(rows, loss, denominators);
  const gradients = rows.map((row) => new Float64Array(row.lossMask.length));
  const sums = { loss: 0, clipped: 0, oldMinusNew: 0, refKl: 0 };
  let ratioMax = 0;
  for (const [r, row] of rows.entries()) {
    if (lossTokens(row) === 0) continue;
    const lp = logprobs[r] ?? [];
    const old = row.oldLogprobs ?? row.samplerLogprobs;
    const isSequence = loss.type === 'policy_gradient' && loss.ratio === 'sequence';
    const ratios = isSequence ? null : tokenRatios(lp, old, row.lossMask);
    const ofSequence = isSequence ? sequenceRatio(lp, old, row.lossMask) : 1;
    for (const [t, bit] of row.lossMask.entries()) {
      if (bit === 0) continue;
      const weight = weights[r]?.[t] ?? 0;
      const logprob = lp[t] ?? Number.NaN;
      const ratio = ratios?.[t] ?? ofSequence;
      const scale = correction?.[r]?.[t] ?? 1;
      const advantage = row.tokenAdvantages?.[t] ?? row.advantage;
      const term =
        loss.type === 'cross_entropy'
          ? { value: logprob, gradient: 1, clipped: false }
          : surrogateTerm(ratio, advantage, logprob, old[t] ?? Number.NaN, loss);
      sums.loss -= weight * scale * term.value;
      let gradient = -weight * scale * term.gradient;
      if (loss.type === 'policy_gradient' && row.refLogprobs) {
        const kl = klTerm(loss.klEstimator, logprob, row.refLogprobs[t] ?? Number.NaN);
        sums.refKl += kl.value;
        const klScale = loss.klCoef * weight * (row.klWeights?.[t] ?? 1) * (loss.klUnbiased ? ratio : 1);
        sums.loss += klScale * kl.value;
        gradient += klScale * (kl.gradient + (loss.klUnbiased && !isSaturated(ratio, loss) ? kl.value : 0));
      }
      (gradients[r] as Float64Array)[t] = gradient;
      sums.clipped += term.clipped ? 1 : 0;
      sums.oldMinusNew += (old[t] ?? Number.NaN) - logprob;
      ratioMax = Math.max(ratioMax, ratio);
    }
  }
  const tokens = rows.reduce((sum, row) => sum + lossTokens(row), 0);
  const perToken = (sum: number): number => (tokens > 0 ? sum / tokens : 0);
  return {
    loss: sums.loss,
    gradients,
    lossTokens: tokens,
    clipFraction: perToken(sums.clipped),
    approxKl: perToken(sums.oldMinusNew),
    refKl: perToken(sums.refKl),
    ratioMax,
  };
}

type PolicyGradient = Extract<LossConfig, { type: 'policy_gradient' }>;

/** A log-ratio at its clamp has no gradient. */
const largestRatio = Math.exp(20);
const largestSequenceRatio = Math.exp(10);

const isSaturated = (ratio: number, { ratio: level }: PolicyGradient): boolean =>
  ratio >= (level === 'token' ? largestRatio : largestSequenceRatio) || ratio <= 1 / largestRatio;

/** TRL's defaults (arXiv:2511.20347, 4.1). */
export const gateTemperatureDefault: GateTemperature = { positive: 1, negative: 1.05 };

/** Value of one token's surrogate, and its derivative by the log-probability. */
function surrogateTerm(ratio: number, advantage: number, logprob: number, old: number, loss: PolicyGradient) {
  const bounded = Math.min(1 + loss.clipHigh, Math.max(1 - loss.clipLow, ratio));
  const free = ratio * advantage;
  const slope = isSaturated(ratio, loss) ? 0 : free;
  const clipped = isClipped(loss, { ratio, advantage, logprob, old });
  switch (loss.surrogate) {
    case 'cispo':
      return { value: bounded * advantage * logprob, gradient: bounded * advantage, clipped };
    case 'ppo': {
      const value = Math.min(free, bounded * advantage);
      if (loss.dualClip !== null && advantage < 0 && value < loss.dualClip * advantage)
        return { value: loss.dualClip * advantage, gradient: 0, clipped: true };
      return { value, gradient: clipped ? 0 : slope, clipped };
    }
    case 'sapo': {
      const { positive, negative } = loss.gateTemperature ?? gateTemperatureDefault;
      const temperature = advantage > 0 ? positive : negative;
      const gate = 1 / (1 + Math.exp(-temperature * (ratio - 1)));
      return { value: (4 / temperature) * gate * advantage, gradient: 4 * gate * (1 - gate) * slope, clipped };
    }
    case 'dppo':
      return clipped ? { value: 0, gradient: 0, clipped } : { value: free, gradient: slope, clipped };
    default:
      return loss.surrogate satisfies never;
  }
}

/** Whether the surrogate leaves a token out, or cuts its ratio, because it has moved too far. */
export function isClipped(
  loss: PolicyGradient,
  {
    ratio,
    advantage,
    logprob,
    old,
  }: { readonly ratio: number; readonly advantage: number; readonly logprob: number; readonly old: number },
): boolean {
  switch (loss.surrogate) {
    case 'cispo':
      return ratio > 1 + loss.clipHigh || ratio < 1 - loss.clipLow;
    case 'ppo':
      return advantage * Math.min(1 + loss.clipHigh, Math.max(1 - loss.clipLow, ratio)) < advantage * ratio;
    case 'sapo':
      return false; // its gate is never shut
    case 'dppo': {
      const moved = Math.exp(logprob) - Math.exp(old);
      return advantage > 0 ? moved > loss.clipHigh : moved < -loss.clipLow;
    }
    default:
      return loss.surrogate satisfies never;
  }
}
