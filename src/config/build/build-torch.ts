/** `learner.torch` of a configuration -> what the PyTorch processes are told. */
import { availableParallelism } from 'node:os';
import { camelKeys } from '../../lib/camel-keys.ts';
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
  const { device, precision, attention, gradientCheckpointing, lora, strategy } = camelKeys(learner.torch);
  const { threads, microBatchTokens } = camelKeys(learner);
  return {
    device,
    threads: threads === 'auto' ? null : threads,
    precision,
    attention,
    gradientCheckpointing,
    lora,
    microBatchTokens,
    strategy,
    seed: run.seed,
  };
}

/** On how many machines and processes the learner runs, and what starts it there. */
export function learnerLayout({ learner }: Pick<TorchConfig, 'learner'>) {
  const { processes, nodes, launcher, rendezvous, restarts, snapshotEvery } = camelKeys(learner.torch);
  return { processes, nodes, launcher, restarts, snapshotEvery, ...(rendezvous === undefined ? {} : { rendezvous }) };
}
