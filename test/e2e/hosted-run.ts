/** What a run needs whose programs are Python: six problems in one sentence, and a checkpoint that has learned to write gurobipy. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evom } from './tiny-run.ts';

const program = (capacity: number): string =>
  `import gurobipy as gp\nm = gp.Model()\nx = m.addVar(ub=3)\ny = m.addVar()\nm.setObjective(x + y, -1)\nm.addConstr(x + 2 * y <= ${capacity})\nm.optimize()`;

const sft = ({ width, steps }: HostedRun): string => `kind: sft
run: { name: start, seed: 1, steps: ${steps}, checkpoint_every: 1000 }
model: { hidden_size: ${width}, layers: 1, heads: 2, intermediate_size: ${2 * width}, max_length: 160 }
tokenizer: { vocab_size: 400, sample_problems: 6 }
sampling: { max_tokens: 96 }
dataset: { train: [{ type: jsonl, path: problems.jsonl, dialects: [{ name: gurobipy }] }] }
batch_tokens: 700
schedule: { type: constant, warmup_steps: 5 }
policy: { threads: 1 }
learner: { threads: 1 }
sandbox: { workers: 1 }
output: model
`;

export interface HostedRun {
  /** Of the model; it has two heads. */
  readonly width: number;
  /** Of its cold start: so few that not every program is right yet. */
  readonly steps: number;
}

/** Writes `problems.jsonl` and `sft.yaml`, and makes the checkpoint `model`. */
export async function makeHostedRun(folder: string, run: HostedRun): Promise<void> {
  const problems = [4, 5, 6, 7, 8, 9].map((capacity) =>
    JSON.stringify({
      id: `p${capacity}`,
      question: `How much fits in ${capacity}?`,
      answer: 3 + (capacity - 3) / 2,
      programs: { gurobipy: program(capacity) },
    }),
  );
  writeFileSync(join(folder, 'problems.jsonl'), `${problems.join('\n')}\n`);
  writeFileSync(join(folder, 'sft.yaml'), sft(run));
  const taught = await evom(['sft', '--config', 'sft.yaml', '--quiet'], folder);
  if (taught.code !== 0) throw new Error(`the tiny checkpoint could not be made: ${taught.err}`);
}
