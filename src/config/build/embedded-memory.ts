/** Memory of the embedded engine, which learns and samples in threads of one process. */
import { type DecoderConfig, decoderParameters } from '../../checkpoint/decoder-config.ts';
import { activationBytesPerToken, gradientPlan } from '../../embedded/learner/large-models.ts';
import { longestEpisode } from '../schema/episode-length.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { threadCount } from './build-torch.ts';

export interface MemoryItem {
  readonly name: string;
  readonly gib: number;
}

export type EmbeddedConfig = Pick<TrainConfig, 'learner' | 'sampling' | 'sandbox'> & {
  readonly policy: Pick<TrainConfig['policy'], 'threads' | 'batch_rows' | 'precision'>;
  /** Groups of a step; none in supervised training. */
  readonly algorithm?: Pick<TrainConfig['algorithm'], 'groups_per_step' | 'kl'>;
  readonly rollout?: TrainConfig['rollout'];
};

const gib = (bytes: number): number => bytes / 2 ** 30;

/** Node, onnxruntime and the code itself; measured on the tiny checkpoint, whose weights weigh nothing beside it. */
const processBytes = 400 * 2 ** 20;
const sandboxBytes = 60 * 2 ** 20;
/** Prompts of the bare template; those of the others are longer, and so are the models that they are for. */
const promptTokens = 128;

/**
 * Memory of the embedded learner, by what takes it.
 *
 * Weights and two moments are float32 in memory that all threads share. Each worker that computes gradients (`gradientPlan`) has their sum, those
 * of one graph run and its own copy of the weights, the activations of one micro-batch, kept for the backward pass, and its logits with
 * their gradient.
 */
export function embeddedLearnerMemory(
  { learner, algorithm, sampling, rollout, sandbox }: EmbeddedConfig,
  model: DecoderConfig,
): MemoryItem[] {
  const threads = threadCount(learner.threads);
  const weights = weightsOf(model);
  const { workers, microBatchTokens: tokens } = gradientPlan(model, weights, threads, learner.micro_batch_tokens);
  const activations = tokens * activationBytesPerToken(model);
  const rollouts = (algorithm?.groups_per_step ?? 0) * sampling.group_size;
  return [
    { name: 'Node and onnxruntime', gib: gib(processBytes) },
    { name: `sandbox of ${threadCount(sandbox.workers)} workers`, gib: gib(sandboxBytes * threadCount(sandbox.workers)) },
    { name: 'weights and moments, float32', gib: gib(weights * 12) },
    { name: `gradients and weights of ${workers} workers, float32`, gib: gib(weights * 12 * workers) },
    { name: `activations of ${workers} x ${tokens} tokens`, gib: gib(activations * workers) },
    { name: `logits of ${workers} x ${tokens} tokens`, gib: gib(tokens * model.vocabSize * 4 * 2 * workers) },
    ...(rollouts === 0
      ? []
      : [
          {
            name: `${rollouts} rollouts of a step`,
            gib: gib(rollouts * rolloutBytes(promptTokens + longestEpisode({ sampling, rollout }))),
          },
        ]),
  ];
}

/**
 * Memory of the embedded sampler: each thread has a copy of the weights and the key-value cache of its rows. In int8 a weight takes a byte, the
 * embedding beside it four.
 */
export function embeddedSamplerMemory({ policy, algorithm, sampling, rollout }: EmbeddedConfig, model: DecoderConfig): MemoryItem[] {
  const threads = threadCount(policy.threads);
  const asked = Math.ceil(((algorithm?.groups_per_step ?? 1) * sampling.group_size) / threads);
  const rows = Math.min(policy.batch_rows, asked) * threads;
  const length = Math.min(model.maxPositions, promptTokens + longestEpisode({ sampling, rollout }));
  const perToken = 2 * model.numLayers * model.numKeyValueHeads * model.headDim * 4;
  return [
    policy.precision === 'int8'
      ? {
          name: `weights of ${threads} threads, int8 with a float32 embedding`,
          gib: gib((weightsOf({ ...model, tieWordEmbeddings: false }) + 3 * model.vocabSize * model.hiddenSize) * threads),
        }
      : { name: `weights of ${threads} threads, float32`, gib: gib(weightsOf(model) * 4 * threads) },
    { name: `key-value cache of ${rows} x ${length} tokens`, gib: gib(rows * length * perToken) },
    { name: 'logits of a token', gib: gib(rows * model.vocabSize * 4 * 2) },
    ...(algorithm !== undefined && algorithm.kl.coef > 0 && algorithm.kl.reference === 'initial'
      ? [{ name: `reference weights of ${threads} threads, float32`, gib: gib(weightsOf(model) * 4 * threads) }]
      : []),
  ];
}

/** What a rollout of so many tokens takes in memory, and about as much on disk: ids, log-probabilities, mask, text, outcome. */
export const rolloutBytes = (tokens: number): number => 1500 + 12 * tokens;

const weightsOf = (model: DecoderConfig): number =>
  decoderParameters(model).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
