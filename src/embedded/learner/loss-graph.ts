/** The loss of one token as graph nodes; clip bounds, advantages and weights are inputs, so one graph serves many settings. */
import type { GateTemperature, KlEstimator, LossConfig } from '../../core/training.ts';
import { gateTemperatureDefault } from '../../rl/surrogate.ts';
import type { Tape } from '../nn/autodiff.ts';
import type { Value } from '../nn/graph.ts';

/** What decides the graph's form, as opposed to its inputs. */
export type LossForm =
  | { readonly type: 'cross_entropy' }
  | {
      readonly type: 'policy_gradient';
      readonly ratio: 'token' | 'sequence';
      readonly surrogate: 'ppo' | 'cispo' | 'sapo' | 'dppo';
      /** Of `sapo`; null for the others. */
      readonly gateTemperature: GateTemperature | null;
      /** null: no reference policy. */
      readonly kl: { readonly estimator: KlEstimator; readonly unbiased: boolean } | null;
    };

/** The form of a configured loss; without a KL coefficient no reference log-probabilities are read. */
export function lossForm(loss: LossConfig): LossForm {
  if (loss.type === 'cross_entropy') return { type: 'cross_entropy' };
  const { ratio, surrogate, klCoef, klEstimator, klUnbiased = false } = loss;
  return {
    type: 'policy_gradient',
    ratio,
    surrogate,
    gateTemperature: surrogate === 'sapo' ? (loss.gateTemperature ?? gateTemperatureDefault) : null,
    kl: klCoef === 0 ? null : { estimator: klEstimator, unbiased: klUnbiased },
  };
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
 * - sapo: `-A 4/tau sigmoid(tau (r - 1))`; dppo: `-A r`, 0 where the probability moved out of the bounds.
 * - sequence ratio (GSPO): `log r = stopgrad(s) + logprob - stopgrad(logprob)`, s the row's mean log-ratio, at most 10.
 * - KL: `klWeight * estimator`, times r where it is unbiased, added after the surrogate; k3 clamped to +-10 as in verl.
 *
 * @param logprobs [R, 1], R = B*G*C.
 */
export function tokenLoss(tape: Tape, form: LossForm, logprobs: Value): TokenLoss {
  const { graph } = tape;
  const perToken = (name: string) => graph.input(name, 'float32', ['B*G*C', 1]);
  const constant = (value: number) => graph.constant([value]);
  if (form.type === 'cross_entropy') return { loss: tape.sub(constant(0), logprobs), ratio: null };

  const old = perToken('old_logprob');
  const difference = tape.sub(logprobs, old);
  const logRatio =
    form.ratio === 'token'
      ? tape.clip(difference, constant(-20), constant(20))
      : sequenceLogRatio(tape, difference, logprobs, perToken('row_mean_weight'));
  const ratio = tape.exp(logRatio);
  let loss = surrogate(tape, form, { ratio, logprobs, old });
  if (form.kl !== null) {
    const kl = tape.mul(tokenKl(tape, form.kl.estimator, logprobs, perToken('ref_logprob')), perToken('kl_weight'));
    loss = tape.add(loss, form.kl.unbiased ? tape.mul(kl, ratio) : kl);
  }
  return { loss, ratio };
}

function surrogate(
  tape: Tape,
  form: Extract<LossForm, { type: 'policy_gradient' }>,
  { ratio, logprobs, old }: { readonly ratio: Value; readonly logprobs: Value; readonly old: Value },
): Value {
  const { graph } = tape;
  const { shape } = ratio;
  const perToken = (name: string) => graph.input(name, 'float32', ['B*G*C', 1]);
  const bound = (name: 'clip_min' | 'clip_max') => graph.input(name, 'float32', []);
  const constant = (value: number) => graph.constant([value]);
  const choose = (condition: Value, yes: Value, no: Value) => graph.op('Where', [condition, yes, no], shape, { type: 'float32' });
  const compare = (opType: 'Greater' | 'LessOrEqual' | 'GreaterOrEqual', a: Value, b: Value) =>
    graph.op(opType, [a, b], shape, { type: 'bool' });
  const advantage = perToken('advantage');
  const negativeAdvantage = graph.unary('Neg', advantage);
  switch (form.surrogate) {
    case 'cispo': {
      const clipped = tape.clip(ratio, bound('clip_min'), bound('clip_max'));
      return tape.mul(tape.mul(tape.detach(clipped), negativeAdvantage), logprobs);
    }
    case 'ppo': {
      const clipped = tape.clip(ratio, bound('clip_min'), bound('clip_max'));
      const pessimistic = tape.max(tape.mul(ratio, negativeAdvantage), tape.mul(clipped, negativeAdvantage));
      return tape.min(pessimistic, perToken('dual_bound'));
    }
    case 'sapo': {
      // Value and slope of the gate at this ratio; the tape sees the line through them.
      const { positive, negative } = form.gateTemperature ?? gateTemperatureDefault;
      const here = tape.detach(ratio);
      const temperature = choose(compare('Greater', advantage, constant(0)), constant(positive), constant(negative));
      const gate = graph.unary('Sigmoid', graph.mul(temperature, graph.sub(here, constant(1))));
      const value = graph.binary('Div', graph.mul(gate, constant(4)), temperature);
      const slope = graph.mul(graph.mul(gate, constant(4)), graph.sub(constant(1), gate));
      return tape.mul(tape.add(tape.mul(tape.sub(ratio, here), slope), value), negativeAdvantage);
    }
    case 'dppo': {
      const moved = graph.sub(graph.unary('Exp', tape.detach(logprobs)), graph.unary('Exp', old));
      const [one, zero] = [constant(1), constant(0)];
      const notAbove = choose(compare('LessOrEqual', moved, bound('clip_max')), one, zero);
      const notBelow = choose(compare('GreaterOrEqual', moved, bound('clip_min')), one, zero);
      const kept = choose(compare('Greater', advantage, zero), notAbove, notBelow);
      return tape.mul(ratio, graph.mul(negativeAdvantage, kept));
    }
    default:
      return form.surrogate satisfies never;
  }
}

function sequenceLogRatio(tape: Tape, difference: Value, logprobs: Value, rowMeanWeight: Value): Value {
  const { graph } = tape;
  const rows = graph.reshape(graph.mul(tape.detach(difference), rowMeanWeight), ['B*G', 'C']);
  const mean = graph.op('Expand', [graph.reduceSum(rows, 1), graph.fullShape(['B*G', 'C'])], ['B*G', 'C']);
  const straightThrough = tape.sub(logprobs, tape.detach(logprobs));
  const high = graph.constant([10]);
  return tape.min(tape.add(graph.reshape(mean, ['B*G*C', 1]), straightThrough), high);
}

function tokenKl(tape: Tape, estimator: KlEstimator, logprobs: Value, reference: Value): Value {
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
    case 'k1+':
    case 'k3+': {
      const k2 = tokenKl(tape, 'k2', logprobs, reference);
      const value = tape.detach(tokenKl(tape, estimator === 'k1+' ? 'k1' : 'k3', logprobs, reference));
      return tape.add(tape.sub(k2, tape.detach(k2)), value);
    }
    default:
      return estimator satisfies never;
  }
}
