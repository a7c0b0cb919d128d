import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { continuedConfig } from '../../../src/config/load/continued-config.ts';
import { loadConfig, resolvedYaml } from '../../../src/config/load/load.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-continued-'));
  mkdirSync(join(cwd, 'model'));
  writeFileSync(join(cwd, 'run.yaml'), 'policy: { checkpoint: model }\ndataset: { train: { type: generated } }\nrun: { steps: 100 }\n');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const configured = (...overrides: string[]) => loadConfig('run.yaml', { cwd, overrides }).config;
/** As `--resume DIR --set ...` loads it: the run's own settled file, where everything is written down. */
const resumed = (stored: string, ...overrides: string[]) => {
  writeFileSync(join(cwd, 'config.resolved.yaml'), stored);
  return loadConfig('config.resolved.yaml', { cwd, overrides }).config;
};

describe('a settled configuration', () => {
  it.each([
    [],
    ['dataset.eval=[{name: a, type: generated, split: test}]'],
    ['dataset.eval=[{name: a, type: generated, split: test, temperature: 0.7}]', 'trackers=[tensorboard]'],
  ])('is settled as it stands when it is read again: %s %s', (...overrides) => {
    const stored = resolvedYaml(configured(...overrides));
    expect(resolvedYaml(resumed(stored))).toBe(stored);
  });

  it('writes turns only where there are several, so that runs of before go on', () => {
    expect(resolvedYaml(configured())).not.toContain('rollout:');
    const stored = resolvedYaml(configured('rollout.turns=2'));
    expect(stored).toContain('rollout:\n  turns: 2\n');
    expect(resolvedYaml(resumed(stored))).toBe(stored);
  });
});

describe('a run that goes on with more steps', () => {
  it.each([
    ['a constant rate', [], 100, true],
    ['a warm-up that is over', ['schedule.warmup_steps=5'], 100, true],
    ['a decay that has not begun', ['schedule={type: wsd, decay_share: 0.2}'], 80, true],
    ['a decay that has begun', ['schedule={type: wsd, decay_share: 0.2}'], 82, false],
    ['a linear decay', ['schedule={type: linear}'], 3, false],
    ['a linear decay of which nothing was used', ['schedule={type: linear}'], 1, true],
    ['a cosine', ['schedule={type: cosine, warmup_steps: 10}'], 11, true],
    ['a cosine that has begun', ['schedule={type: cosine, warmup_steps: 10}'], 20, false],
  ] as const)('%s', (_, schedule, done, sameSchedule) => {
    const stored = resolvedYaml(configured(...schedule));
    const wanted = configured(...schedule, 'run.steps=150');
    for (const given of [wanted, resumed(stored, 'run.steps=150')]) {
      const result = continuedConfig(stored, given, done);
      expect(result?.raised).toEqual({ from: 100, to: 150, sameSchedule });
      expect(result?.config.schedule.total).toBe(sameSchedule ? 150 : 100);
      if (sameSchedule) expect(resolvedYaml(result?.config ?? wanted)).toBe(resolvedYaml(wanted));
    }
  });

  it('keeps a schedule that was given a length of its own', () => {
    const stored = resolvedYaml(configured('schedule={type: linear, total: 40}'));
    const result = continuedConfig(stored, resumed(stored, 'run.steps=150'), 60);
    expect(result).toMatchObject({ config: { schedule: { total: 40 } }, raised: { sameSchedule: true } });
  });

  it.each([
    ['fewer steps', ['run.steps=90']],
    ['another seed', ['run.seed=5']],
    ['another seed with more steps', ['run.seed=5', 'run.steps=150']],
    ['another schedule', ['schedule={type: cosine}', 'run.steps=150']],
    ['a schedule that would have been another', ['schedule.total=300', 'run.steps=150']],
  ])('is not to be mistaken for %s', (_, changes) => {
    const stored = resolvedYaml(configured('schedule={type: linear}'));
    expect(continuedConfig(stored, configured('schedule={type: linear}', ...changes), 10)).toBe(null);
  });

  it('is nothing new under its own configuration', () => {
    const stored = resolvedYaml(configured());
    expect(continuedConfig(stored, configured(), 10)).toEqual({ config: configured(), raised: null });
  });
});
