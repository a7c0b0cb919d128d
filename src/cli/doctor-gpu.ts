/** The checks of `evom doctor` about GPUs: devices, PyTorch, model servers, and whether a configuration fits. */

import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readModelConfig } from '../checkpoint/hf-layout.ts';
import { pythonOf } from '../config/build-torch.ts';
import { resolveCheckpoint } from '../config/resolve-checkpoint.ts';
import type { TrainConfig } from '../config/schema.ts';
import { estimateMemory, parameterCount, totalGib } from '../config/training-plan.ts';
import { smallest } from '../core/extremes.ts';
import { parseDecoderConfig } from '../nn/decoder-config.ts';
import { requestJson } from '../remote/http.ts';
import { defaultPython, torchHostDirectory } from '../remote/python-process.ts';
import { type Check, fault, missing, ok } from './doctor-finding.ts';

const run = promisify(execFile);

interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly totalGib: number;
  readonly freeGib: number;
}

/** The GPUs that the driver shows; null without one. */
async function gpus(): Promise<Gpu[] | null> {
  const query = ['--query-gpu=name,driver_version,memory.total,memory.free', '--format=csv,noheader,nounits'];
  const { stdout } = await run('nvidia-smi', query, { timeout: 20_000 }).catch(() => ({ stdout: '' }));
  const lines = stdout.trim().split('\n').filter(Boolean);
  return lines.length === 0
    ? null
    : lines.map((line) => {
        const [name = '', driver = '', total = '0', free = '0'] = line.split(',').map((part) => part.trim());
        return { name, driver, totalGib: Number(total) / 1024, freeGib: Number(free) / 1024 };
      });
}

/** Checks by name; those of a configuration need one. */
export function gpuChecks(config: TrainConfig | null): Readonly<Record<string, Check>> {
  const python = config === null ? defaultPython() : pythonOf(config);
  return {
    'gpu (optional)': async () => {
      const found = await gpus();
      if (found === null) return missing('nvidia-smi shows none; the embedded engine needs none');
      const [first] = found;
      return ok(
        `${found.length} x ${first?.name}, driver ${first?.driver}, ${found.map((gpu) => gpu.freeGib.toFixed(0)).join('/')} GiB free`,
      );
    },
    'torch (optional)': async () => {
      const text =
        'import json, torch, transformers, pyarrow, evom_torch; print(json.dumps([torch.__version__, transformers.__version__, torch.cuda.is_available()]))';
      const env = { ...process.env, PYTHONPATH: torchHostDirectory };
      const answer = await run(python, ['-c', text], { timeout: 120_000, env }).catch((error: Error & { stderr?: string }) => error);
      if (answer instanceof Error)
        return missing(
          `${python}: ${(answer.stderr ?? '').trim().split('\n').at(-1) || 'cannot be started'}; scripts/setup-torch.sh installs it, EVOM_PYTHON names another`,
        );
      const [torch, transformers, cuda] = JSON.parse(answer.stdout.trim().split('\n').at(-1) ?? '[]') as [string, string, boolean];
      return ok(`torch ${torch} (${cuda ? 'sees CUDA' : 'CPU only'}), transformers ${transformers}, ${python}`);
    },
    ...(config === null ? {} : configChecks(config)),
  };
}

function configChecks(config: TrainConfig): Record<string, Check> {
  const directory = resolveCheckpoint(config.policy.checkpoint);
  const modelOf = async () => parseDecoderConfig(await readModelConfig(directory), join(directory, 'config.json'));
  const { openai } = config.policy;
  const servers = config.policy.type === 'openai' ? openai.servers : [];
  return {
    ...Object.fromEntries(
      servers.map((url): [string, Check] => [
        `${openai.engine} ${url}`,
        async () => {
          await requestJson(`${url}/health`, { timeoutMs: 10_000, code: 'E_POLICY' });
          return ok('answers');
        },
      ]),
    ),
    memory: async () => {
      const estimate = estimateMemory(config, await modelOf());
      const colocated = config.policy.type === 'colocated' ? totalGib(estimate.sampler) : 0;
      const wanted = totalGib(estimate.learner) + colocated;
      const found = config.learner.type === 'torch' && config.learner.torch.device !== 'cpu' ? await gpus() : null;
      if (found === null) return ok(`a learner process needs about ${wanted.toFixed(1)} GiB; no GPU to compare with`);
      const least = smallest(found.map((gpu) => gpu.freeGib));
      const text = `a learner process needs about ${wanted.toFixed(1)} GiB, ${least.toFixed(1)} GiB are free`;
      return wanted < least
        ? ok(text)
        : fault(`${text}; lower learner.micro_batch_tokens, raise learner.torch.processes, or train adapters (learner.torch.lora)`);
    },
    disk: async () => {
      const { bavail, bsize } = await statfs('.');
      const free = (bavail * bsize) / 2 ** 30;
      // float32 weights and two moments a checkpoint, and one more while the next is written; weights of two versions for samplers.
      const wanted = (parameterCount(await modelOf()) * (12 * (config.run.keep_last + 1) + 4)) / 2 ** 30;
      const text = `checkpoints need about ${wanted.toFixed(1)} GiB, ${free.toFixed(1)} GiB are free here`;
      return wanted < free ? ok(text) : fault(`${text}; lower run.keep_last or set run.dir to another disk`);
    },
  };
}
