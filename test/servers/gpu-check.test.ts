/** scripts/gpu-check.sh at its small size, on whatever this machine has: what it measures, and what it says of a phase that does not end well. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeTorch, torchPython } from '../torch-python.ts';

const script = fileURLToPath(new URL('../../scripts/gpu-check.sh', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-gpu-check-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function check(python: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const out = join(folder, `${args.join('').replaceAll(/\W/g, '')}.json`);
  const { status, stderr } = spawnSync(script, ['--size', 'tiny', '--out', out, ...args], {
    encoding: 'utf8',
    env: { ...process.env, EVOM_PYTHON: python, EVOM_VLLM: '', OMP_NUM_THREADS: '1', ...env },
  });
  return { status, stderr, read: () => JSON.parse(readFileSync(out, 'utf8')) };
}

describe('scripts/gpu-check.sh', () => {
  it('ends with 2 at a phase that does not exist, and names those that do', () => {
    const { status, stderr } = check('python3', ['--phases', 'memory']);
    expect(stderr).toMatch(/there is no phase "memory"; known: environment, matmul, gradient_small, closed_loop/);
    expect(status).toBe(2);
  });

  it('goes on after a phase that was cut short, and says in its file why each has no figures', () => {
    const { status, read } = check('python3', ['--phases', 'environment,matmul', '--limit-s', '0.01']);
    expect(status).toBe(1);
    const timeout = { status: 'timeout', reason: 'it was still running after 0 s', limit_s: 0 };
    expect(read()).toMatchObject({ schema: 1, size: 'tiny', phases: { environment: timeout, matmul: timeout } });
  });

  it('does not start what its budget has no time for', () => {
    const { status, read } = check('python3', ['--phases', 'matmul', '--budget-s', '1']);
    expect(status).toBe(1);
    expect(read().phases).toEqual({ matmul: { status: 'not_started', reason: 'the budget of 1 s was spent' } });
  });
});

describeTorch('scripts/gpu-check.sh with PyTorch', () => {
  it('takes gradient steps and closes the loop: other weights after each step, the same ones in a second process', () => {
    const { status, stderr, read } = check(torchPython, ['--phases', 'gradient_small,closed_loop,vllm_reload']);
    expect(status, stderr).toBe(0);
    const { gradient_small: gradient, closed_loop: loop, vllm_reload: vllm } = read().phases;
    expect(gradient).toMatchObject({ status: 'ok', figures: { shape: 'tiny', steps: [{ precision: 'bfloat16', micro_batches: 1 }] } });
    expect(gradient.figures.steps[0].grad_norm).toBeGreaterThan(0);
    expect(gradient.figures.steps[0].peak_host_gib).toBeGreaterThan(0.1);
    expect(loop).toMatchObject({ status: 'ok', figures: { sequences: 8 } });
    expect(loop.figures.steps.length).toBe(2);
    expect(loop.figures.probe_moved).toBeGreaterThan(0.05);
    expect(loop.figures.reload_max_diff).toBeLessThan(loop.figures.probe_moved / 2);
    expect(vllm).toMatchObject({ status: 'skipped', reason: expect.stringMatching(/EVOM_VLLM names no vllm/) });
  }, 400_000);

  it('names the cause of a phase that failed', () => {
    const { status, read } = check(torchPython, ['--phases', 'vllm_reload'], { EVOM_VLLM: '/nonexistent/vllm' });
    expect(status).toBe(1);
    expect(read().phases.vllm_reload).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/exit code 1: .*\/nonexistent\/vllm/),
    });
  }, 200_000);
});
