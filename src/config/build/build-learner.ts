/** `learner` of a configuration -> a learner on a checkpoint, and the policy that shares its process where one does. */
import { dirname } from 'node:path';
import { createOnnxLearner } from '../../embedded/learner/onnx-learner.ts';
import { camelKeys } from '../../lib/camel-keys.ts';
import { loadPlugin } from '../../lib/plugin.ts';
import type { Learner, LearnerResult } from '../../policy/learner.ts';
import type { OptimizerConfig as LearnerOptimizer } from '../../policy/optimizer-config.ts';
import type { Policy } from '../../policy/policy.ts';
import { createColocatedLearner } from '../../servers/colocated-learner.ts';
import { createColocatedPolicy } from '../../servers/colocated-policy.ts';
import { startTorchHost } from '../../servers/torch-host.ts';
import { createTorchLearner } from '../../servers/torch-learner.ts';
import { torchArguments } from '../../servers/torch-options.ts';
import type { OptimizerConfig, TrainConfig } from '../schema/schema.ts';
import { isModulePath } from '../schema/vocabulary.ts';
import { learnerLayout, pythonOf, threadCount, torchSettings } from './build-torch.ts';

export type LearnerConfig = Pick<TrainConfig, 'optimizer' | 'learner'> & {
  readonly policy: Pick<TrainConfig['policy'], 'type' | 'batch_rows'>;
  readonly run: Pick<TrainConfig['run'], 'seed'>;
};

export interface LearnerStart {
  /** Model folder to train: the initial one, or a checkpoint of the run. */
  readonly directory: string;
  /** `evom_state` of the checkpoint, so that moments and version go on; null at the start. */
  readonly stateDirectory: string | null;
  /** Model folder that the run began from. */
  readonly initial: string;
  /** The run's directory. */
  readonly root: string;
  /** Told once what to start elsewhere, where `learner.torch.launch` is external or cluster. */
  readonly onWaiting?: (command: string) => void;
  /** Aborted: a start is not waited for any more. */
  readonly signal?: AbortSignal;
}

export interface BuiltLearner {
  readonly learner: Learner;
  /** Samples in the learner's own process; null when the policy is a part of its own. */
  readonly policy: Policy | null;
}

export async function buildLearner(config: LearnerConfig, start: LearnerStart): Promise<BuiltLearner> {
  const { learner, optimizer } = config;
  const { directory, stateDirectory } = start;
  const threads = threadCount(learner.threads);
  if (isModulePath(learner.type)) {
    const methods = ['step', 'weights', 'save', 'close'];
    const context = { directory, threads, stateDirectory, config: { optimizer, learner } };
    return {
      learner: await loadPlugin<Learner>({ key: 'learner.type', path: learner.type, methods, checks: { step: stepResult } }, context),
      policy: null,
    };
  }
  if (learner.type === 'torch') return config.policy.type === 'colocated' ? buildColocated(config, start) : buildTorch(config, start);
  const onnx = await createOnnxLearner({
    model: { directory },
    optimizer: optimizerOf(optimizer),
    threads,
    microBatchTokens: learner.micro_batch_tokens,
    ...(stateDirectory === null ? {} : { stateDirectory }),
  });
  return { learner: onnx, policy: null };
}

const stepResult = (result: unknown): string | null =>
  typeof (result as LearnerResult | undefined)?.version === 'number' && typeof (result as LearnerResult).metrics === 'object'
    ? null
    : `${JSON.stringify(result)} instead of { version, metrics }`;

async function buildTorch(
  config: LearnerConfig,
  { stateDirectory, initial, root, onWaiting = () => {}, signal }: LearnerStart,
): Promise<BuiltLearner> {
  const { torch } = config.learner;
  const learner = await createTorchLearner({
    root,
    model: initial,
    stateDirectory,
    optimizer: optimizerOf(config.optimizer),
    settings: torchSettings(config),
    launch:
      torch.launch !== 'spawn' ? { type: torch.launch, onWaiting } : { type: 'spawn', python: pythonOf(config), ...learnerLayout(config) },
    timeoutMs: torch.timeout_s * 1000,
    ...(signal === undefined ? {} : { signal }),
  });
  return { learner, policy: null };
}

async function buildColocated(config: LearnerConfig, { stateDirectory, initial, root }: LearnerStart): Promise<BuiltLearner> {
  const checkpoint = stateDirectory === null ? null : dirname(stateDirectory);
  const host = await startTorchHost({
    python: pythonOf(config),
    directory: root,
    startMs: config.learner.torch.timeout_s * 1000,
    args: [
      ...torchArguments({ model: initial, checkpoint }, optimizerOf(config.optimizer), torchSettings(config)),
      ...['--rows', String(config.policy.batch_rows)],
    ],
  });
  const learner = createColocatedLearner(host, root);
  return { learner, policy: createColocatedPolicy(host, { owned: false, version: learner.version }) };
}

const optimizerOf = (config: OptimizerConfig): LearnerOptimizer => camelKeys(config);
