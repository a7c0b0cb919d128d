/** Groups to training batches: advantages by the configured estimator, mini-batches, denominators, reference log-probabilities. */

import { trainingRows } from '../batch/rows.ts';
import type { Rollout, RolloutGroup } from '../core/rollout.ts';
import type { LossConfig, TrainingBatch, TrainingRow } from '../core/training.ts';
import { ownTokens } from '../core/turns.ts';
import type { Policy, SamplingParams } from '../policy/policy.ts';
import type { AdvantageEstimator } from '../rl/advantage.ts';
import { lossDenominators, promptMeanWeights } from '../rl/aggregate.ts';
import { batchAdvantages } from '../rl/batch-advantage.ts';
import { type Compat, conventionsOf } from '../rl/conventions.ts';
import { partialKlWeights } from './partial-kl.ts';

export interface BatchSettings {
  readonly runId: string;
  readonly estimator: AdvantageEstimator;
  readonly compat: Compat;
  readonly loss: LossConfig;
  /** Every prompt counts alike: the rows' weights turn the loss's token mean into a mean over prompts. Default false. */
  readonly promptMean?: boolean;
  /** Weight of each reward term; `gdpo` needs them. */
  readonly termWeights?: Readonly<Record<string, number>>;
  readonly sampling: SamplingParams;
  readonly truncated: 'train' | 'mask';
  /** Optimizer steps that the groups are cut into. */
  readonly updatesPerBatch: number;
  readonly tokenizerSha256: string;
  readonly modelId: string;
  readonly padId: number;
  /** What the KL penalty holds the policy near: a frozen one, or the sampler that drew the completions; null: nothing, or the learner's own affair. */
  readonly reference: Policy | 'sampler' | null;
  /** Text of token ids, where the KL penalty counts on programs alone; null or left out: on all tokens. */
  readonly partialKl?: ((tokenIds: Int32Array) => string) | null;
}

/** @returns one batch an optimizer step, at most `updatesPerBatch`; none without groups. */
export async function trainingBatches(
  groups: readonly RolloutGroup[],
  step: number,
  genStep: number,
  settings: BatchSettings,
): Promise<TrainingBatch[]> {
  if (groups.length === 0) return [];
  const advantages = batchAdvantages(
    groups.map((group) => ({
      rewards: group.rollouts.map((rollout) => rollout.reward.value),
      lengths: group.rollouts.map((rollout) => ownTokens(rollout.completion)),
      parts: group.rollouts.map((rollout) => rollout.reward.parts),
    })),
    settings,
  );
  const { eps, ddof } = conventionsOf(settings.compat);
  const perUpdate = Math.ceil(groups.length / settings.updatesPerBatch);
  const batches: TrainingBatch[] = [];
  for (let start = 0; start < groups.length; start += perUpdate) {
    const some = groups.slice(start, start + perUpdate);
    const options = { sampling: settings.sampling, truncated: settings.truncated };
    const plain = trainingRows(some, advantages.slice(start, start + perUpdate), options);
    const weighed = settings.promptMean ? withPromptMean(plain) : plain;
    const rows = await withReference(withPartialKl(weighed, some, settings.partialKl ?? null), settings);
    batches.push({
      metadata: {
        runId: settings.runId,
        step,
        genStep,
        estimator: settings.estimator,
        compat: settings.compat,
        eps,
        ddof,
        loss: settings.loss,
        ...lossDenominators(rows),
        numGroups: some.length,
        tokenizerSha256: settings.tokenizerSha256,
        modelId: settings.modelId,
        padId: settings.padId,
      },
      rows,
    });
  }
  return batches;
}

function withPromptMean(rows: readonly TrainingRow[]): TrainingRow[] {
  const weights = promptMeanWeights(rows);
  return rows.map((row, i) => ({ ...row, lossWeight: weights[i] as number }));
}

/** Adds KL weights that are 0 on the prompt and before each program. */
function withPartialKl(
  rows: TrainingRow[],
  groups: readonly RolloutGroup[],
  decode: ((tokenIds: Int32Array) => string) | null,
): TrainingRow[] {
  if (decode === null) return rows;
  const rollouts = new Map<string, Rollout>(
    groups.flatMap((group) => group.rollouts.map((rollout) => [`${group.groupId}/${rollout.sampleIndex}`, rollout])),
  );
  return rows.map((row) => {
    const rollout = rollouts.get(row.sampleId);
    if (rollout === undefined) return row;
    const klWeights = new Float32Array(row.inputIds.length);
    klWeights.set(partialKlWeights(rollout, decode), row.promptLength);
    return { ...row, klWeights };
  });
}

/** Adds the reference policy's log-probabilities of the response tokens, 0 on the prompt and on what was told between turns. */
async function withReference(rows: TrainingRow[], { reference, sampling }: BatchSettings): Promise<TrainingRow[]> {
  if (reference === null) return rows;
  if (reference === 'sampler') return rows.map((row) => ({ ...row, refLogprobs: row.samplerLogprobs }));
  const scores = await reference.score(
    rows.map(({ inputIds, promptLength }) => ({ promptIds: inputIds.slice(0, promptLength), completionIds: inputIds.slice(promptLength) })),
    sampling.temperature > 0 ? sampling.temperature : 1,
  );
  return rows.map((row, i) => {
    const refLogprobs = new Float32Array(row.inputIds.length);
    refLogprobs.set(scores[i] ?? [], row.promptLength);
    if (row.turnLengths !== null) for (const [t, bit] of row.lossMask.entries()) if (bit === 0) refLogprobs[t] = 0;
    return { ...row, refLogprobs };
  });
}
