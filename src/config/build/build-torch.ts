/** `learner.torch` of a configuration -> what the PyTorch processes are told. */
import { availableParallelism } from 'node:os';
import { defaultPython } from '../../servers/python-process.ts';
import type { TorchSettings } from '../../servers/torch-options.ts';
import type { TrainConfig } from '../schema/schema.ts';

interface TorchConfig {
  readonly learner: TrainConfig['learner'];
  readonly run: Pick<TrainConfig['run'], 'seed'>;
}

/** Worker threads for `auto`: one a core. */
export const threadCount = (threads: 'auto' | number): number => (threads === 'auto' ? Math.max(1, availableParallelism()) : threads);

export const pythonOf = ({ learner }: Pick<TorchConfig, 'learner'>): string => learner.torch.python ?? defaultPython();

export function torchSettings({ learner, run }: TorchConfig): TorchSettings {
  const { torch } = learner;
  return {
    device: torch.device,
    threads: learner.threads === 'auto' ? null : learner.threads,
    precision: torch.precision,
    attention: torch.attention,
    gradientCheckpointing: torch.gradient_checkpointing,
    lora: torch.lora,
    microBatchTokens: learner.micro_batch_tokens,
    strategy: torch.strategy,
    seed: run.seed,
  };
}
