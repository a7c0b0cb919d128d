/** Advantage, loss and dynamic sampling. Keys left out take the estimator's own values: `resolveAlgorithm` says which. */
import { z } from 'zod';
import { nonNegative, positive, whole } from './fields.ts';
import { aggregations, compatPresets, type Estimator, estimators } from './vocabulary.ts';

/** Range of the ratio: of the weights, or of what is kept. */
const ratioRange = { low: nonNegative().default(0), high: positive().default(2) };

/** What a file may say; undefined keys are the estimator's. */
export const algorithmInput = z.strictObject({
  estimator: z.enum(estimators).default('grpo').describe('How a group of rewards becomes advantages.'),
  compat: z.enum(compatPresets).default('exact').describe('Numeric conventions: of the papers, or of a library.'),
  groups_per_step: whole(1).default(16).describe('Problems in one training batch.'),
  updates_per_batch: whole(1).default(1).describe('Optimizer steps a batch is cut into (mini-batches); 1 is on-policy.'),
  clip_low: z.number().min(0).lt(1).optional(),
  clip_high: nonNegative().optional(),
  dual_clip: z.number().gt(1).nullable().optional().describe('Bound on the loss of a negative advantage, as a ratio above 1.'),
  ratio: z.enum(['token', 'sequence']).default('token').describe('sequence: GSPO.'),
  surrogate: z
    .enum(['ppo', 'cispo', 'sapo', 'dppo'])
    .default('ppo')
    .describe('Under dppo clip_low and clip_high bound the difference of probabilities instead of the ratio.'),
  gate_temperature: z
    .strictObject({ positive: positive().default(1), negative: positive().default(1.05) })
    .prefault({})
    .describe('Of sapo, by the sign of the advantage.'),
  aggregation: z.enum(aggregations).optional().describe('How token losses are averaged over a batch.'),
  norm_length: whole(1)
    .nullable()
    .optional()
    .describe('Divisor of a row under seq_mean_token_sum_norm; sampling.max_tokens when left out.'),
  kl: z
    .strictObject({
      coef: nonNegative().default(0),
      estimator: z.enum(['k1', 'k2', 'k3', 'k1+', 'k3+']).default('k3').describe('With + the gradient is that of k2.'),
      unbiased: z.boolean().default(false).describe('Weigh the penalty by the importance ratio.'),
      reference: z
        .enum(['initial', 'sampler'])
        .default('initial')
        .describe('What the penalty holds the policy near: the checkpoint that training began with, or the weights that sampled.'),
      tokens: z.enum(['all', 'program']).default('all').describe('program: from where the program begins (partial KL).'),
    })
    .prefault({})
    .describe('Penalty that holds the policy near another.'),
  sampler_correction: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('truncate').default('truncate'),
        level: z.enum(['token', 'sequence']).default('token'),
        ...ratioRange,
      }),
      z.strictObject({ type: z.literal('mask'), level: z.enum(['token', 'sequence', 'geometric']).default('token'), ...ratioRange }),
      z.strictObject({ type: z.literal('off_policy_mask'), threshold: positive() }),
    ])
    .nullable()
    .default(null)
    .describe(
      'Weigh tokens by learner over sampler probability: truncate clamps it (TIS), mask drops what lies outside, off_policy_mask drops bad sequences that became unlikely.',
    ),
  mask_truncated: z.boolean().default(false).describe('Leave completions that ran into max_tokens out of the loss.'),
  dynamic_sampling: z
    .strictObject({
      enabled: z.boolean().optional(),
      max_rounds: whole(1).default(4).describe('Sampling rounds a step, the first included.'),
      band: z
        .tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
        .default([0, 1])
        .describe('Keep groups whose accuracy lies strictly between.'),
      min_fill: z
        .number()
        .gt(0)
        .max(1)
        .default(0.5)
        .describe('Train after max_rounds if this share of the batch is there; else skip the step.'),
      max_staleness: whole().default(1).describe('Steps that a surplus group may wait for its batch.'),
      stale_groups: z
        .enum(['drop', 'keep'])
        .default('drop')
        .describe('Those that waited longer: drop them, or train on them under algorithm.sampler_correction.'),
    })
    .prefault({}),
});

export type AlgorithmInput = z.output<typeof algorithmInput>;

/** Every value settled. */
export type AlgorithmConfig = Omit<
  AlgorithmInput,
  'clip_low' | 'clip_high' | 'dual_clip' | 'aggregation' | 'norm_length' | 'dynamic_sampling'
> & {
  clip_low: number;
  clip_high: number;
  dual_clip: number | null;
  aggregation: (typeof aggregations)[number];
  norm_length: number | null;
  dynamic_sampling: Required<AlgorithmInput['dynamic_sampling']>;
};

type EstimatorDefaults = Pick<AlgorithmConfig, 'clip_low' | 'clip_high' | 'aggregation'> & { dynamicSampling: boolean };

/** GRPO's equation 3 averages each sequence first; DAPO's equation 8 all tokens; Dr. GRPO divides by a constant length. */
const defaultsOf = (estimator: Estimator): EstimatorDefaults => {
  const ppo = { clip_low: 0.2, clip_high: 0.2, aggregation: 'seq_mean_token_mean', dynamicSampling: false } as const;
  switch (estimator) {
    case 'dapo':
      return { clip_low: 0.2, clip_high: 0.28, aggregation: 'token_mean', dynamicSampling: true };
    case 'dr_grpo':
      return { ...ppo, aggregation: 'seq_mean_token_sum_norm' };
    case 'reinforce_pp':
    case 'reinforce_pp_baseline':
      return { ...ppo, aggregation: 'token_mean' };
    case 'grpo':
    case 'rloo':
    case 'opo':
    case 'maxrl':
    case 'grpo_passk':
    case 'grpo_batch':
    case 'gpg':
    case 'gdpo':
      return ppo;
    default:
      return estimator satisfies never;
  }
};

/** The settled algorithm: what the file says, else the estimator's value. */
export function resolveAlgorithm(input: AlgorithmInput, maxTokens: number): AlgorithmConfig {
  const defaults = defaultsOf(input.estimator);
  const dynamic = input.dynamic_sampling;
  const aggregation = input.aggregation ?? defaults.aggregation;
  // Every key by name: a settled configuration read back has its keys in the same order, so its text can be compared.
  return {
    estimator: input.estimator,
    compat: input.compat,
    groups_per_step: input.groups_per_step,
    updates_per_batch: input.updates_per_batch,
    clip_low: input.clip_low ?? defaults.clip_low,
    clip_high: input.clip_high ?? defaults.clip_high,
    dual_clip: input.dual_clip ?? null,
    ratio: input.ratio,
    surrogate: input.surrogate,
    gate_temperature: input.gate_temperature,
    aggregation,
    norm_length: input.norm_length ?? (aggregation === 'seq_mean_token_sum_norm' ? maxTokens : null),
    kl: input.kl,
    sampler_correction: input.sampler_correction,
    mask_truncated: input.mask_truncated,
    dynamic_sampling: {
      enabled: dynamic.enabled ?? defaults.dynamicSampling,
      max_rounds: dynamic.max_rounds,
      band: dynamic.band,
      min_fill: dynamic.min_fill,
      max_staleness: dynamic.max_staleness,
      stale_groups: dynamic.stale_groups,
    },
  };
}
