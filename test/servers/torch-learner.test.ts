/** The PyTorch learner on the same Arrow files as the embedded one, alone and by torchrun; and its life beside a trainer. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeBatch } from '../../src/batch/arrow.ts';
import { readWeights } from '../../src/checkpoint/hf-layout.ts';
import type { LossConfig } from '../../src/core/training.ts';
import { GradientEngine } from '../../src/embedded/learner/gradient-engine.ts';
import { packMicroBatches } from '../../src/embedded/learner/micro-batches.ts';
import { createOnnxLearner } from '../../src/embedded/learner/onnx-learner.ts';
import { fillFromTensors, parameterViews } from '../../src/embedded/learner/parameters.ts';
import { emptyStatistics, statisticsMetrics } from '../../src/embedded/learner/step-statistics.ts';
import { trainingSequences } from '../../src/embedded/learner/training-sequence.ts';
import { readSafetensors } from '../../src/lib/safetensors.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { adamwDefaults } from '../../src/policy/optimizer-config.ts';
import { weightsDirectory } from '../../src/servers/exchange.ts';
import { launchArguments } from '../../src/servers/python-process.ts';
import { createTorchLearner } from '../../src/servers/torch-learner.ts';
import type { TorchSettings } from '../../src/servers/torch-options.ts';
import { goldenCase, relativeError } from '../../src/testing/golden-case.ts';
import { flatWeights, namedWeights, train } from '../../src/testing/learner-suite.ts';
import { goldenCases } from '../golden/learner-cases.ts';
import { describeTorch, torchEnvironment, torchPython } from '../torch-python.ts';

const golden = (file: string): string => fileURLToPath(new URL(`../golden/learner/${file}`, import.meta.url));
const step = { learningRateFactor: 1 };
const optimizer = { ...adamwDefaults, lr: 0.02 };
const settings: TorchSettings = {
  device: 'cpu',
  threads: 1,
  precision: 'float32',
  attention: 'sdpa',
  gradientCheckpointing: false,
  lora: null,
  microBatchTokens: 64,
  strategy: 'fsdp',
  seed: 0,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-torch-'));
  for (const model of ['llama', 'qwen2', 'qwen3']) {
    mkdirSync(join(folder, model));
    copyFileSync(golden(`${model}.config.json`), join(folder, model, 'config.json'));
    copyFileSync(golden(`${model}.model.safetensors`), join(folder, model, 'model.safetensors'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type LossChange = Partial<Extract<LossConfig, { type: 'policy_gradient' }>>;

/** Losses that no golden file has, on the batch of the first. */
const moreLosses: Readonly<Record<string, LossChange>> = {
  truncated: { samplerCorrection: { type: 'truncate', level: 'token', low: 0, high: 1.1 } },
  'off-policy mask': { samplerCorrection: { type: 'off_policy_mask', threshold: 0.02 } },
  sapo: { surrogate: 'sapo', gateTemperature: { positive: 1, negative: 2 } },
  dppo: { surrogate: 'dppo', clipLow: 0.01, clipHigh: 0.02, klCoef: 0.1, klEstimator: 'k1+' },
  'unbiased KL': { klCoef: 0.1, klUnbiased: true },
};

/** What the embedded learner computes for a case: metrics and gradients. */
async function embedded(name: string, change: LossChange) {
  const { config, tensors, batch: golden } = await goldenCase(name);
  const batch = {
    metadata: { ...golden.metadata, loss: { ...golden.metadata.loss, ...change } as LossConfig },
    // The sampler's ratios are corrected against old log-probabilities that each learner computes itself.
    rows: change.samplerCorrection ? golden.rows.map((row) => ({ ...row, oldLogprobs: null })) : golden.rows,
  };
  const engine = new GradientEngine(config);
  const weights = new Float32Array(engine.layout.total);
  fillFromTensors(engine.layout, weights, tensors, 'golden');
  engine.setWeights(weights);
  const gradient = new Float32Array(engine.layout.total);
  const statistics = emptyStatistics();
  for (const micro of packMicroBatches(trainingSequences(batch.rows, batch.metadata), { microBatchTokens: 64, threads: 1 }))
    await engine.accumulate(micro, batch.metadata.loss, gradient, statistics);
  await engine.close();
  return { metrics: statisticsMetrics(statistics, batch.metadata.loss), gradients: parameterViews(engine.layout, gradient), batch };
}

/** What PyTorch computes for batch files of one model, on one process or several. */
async function torched(model: string, files: readonly string[], out: string, processes = 1, ...more: string[]) {
  const args = [
    '--model',
    join(folder, model),
    '--device',
    'cpu',
    '--precision',
    'float32',
    '--micro-batch-tokens',
    '64',
    '--out',
    out,
    ...more,
    ...files,
  ];
  const { stdout } = await promisify(execFile)(torchPython, launchArguments('evom_torch.gradient', processes, args), {
    env: torchEnvironment(),
  });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return Promise.all(
    lines.map(async (line, i) => ({
      metrics: JSON.parse(line) as Record<string, number>,
      gradients: new Map([...(await readSafetensors(join(out, `${i}.safetensors`))).tensors].map(([name, { data }]) => [name, data])),
    })),
  );
}

describeTorch('the PyTorch gradient', () => {
  it.each(['llama', 'qwen2', 'qwen3'])('equals the embedded one on the same Arrow batches of %s', { timeout: 300_000 }, async (model) => {
    const cases = goldenCases.filter((name) => name.startsWith(model)).map((name) => ({ name, golden: name, change: {} as LossChange }));
    const more = Object.entries(moreLosses).map(([name, change]) => ({ name, golden: 'llama-grpo', change }));
    const all = [...cases, ...(model === 'llama' ? more : [])];
    const names = all.map(({ name }) => name);
    const files = names.map((name) => join(folder, `${name}.arrow`));
    const ours = await Promise.all(all.map(({ golden, change }) => embedded(golden, change)));
    for (const [i, file] of files.entries()) await writeBatch(file, (ours[i] as (typeof ours)[number]).batch);
    const theirs = await torched(model, files, join(folder, `${model}-gradients`));
    expect(theirs.length).toBe(names.length);
    for (const [i, { metrics, gradients }] of theirs.entries()) {
      const own = ours[i] as (typeof ours)[number];
      for (const [parameter, gradient] of own.gradients)
        expect(relativeError(gradients.get(parameter) ?? [], gradient), `${names[i]} ${parameter}`).toBeLessThan(1e-4);
      for (const [name, value] of Object.entries(own.metrics))
        if (name !== 'tokens')
          expect(Math.abs((metrics[name] as number) - (value as number)), `${names[i]} ${name}`).toBeLessThan(
            1e-4 * Math.max(1, Math.abs(value as number)),
          );
    }
  });

  it.each(['ddp', 'fsdp'])('is the same on two processes (%s)', { timeout: 400_000 }, async (strategy) => {
    const { batch } = await goldenCase('qwen3-token-advantages');
    const file = join(folder, 'shared.arrow');
    await writeBatch(file, batch);
    const [alone] = await torched('qwen3', [file], join(folder, 'alone'));
    const [together] = await torched('qwen3', [file], join(folder, strategy), 2, '--strategy', strategy);
    if (!alone || !together) throw new Error('nothing was computed');
    expect(Math.abs((together.metrics.loss as number) - (alone.metrics.loss as number))).toBeLessThan(
      1e-5 * Math.abs(alone.metrics.loss as number),
    );
    expect(together.metrics.loss_tokens).toBe(batch.metadata.globalLossTokens);
    for (const [name, gradient] of alone.gradients)
      expect(relativeError(together.gradients.get(name) ?? [], gradient), name).toBeLessThan(1e-5);
  });
});

describeTorch('the PyTorch learner', () => {
  const open = (root: string, stateDirectory: string | null = null): Promise<Learner> =>
    createTorchLearner({
      root: join(folder, root),
      model: join(folder, 'llama'),
      stateDirectory,
      optimizer,
      settings,
      launch: { type: 'spawn', python: torchPython, processes: 1 },
      timeoutMs: 120_000,
    });

  it('takes the embedded learner’s steps, saves its state, and goes on from it to the bit', { timeout: 400_000 }, async () => {
    const { batch, config, tensors } = await goldenCase('llama-grpo');
    const learner = await open('run');
    const onnx = await createOnnxLearner({ model: { config, tensors }, optimizer, threads: 1 });
    expect(learner.version).toBe(0);
    expect((await train(learner, batch, 2)).map((loss) => loss.toFixed(5))).toEqual(
      (await train(onnx, batch, 2)).map((loss) => loss.toFixed(5)),
    );
    expect(relativeError(await flatWeights(learner), await flatWeights(onnx))).toBeLessThan(1e-4);
    expect(learner.weights()).toEqual({ type: 'directory', version: 2, directory: weightsDirectory(join(folder, 'run'), 2) });

    const saved = join(folder, 'saved');
    await learner.save(saved);
    expect(readdirSync(saved).sort()).toEqual(['config.json', 'evom_state', 'model.safetensors']);
    for (const [name, values] of await namedWeights(learner)) expect((await readWeights(saved)).get(name)?.data, name).toEqual(values);

    const resumed = await open('resumed', join(saved, 'evom_state'));
    expect(resumed.version).toBe(2);
    await learner.step(batch, { learningRateFactor: 0.5 });
    await resumed.step(batch, { learningRateFactor: 0.5 });
    expect(await flatWeights(resumed)).toEqual(await flatWeights(learner));
    await learner.close();
    await resumed.close();

    // The same state under the embedded learner: one format for both.
    const embeddedAgain = await createOnnxLearner({
      model: { directory: saved },
      optimizer,
      threads: 1,
      stateDirectory: join(saved, 'evom_state'),
    });
    await embeddedAgain.step(batch, { learningRateFactor: 0.5 });
    expect(relativeError(await flatWeights(embeddedAgain), await flatWeights(learner))).toBeLessThan(1e-4);
    await Promise.all([onnx.close(), embeddedAgain.close()]);
  });

  it('keeps the version before, writes weights only when asked, and clears what has served', { timeout: 300_000 }, async () => {
    const { batch } = await goldenCase('llama-sft');
    const learner = await open('pruned');
    for (const publishWeights of [true, true, false, true]) await learner.step(batch, { ...step, publishWeights });
    expect(readdirSync(join(folder, 'pruned', 'weights')).sort()).toEqual(['v000004']);
    expect(readdirSync(join(folder, 'pruned', 'exchange')).sort()).toEqual(['LEARNER.json', 'SESSION', 'step_000003']);
    await learner.close();
  });

  it('may die under a cluster: begun again from the checkpoint, it takes the steps since then once more, to the bit', {
    timeout: 400_000,
  }, async () => {
    const { batch } = await goldenCase('llama-grpo');
    const root = join(folder, 'cluster');
    const request = join(root, 'exchange', 'LAUNCH.json');
    /** In the place of `evom cluster`: begins what is asked for. */
    const begin = async (...more: string[]): Promise<ChildProcess> => {
      while (!existsSync(request)) await sleep(20);
      const { arguments: args } = JSON.parse(readFileSync(request, 'utf8')) as { arguments: string[] };
      return spawn(torchPython, ['-m', 'evom_torch.learn', ...args, ...more], { env: torchEnvironment(), stdio: 'ignore' });
    };
    const kill = async (child: ChildProcess): Promise<void> => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    };
    const first = begin();
    const learner = await createTorchLearner({
      ...{ root, model: join(folder, 'llama'), stateDirectory: null, optimizer, settings, timeoutMs: 120_000 },
      launch: { type: 'cluster', onWaiting: () => {} },
    });
    const saved = join(folder, 'cluster-saved');
    await learner.step(batch, step);
    await learner.save(saved);
    await learner.step(batch, { learningRateFactor: 0.5 });
    await learner.step(batch, { learningRateFactor: 0.25 });
    await kill(await first);
    // Asked for while nobody is there, as by a trainer that has not noticed.
    const asked = learner.step(batch, { learningRateFactor: 0.125 });
    const second = await begin('--from-checkpoint', saved);
    expect((await asked).version).toBe(4);
    const undisturbed = await open('undisturbed');
    for (const learningRateFactor of [1, 0.5, 0.25, 0.125]) await undisturbed.step(batch, { learningRateFactor });
    expect(await flatWeights(learner)).toEqual(await flatWeights(undisturbed));
    expect(
      readdirSync(join(root, 'exchange'))
        .filter((name) => name.startsWith('step_'))
        .sort(),
    ).toEqual(
      ['step_000000', 'step_000001', 'step_000002', 'step_000003'], // those since the checkpoint before the last: here the beginning
    );
    await Promise.all([learner.close(), undisturbed.close()]);
    expect(existsSync(request)).toBe(false);
    await kill(second);
  });

  it('tells what was wrong with a batch, and what its process said when it died', { timeout: 300_000 }, async () => {
    const { batch } = await goldenCase('llama-sft');
    const learner = await open('faulty');
    const [row] = batch.rows;
    if (row === undefined) throw new Error('golden case changed');
    const long = {
      ...row,
      inputIds: new Int32Array(200),
      lossMask: new Uint8Array(200).fill(1, 100),
      samplerLogprobs: new Float32Array(200),
      oldLogprobs: null,
      refLogprobs: null,
    };
    await expect(learner.step({ ...batch, rows: [long] }, step)).rejects.toMatchObject({
      code: 'E_LEARNER',
      message: expect.stringMatching(/200 tokens, but the model has 64|process stopped/),
    });
    await expect(learner.step(batch, step)).rejects.toMatchObject({
      code: 'E_LEARNER',
      message: expect.stringMatching(/process stopped: it ended with exit code 1/),
    });
    await learner.close();
    const missing = {
      root: join(folder, 'nowhere'),
      model: join(folder, 'llama'),
      stateDirectory: null,
      optimizer,
      settings,
      timeoutMs: 10_000,
    };
    await expect(createTorchLearner({ ...missing, launch: { type: 'spawn', python: '/no/python', processes: 1 } })).rejects.toMatchObject({
      code: 'E_LEARNER',
      message: expect.stringContaining('setup-torch.sh'),
    });
    expect(existsSync(join(folder, 'nowhere', 'logs', 'learner.log'))).toBe(true);
    expect(readFileSync(join(folder, 'faulty', 'logs', 'learner.log'), 'utf8')).toContain('ready at version 0');
  });
});
