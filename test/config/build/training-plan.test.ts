import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { main } from '../../../src/cli/command-line.ts';
import { estimateMemory, parameterCount, totalGib, trainingPlan } from '../../../src/config/build/training-plan.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';
import { fakeIo } from '../../cli/fake-io.ts';

const configs = fileURLToPath(new URL('../../../configs/', import.meta.url));
/** As published in the models' config.json. */
const shared = {
  architectures: ['Qwen2ForCausalLM'],
  num_hidden_layers: 28,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  max_position_embeddings: 32768,
};
const qwen7 = {
  ...{ ...shared, vocab_size: 152064, hidden_size: 3584, intermediate_size: 18944 },
  ...{ num_attention_heads: 28, num_key_value_heads: 4, tie_word_embeddings: false },
};
const qwen1 = {
  ...{ ...shared, vocab_size: 151936, hidden_size: 1536, intermediate_size: 8960 },
  ...{ num_attention_heads: 12, num_key_value_heads: 2, tie_word_embeddings: true },
};
const config = (file: string, ...overrides: string[]): TrainConfig => {
  const loaded = loadConfig(file, { cwd: configs, checkFiles: false, overrides });
  if (loaded.kind !== 'train') throw new Error('not a training configuration');
  return loaded.config;
};

describe('the plan of a GPU run', () => {
  it('counts the weights of published models', () => {
    expect(parameterCount(parseDecoderConfig(qwen7))).toBe(7_615_616_512);
    expect(parameterCount(parseDecoderConfig(qwen1))).toBe(1_543_714_304);
  });

  it('fits the configurations into the 80 GB that they name', () => {
    const eight = estimateMemory(config('grpo.yaml'), parseDecoderConfig(qwen7));
    const one = estimateMemory(config('grpo-1gpu.yaml'), parseDecoderConfig(qwen1));
    // Weights, gradients and moments of 7.6 billion weights are 113 GiB, a quarter a process.
    const states = eight.learner.filter(({ name }) => /float32/.test(name));
    expect(totalGib(states)).toBeCloseTo((7_615_616_512 * 16) / 4 / 2 ** 30, 6);
    expect(totalGib(eight.learner)).toBeLessThan(70);
    expect(totalGib(one.learner) + totalGib(one.sampler)).toBeLessThan(70);
  });

  it('starts what is looked up on machines of its own, and waits for nobody in a batch script', () => {
    const looked = config(
      'grpo.yaml',
      'policy.openai.servers=[]',
      'policy.openai.discover=dns://gpus.lab:8001',
      'backend=gurobi',
      'dialect=auto',
      'solver_hosts.discover=file:hosts.txt',
    );
    const { launch, slurm } = trainingPlan(looked, parseDecoderConfig(qwen7), 'grpo.yaml');
    expect(launch.map(({ name, elsewhere }) => [name, elsewhere])).toEqual([
      ['sampler', 'dns://gpus.lab:8001'],
      ['solver-host', 'file:hosts.txt'],
      ['trainer', undefined],
    ]);
    expect(launch[0]?.command).toMatch(/^VLLM_SERVER_DEV_MODE=1 vllm serve .* --port 8001 --host 0\.0\.0\.0 /);
    expect(launch[1]?.command).toMatch(
      /^EVOM_SOLVER_HOST_TOKEN=TOKEN .* solver-host --dialects gurobipy --address 0\.0\.0\.0 --port 8650$/,
    );
    expect(slurm).toMatch(/CUDA_VISIBLE_DEVICES=0,1,2,3 .* train/);
    expect(slurm).not.toMatch(/vllm serve|solver-host|curl/);
    // The gpus of this node are the learner's.
    expect(slurm).toMatch(/--gpus-per-node=4 /);
  });

  it('fits EVOM as published into 80 GB, its reference model included, with a solver host for gurobipy', () => {
    const paper = config('evom-paper.yaml');
    expect(paper.algorithm).toMatchObject({
      groups_per_step: 64,
      clip_low: 0.2,
      clip_high: 0.2,
      kl: { coef: 0.001, reference: 'initial' },
    });
    expect([paper.sampling.group_size, paper.sampling.max_tokens, paper.prompt.template]).toEqual([8, 8192, 'evom']);
    expect(paper.reward).toMatchObject({ preset: 'evom_paper', off_form: 'skip' });
    const { memory, launch } = trainingPlan(paper, parseDecoderConfig(qwen7), 'evom-paper.yaml');
    expect(totalGib(memory.learner)).toBeLessThan(70);
    expect(launch.map(({ name }) => name)).toEqual(['sampler 0', 'sampler 1', 'sampler 2', 'sampler 3', 'solver-host 0', 'trainer']);
    expect(launch[0]?.command).toContain('--max-model-len 12288');
    expect(launch[4]?.command).toContain('solver-host --dialects gurobipy --port 8650');
    const small = estimateMemory(config('evom-paper-1gpu.yaml'), parseDecoderConfig(qwen1));
    expect(totalGib(small.learner) + totalGib(small.sampler)).toBeLessThan(70);
  });

  it('counts a byte a weight of an embedded policy in int8, and four of its embedding', () => {
    const model = parseDecoderConfig(qwen1);
    const [exact, rounded] = ['float32', 'int8'].map((precision) => {
      const { sampler } = estimateMemory(config('quickstart.yaml', `policy.precision=${precision}`, 'policy.threads=2'), model);
      return sampler.find(({ name }) => name.startsWith('weights'));
    });
    const embedding = model.vocabSize * model.hiddenSize;
    expect((exact?.gib ?? 0) * 2 ** 30).toBeCloseTo(2 * 4 * parameterCount(model), -2);
    const head = model.tieWordEmbeddings ? embedding : 0;
    expect((rounded?.gib ?? 0) * 2 ** 30).toBeCloseTo(2 * (parameterCount(model) + head + 3 * embedding), -2);
    expect(rounded?.name).toBe('weights of 2 threads, int8 with a float32 embedding');
  });

  it('shrinks with adapters, and grows without checkpointing', () => {
    const model = parseDecoderConfig(qwen7);
    const total = (...overrides: string[]) => totalGib(estimateMemory(config('grpo.yaml', ...overrides), model).learner);
    expect(total('learner.torch.lora={}')).toBeLessThan(total() * 0.6);
    expect(total('learner.torch.gradient_checkpointing=false')).toBeGreaterThan(total());
  });

  it('starts servers before the trainer, each on its device, and says so to SLURM', () => {
    const { launch, slurm } = trainingPlan(config('grpo.yaml'), parseDecoderConfig(qwen7), 'grpo.yaml');
    expect(launch.map(({ name }) => name)).toEqual(['sampler 0', 'sampler 1', 'sampler 2', 'sampler 3', 'trainer']);
    expect(launch[2]?.command).toMatch(/^CUDA_VISIBLE_DEVICES=2 .*vllm serve .* --port 8002 .*processed_logprobs/);
    expect(slurm).toMatch(/--gpus-per-node=8 /);
    expect(launch[4]?.command).toBe('CUDA_VISIBLE_DEVICES=4,5,6,7 node scripts/evom.mjs train --config grpo.yaml');
    expect(slurm).toContain(`${launch[4]?.command} $resume &`);
  });

  it('gives each server the flags that the rollouts depend on', () => {
    const lines = (...overrides: string[]) => trainingPlan(config('grpo.yaml', ...overrides), parseDecoderConfig(qwen7), 'g.yaml').launch;
    const vllm = lines('policy.checkpoint=my models/q7', 'policy.openai.model=q7')[0]?.command ?? '';
    expect(vllm).toMatch(/VLLM_SERVER_DEV_MODE=1 vllm serve 'my models\/q7' /);
    for (const flag of ['--generation-config vllm', '--logprobs-mode processed_logprobs', '--max-model-len 6144', '--served-model-name q7'])
      expect(vllm).toContain(flag);
    expect(vllm).not.toMatch(/chunked|lora/i);
    const adapters = lines('learner.torch.lora={"rank": 12}')[0]?.command ?? '';
    expect(adapters).toMatch(/VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 .*--enable-lora --max-lora-rank 16 --max-loras 2$/);
    expect(lines('policy.openai.engine=sglang')[0]?.command).toMatch(/--sampling-defaults openai --context-length 6144$/);
  });

  it('keeps to a processor where the learner does, with the flags that keep vLLM alive there', () => {
    const { launch, slurm } = trainingPlan(config('grpo.yaml', 'learner.torch.device=cpu'), parseDecoderConfig(qwen7), 'grpo.yaml');
    expect(slurm).not.toMatch(/gpu/i);
    expect(slurm).toMatch(/ export EVOM_PYTHON=/);
    expect(launch.map(({ command }) => command).join('\n')).not.toMatch(/CUDA/);
    expect(launch[0]?.command).toMatch(
      /VLLM_CPU_KVCACHE_SPACE=4 vllm serve .* --no-enable-chunked-prefill --max-num-batched-tokens 16384 --worker-extension-cls evom_vllm/,
    );
  });

  it.each([
    ['grpo.yaml', []],
    ['grpo-1gpu.yaml', []],
    ['smollm2-grpo.yaml', []],
    ['tiny-grpo.yaml', ['backend=gurobi']],
    ['grpo.yaml', ['learner.torch.device=cpu', "policy.checkpoint=my model's folder", 'policy.openai.engine=sglang']],
  ])('writes a batch script for %s that bash can read (%j)', (file, changes) => {
    const { slurm } = trainingPlan(config(file, ...changes), parseDecoderConfig(qwen1), '/my configs/a.yaml', changes);
    const { status, stderr } = spawnSync('bash', ['-n'], { input: slurm, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(slurm).toContain("--config '/my configs/a.yaml'");
    expect(slurm).toContain('$resume &');
    expect(slurm.match(/until curl/g)?.length ?? 0).toBe(file === 'grpo-1gpu.yaml' ? 0 : 1);
  });

  it('repeats in the trainer what was changed, quoted for the shell', () => {
    const changes = ['async.steps_ahead=1', 'policy.checkpoint=my models/q7'];
    const { launch } = trainingPlan(config('grpo.yaml'), parseDecoderConfig(qwen7), 'grpo.yaml', changes);
    expect(launch.at(-1)?.command).toMatch(/--config grpo.yaml --set async.steps_ahead=1 --set 'policy.checkpoint=my models\/q7'$/);
  });
});

describe('evom train --dry-run', () => {
  it('prints the plan, writes nothing, and ends with 3 for a checkpoint without weights', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'evom-plan-'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(qwen1));
    const io = fakeIo({ cwd: folder });
    const line = ['train', '--config', join(configs, 'grpo-1gpu.yaml'), '--set', `policy.checkpoint=${folder}`, '--dry-run'];
    expect(await main(line, io)).toBe(3);
    expect(io.out()).toMatch(/^checkpoint +fault +.* holds neither model\.safetensors/m);
    expect(io.out()).toMatch(/1\.544 billion weights/);
    expect(io.out()).toMatch(/sbatch/);
  });
});
