/** What the gradient step is told: rows, loss and its denominators. Everything the algorithm decided is here. */

/** How a token loss is averaged over a batch (names as in verl). */
export type Aggregation = 'token_mean' | 'seq_mean_token_mean' | 'seq_mean_token_sum' | 'seq_mean_token_sum_norm';

/** How a row's weights answer for the difference between the sampler and the trainer's old policy. */
export type SamplerCorrection =
  /** Truncated importance sampling: the ratio, of a token or the product over the sequence, clamped to [low, high]. */
  | { readonly type: 'truncate'; readonly level: 'token' | 'sequence'; readonly low: number; readonly high: number }
  /** Ratios outside [low, high] weigh 0 (IcePop by token); `geometric` drops whole sequences by their mean log-ratio and keeps token ratios. */
  | { readonly type: 'mask'; readonly level: 'token' | 'sequence' | 'geometric'; readonly low: number; readonly high: number }
  /** Sequences of negative advantage whose mean `log pi_sampler - log pi_old` exceeds `threshold` (nats) weigh 0; all others 1 (DeepSeek-V3.2). */
  | { readonly type: 'off_policy_mask'; readonly threshold: number };

/** Estimators of the KL term; with `+` its value with the gradient of `k2`. */
export type KlEstimator = 'k1' | 'k2' | 'k3' | 'k1+' | 'k3+';

export interface GateTemperature {
  readonly positive: number;
  readonly negative: number;
}

export type LossConfig =
  | {
      readonly type: 'policy_gradient';
      readonly clipLow: number;
      readonly clipHigh: number;
      /** Upper bound on `-A * ratio` for negative advantages, as a ratio (c > 1); null for none. */
      readonly dualClip: number | null;
      /** Importance ratio a token, or one a sequence (GSPO). */
      readonly ratio: 'token' | 'sequence';
      /**
       * `ppo`: min of clipped and unclipped; `cispo`: clipped ratio, detached, times log-probability; `sapo`: a soft gate of the ratio;
       * `dppo`: the ratio, dropped where the probability moved too far. Under `dppo` the clips are differences of probability.
       */
      readonly surrogate: 'ppo' | 'cispo' | 'sapo' | 'dppo';
      /** Temperatures of `sapo`'s gate by the sign of the advantage; left out: 1 and 1.05. */
      readonly gateTemperature?: GateTemperature;
      readonly aggregation: Aggregation;
      /** Divisor of a row's token sum under `seq_mean_token_sum_norm`. */
      readonly normLength: number | null;
      readonly klCoef: number;
      readonly klEstimator: KlEstimator;
      /** Weighs the KL term by the importance ratio, which makes its gradient unbiased off policy (DeepSeek-V3.2); left out: no. */
      readonly klUnbiased?: boolean;
      /**
       * Weights of the surrogate that answer for a sampler which is not the learner; left out or null: none. Where a row has no
       * `oldLogprobs`, the learner's own before the step are the old ones, so that ratio and correction stay apart.
       */
      readonly samplerCorrection?: SamplerCorrection | null;
    }
  | { readonly type: 'cross_entropy'; readonly aggregation: 'token_mean' };

/** One sequence of a batch. Lists have T = prompt + response tokens; log-probabilities are nats, 0 where the mask is 0. */
export interface TrainingRow {
  readonly sampleId: string;
  readonly groupId: string;
  readonly rolloutIndex: number;
  readonly taskKey: string;
  /** Name of the problem source. */
  readonly env: string;
  /** Name of the solver backend that verified it. */
  readonly solver: string;
  readonly weightVersionMin: number;
  readonly weightVersionMax: number;
  readonly inputIds: Int32Array;
  readonly promptLength: number;
  readonly lossMask: Uint8Array;
  readonly samplerLogprobs: Float32Array;
  /** The learner's own log-probabilities before the step; null: on-policy, the sampler's serve. */
  readonly oldLogprobs: Float32Array | null;
  readonly refLogprobs: Float32Array | null;
  readonly advantage: number;
  readonly tokenAdvantages: Float32Array | null;
  readonly klWeights: Float32Array | null;
  /** 0 keeps a row in the statistics but out of the gradient. */
  readonly lossWeight: number;
  readonly reward: number | null;
  readonly correct: boolean | null;
  readonly rewardParts: Readonly<Record<string, number>>;
  readonly status: string;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: string;
  readonly finishReason: string;
  readonly responseLength: number;
  /** [2 N - 1] tokens of each turn and of what was told between turns, as in `Completion`; null of one turn. */
  readonly turnLengths: Int32Array | null;
}

export interface BatchMetadata {
  readonly runId: string;
  readonly step: number;
  readonly genStep: number;
  readonly estimator: string;
  readonly compat: string;
  readonly eps: number;
  readonly ddof: number;
  readonly loss: LossConfig;
  /** Sum over rows of `lossMask` tokens with `lossWeight` > 0: the denominator of a token mean under any sharding. */
  readonly globalLossTokens: number;
  /** Rows with at least one such token: the denominator of the sequence means. */
  readonly globalLossRows: number;
  readonly numGroups: number;
  readonly tokenizerSha256: string;
  readonly modelId: string;
  readonly padId: number;
}

export interface TrainingBatch {
  readonly metadata: BatchMetadata;
  readonly rows: readonly TrainingRow[];
}
