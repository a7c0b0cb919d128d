/** A run whose solver hosts and vLLM servers Ray places: raylets die in the middle, and a server that is back samples with the weights of the moment. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics.ts';
import type { ClusterStatus } from '../../src/servers/ray-host.ts';
import { noRay, type Raylets, startRaylets } from '../ray-python.ts';
import { environmentDirectory, skipReason } from '../solver-host/environment.ts';
import { noTorch, torchPython } from '../torch-python.ts';
import { makeHostedRun } from './hosted-run.ts';
import { evom, startEvom } from './tiny-run.ts';

const steps = 12;
const train = (address: string): string => `run: { name: run, seed: 3, steps: ${steps}, checkpoint_every: 4, keep_last: 100 }
policy: { type: openai, checkpoint: model, openai: { discover: { from: "file:model-servers.txt", wait_s: 1800 }, reload: vllm-disk, concurrency: 8 } }
sampling: { group_size: 4, max_tokens: 96, temperature: 1 }
dataset: { train: { type: jsonl, path: problems.jsonl } }
backend: gurobi
solver_hosts: { discover: { from: "file:solver-hosts.txt", wait_s: 600 }, deadline_s: 600 }
algorithm: { estimator: grpo, groups_per_step: 4 }
optimizer: { type: adamw, lr: 0.001, betas: [0.9, 0.95] }
learner: { type: torch, threads: 1, torch: { python: "${torchPython}", device: cpu, precision: float32, gradient_checkpointing: false, timeout_s: 900 } }
sandbox: { workers: 1 }
cluster:
  address: "${address}"
  directory: logs
  solver_hosts: { count: 2, environment: "${environmentDirectory}" }
  model_servers:
    count: 2
    gpus: 1 # raylets claim them, and vLLM runs on the CPU
    arguments: [--enforce-eager, --dtype, float32, --max-num-seqs, "16"]
    env: { VLLM_CPU_KVCACHE_SPACE: 1, VLLM_CPU_OMP_THREADS_BIND: nobind, VLLM_NO_USAGE_STATS: 1, DO_NOT_TRACK: 1 }
`;

const noVllm = process.env.EVOM_VLLM ? null : 'EVOM_VLLM names no vllm (scripts/setup-vllm.sh installs it)';
const reason = noRay ?? noVllm ?? noTorch ?? skipReason;
describe.skipIf(reason !== null)(`evom cluster on Ray with vLLM${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string;
  let raylets: Raylets;
  const status = async (): Promise<ClusterStatus> =>
    JSON.parse((await evom(['cluster', 'status', '--config', 'train.yaml', '--json'], folder)).out) as ClusterStatus;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'evom-ray-vllm-'));
    await makeHostedRun(folder, { width: 64, steps: 110 }); // vLLM's kernels for CPUs want heads of 32 and more; by then some answers are right
    raylets = await startRaylets(4, 1, 1);
    writeFileSync(join(folder, 'train.yaml'), train(raylets.address));
    const up = await evom(['cluster', 'up', '--config', 'train.yaml', '--json'], folder);
    if (up.code !== 0) throw new Error(`the cluster did not come up: ${up.err}`);
  }, 1_800_000);
  afterAll(async () => {
    if (folder !== undefined) await evom(['cluster', 'down', '--config', 'train.yaml'], folder);
    await raylets?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it('loses nothing though the raylets of both servers and of a solver host are killed', { timeout: 3_600_000 }, async () => {
    const { parts } = await status();
    const nodeOf = (name: string): string => String(parts.find((part) => part.name === name)?.node);
    expect(new Set(parts.map(({ node }) => node)).size).toBe(4);

    const { child, ended } = startEvom(['train', '--config', 'train.yaml'], folder);
    // One after another: the raylets answer in turn. Without the second server the run waits for the first, which is back by then or not.
    const kills = new Map([
      [2, () => raylets.kill(nodeOf('model-server-0'), 'raylet')],
      [4, () => raylets.kill(nodeOf('model-server-1'), 'all')],
      [6, () => raylets.kill(nodeOf('solver-host-1'), 'all')],
    ]);
    let killed = Promise.resolve();
    child.stderr?.on('data', (chunk: Buffer) => {
      for (const [, step] of `${chunk}`.matchAll(/^step +(\d+)\//gm)) {
        const kill = kills.get(Number(step));
        if (kill !== undefined) killed = killed.then(kill);
      }
    });
    const { code, err } = await ended;
    expect(code, err).toBe(0);
    await killed;
    expect(err).toMatch(/model server \S+ joined/);

    const metrics = await readMetrics(join(folder, 'runs/run'));
    expect(metrics.map((line) => line.infra_rate)).toEqual(Array.from({ length: steps }, () => 0)); // nothing lost
    expect(metrics.some((line) => Number(line['learner/grad_norm']) > 0)).toBe(true);
    // A server with the weights of its start would not say what the learner says of its tokens.
    for (const line of metrics) expect(line).toMatchObject({ 'staleness/max': 0 });
    expect(Math.max(...metrics.map((line) => Number(line['learner/logprob_diff_max'])))).toBeLessThan(0.01);

    await expect.poll(async () => (await status()).up, { timeout: 1_800_000, interval: 5000 }).toBe(true);
    const addresses = readFileSync(join(folder, 'model-servers.txt'), 'utf8').split('\n').filter(Boolean);
    for (const { name, address } of parts) if (name.startsWith('model-server')) expect(addresses).not.toContain(address);
  });
});
