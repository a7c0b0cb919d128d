/**
 * `npm run bench`: speed and memory of sampling, gradient step and verification, beside PyTorch and Hugging Face `generate`
 * on the same models, batches and threads, in interleaved rounds of one run.
 *
 *   npm run bench [-- --python PATH --models s1,s3 --threads 1,2 --rounds 5]
 *
 * The Python side lives in its own environment: `python3 -m venv .venv-bench && .venv-bench/bin/pip install -r
 * scripts/bench/requirements.txt`. Without one it is left out, with a message.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfNeeded } from './build-if-needed.mjs';

const root = join(import.meta.dirname, '..');
const usual = join(root, '.venv-bench', 'bin', 'python');
const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.EVOM_BENCH_PYTHON ?? (existsSync(usual) ? usual : '') },
    models: { type: 'string', default: 's1,s3' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
  },
});
buildIfNeeded();
const at = (name) => join(root, 'scripts', 'bench', name);
const run = (command, args) => execFileSync(command, args.map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const load = () => loadavg()[0].toFixed(1);

console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, load ${load()}`);
if (options.python === '') console.log('PyTorch is left out: make .venv-bench as scripts/bench.mjs says, or pass --python PATH');

console.log('\nSampling: 8 prompts x 8 samples, 128 prompt tokens, 96 new (evomIsFaster: ratio to this row)');
const sampling = JSON.parse(
  run('node', [
    at('sampling.mjs'),
    '--json',
    '--python',
    options.python,
    '--models',
    options.models,
    '--threads',
    options.threads,
    '--rounds',
    options.rounds,
  ]),
);
console.table(sampling);

console.log('\nGradient step: 64 sequences of 128 + 128 tokens, milliseconds (forward, backward, clip, update)');
const steps = [];
for (const model of options.models.split(',')) {
  for (const threads of options.threads.split(',')) {
    const times = {};
    const rssMb = { evom: 0, torch: 0 };
    const note = (name, values) => {
      times[name] ??= [];
      times[name].push(...values);
    };
    for (let round = 0; round < Number(options.rounds); round++) {
      const ours = JSON.parse(run('node', [at('train-step.mjs'), threads, 1, 2048, model]));
      for (const [name, values] of Object.entries(ours)) if (Array.isArray(values) && !name.endsWith('_cpu')) note(`evom ${name}`, values);
      rssMb.evom = Math.max(rssMb.evom, ours.rss_mb);
      if (options.python === '') continue;
      const torch = JSON.parse(run(options.python, [at('train_step.py'), threads, 1, threads === '1' ? 8 : 16, model]));
      note('torch fp32 adamw', torch.torch_fp32);
      rssMb.torch = Math.max(rssMb.torch, torch.rss_mb);
    }
    const torchMs = times['torch fp32 adamw'] ? median(times['torch fp32 adamw']) : null;
    for (const [what, values] of Object.entries(times)) {
      const ms = median(values);
      steps.push({
        model,
        threads,
        what,
        ms: Math.round(ms),
        overTorch: torchMs === null ? null : Number((ms / torchMs).toFixed(2)),
        peakRssMb: what.startsWith('evom') ? rssMb.evom : rssMb.torch,
        load: load(),
      });
    }
  }
}
console.table(steps);

console.log(
  '\nVerification: processor milliseconds a program, one worker, no cache; beside the bare solve and a fresh Python process with scipy',
);
console.table(JSON.parse(run('node', [at('verify.mjs'), '--rounds', options.rounds, '--python', options.python])));
