/** Rollout groups and their advantages become the rows of a training batch. */

import { taskKey } from '../core/problem.ts';
import type { Rollout, RolloutGroup } from '../core/rollout.ts';
import type { TrainingRow } from '../core/training.ts';
import { stretchesOf } from '../core/turns.ts';
import { EvomError } from '../lib/errors.ts';

export interface RowOptions {
  /** How the completions were drawn; the learner needs the same temperature. */
  readonly sampling: { readonly temperature: number; readonly topP: number; readonly topK: number };
  /** A completion cut at the length limit: trained on, or masked (row weight 0: kept in statistics, not in the gradient). */
  readonly truncated: 'train' | 'mask';
}

/**
 * One row a scorable rollout, in the order of groups and rollouts. Unscorable rollouts make no row: a fault of ours teaches nothing.
 *
 * `old_logprobs`, `ref_logprobs`, token advantages and KL weights are null: the sampler's log-probabilities serve as old ones.
 *
 * @param groups [P] groups.
 * @param advantages [P][G] as `batchAdvantages` gives them.
 * @throws {EvomError} E_INTERNAL when advantages and rollouts do not match, or a completion has not one log-probability a token.
 */
export function trainingRows(
  groups: readonly RolloutGroup[],
  advantages: readonly (readonly number[])[],
  options: RowOptions,
): TrainingRow[] {
  if (groups.length !== advantages.length)
    throw new EvomError('E_INTERNAL', `${groups.length} groups come with advantages for ${advantages.length}`);
  return groups.flatMap((group, p) => {
    const ofGroup = advantages[p] ?? [];
    if (group.rollouts.length !== ofGroup.length)
      throw new EvomError('E_INTERNAL', `group ${group.groupId} has ${group.rollouts.length} rollouts and ${ofGroup.length} advantages`);
    return group.rollouts.flatMap((rollout, i) => (rollout.reward.value === null ? [] : [rowOf(group, rollout, ofGroup[i] ?? 0, options)]));
  });
}

function rowOf(group: RolloutGroup, rollout: Rollout, advantage: number, { sampling, truncated }: RowOptions): TrainingRow {
  const { completion, outcome, reward } = rollout;
  const { tokenIds: promptIds } = group.prompt;
  const { tokenIds, logprobs } = completion;
  if (logprobs.length !== tokenIds.length)
    throw new EvomError(
      'E_INTERNAL',
      `sample ${rollout.sampleIndex} of ${group.groupId}: ${tokenIds.length} tokens, ${logprobs.length} log-probabilities`,
    );
  const row = tokenRow(promptIds, tokenIds);
  row.samplerLogprobs.set(logprobs, promptIds.length);
  // What the policy was told is read and not trained on.
  for (const { start, end, isOwn } of stretchesOf(completion))
    if (!isOwn) row.lossMask.fill(0, promptIds.length + start, promptIds.length + end);
  return {
    ...row,
    sampleId: `${group.groupId}/${rollout.sampleIndex}`,
    groupId: group.groupId,
    rolloutIndex: rollout.sampleIndex,
    taskKey: taskKey(group.problem),
    env: group.problem.source,
    solver: outcome.backend,
    weightVersionMin: completion.policyVersion,
    weightVersionMax: completion.policyVersion,
    advantage,
    lossWeight: truncated === 'mask' && completion.finishReason === 'length' ? 0 : 1,
    reward: reward.value,
    correct: reward.correct,
    rewardParts: reward.parts,
    status: outcome.status,
    // Greedy completions come with the log-probabilities at temperature 1.
    temperature: sampling.temperature > 0 ? sampling.temperature : 1,
    topP: sampling.topP,
    topK: sampling.topK,
    seed: rollout.seed,
    finishReason: completion.finishReason,
    turnLengths: completion.turnLengths ?? null,
  };
}

/** What a row has of its tokens alone: prompt, then completion, with the loss on the completion; log-probabilities 0, nothing optional. */
export function tokenRow(promptIds: Int32Array, completionIds: Int32Array) {
  const promptLength = promptIds.length;
  const length = promptLength + completionIds.length;
  const inputIds = new Int32Array(length);
  inputIds.set(promptIds);
  inputIds.set(completionIds, promptLength);
  return {
    inputIds,
    promptLength,
    responseLength: completionIds.length,
    lossMask: new Uint8Array(length).fill(1, promptLength),
    samplerLogprobs: new Float32Array(length),
    oldLogprobs: null,
    refLogprobs: null,
    tokenAdvantages: null,
    klWeights: null,
    turnLengths: null,
  } as const satisfies Partial<TrainingRow>;
}
