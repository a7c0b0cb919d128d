/**
 * Sampling speed beside `policy.precision: int8`, a hand-written PyTorch loop and Hugging Face `generate`: the same model, batch and threads,
 * in interleaved rounds of one run. `npm run build` first; Python (torch, transformers) by --python, else ours alone. A model is the name of a
 * shape, with random weights, or a folder (without Python). A batch is prompts x samples of each.
 *
 * `--server URL` adds a vLLM server of the same model, which gets a request a prompt; its processor time is not known here.
 *
 * node scripts/bench/sampling.mjs [--python PATH] [--server URL] [--models s1,s3] [--threads 1,2] [--rounds 5] [--batches 8x8] [--tokens 128+96] [--json]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { decoderConfigJson, decoderParameters, parseDecoderConfig } from '../../dist/checkpoint/decoder-config.js';
import { writeModelFolder } from '../../dist/checkpoint/hf-layout.js';
import { initialWeights } from '../../dist/checkpoint/init.js';
import { createOnnxPolicy } from '../../dist/embedded/sampler/onnx-policy.js';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.EVOM_BENCH_PYTHON ?? '' },
    server: { type: 'string', default: '' },
    models: { type: 'string', default: 's1,s3' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '5' },
    batches: { type: 'string', default: '8x8' },
    tokens: { type: 'string', default: '128+96' },
    json: { type: 'boolean', default: false },
  },
});
const shapes = {
  s1: { vocab_size: 1024, hidden_size: 128, intermediate_size: 344, num_hidden_layers: 4, num_attention_heads: 4 },
  s3: { vocab_size: 2048, hidden_size: 256, intermediate_size: 688, num_hidden_layers: 4, num_attention_heads: 8 },
};
const batches = options.batches.split(',').map((batch) => batch.split('x').map(Number));
const [promptTokens, newTokens] = options.tokens.split('+').map(Number);
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
function startPython(directory, threads, [prompts, group]) {
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

async function ours(policy, config, [prompts, group], maxTokens = newTokens) {
  const requests = Array.from({ length: prompts }, (_, i) => ({
    promptIds: promptOf(config, i),
    seeds: Array.from({ length: group }, (_, g) => `bench/${i}/${g}`),
  }));
  const cpu = process.cpuUsage();
  const start = performance.now();
  await policy.sample(requests, { temperature: 1, topK: 0, topP: 1, maxTokens });
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1e6 };
}

/** The same prompts and samples at a vLLM server. */
async function served(config, [prompts, group]) {
  const ask = async (path, body) => {
    const answer = await fetch(new URL(path, options.server), {
      ...(body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { data } = await ask('/v1/models');
  const start = performance.now();
  await Promise.all(
    Array.from({ length: prompts }, (_, i) =>
      ask('/v1/completions', {
        model: data[0].id,
        prompt: [...promptOf(config, i)],
        n: group,
        max_tokens: newTokens,
        ignore_eos: true,
        temperature: 1,
        logprobs: 0,
      }),
    ),
  );
  return { wall: (performance.now() - start) / 1000, cpu: Number.NaN };
}

const promptOf = (config, i) => Int32Array.from({ length: promptTokens }, (_, t) => ((i * 131 + t * 17) % (config.vocabSize - 3)) + 3);

const results = [];
for (const model of options.models.split(',')) {
  const isFolder = !(model in shapes);
  const directory = isFolder ? model : await mkdtemp(join(tmpdir(), 'evom-bench-'));
  const config = isFolder
    ? parseDecoderConfig(JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')))
    : await writeModel(directory, shapes[model]);
  for (const threads of options.threads.split(',').map(Number)) {
    const open = (precision) => createOnnxPolicy({ directory, threads, stopIds: [], precision });
    if (isFolder) await measureAlone({ model, threads, config, open });
    else await measureTogether({ model, threads, config, open, directory });
  }
  if (!isFolder) await rm(directory, { recursive: true });
}

/** All engines are open at the same time and take turns. */
async function measureTogether({ model, threads, config, open, directory }) {
  const policies = { evom: await open('float32'), int8: await open('int8') };
  for (const batch of batches) {
    const python = startPython(directory, threads, batch);
    const rounds = { evom: [], int8: [], ...(python ? { loop: [], generate: [] } : {}) };
    for (let round = -1; round < Number(options.rounds); round++) {
      const times = {};
      for (const [what, policy] of Object.entries(policies)) times[what] = await ours(policy, config, batch);
      if (python) for (const what of ['loop', 'generate']) times[what] = await python.run(what);
      if (round >= 0) for (const [what, time] of Object.entries(times)) rounds[what].push(time);
    }
    python?.stop();
    report({ model, threads, batch, rounds });
  }
  for (const policy of Object.values(policies)) await policy.close();
}

/** Each engine is opened for its turn: two of a large model take too much memory. The first run after it was opened is not counted. */
async function measureAlone({ model, threads, config, open }) {
  const all = batches.map(() => ({ evom: [], int8: [], ...(options.server === '' ? {} : { server: [] }) }));
  if (options.server !== '') await served(config, [1, 1]);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [what, precision] of [
      ['evom', 'float32'],
      ['int8', 'int8'],
    ]) {
      const cpu = process.cpuUsage();
      const start = performance.now();
      const policy = await open(precision);
      await ours(policy, config, [1, 1], 1);
      const { user, system } = process.cpuUsage(cpu);
      const rss = (process.memoryUsage().rss / 2 ** 30).toFixed(1);
      process.stderr.write(
        `${precision}: opened, first token after ${((performance.now() - start) / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processor time, ${rss} GiB\n`,
      );
      for (const [i, batch] of batches.entries()) all[i][what].push(await ours(policy, config, batch));
      await policy.close();
    }
    if (options.server !== '') for (const [i, batch] of batches.entries()) all[i].server.push(await served(config, batch));
  }
  for (const [i, batch] of batches.entries()) report({ model, threads, batch, rounds: all[i] });
}

function report({ model, threads, batch, rounds }) {
  const sampled = batch[0] * batch[1] * newTokens;
  for (const [what, times] of Object.entries(rounds)) {
    const perSecond = (key) => Math.round(sampled / median(times.map((time) => time[key])));
    const ratio = (key) => Number((median(times.map((time) => time[key])) / median(rounds.evom.map((time) => time[key]))).toFixed(2));
    results.push({
      model: basename(model),
      threads,
      batch: batch.join('x'),
      what,
      tokensPerSecond: perSecond('wall'),
      tokensPerCpuSecond: perSecond('cpu'),
      evomIsFaster: ratio('wall'),
      evomIsFasterByCpu: ratio('cpu'),
      load: Number((loadavg()[0] ?? 0).toFixed(1)),
    });
  }
}

if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else console.table(results);
if (options.python === '') process.stderr.write('PyTorch was left out: pass --python PATH (an environment with torch and transformers)\n');
