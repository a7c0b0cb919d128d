import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/command-line.ts';
import type { SweepReport } from '../../src/evaluate/sweep.ts';
import { fakeIo } from './fake-io.ts';

const tiny = fileURLToPath(new URL('../../checkpoints/tiny', import.meta.url));
const yaml = (steps: number, more = ''): string => `run: { steps: ${steps}, checkpoint_every: 1, dir: made }
trackers: []
policy: { checkpoint: ${tiny}, threads: 1 }
sampling: { group_size: 2, max_tokens: 60 }
dataset:
  train: { type: generated, seed: 1, count: 8, check: none, families: [diet], difficulties: [1] }
  eval: [{ name: held, type: generated, seed: 2, count: 3, check: none, families: [diet], difficulties: [1], greedy: true }]
algorithm: { groups_per_step: 2 }
audit: { perturbations: 0, cross_solve: off }
optimizer: { type: adamw, lr: 0.0001 }
learner: { threads: 1 }
sandbox: { workers: 1 }
${more}`;

let cwd: string;
/** Of the sweep that all the others are about. */
let first: { code: number; out: string; err: string };
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-sweep-'));
  writeFileSync(join(cwd, 'plain.yaml'), yaml(2));
  writeFileSync(join(cwd, 'other.yaml'), yaml(2, 'reward: { value_only_weight: 0 }'));
  first = await sweep(...two, '--json');
}, 300_000);
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

async function sweep(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ cwd });
  const code = await main(['sweep', ...argv], io);
  return { code, out: io.out(), err: io.err() };
}
const two = ['--arm', 'plain=plain.yaml', '--arm', 'other=other.yaml', '--seeds', '1,2'];
const weights = (name: string): number => statSync(join(cwd, 'made', name, 'checkpoints/000002/model.safetensors')).mtimeMs;

describe('evom sweep', () => {
  it('runs each arm with each seed, and writes a table, the figures and a picture', () => {
    const { code, out, err } = first;
    expect(err).toContain('sweep  other-seed2 begins');
    expect(code).toBe(0);
    const report = JSON.parse(out) as SweepReport & { out: string };
    expect([report.out, report.seeds, report.arms]).toEqual([join(cwd, 'sweep'), [1, 2], ['plain', 'other']]);
    expect(report.rows.map(({ arm, set, after, before }) => [arm, set, after.values.length, before?.values.length])).toEqual([
      ['plain', 'held', 2, 2],
      ['other', 'held', 2, 2],
    ]);
    expect(readFileSync(join(cwd, 'sweep/sweep.md'), 'utf8')).toContain('| plain | held | sirl | greedy | 3 | 2 |');
    expect(readFileSync(join(cwd, 'sweep/sweep.svg'), 'utf8')).toMatch(/^<svg /);
    for (const seed of [1, 2]) {
      const settled = readFileSync(join(cwd, `made/plain-seed${seed}/config.resolved.yaml`), 'utf8');
      expect(settled).toContain(`seed: ${seed}\n`);
    }
  });

  it('leaves finished runs alone, goes on with one that was stopped, and adds seeds', { timeout: 300_000 }, async () => {
    const before = weights('plain-seed1');
    // As a kill after the first checkpoint leaves it: the second one and the last evaluation are not there.
    for (const gone of ['checkpoints/000002', 'evaluations/000002.json', 'latest'])
      rmSync(join(cwd, 'made/other-seed2', gone), { recursive: true });
    const { code, err } = await sweep(...two, '--quiet');
    expect(code, err).toBe(0);
    expect(weights('plain-seed1')).toBe(before);
    expect(existsSync(join(cwd, 'made/other-seed2/evaluations/000002.json'))).toBe(true);
    const more = await sweep('--arm', 'plain=plain.yaml', '--seeds', '1,2,3');
    expect(more.err).toContain('sweep  plain-seed2 is finished');
    expect(more.err).toContain('sweep  plain-seed3 begins');
    expect(more.out).toMatch(/plain +held +sirl +greedy +3 +3 /);
  });

  it('pools without running anything, and says what is not there', async () => {
    const { code, out, err } = await sweep(...two.slice(0, 4), '--seeds', '1,2,9', '--collect');
    expect(code, err).toBe(0);
    expect(err).toContain('not finished and left out: plain-seed9, other-seed9');
    expect(out).toMatch(/plain +other +held +2 /);
    expect(existsSync(join(cwd, 'made/plain-seed9'))).toBe(false);
  });

  it('refuses a run of another configuration under the same name', async () => {
    const { code, err } = await sweep(...two, '--set', 'optimizer.lr=0.01');
    expect(code).toBe(3);
    expect(err).toMatch(/E_RUN the configuration differs from .*plain-seed1/);
  });

  it('reads all configurations before anything runs, and asks for evaluation sets', async () => {
    writeFileSync(join(cwd, 'blind.yaml'), yaml(2).replace(/eval: .*/, 'eval: []'));
    const { code, err } = await sweep('--arm', 'new=plain.yaml', '--arm', 'blind=blind.yaml', '--seeds', '1');
    expect(code).toBe(3);
    expect(err).toContain('blind.yaml: dataset.eval is empty');
    expect(existsSync(join(cwd, 'made/new-seed1'))).toBe(false);
  });

  it.each([
    [['--seeds', '1,2'], /takes one configuration with --config, or several with --arm/],
    [['--config', 'plain.yaml', '--seeds', '1,1'], /--seeds 1,1: give different whole numbers/],
    [['--config', 'plain.yaml', '--seeds', 'two'], /--seeds two: give different whole numbers/],
    [['--arm', 'plain.yaml', '--seeds', '1'], /--arm plain.yaml: give NAME=CONFIG/],
    [['--arm', 'a=plain.yaml', '--arm', 'a=other.yaml', '--seeds', '1'], /--arm a: two arms have this name/],
  ])('says what is wrong with %j', async (argv, message) => {
    const { code, err } = await sweep(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it('says that nothing is there to pool', async () => {
    const { code, err } = await sweep('--config', 'plain.yaml', '--seeds', '77', '--collect');
    expect(code).toBe(3);
    expect(err).toContain('no run of the sweep is finished');
  });
});
