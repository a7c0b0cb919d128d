/** The gradient step: optimizer, learning-rate schedule, learner. */
import { z } from 'zod';
import { named, nonNegative, positive, share, threads, whole } from './fields.ts';
import { torch } from './torch-schema.ts';

const beta = () => z.number().min(0).lt(1);
const maxGradNorm = positive().nullable().describe('Clip the global gradient norm here; null does not clip.');

/** Muon takes the matrices and AdamW the rest (embedding, norms); `adamw` takes everything. */
export const optimizer = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('muon').default('muon'),
    lr: positive().default(0.02).describe('Learning rate of the matrices.'),
    momentum: beta().default(0.95),
    weight_decay: nonNegative().default(0.01),
    ns_steps: whole(1).max(20).default(5).describe('Newton-Schulz steps.'),
    adam_lr: positive().default(0.003).describe('Learning rate of embedding and norms.'),
    adam_betas: z.tuple([beta(), beta()]).default([0.9, 0.95]),
    adam_eps: positive().default(1e-8),
    max_grad_norm: maxGradNorm.default(1),
  }),
  z.strictObject({
    type: z.literal('adamw'),
    lr: positive().default(3e-4),
    betas: z.tuple([beta(), beta()]).default([0.9, 0.95]),
    eps: positive().default(1e-8),
    weight_decay: nonNegative().default(0),
    max_grad_norm: maxGradNorm.default(1),
  }),
]);

/** Factor on the learning rate over the steps of a run. */
export const schedule = z.strictObject({
  type: z.enum(['constant', 'linear', 'cosine', 'wsd']).default('constant').describe('wsd: warm up, stay, then decay linearly.'),
  warmup_steps: whole().default(0),
  total: whole(1).optional().describe('Step at which the decay ends; run.steps when left out.'),
  decay_share: share().default(0.6).describe('Share of total that wsd spends decaying.'),
  final_factor: share().default(0.03).describe('Factor at the end of the decay.'),
});

export const learner = z.strictObject({
  type: named(['onnx', 'torch']).default('onnx').describe('onnx: embedded; torch: PyTorch in processes of its own.'),
  threads: threads().default('auto'),
  micro_batch_tokens: whole(1).default(2048).describe('Tokens in one forward and backward pass; gradients are summed over passes.'),
  torch: torch.prefault({}),
});
