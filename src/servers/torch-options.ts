/** What a PyTorch learner is told on its command line, whether it runs alone or beside a sampler in one process. */
import { EvomError } from '../lib/errors.ts';
import type { AdamWConfig, OptimizerConfig } from '../policy/optimizer-config.ts';

export interface TorchSettings {
  readonly device: 'auto' | 'cpu' | 'cuda';
  /** CPU threads a process; null leaves them to torch. */
  readonly threads: number | null;
  readonly precision: 'auto' | 'float32' | 'bfloat16';
  readonly attention: 'sdpa' | 'flash_attention_2' | 'eager';
  readonly gradientCheckpointing: boolean;
  /** null trains all weights. */
  readonly lora: { readonly rank: number; readonly alpha: number; readonly targets: readonly string[] } | null;
  readonly microBatchTokens: number;
  readonly strategy: 'ddp' | 'fsdp';
  readonly seed: number;
}

export interface TorchStart {
  /** Model folder that the run began from: under LoRA the frozen base, and the reference of the KL penalty. */
  readonly model: string;
  /** Checkpoint to go on from; null at the start. */
  readonly checkpoint: string | null;
}

/**
 * The arguments of `evom_torch` for a learner.
 *
 * @throws {EvomError} `E_CONFIG` for an optimizer that it does not have.
 */
export function torchArguments({ model, checkpoint }: TorchStart, optimizer: OptimizerConfig, settings: TorchSettings): string[] {
  const adamw = adamwOf(optimizer);
  const { lora } = settings;
  const options: Readonly<Record<string, string | number | null>> = {
    model,
    'from-checkpoint': checkpoint,
    device: settings.device,
    threads: settings.threads,
    precision: settings.precision,
    attention: settings.attention,
    'lora-rank': lora?.rank ?? null,
    'lora-alpha': lora?.alpha ?? null,
    'lora-targets': lora === null ? null : lora.targets.join(','),
    seed: settings.seed,
    'micro-batch-tokens': settings.microBatchTokens,
    strategy: settings.strategy,
    lr: adamw.lr,
    eps: adamw.eps,
    'weight-decay': adamw.weightDecay,
    'max-grad-norm': adamw.maxGradNorm,
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => (value === null ? [] : [`--${name}`, String(value)])),
    '--betas',
    ...adamw.betas.map(String),
    ...(settings.gradientCheckpointing ? ['--gradient-checkpointing'] : []),
  ];
}

function adamwOf(optimizer: OptimizerConfig): AdamWConfig {
  if (optimizer.type === 'adamw') return optimizer;
  throw new EvomError('E_CONFIG', `learner.type torch runs AdamW, not ${optimizer.type}; set optimizer.type: adamw`);
}
