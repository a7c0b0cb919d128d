/** The closed loop with PyTorch on CPU: a random Qwen2 model imitates, then learns from rewards; killed, it resumes to the same bits. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics.ts';
import { describeTorch, torchEnvironment, torchPython } from '../torch-python.ts';
import { type Ended, evom, fingerprint, makeTinyRun, startEvom } from './tiny-run.ts';

const makeModel = fileURLToPath(new URL('../../scripts/make-random-model.py', import.meta.url));
const torch = `learner: { type: torch, threads: 1, torch: { device: cpu, precision: float32, gradient_checkpointing: false, timeout_s: 200 } }
optimizer: { type: adamw, lr: 0.003, betas: [0.9, 0.95] }
`;
const imitate = `kind: sft
run: { name: imitate, seed: 1, steps: 60, checkpoint_every: 1000 }
model: { type: checkpoint, path: qwen2 }
sampling: { max_tokens: 64 }
dataset: { train: [{ type: jsonl, path: problems.jsonl }] }
batch_tokens: 500
schedule: { type: constant, warmup_steps: 5 }
policy: { threads: 1 }
sandbox: { workers: 1 }
output: imitated
${torch}`;
const reinforce = (policy: string): string => `run: { name: run, seed: 3, steps: 3, checkpoint_every: 1, keep_last: 100 }
policy: { checkpoint: imitated, type: ${policy}, threads: 1, batch_rows: 8 }
sampling: { group_size: 4, max_tokens: 64 }
dataset: { train: { type: jsonl, path: problems.jsonl } }
algorithm: { estimator: gdpo, groups_per_step: 4, updates_per_batch: 2, kl: { coef: 0.01 } }
async: { steps_ahead: ${policy === 'onnx' ? 1 : 0} } # one process cannot sample ahead of itself
sandbox: { workers: 1 }
${torch}`;

describeTorch('evom with PyTorch', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'evom-torch-runs-'));
    await makeTinyRun(folder); // for its problems and its tokenizer
    execFileSync(torchPython, [makeModel, join(folder, 'qwen2'), '--tokenizer', join(folder, 'model'), '--std', '0.08'], {
      env: torchEnvironment(),
      stdio: 'pipe',
    });
    writeFileSync(join(folder, 'imitate.yaml'), imitate);
    for (const policy of ['onnx', 'colocated']) writeFileSync(join(folder, `${policy}.yaml`), reinforce(policy));
    const { code, err } = await evom(['sft', '--config', 'imitate.yaml', '--quiet'], folder);
    if (code !== 0) throw new Error(`the random model could not be taught: ${err}`);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('teaches a random Qwen2 model by the PyTorch learner', async () => {
    const losses = (await readMetrics(join(folder, 'runs/imitate'))).map((line) => Number(line['learner/loss']));
    expect(losses.length).toBe(60);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.3);
    expect(JSON.parse(readFileSync(join(folder, 'imitated/config.json'), 'utf8')).architectures).toEqual(['Qwen2ForCausalLM']);
  });

  it.each(['onnx', 'colocated'])(
    'ends with the same bits when it is killed and resumed (policy %s)',
    { timeout: 400_000 },
    async (policy) => {
      const train = (which: string, ...more: string[]): string[] => [
        ...['train', '--config', `${policy}.yaml`, '--set', `run.dir=${policy}-${which}`],
        ...more,
      ];
      const whole = await evom(train('whole'), folder);
      expect(whole.code, whole.err).toBe(0);
      const metrics = await readMetrics(join(folder, `${policy}-whole/run`));
      expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3]);
      expect(metrics.some((line) => Number(line['learner/grad_norm']) > 0)).toBe(true);
      expect(metrics.map((line) => line['staleness/max'])).toEqual(policy === 'onnx' ? [0, 2, 2] : [0, 0, 0]); // two versions a step
      // Sampler and learner are two engines, or one: where they are at the same weights they agree on what was drawn.
      for (const line of metrics) if (line['staleness/max'] === 0) expect(Number(line['learner/logprob_diff_max'])).toBeLessThan(2); // mini-batch 2 is a step ahead
      const names = Object.keys((await fingerprint(join(folder, `${policy}-whole/run`))).files);
      expect(names.filter((name) => name.endsWith('optimizer.safetensors')).length).toBe(3);

      const { child, ended } = startEvom(train('killed'), folder);
      child.stderr?.on('data', (chunk: Buffer) => {
        if (/^step +2\//m.test(`${chunk}`)) child.kill('SIGKILL');
      });
      const killed: Ended = await ended;
      expect(killed.code).toBe(null);
      const again = await evom(train('killed', '--resume'), folder);
      expect(again.code, again.err).toBe(0);
      expect(await fingerprint(join(folder, `${policy}-killed/run`))).toEqual(await fingerprint(join(folder, `${policy}-whole/run`)));
      for (const which of ['whole', 'killed']) {
        const run = join(folder, `${policy}-${which}/run`);
        expect(readdirSync(join(run, 'checkpoints')).sort()).toEqual(['000001', '000002', '000003']);
        expect(existsSync(join(run, 'logs', policy === 'colocated' ? 'host.log' : 'learner.log'))).toBe(true);
      }
    },
  );

  it('evaluates a checkpoint in the sampling process alone', { timeout: 120_000 }, async () => {
    const args = ['rollout', '-c', 'colocated.yaml', '--problems', '2', '--json', '--quiet'];
    const { code, out, err } = await evom(args, folder);
    expect(code, err).toBe(0);
    expect(out.trimEnd().split('\n').length).toBe(8);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('evom-host-'))).toEqual([]);
  });
});
