/** `kind: train`: reinforcement learning of a checkpoint on execution-verified rewards. */
import { z } from 'zod';
import { defaultLimits } from '../../sandbox/limits.ts';
import { algorithmInput } from './algorithm-schema.ts';
import { cluster } from './cluster-schema.ts';
import { evalSet, trainDataset, weightedDialects } from './dataset-schema.ts';
import { discover } from './discover-schema.ts';
import { named, nonNegative, path, positive, share, threads, whole } from './fields.ts';
import { learner, optimizer, schedule } from './optimizer-schema.ts';
import { audit, reward } from './reward-schema.ts';
import { chat, openai } from './torch-schema.ts';
import { backends, defaultSolverHosts, judgeRules } from './vocabulary.ts';

const samples = whole().default(4).describe('Sample texts a step.');
const project = z.string().min(1).default('evom');

const trackerSettings = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('tensorboard'), samples }),
  z.strictObject({
    type: z.literal('trackio'),
    project,
    directory: z.string().min(1).nullable().default(null).describe('Null: $TRACKIO_DIR, or ~/.cache/huggingface/trackio.'),
    samples,
  }),
  z.strictObject({
    type: z.literal('mlflow'),
    url: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:5000'),
    project,
    token_env: z.string().min(1).default('MLFLOW_TRACKING_TOKEN'),
  }),
  z.strictObject({
    type: z.literal('wandb'),
    project,
    mode: z.enum(['offline', 'online']).default('offline'),
    python: z.string().min(1).default('python3').describe('A Python that has wandb.'),
  }),
]);

/** A name alone takes the defaults. */
const tracker = z
  .union([z.enum(['tensorboard', 'trackio', 'mlflow', 'wandb']), trackerSettings], {
    error: 'must be tensorboard, trackio, mlflow or wandb, or settings with such a type',
  })
  .transform((value) => (typeof value === 'string' ? trackerSettings.parse({ type: value }) : value));

const runName = z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'must be a folder name of letters, digits, _ . -');

export const run = z.strictObject({
  name: runName.optional().describe('Folder under dir; made from the configuration name and a number when left out.'),
  dir: z.string().min(1).default('runs'),
  seed: whole().default(0).describe('Key of every random stream of the run.'),
  steps: whole(1).default(100),
  checkpoint_every: whole(1).default(10).describe('Steps between checkpoints; the last step always has one.'),
  keep_last: whole(1).default(2).describe('Newest checkpoints kept.'),
  keep_steps: z
    .union([z.literal('all'), z.strictObject({ every: whole(1) }), z.strictObject({ last: whole(1) })], {
      error: 'must be all, {every: k} or {last: k}',
    })
    .default('all')
    .describe('Steps whose samples stay on disk: all, every k-th, or the last k before each checkpoint; the first and the newest always.'),
  eval_every: whole().default(0).describe('Steps between evaluations; 0: only before and after.'),
});

export const trackers = z
  .array(tracker)
  .default([{ type: 'tensorboard', samples: 4 }])
  .describe('Where figures go besides metrics.jsonl: names, or settings with a type.');

export const policy = z.strictObject({
  type: named(['onnx', 'colocated', 'openai', 'chat', 'recorded'])
    .default('onnx')
    .describe(
      'onnx: embedded; colocated: in the PyTorch process that also trains; openai: vLLM or SGLang servers; chat: any API of chat completions, and recorded: completions from a file, for evaluation alone.',
    ),
  checkpoint: path()
    .default('') // refused in load/checks.ts, but for chat
    .describe('Hugging Face folder that training starts from; --checkpoint sets it. With recorded, the file; chat needs none.'),
  threads: threads().default('auto'),
  batch_rows: whole(1).default(64).describe('Completions sampled together.'),
  precision: z
    .enum(['float32', 'int8'])
    .default('float32')
    .describe('Of the products with weights in the embedded policy (onnx): int8 rounds them at each update, for faster sampling.'),
  openai: openai.prefault({}),
  chat: chat.prefault({}),
});

export const sampling = z.strictObject({
  group_size: whole(1).default(8).describe('Completions a problem (G).'),
  temperature: z.number().gt(0).max(10).default(1),
  top_k: whole().default(0).describe('0 keeps all tokens.'),
  top_p: z.number().gt(0).max(1).default(1),
  max_tokens: whole(1).default(160).describe('Longest completion.'),
});

export const rollout = z.strictObject({
  turns: whole(1)
    .max(64)
    .default(1)
    .describe('Turns of an episode: after each but the last the policy is told what the solver said, and may write another program.'),
  revise: z
    .enum(['failed', 'always'])
    .default('failed')
    .describe('failed: a program with a solution is the answer; always: it may be revised too; an answer without a program keeps it.'),
  episode_tokens: whole(1)
    .nullable()
    .default(null)
    .describe(
      'Longest episode after its prompt, what is told included; a turn that might exceed it is not begun. null: the context of the policy.',
    ),
  feedback_chars: whole(16).default(1000).describe('Longest text of what the solver said.'),
});

/** `SandboxLimits` in the words of a file; the defaults are the sandbox's own. */
const limits = z.strictObject({
  ticks: whole(1).default(defaultLimits.ticks).describe('Interpreter budget of one program, counted, so that a verdict replays.'),
  cpu_ms: positive().default(defaultLimits.cpuMs).describe('Backstop in processor time, solver time left out.'),
  solver_ms: positive().default(defaultLimits.solverMs).describe('Solver time of one program.'),
  simplex_iterations: whole(1).default(defaultLimits.simplexIterations).describe('Of one solve.'),
  nodes: whole(1).default(defaultLimits.nodes).describe('Branch-and-bound nodes of one solve.'),
  max_solves: whole(1).default(defaultLimits.maxSolves),
  max_model_chars: whole(1).default(defaultLimits.maxModelChars),
  max_output_chars: whole(1).default(defaultLimits.maxOutputChars).describe('Printed text; more ends the program.'),
  max_code_chars: whole(1).default(defaultLimits.maxCodeChars),
  memory_mb: whole(16).max(2048).default(defaultLimits.memoryMb).describe('Ceiling of the interpreter.'),
  solver_memory_mb: whole(32).max(2048).default(defaultLimits.solverMemoryMb).describe('Ceiling of each solver.'),
  hard_ms: positive().default(defaultLimits.hardMs).describe('After this the worker is ended and replaced.'),
});

export const sandbox = z.strictObject({
  workers: z.union([z.literal('auto'), whole(1)], { error: 'must be auto or a whole number of workers' }).default('auto'),
  limits: limits.prefault({}),
});

export const prompt = z.strictObject({
  template: z
    .enum(['auto', 'bare', 'brief', 'instruct', 'evom', 'sirl'])
    .default('auto')
    .describe(
      'auto: instruct for a checkpoint whose chat template makes turns of messages and for policy.type chat, else bare; bare: question and a dialect mark; brief: one line that names the dialect and the question, for a chat model that was trained on such programs; the others are written tasks for chat models: instruct with a fenced program, evom with <think> and <code>, sirl with <think>, <model> and <python>.',
    ),
  examples: whole().max(3).default(0).describe('Worked examples before the question; not with bare or brief.'),
});

export const judge = z.strictObject({ rule: z.enum(judgeRules).default('sirl') });

export const dialect = z
  .union([z.string().min(1), weightedDialects], {
    error: 'must be auto, the name of a dialect, or a list of {name, weight}',
  })
  .describe('API that programs are written against; auto: the one that the backend speaks.');

export const backend = named(backends).describe(
  'Solver that executes programs: highs and glpk here, the others on solver_hosts, where also the Python dialects of a list run.',
);

export const solverHosts = z.strictObject({
  urls: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .default([...defaultSolverHosts])
    .describe('Addresses of "evom solver-host"; programs are shared among them. Not with discover.'),
  discover: discover('solver hosts'),
  token_env: z.string().min(1).default('EVOM_SOLVER_HOST_TOKEN').describe('Environment variable that holds their bearer token.'),
  cache: z.string().min(1).nullable().default(null).describe('Folder that keeps outcomes between runs; null keeps none.'),
  batch_size: whole(1).default(32).describe('Programs of one request.'),
  deadline_s: positive().default(300).describe('Until a program that no host answers for is given up, unscored.'),
});

const guards = z.strictObject({
  entropy_min: nonNegative()
    .nullable()
    .default(null)
    .describe('Nats a token; below it the policy has collapsed. null is off, as for every guard.'),
  no_signal_steps: whole(1).nullable().default(10).describe('Steps in a row without a group of mixed rewards.'),
  kl_max: nonNegative().nullable().default(null).describe('KL to the sampling policy in one step, nats a token.'),
  infra_rate_max: share().nullable().default(0.05).describe('Share of rollouts lost to faults of ours.'),
  flag_rate_max: share().nullable().default(0.2).describe('Share of rollouts that the audit flags.'),
  infra_stop_steps: whole(1).nullable().default(3).describe('Steps in a row over infra_rate_max that stop the run, whatever the action.'),
  drift_steps: whole(8).nullable().default(40).describe('Steps over which the reward rises clearly while identical is flat.'),
  format_only_steps: whole(1).nullable().default(10).describe('Steps in a row in which only the format reward told samples apart.'),
  action: z.enum(['warn', 'stop']).default('warn').describe('stop writes a checkpoint and ends with exit code 4.'),
});

const asynchronous = z.strictObject({
  steps_ahead: whole()
    .default(0)
    .describe(
      'Batches that are sampled while the learner is still at earlier ones, each with the weights of as many steps before; 0: sampling and learning take turns.',
    ),
});

export const trainInput = z.strictObject({
  kind: z.literal('train').default('train'),
  run: run.prefault({}),
  trackers,
  policy,
  sampling: sampling.prefault({}),
  rollout: rollout.prefault({}),
  dataset: z.strictObject({ train: trainDataset, eval: z.array(evalSet).default([]) }),
  dialect: dialect.default('auto'),
  prompt: prompt.prefault({}),
  backend: backend.default('highs'),
  solver_hosts: solverHosts.prefault({}),
  sandbox: sandbox.prefault({}),
  judge: judge.prefault({}),
  reward: reward.prefault({}),
  audit: audit.prefault({}),
  algorithm: algorithmInput.prefault({}),
  async: asynchronous.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  learner: learner.prefault({}),
  guards: guards.prefault({}),
  cluster: cluster.prefault({}),
});
