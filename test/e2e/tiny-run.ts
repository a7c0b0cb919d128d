/** A closed loop small enough for a test: six problems in one sentence, a model that learns their programs in a second. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMetrics, replayableMetrics } from '../../src/runs/metrics.ts';

export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the compiled command line. */
export function startEvom(args: readonly string[], cwd: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) };
}

export const evom = (args: readonly string[], cwd: string): Promise<Ended> => startEvom(args, cwd).ended;

const program = (capacity: number): string =>
  `const h = await require("highs")();\nreport(h.solve(\`Max\nx + y\nst\nx + 2 y <= ${capacity}\nx <= 3\nEnd\`).ObjectiveValue);`;

const sft = `kind: sft
run: { name: start, seed: 1, steps: 150, checkpoint_every: 1000 }
model: { hidden_size: 32, layers: 1, heads: 2, intermediate_size: 64, max_length: 128 }
tokenizer: { vocab_size: 400, sample_problems: 6 }
sampling: { max_tokens: 64 }
dataset:
  train: [{ type: jsonl, path: problems.jsonl }]
batch_tokens: 500
schedule: { type: constant, warmup_steps: 5 }
policy: { threads: 1 }
learner: { threads: 1 }
sandbox: { workers: 1 }
output: model
`;

const train = (
  algorithm: string,
  stepsAhead = 0,
): string => `run: { name: run, seed: 3, steps: 8, checkpoint_every: 2, keep_last: 100, eval_every: 3 }
policy: { checkpoint: model, threads: 1 }
sampling: { group_size: 4, max_tokens: 64 }
dataset:
  train: { type: jsonl, path: problems.jsonl }
  eval: [{ name: same, type: jsonl, path: asked-otherwise.jsonl, samples: 2 }]
algorithm: ${algorithm}
async: { steps_ahead: ${stepsAhead} }
optimizer: { type: muon, lr: 0.01 }
learner: { threads: 1 }
sandbox: { workers: 1 }
`;

/** Problems to train on and, asked otherwise, to evaluate on, the configurations `sft.yaml`, `dapo.yaml`, `grpo.yaml` and `ahead.yaml`, and the checkpoint `model` that they start from. */
export async function makeTinyRun(folder: string): Promise<void> {
  const write = (file: string, question: (capacity: number) => string): void => {
    const lines = [4, 5, 6, 7, 8, 9].map((capacity) =>
      JSON.stringify({
        id: `p${capacity}`,
        question: question(capacity),
        answer: 3 + (capacity - 3) / 2,
        programs: { 'highs-js': program(capacity) },
      }),
    );
    writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
  };
  write('problems.jsonl', (capacity) => `How much fits in ${capacity}?`);
  write('asked-otherwise.jsonl', (capacity) => `How much, then, fits in ${capacity}?`);
  writeFileSync(join(folder, 'sft.yaml'), sft);
  writeFileSync(
    join(folder, 'dapo.yaml'),
    train('{ estimator: dapo, groups_per_step: 4, dynamic_sampling: { max_rounds: 3, max_staleness: 4, min_fill: 0.25 } }'),
  );
  writeFileSync(join(folder, 'grpo.yaml'), train('{ estimator: grpo, groups_per_step: 4, updates_per_batch: 2, kl: { coef: 0.01 } }'));
  writeFileSync(
    join(folder, 'ahead.yaml'),
    train(
      '{ estimator: dapo, groups_per_step: 4, sampler_correction: {}, dynamic_sampling: { max_rounds: 3, min_fill: 0.25, stale_groups: keep } }',
      1,
    ),
  );
  const { code, err } = await evom(['sft', '--config', 'sft.yaml', '--quiet'], folder);
  if (code !== 0) throw new Error(`the tiny checkpoint could not be made: ${err}`);
}

const hashed = /(?:model|optimizer)\.safetensors$|train_state\.json$|\.arrow$|^evaluations\/.*\.json$/;

/** What two runs of one configuration have in common: hashes of weights, states, rollouts and batches, and the metrics. */
export async function fingerprint(run: string): Promise<{ files: Record<string, string>; metrics: unknown[] }> {
  const names = readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(run, join(entry.parentPath, entry.name)))
    .filter((name) => hashed.test(name))
    .sort();
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(run, name)))
      .digest('hex');
  return {
    files: Object.fromEntries(names.map((name) => [name, hash(name)])),
    metrics: (await readMetrics(run)).map(replayableMetrics),
  };
}
