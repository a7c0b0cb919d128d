/** A run whose solver hosts Ray places: a raylet that is killed twice in the middle changes no bit of the weights. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics.ts';
import type { ClusterStatus } from '../../src/servers/ray-host.ts';
import { noRay, type Raylets, startRaylets } from '../ray-python.ts';
import { environmentDirectory, skipReason } from '../solver-host/environment.ts';
import { makeHostedRun } from './hosted-run.ts';
import { evom, fingerprint, startEvom } from './tiny-run.ts';

const train = (address: string): string => `run: { name: run, seed: 3, steps: 16, checkpoint_every: 4, keep_last: 100 }
policy: { checkpoint: model, threads: 1 }
sampling: { group_size: 4, max_tokens: 96, temperature: 1 }
dataset: { train: { type: jsonl, path: problems.jsonl } }
backend: gurobi
solver_hosts: { discover: { from: "file:solver-hosts.txt", wait_s: 600 }, deadline_s: 600 }
algorithm: { estimator: grpo, groups_per_step: 4 }
optimizer: { type: muon, lr: 0.003 }
learner: { threads: 1 }
sandbox: { workers: 1 }
cluster: { address: "${address}", directory: logs, solver_hosts: { count: 2, environment: "${environmentDirectory}" } }
`;

const reason = noRay ?? skipReason;
describe.skipIf(reason !== null)(`evom cluster on Ray${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let folder: string;
  let raylets: Raylets;
  const addresses = (): string[] => readFileSync(join(folder, 'solver-hosts.txt'), 'utf8').split('\n').filter(Boolean);
  const status = async (): Promise<ClusterStatus> =>
    JSON.parse((await evom(['cluster', 'status', '--config', 'train.yaml', '--json'], folder)).out) as ClusterStatus;

  /** Weights, states, batches and metrics of a run; `rollouts.arrow` also says how long hosts took. */
  const replayed = async (run: string) => {
    const { files, metrics } = await fingerprint(join(folder, run, 'run'));
    const kept = Object.entries(files).filter(([name]) => !name.endsWith('rollouts.arrow'));
    expect(kept.filter(([name]) => name.endsWith('model.safetensors')).length).toBe(4);
    expect(kept.filter(([name]) => name.endsWith('batch.arrow')).length).toBe(16);
    return { files: kept, metrics };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'evom-ray-'));
    await makeHostedRun(folder, { width: 32, steps: 250 });
    raylets = await startRaylets(3, 1);
    writeFileSync(join(folder, 'train.yaml'), train(raylets.address));
    const up = await evom(['cluster', 'up', '--config', 'train.yaml', '--json'], folder);
    if (up.code !== 0) throw new Error(`the cluster did not come up: ${up.err}`);
    expect(JSON.parse(up.out)).toMatchObject({ name: 'run', up: true });
  }, 600_000);
  afterAll(async () => {
    if (folder !== undefined) await evom(['cluster', 'down', '--config', 'train.yaml'], folder);
    await raylets?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it('ends with the same bits though the raylet of a host is killed twice', { timeout: 900_000 }, async () => {
    expect(addresses().length).toBe(2);
    const whole = await evom(['train', '--config', 'train.yaml', '--set', 'run.dir=whole'], folder);
    expect(whole.code, whole.err).toBe(0);

    const before = addresses();
    const nodes = (await status()).parts.map((part) => String(part.node));
    expect(new Set(nodes).size).toBe(2);
    const { child, ended } = startEvom(['train', '--config', 'train.yaml', '--set', 'run.dir=disturbed'], folder);
    const kills: Promise<void>[] = [];
    child.stderr?.on('data', (chunk: Buffer) => {
      if (/^step +2\//m.test(`${chunk}`)) kills.push(raylets.kill(nodes[0] as string, 'raylet'));
      // The first host may not be back yet: then the run waits.
      if (/^step +5\//m.test(`${chunk}`)) kills.push((kills[0] as Promise<void>).then(() => raylets.kill(nodes[1] as string, 'all')));
    });
    const disturbed = await ended;
    expect(disturbed.code, disturbed.err).toBe(0);
    await Promise.all(kills);
    expect(kills.length).toBe(2);

    const metrics = await readMetrics(join(folder, 'disturbed/run'));
    expect(metrics.map((line) => line.infra_rate)).toEqual(Array.from({ length: 16 }, () => 0)); // nothing lost
    expect(new Set(metrics.map((line) => line.reward)).size).toBeGreaterThan(1);
    expect(await replayed('disturbed')).toEqual(await replayed('whole'));

    // Both are there again, one of them elsewhere. A quick run ends before anybody has noticed that a raylet is gone.
    const areBack = async () => (await status()).up && addresses().length === 2 && addresses().join() !== before.join();
    await expect.poll(areBack, { timeout: 120_000, interval: 1000 }).toBe(true);
    expect(existsSync(join(folder, 'logs/run/solver-host-0.log'))).toBe(true);
  });

  it('takes the addresses away and ends everything when it is brought down', { timeout: 120_000 }, async () => {
    const urls = addresses();
    const down = await evom(['cluster', 'down', '--config', 'train.yaml'], folder);
    expect(down.code, down.err).toBe(0);
    expect(addresses()).toEqual([]);
    for (const url of urls) await expect(fetch(`${url}/v1/health`)).rejects.toThrow();
    const { code, err } = await evom(['cluster', 'status', '--config', 'train.yaml'], folder);
    expect(code).toBe(3);
    expect(err).toContain('evom cluster up');
  });
});
