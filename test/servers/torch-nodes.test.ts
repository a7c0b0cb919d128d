/** A PyTorch learner on two machines: network namespaces where root can make them, and storage that both see or only one. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { adamwDefaults } from '../../src/policy/optimizer-config.ts';
import { createTorchLearner, learnerCommand } from '../../src/servers/torch-learner.ts';
import type { TorchSettings } from '../../src/servers/torch-options.ts';
import { goldenCase, relativeError } from '../../src/testing/golden-case.ts';
import { flatWeights } from '../../src/testing/learner-suite.ts';
import { describeTorch, torchPython } from '../torch-python.ts';

const settings: TorchSettings = {
  ...{ device: 'cpu', threads: 1, precision: 'float32', attention: 'sdpa', gradientCheckpointing: false, lora: null, microBatchTokens: 64 },
  ...{ strategy: 'fsdp', seed: 0 },
};
const isRoot = process.getuid?.() === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-nodes-'));
  mkdirSync(join(folder, 'here/model'), { recursive: true });
  for (const name of ['config.json', 'model.safetensors'])
    copyFileSync(fileURLToPath(new URL(`../golden/learner/llama.${name}`, import.meta.url)), join(folder, 'here/model', name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Where = 'alone' | 'shared' | 'own';

function open(name: string, where: Where, port: number, stateDirectory: string | null = null): Promise<Learner> {
  const launcher = ['bash', join(packageRoot, 'test/servers/two-machines.sh'), where, join(folder, 'here'), '--'];
  // Without namespaces both are this machine.
  const rendezvous = `${isRoot ? 'machine-0' : 'localhost'}:${port}`;
  return createTorchLearner({
    root: join(folder, 'here', name),
    model: join(folder, 'here/model'),
    stateDirectory,
    optimizer: { ...adamwDefaults, lr: 0.02 },
    settings,
    launch: {
      ...{ type: 'spawn', python: torchPython, processes: 1 },
      ...(where === 'alone' ? {} : { nodes: 2, launcher, rendezvous, restarts: 4, snapshotEvery: 2 }),
    },
    timeoutMs: 200_000,
  });
}

/** The learner processes of a run on a machine: those that torchrun started, not torchrun itself. */
function ranks(name: string, machine: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      const isRank =
        words.includes('evom_torch.learn') && words.includes(join(folder, 'here', name)) && !words.includes('torch.distributed.run');
      const environment = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      return isRank && environment.includes(`EVOM_MACHINE=${machine}`) && environment.some((one) => one.startsWith('LOCAL_RANK='))
        ? [Number(entry)]
        : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

function kill(name: string, machine: number): void {
  const [pid] = ranks(name, machine);
  if (pid === undefined) throw new Error(`machine ${machine} runs no process of ${name}`);
  process.kill(pid, 'SIGKILL');
}

const factors = [1, 0.5, 1, 0.25, 1];
async function losses(learner: Learner, from: number, to: number, during?: (step: number) => void): Promise<number[]> {
  const { batch } = await goldenCase('llama-grpo');
  const out: number[] = [];
  for (let step = from; step < to; step++) {
    const taken = learner.step(batch, { learningRateFactor: factors[step] ?? 1 });
    during?.(step);
    out.push((await taken).metrics.loss as number);
  }
  return out;
}

describeTorch('a learner on two machines', () => {
  let alone: { losses: number[]; weights: Float32Array };
  let undisturbed: { losses: number[]; weights: Float32Array };

  it('has the losses of one process', { timeout: 400_000 }, async () => {
    const one = await open('one', 'alone', 0);
    alone = { losses: await losses(one, 0, 5), weights: await flatWeights(one) };
    await one.close();
    const two = await open('two', 'shared', 29_511);
    undisturbed = { losses: await losses(two, 0, 5), weights: await flatWeights(two) };
    expect(JSON.parse(readFileSync(join(folder, 'here/two/exchange/LEARNER.json'), 'utf8')).processes).toBe(2);
    await two.close();
    for (const [step, loss] of undisturbed.losses.entries()) expect(Math.abs(loss - (alone.losses[step] ?? 0))).toBeLessThan(1e-5);
    expect(relativeError(undisturbed.weights, alone.weights)).toBeLessThan(1e-4);
    // The newest snapshot alone is kept, a file of each rank's shards, and the steps since.
    const kept = readdirSync(join(folder, 'here/two/snapshots')).sort();
    expect(kept).toEqual(['SESSION', 'steps', 'v000004']);
    expect(readdirSync(join(folder, 'here/two/snapshots/v000004')).filter((file) => file.endsWith('.distcp')).length).toBe(2);
  });

  it('goes on from the last snapshot when a process is killed, and ends at the same weights to the bit', { timeout: 600_000 }, async () => {
    const learner = await open('killed', 'shared', 29_512);
    const first = await losses(learner, 0, 3);
    kill('killed', 1); // it waits for a step
    const rest = await losses(learner, 3, 5, (step) => {
      if (step === 4) kill('killed', 0); // it is at one
    });
    expect([...first, ...rest]).toEqual(undisturbed.losses);
    expect(await flatWeights(learner)).toEqual(undisturbed.weights);
    await learner.close();
    expect(readFileSync(join(folder, 'here/killed/logs/learner.log'), 'utf8')).toMatch(/learner: goes on at version [34]/);
  });

  it('is sent model, batches and snapshots where its second machine sees none of them', { timeout: 600_000 }, async (context) => {
    if (!isRoot) return context.skip('only root can hide a folder from a machine');
    const learner = await open('own', 'own', 29_513);
    const first = await losses(learner, 0, 3);
    kill('own', 1);
    const rest = await losses(learner, 3, 5);
    expect([...first, ...rest]).toEqual(undisturbed.losses);
    expect(await flatWeights(learner)).toEqual(undisturbed.weights);
    const saved = join(folder, 'here/own/saved');
    await learner.save(saved);
    await learner.close();
    expect(readFileSync(join(folder, 'here/own/logs/learner.log'), 'utf8')).toMatch(
      /sent \d+ bytes of .*model to machines that do not see it/,
    );
    // From a checkpoint that one machine sees, on both.
    const resumed = await open('resumed', 'own', 29_514, join(saved, 'evom_state'));
    expect(resumed.version).toBe(5);
    expect(await losses(resumed, 5, 6)).toEqual([expect.any(Number)]);
    await resumed.close();
  });
});

describe('the command of a learner', () => {
  const launch = { type: 'spawn', python: 'python3', processes: 8 } as const;

  it('is begun on each machine by the launcher, and meets where it is told', () => {
    const { python, args } = learnerCommand(
      { ...launch, nodes: 2, launcher: ['srun', '--nodes=2'], rendezvous: 'node-1:29500', restarts: 3 },
      'abc',
      ['--root', 'runs/x'],
    );
    expect([python, ...args].join(' ')).toBe(
      'srun --nodes=2 python3 -m torch.distributed.run --nnodes 2 --rdzv-backend c10d --rdzv-endpoint node-1:29500 --rdzv-id abc ' +
        '--nproc-per-node 8 --max-restarts 3 -m evom_torch.learn --root runs/x --session abc --snapshot-every 1',
    );
  });

  it('watches the trainer where both are on one machine', () => {
    expect(learnerCommand({ ...launch, processes: 1 }, 'abc', []).args).toEqual([
      ...['-m', 'evom_torch.learn', '--session', 'abc', '--parent', String(process.pid)],
    ]);
  });

  it('says what several machines need', () => {
    expect(() => learnerCommand({ ...launch, nodes: 2 }, 'abc', [])).toThrow(/learner\.torch\.launcher, .*learner\.torch\.rendezvous/);
  });
});
