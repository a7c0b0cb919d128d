/**
 * Sampling speed beside a hand-written PyTorch loop and Hugging Face `generate`: the same random model, batch and threads,
 * in interleaved rounds of one run. `npm run build` first; Python (torch, transformers) by --python, else ours alone.
 *
 * node scripts/bench/sampling.mjs [--python PATH] [--models s1,s3] [--threads 1,2] [--rounds 5] [--json]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { decoderConfigJson, decoderParameters, parseDecoderConfig } from '../../dist/checkpoint/decoder-config.js';
import { writeModelFolder } from '../../dist/checkpoint/hf-layout.js';
import { initialWeights } from '../../dist/checkpoint/init.js';
import { createOnnxPolicy } from '../../dist/embedded/sampler/onnx-policy.js';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.EVOM_BENCH_PYTHON ?? '' },
    models: { type: 'string', default: 's1,s3' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const shapes = {
  s1: { vocab_size: 1024, hidden_size: 128, intermediate_size: 344, num_hidden_layers: 4, num_attention_heads: 4 },
  s3: { vocab_size: 2048, hidden_size: 256, intermediate_size: 688, num_hidden_layers: 4, num_attention_heads: 8 },
};
const prompts = 8;
const group = 8;
const promptTokens = 128;
const newTokens = 96;
const sampled = prompts * group * newTokens;
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

async function writeModel(directory, shape) {
  const config = parseDecoderConfig({
    architectures: ['LlamaForCausalLM'],
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    max_position_embeddings: 512,
    tie_word_embeddings: true,
    ...shape,
  });
  const tensors = initialWeights(decoderParameters(config), { numLayers: config.numLayers, seed: 1 });
  await writeModelFolder(directory, { config: decoderConfigJson(config, { eosTokenId: 1, padTokenId: 0 }), tensors });
  return config;
}

/** A PyTorch process that runs what it is told, or null where there is no Python. */
function startPython(directory, threads) {
  if (options.python === '') return null;
  const script = join(import.meta.dirname, 'sampling.py');
  const args = [script, directory, threads, prompts, group, promptTokens, newTokens].map(String);
  const child = spawn(options.python, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    run: async (what) => {
      child.stdin.write(`${what}\n`);
      const { value } = await lines.next();
      return JSON.parse(value);
    },
    stop: () => child.stdin.end(),
  };
}

async function ours(policy, config) {
  const requests = Array.from({ length: prompts }, (_, i) => ({
    promptIds: Int32Array.from({ length: promptTokens }, (_, t) => ((i * 131 + t * 17) % (config.vocabSize - 3)) + 3),
    seeds: Array.from({ length: group }, (_, g) => `bench/${i}/${g}`),
  }));
  const cpu = process.cpuUsage();
  const start = performance.now();
  await policy.sample(requests, { temperature: 1, topK: 0, topP: 1, maxTokens: newTokens });
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1e6 };
}

const results = [];
for (const model of options.models.split(',')) {
  const directory = await mkdtemp(join(tmpdir(), 'evom-bench-'));
  const config = await writeModel(directory, shapes[model]);
  for (const threads of options.threads.split(',').map(Number)) {
    const policy = await createOnnxPolicy({ directory, threads, stopIds: [] });
    const python = startPython(directory, threads);
    const rounds = { evom: [], loop: [], generate: [] };
    for (let round = -1; round < Number(options.rounds); round++) {
      const times = { evom: await ours(policy, config) };
      if (python) for (const what of ['loop', 'generate']) times[what] = await python.run(what);
      if (round >= 0) for (const [what, time] of Object.entries(times)) rounds[what].push(time);
    }
    python?.stop();
    await policy.close();
    for (const [what, times] of Object.entries(rounds)) {
      if (times.length === 0) continue;
      const perSecond = (key) => Math.round(sampled / median(times.map((time) => time[key])));
      const ratio = (key) => Number((median(times.map((time) => time[key])) / median(rounds.evom.map((time) => time[key]))).toFixed(2));
      results.push({
        model,
        threads,
        what,
        tokensPerSecond: perSecond('wall'),
        tokensPerCpuSecond: perSecond('cpu'),
        evomIsFaster: ratio('wall'),
        evomIsFasterByCpu: ratio('cpu'),
        load: Number((loadavg()[0] ?? 0).toFixed(1)),
      });
    }
  }
  await rm(directory, { recursive: true });
}
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else console.table(results);
if (options.python === '') process.stderr.write('PyTorch was left out: pass --python PATH (an environment with torch and transformers)\n');
