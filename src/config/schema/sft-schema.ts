/** `kind: sft`: supervised fine-tuning on reference programs, of a new model or of a checkpoint. */
import { z } from 'zod';
import { evalSet, sftPart } from './dataset-schema.ts';
import { path, positive, whole } from './fields.ts';
import { learner, optimizer, schedule } from './optimizer-schema.ts';
import { backend, dialect, judge, policy, prompt, run, sampling, sandbox, solverHosts, trackers } from './train-schema.ts';

const model = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('new').default('new').describe('A decoder with random weights (Llama names).'),
    hidden_size: whole(8).default(128),
    layers: whole(1).default(4),
    heads: whole(1).default(4),
    kv_heads: whole(1).optional().describe('Key-value heads; as many as heads when left out.'),
    intermediate_size: whole(8).default(344),
    max_length: whole(16).default(512).describe('Longest prompt plus program, in tokens.'),
    rope_theta: positive().default(10_000),
    tie: z.boolean().default(true).describe('Share the embedding with the output layer.'),
  }),
  z.strictObject({ type: z.literal('checkpoint'), path: path() }),
]);

const tokenizer = z.strictObject({
  vocab_size: whole(300).default(1024),
  sample_problems: whole(1).default(4000).describe('Problems whose words the vocabulary is counted on.'),
});

export const sftInput = z.strictObject({
  kind: z.literal('sft'),
  run: run.extend({ steps: whole(1).default(1000) }).prefault({}),
  trackers,
  model: model.prefault({}),
  tokenizer: tokenizer.prefault({}),
  dataset: z.strictObject({ train: z.array(sftPart).min(1), eval: z.array(evalSet).default([]) }),
  batch_tokens: whole(1).default(5000).describe('Tokens of one optimizer step, prompts included.'),
  output: z.string().min(1).optional().describe('Folder that the last checkpoint is copied to.'),
  dialect: dialect.default('auto'),
  prompt: prompt.prefault({}),
  backend: backend.default('highs'),
  solver_hosts: solverHosts.prefault({}),
  sandbox: sandbox.prefault({}),
  judge: judge.prefault({}),
  policy: policy.omit({ checkpoint: true }).prefault({}),
  sampling: sampling.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({ type: 'wsd', warmup_steps: 100 }),
  learner: learner.prefault({}),
});
