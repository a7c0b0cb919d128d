/** A vLLM server of one's own for recording and tests, and the weights that it is given. */
import { spawn } from 'node:child_process';
import { copyFileSync, createWriteStream, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, readWeights, writeSafetensors } from '../../dist/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/**
 * Starts `vllm serve MODEL` and waits until it is healthy: minutes on a busy machine.
 *
 * @returns its address and version; `kill()` ends it as kill -9 does, `stop()` in peace.
 */
export async function startVllm(program, model, flags, { port: wanted, dtype = 'float32', waitS = 600 } = {}) {
  const port = wanted ?? (await freePort());
  const log = join(mkdtempSync(join(tmpdir(), 'evom-vllm-')), 'log');
  const server = spawn(
    program,
    [
      'serve',
      model,
      '--served-model-name',
      'base',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--dtype',
      dtype,
      '--max-model-len',
      '512',
      '--logprobs-mode',
      'processed_logprobs',
      '--enforce-eager',
      '--worker-extension-cls',
      'evom_vllm.WorkerExtension',
      ...flags,
    ],
    {
      detached: true, // a group of its own: the engine is a child that outlives a killed parent
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYTHONPATH: join(root, 'scripts/torch_host'),
        PATH: `${dirname(program)}:${process.env.PATH}`,
        VLLM_CPU_KVCACHE_SPACE: '1',
        VLLM_CPU_OMP_THREADS_BIND: 'nobind',
        OMP_NUM_THREADS: '1',
        VLLM_SERVER_DEV_MODE: '1',
        VLLM_ALLOW_RUNTIME_LORA_UPDATING: flags.includes('--enable-lora') ? '1' : '0',
        // Kernels are compiled at the first request, for minutes: keep them, though the tests have a /tmp of their own.
        TORCHINDUCTOR_CACHE_DIR: join(homedir(), '.cache', 'evom', 'torchinductor'),
        HF_HUB_OFFLINE: '1',
        VLLM_NO_USAGE_STATS: '1',
        DO_NOT_TRACK: '1',
      },
    },
  );
  const file = createWriteStream(log);
  server.stdout.pipe(file);
  server.stderr.pipe(file);
  let ended = false;
  const end = new Promise((resolve) => {
    server.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  const signal = (name) => {
    try {
      process.kill(-server.pid, name);
    } catch {
      // gone already
    }
  };
  const kill = async () => {
    signal('SIGKILL');
    await end;
  };
  const stop = async () => {
    signal('SIGTERM');
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 20_000).unref())]);
    await kill();
  };
  process.once('exit', () => signal('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + waitS * 1000;
  for (;;) {
    if (ended) throw new Error(`vllm ended at its start; see ${log}`);
    if (Date.now() > deadline) {
      await kill();
      throw new Error(`vllm was not up within ${waitS} s; see ${log}`);
    }
    if (
      await fetch(`${url}/health`).then(
        (r) => r.ok,
        () => false,
      )
    )
      break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const { version } = await (await fetch(`${url}/version`)).json();
  return { url, port, log, version: version.replace(/[+].*/, ''), kill, stop };
}

/** A copy of a model folder whose weights are multiplied by `factor`. */
export async function writeScaled(model, to, factor) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(model))
    if (/[.]json$|[.]jinja$/.test(name) && name !== 'manifest.json') copyFileSync(join(model, name), join(to, name));
  const tensors = new Map([...(await readWeights(model))].map(([name, t]) => [name, { ...t, data: t.data.map((v) => v * factor) }]));
  await writeSafetensors(join(to, 'model.safetensors'), tensors);
}

/** A LoRA adapter on the query and value projections, with weights that matter. */
export async function writeAdapter(model, to, rank, scale = 0.08) {
  mkdirSync(to, { recursive: true });
  const { tensors } = await readSafetensors(join(model, 'model.safetensors'));
  const adapter = new Map();
  let at = 0;
  const noise = (length) => Float32Array.from({ length }, () => Math.sin(++at * 12.9898) * scale);
  for (const [name, { shape }] of tensors) {
    if (!/[.](q|v)_proj[.]weight$/.test(name)) continue;
    const base = `base_model.model.${name.slice(0, -'.weight'.length)}`;
    adapter.set(`${base}.lora_A.weight`, { shape: [rank, shape[1]], data: noise(rank * shape[1]) });
    adapter.set(`${base}.lora_B.weight`, { shape: [shape[0], rank], data: noise(shape[0] * rank) });
  }
  await writeSafetensors(join(to, 'adapter_model.safetensors'), adapter);
  writeFileSync(
    join(to, 'adapter_config.json'),
    JSON.stringify({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: model,
      r: rank,
      lora_alpha: 2 * rank,
      lora_dropout: 0,
      bias: 'none',
      target_modules: ['q_proj', 'v_proj'],
    }),
  );
}
