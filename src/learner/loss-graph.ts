/** The loss of one token as graph nodes; clip bounds, advantages and weights are inputs, so one graph serves many settings. */
import type { LossConfig } from '../core/training.ts';
import type { Tape } from '../nn/autodiff.ts';
import type { Value } from '../nn/graph.ts';

/** What decides the graph's form, as opposed to its inputs. */
export type LossForm =
  | { readonly type: 'cross_entropy' }
  | {
      readonly type: 'policy_gradient';
      readonly ratio: 'token' | 'sequence';
      readonly surrogate: 'ppo' | 'cispo';
      /** null: no reference policy. */
      readonly kl: 'k1' | 'k2' | 'k3' | null;
    };

/** The form of a configured loss; without a KL coefficient no reference log-probabilities are read. */
export function lossForm(loss: LossConfig): LossForm {
  if (loss.type === 'cross_entropy') return { type: 'cross_entropy' };
  return { type: 'policy_gradient', ratio: loss.ratio, surrogate: loss.surrogate, kl: loss.klCoef === 0 ? null : loss.klEstimator };
}

/** Bound that no `-A * ratio` reaches (ratios end at e^20): where there is no dual clip, or the advantage is not negative. */
export const noDualClip = 1e30;

export interface TokenLoss {
  /** [R, 1] loss of each token before weighting, KL included; its gradient is seeded with the weights. */
  readonly loss: Value;
  /** [R, 1] importance ratio before clipping, where there is one. */
  readonly ratio: Value | null;
}

/**
 * Loss of each token (verl's, with d = log-ratio clamped to +-20 and r = exp(d)).
 *
 * - ppo: `min(max(-A r, -A clip(r, 1 - low, 1 + high)), dualBound)` with `dualBound = -A c` where A < 0.
 * - cispo: `-stopgrad(clip(r)) A logprob`.
 * - sequence ratio (GSPO): `log r = stopgrad(s) + logprob - stopgrad(logprob)`, s the row's mean log-ratio, at most 10.
 * - KL: `klWeight * estimator`, added after the surrogate; k3 clamped to +-10 as in verl.
 *
 * @param logprobs [R, 1], R = B*G*C.
 */
export function tokenLoss(tape: Tape, form: LossForm, logprobs: Value): TokenLoss {
  const { graph } = tape;
  const perToken = (name: string) => graph.input(name, 'float32', ['B*G*C', 1]);
  const constant = (value: number) => graph.constant([value]);
  if (form.type === 'cross_entropy') return { loss: tape.sub(constant(0), logprobs), ratio: null };

  const advantage = perToken('advantage');
  const difference = tape.sub(logprobs, perToken('old_logprob'));
  const logRatio =
    form.ratio === 'token'
      ? tape.clip(difference, constant(-20), constant(20))
      : sequenceLogRatio(tape, difference, logprobs, perToken('row_mean_weight'));
  const ratio = tape.exp(logRatio);
  const clipped = tape.clip(ratio, graph.input('clip_min', 'float32', []), graph.input('clip_max', 'float32', []));
  const negativeAdvantage = graph.unary('Neg', advantage);
  let loss: Value;
  if (form.surrogate === 'cispo') loss = tape.mul(tape.mul(tape.detach(clipped), negativeAdvantage), logprobs);
  else {
    const pessimistic = tape.max(tape.mul(ratio, negativeAdvantage), tape.mul(clipped, negativeAdvantage));
    loss = tape.min(pessimistic, perToken('dual_bound'));
  }
  if (form.kl !== null) {
    const kl = tokenKl(tape, form.kl, logprobs, perToken('ref_logprob'));
    loss = tape.add(loss, tape.mul(kl, perToken('kl_weight')));
  }
  return { loss, ratio };
}

function sequenceLogRatio(tape: Tape, difference: Value, logprobs: Value, rowMeanWeight: Value): Value {
  const { graph } = tape;
  const rows = graph.reshape(graph.mul(tape.detach(difference), rowMeanWeight), ['B*G', 'C']);
  const mean = graph.op('Expand', [graph.reduceSum(rows, 1), graph.fullShape(['B*G', 'C'])], ['B*G', 'C']);
  const straightThrough = tape.sub(logprobs, tape.detach(logprobs));
  const high = graph.constant([10]);
  return tape.min(tape.add(graph.reshape(mean, ['B*G*C', 1]), straightThrough), high);
}

function tokenKl(tape: Tape, estimator: 'k1' | 'k2' | 'k3', logprobs: Value, reference: Value): Value {
  const constant = (value: number) => tape.graph.constant([value]);
  switch (estimator) {
    case 'k1':
      return tape.sub(logprobs, reference);
    case 'k2': {
      const k = tape.sub(logprobs, reference);
      return tape.mul(tape.mul(k, k), constant(0.5));
    }
    case 'k3': {
      const k = tape.clip(tape.sub(reference, logprobs), constant(-20), constant(20));
      return tape.clip(tape.sub(tape.sub(tape.exp(k), k), constant(1)), constant(-10), constant(10));
    }
    default:
      return estimator satisfies never;
  }
}
