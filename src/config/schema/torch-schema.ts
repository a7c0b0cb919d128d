/** Settings of the PyTorch processes: the learner of `learner.type: torch`, and the host of `policy.type: colocated`. */
import { z } from 'zod';
import { discover } from './discover-schema.ts';
import { positive, whole } from './fields.ts';

const loraTargets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];

export const torch = z.strictObject({
  python: z.string().min(1).optional().describe('Interpreter with torch and transformers; EVOM_PYTHON or python3 when left out.'),
  launch: z
    .enum(['spawn', 'external', 'cluster'])
    .default('spawn')
    .describe(
      'spawn: here, by the trainer; external: by you, here or on another machine that sees the run directory; cluster: by "evom cluster", which starts it again where it dies.',
    ),
  processes: whole(1).default(1).describe('Learner processes on a machine, one a GPU (torchrun).'),
  nodes: whole(1).default(1).describe('Machines of the learner; above 1 launcher starts torchrun on each.'),
  launcher: z
    .array(z.string().min(1))
    .default([])
    .describe('Words before the learner, such as [srun, --nodes=2, --ntasks-per-node=1]: they start it on each of its machines.'),
  rendezvous: z
    .string()
    .regex(/^[^\s:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, 'HOST:PORT, such as node-1:29500')
    .optional()
    .describe('HOST:PORT on one of the machines where torchrun of all of them meet.'),
  restarts: whole().default(0).describe('How often processes that died begin again from their last snapshot, without the trainer.'),
  snapshot_every: whole(1).default(1).describe('Steps between snapshots, where restarts is above 0.'),
  strategy: z.enum(['fsdp', 'ddp']).default('fsdp').describe('Of several processes: shards of weights and moments, or copies.'),
  device: z.enum(['auto', 'cuda', 'cpu']).default('auto'),
  precision: z
    .enum(['auto', 'bfloat16', 'float32'])
    .default('auto')
    .describe(
      'Of the arithmetic; trained weights and moments are float32 either way. auto: bfloat16, or float32 on a processor without AMX, where bfloat16 is slower.',
    ),
  attention: z.enum(['sdpa', 'flash_attention_2', 'eager']).default('sdpa'),
  gradient_checkpointing: z.boolean().default(true).describe('Compute activations again in the backward pass.'),
  lora: z
    .strictObject({
      rank: whole(1).default(32),
      alpha: positive().default(64),
      targets: z.array(z.string().min(1)).min(1).default(loraTargets),
    })
    .nullable()
    .default(null)
    .describe('Train low-rank adapters instead of all weights.'),
  timeout_s: positive().default(3600).describe('Longest wait for a step, a checkpoint or the start.'),
});

/** Settings of `policy.type: chat`: any API that answers OpenAI's chat completions. */
export const chat = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address under which /chat/completions lies, e.g. https://api.example.com/v1.'),
  model: z.string().min(1).optional().describe('Name of the model there.'),
  token_env: z.string().min(1).optional().describe('Environment variable that holds the bearer token.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request; no secrets: the configuration is kept.'),
  body: z
    .record(z.string(), z.json())
    .default({})
    .describe('Said in every request beside what we say, or in its place; null leaves out a key, e.g. {seed: null}.'),
  concurrency: whole(1).default(8).describe('Requests in flight.'),
  retries: whole().default(6).describe('More tries when the API is away or overloaded; Retry-After is honoured.'),
  timeout_s: positive().default(600).describe('Longest wait for an answer.'),
});

/** Settings of `policy.type: openai`: servers of vLLM or SGLang that are running already. */
export const openai = z.strictObject({
  engine: z.enum(['vllm', 'sglang']).default('vllm'),
  servers: z.array(z.url()).default([]).describe('Base addresses of the replicas, without /v1. Not with discover.'),
  discover: discover('replicas'),
  model: z.string().min(1).optional().describe('Name under which the servers know the model; the checkpoint path when left out.'),
  reload: z
    .enum(['vllm-disk', 'vllm-lora', 'sglang-disk', 'none'])
    .optional()
    .describe('How servers take weights; left out: vllm-lora with learner.torch.lora, else the way of the engine.'),
  concurrency: whole(1).default(128).describe('Requests in flight at one server.'),
  retries: whole().default(4).describe('More tries, each at the next server, when one is away or overloaded.'),
  timeout_s: positive().default(720).describe('Longest wait for a completion or a reload.'),
  token_env: z.string().min(1).optional().describe('Environment variable that holds the bearer token.'),
});
