/** What sampling produced and what became of it: completions, rollouts, groups. Shapes: G group, T tokens. */
import type { Evidence } from './evidence.ts';
import type { Outcome, OutcomeStatus } from './outcome.ts';
import type { Problem } from './problem.ts';
import type { Program } from './program.ts';

/** What the server of a completion counted, and may charge for. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** One sampled answer of the policy. Token ids are the engine's own: never decoded and encoded again. */
export interface Completion {
  /** [T] ids, the stop token included when one ended it; of a policy that answers in text alone, the bytes of that text. */
  readonly tokenIds: Int32Array;
  /** [T] nats, of the drawn token under the sampling temperature, before top-k and top-p filtering; [0] where they are not known. */
  readonly logprobs: Float32Array;
  /** Mean entropy (nats a token) of the distributions drawn from, at the sampling temperature; null where it is not known. */
  readonly entropy: number | null;
  /** Only of a policy on somebody's API. */
  readonly usage?: TokenUsage;
  /** Mean of the tokens' log-probabilities, in nats, where `logprobs` is empty and the API told it all the same. */
  readonly meanLogprob?: number;
  /** How its last turn ended. */
  readonly finishReason: 'stop' | 'length';
  readonly policyVersion: number;
  /**
   * [2 N - 1] tokens of the first turn, of what the policy was told about it, of the second turn, and so on, T in all; left out of one turn.
   * What it was told has log-probability 0 and is never trained on.
   */
  readonly turnLengths?: Int32Array;
}

/** One turn of an episode of several. */
export interface Turn {
  readonly text: string;
  readonly program: Program | null;
  readonly status: OutcomeStatus;
  /** What the policy was told about it, its chat template left out; null of the last turn. */
  readonly told: string | null;
}

/** A problem as the policy is asked it. */
export interface Prompt {
  readonly text: string;
  readonly tokenIds: Int32Array;
}

/** What is scored: an outcome with its problem, what was found about it, and the completion that it came from. */
export interface Scorable {
  readonly outcome: Outcome;
  readonly problem: Problem;
  /** What was asked and found about the outcome; default nothing. */
  readonly evidence?: Evidence;
  /** The completion that held the program; default empty, as for a program from a file. */
  readonly completionText?: string;
  /** Default 0. */
  readonly completionTokens?: number;
  /** Default no limit. */
  readonly maxTokens?: number;
  /** The completion was cut off at its limit. */
  readonly truncated?: boolean;
}

/** A reward with its parts; `value` is null when nothing can be said (our fault, not the program's). */
export interface Reward {
  readonly value: number | null;
  /** Named terms, each already multiplied by its weight. */
  readonly parts: Readonly<Record<string, number>>;
  /** Whether the judge calls the answer right; null when unscorable or when there is no label. */
  readonly correct: boolean | null;
  /** Whether the program's model equals the reference up to naming, order and scaling; null without a reference model. */
  readonly identical: boolean | null;
  /** Audit flags such as `unsupported_claim`. */
  readonly flags: readonly string[];
}

/** One sampled episode from prompt to reward. */
export interface Rollout {
  readonly sampleIndex: number;
  readonly seed: string;
  readonly completion: Completion;
  /** Of several turns: the text of the one whose program stands. */
  readonly completionText: string;
  readonly program: Program | null;
  readonly outcome: Outcome;
  readonly reward: Reward;
  /** [N] of an episode of several turns; left out of one turn. */
  readonly turns?: readonly Turn[];
}

/** The G rollouts of one problem. */
export interface RolloutGroup {
  readonly groupId: string;
  readonly problem: Problem;
  readonly prompt: Prompt;
  /** Sampling round that made it (`gen_step`); counts apart from training steps. */
  readonly genStep: number;
  readonly rollouts: readonly Rollout[];
}
