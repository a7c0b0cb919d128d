/** What a user meets around training: a first Ctrl-C, a guard, supervised runs, evaluation and rollouts, on the tiny checkpoint. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRollouts } from '../../src/batch/rollouts.ts';
import { verifyDirectory } from '../../src/checkpoint/publish.ts';
import { readMetrics } from '../../src/runs/metrics.ts';
import { evom, fingerprint, makeTinyRun, startEvom } from './tiny-run.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-runs-'));
  await makeTinyRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const set = (...assignments: string[]): string[] => assignments.flatMap((one) => ['--set', one]);

describe('evom train', () => {
  it('ends with one JSON line of before and after', async () => {
    const { code, out, err } = await evom(['train', '-c', 'grpo.yaml', ...set('run.dir=json', 'run.steps=2'), '--json', '--quiet'], folder);
    expect(code, err).toBe(0);
    const result = JSON.parse(out);
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    expect(result).toMatchObject({
      before: { name: 'same', judge: 'sirl', problems: 6, samples: 2 },
      after: { name: 'same', judge: 'sirl', problems: 6, samples: 2 },
      steps: 2,
      run_dir: join(folder, 'json', 'run'),
      checkpoint: join(folder, 'json', 'run', 'checkpoints', '000002'),
    });
    expect(result.pass_at_1_gain).toBeCloseTo(result.after.pass_at_1 - result.before.pass_at_1, 12);
    expect(result.p_value).toBeGreaterThan(0);
    expect(await verifyDirectory(result.checkpoint)).toBe(true);
  });

  it('ends with 130 and a checkpoint at the first Ctrl-C, and resumes to the bits of a run left alone', async () => {
    const whole = await evom(['train', '-c', 'dapo.yaml', ...set('run.dir=whole'), '--quiet'], folder);
    expect(whole.code, whole.err).toBe(0);
    const { child, ended } = startEvom(['train', '-c', 'dapo.yaml', ...set('run.dir=stopped')], folder);
    let isAsked = false;
    child.stderr?.on('data', (chunk: Buffer) => {
      if (isAsked || !/^set-up took/m.test(`${chunk}`)) return; // eight steps are still to come
      isAsked = true;
      child.kill('SIGINT');
    });
    const { code, err } = await ended;
    expect(code, err).toBe(130);
    expect(err).toMatch(/interrupted after step \d; a checkpoint was written, continue with --resume/);
    const again = await evom(['train', '-c', 'dapo.yaml', ...set('run.dir=stopped'), '--resume', '--quiet'], folder);
    expect(again.code, again.err).toBe(0);
    const [left, right] = [await fingerprint(join(folder, 'whole/run')), await fingerprint(join(folder, 'stopped/run'))];
    expect(right.metrics).toEqual(left.metrics);
    // The interrupted run has one checkpoint more.
    expect(right.files).toMatchObject(left.files);
  });

  it('goes on for more steps, to the bits of a run that was configured so', async () => {
    const short = await evom(['train', '-c', 'grpo.yaml', ...set('run.dir=short', 'run.steps=4'), '--quiet'], folder);
    expect(short.code, short.err).toBe(0);
    const more = await evom(['train', '--resume', 'short/run', '--set', 'run.steps=7'], folder);
    expect(more.code, more.err).toBe(0);
    expect(more.err).toContain('run.steps raised from 4 to 7: as if the run had been configured so');
    const whole = await evom(['train', '-c', 'grpo.yaml', ...set('run.dir=long', 'run.steps=7'), '--quiet'], folder);
    expect(whole.code, whole.err).toBe(0);
    const [long, raised] = [await fingerprint(join(folder, 'long/run')), await fingerprint(join(folder, 'short/run'))];
    // The short run was evaluated at what was its end.
    expect(raised.files).toMatchObject(long.files);
    const atItsEnd = (metrics: unknown[]) =>
      metrics.map((line) => Object.fromEntries(Object.entries(line as object).filter(([key]) => !key.startsWith('eval/'))));
    expect(atItsEnd(raised.metrics)).toEqual(atItsEnd(long.metrics));
    expect(raised.metrics.filter((_, i) => i !== 3)).toEqual(long.metrics.filter((_, i) => i !== 3));
    expect(readFileSync(join(folder, 'short/run/config.resolved.yaml'), 'utf8')).toBe(
      readFileSync(join(folder, 'long/run/config.resolved.yaml'), 'utf8'),
    );
  });

  it('goes on for more steps at the end of its schedule, and says that this is another run', async () => {
    const linear = set('run.dir=linear', 'run.steps=2', 'schedule={type: linear, final_factor: 0.1}');
    expect((await evom(['train', '-c', 'dapo.yaml', ...linear, '--quiet'], folder)).code).toBe(0);
    const more = await evom(['train', '--resume', 'linear/run', '--set', 'run.steps=3'], folder);
    expect(more.code, more.err).toBe(0);
    expect(more.err).toContain('the learning rate keeps the schedule of 2 steps');
    const factors = (await readMetrics(join(folder, 'linear/run'))).map((line) => line.learning_rate_factor);
    expect(factors).toEqual([1, 0.55, 0.1]);
  });

  it('leaves no directory behind when it cannot start, or is stopped before its first step', async () => {
    const failed = await evom(['train', '-c', 'grpo.yaml', ...set('run.dir=never/a', 'dataset.eval.0.path=problems.jsonl')], folder);
    expect(failed).toMatchObject({ code: 3, err: expect.stringMatching(/^E_DATA the run cannot start: disjoint: .*"evom data split"/m) });
    const { child, ended } = startEvom(['train', '-c', 'grpo.yaml', ...set('run.dir=never/b')], folder);
    child.stderr?.once('data', () => child.kill('SIGINT'));
    const stopped = await ended;
    expect(stopped).toMatchObject({ code: 130, err: expect.stringContaining('interrupted before the first step: nothing was written') });
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  it('ends with 4 and a checkpoint when a guard stops it', async () => {
    const guards = set('run.dir=guard', 'guards.entropy_min=10', 'guards.action=stop');
    const { code, err } = await evom(['train', '-c', 'dapo.yaml', ...guards], folder);
    expect({ code, err }).toEqual({
      code: 4,
      err: expect.stringMatching(/stopped after step 1, checkpoint written: entropy .* below guards.entropy_min 10/),
    });
    expect(await verifyDirectory(join(folder, 'guard/run/checkpoints/000001'))).toBe(true);
  });

  it('goes on from another run’s checkpoint under another solver', async () => {
    const adapt = [
      '--init-from',
      join(folder, 'json/run/latest'),
      ...set('backend=glpk', 'dialect=highs-js', 'run.dir=adapt', 'run.steps=1'),
    ];
    const { code, out, err } = await evom(['train', '-c', 'grpo.yaml', ...adapt, '--json', '--quiet'], folder);
    expect(code, err).toBe(0);
    const run = JSON.parse(out).run_dir;
    // What `latest` stood for, so that the run resumes from there however far the other one gets.
    expect(readFileSync(join(run, 'config.resolved.yaml'), 'utf8')).toContain(join(folder, 'json/run/checkpoints/000002'));
    const groups = await readRollouts(join(run, 'steps/000001/rollouts.arrow'));
    expect(new Set(groups.flatMap((group) => group.rollouts.map(({ outcome }) => outcome.backend)))).toEqual(new Set(['glpk']));
  });
});

describe('evom sft', () => {
  it('resumed, ends with the bits of a run left alone', async () => {
    const sft = (dir: string, steps: number, ...more: string[]): string[] => [
      'sft',
      '-c',
      'sft.yaml',
      ...set(`run.dir=${dir}`, `run.steps=${steps}`, 'run.checkpoint_every=5', 'schedule.total=20', `output=${dir}-model`),
      ...more,
    ];
    expect((await evom(sft('sft-whole', 20, '--quiet'), folder)).code).toBe(0);
    const { child, ended } = startEvom(sft('sft-stopped', 20), folder);
    child.stderr?.on('data', (chunk: Buffer) => {
      if (/^step +[7-9]\//m.test(`${chunk}`)) child.kill('SIGKILL');
    });
    await ended;
    const again = await evom(sft('sft-stopped', 20, '--resume', '--quiet'), folder);
    expect(again.code, again.err).toBe(0);
    expect(again.out).toBe(`${join(folder, 'sft-stopped-model')}\n`);
    expect(await fingerprint(join(folder, 'sft-stopped/start'))).toEqual(await fingerprint(join(folder, 'sft-whole/start')));
    const [left, right] = ['sft-whole-model', 'sft-stopped-model'].map((name) => readFileSync(join(folder, name, 'model.safetensors')));
    expect(left?.equals(right ?? Buffer.of())).toBe(true);
    const losses = (await readMetrics(join(folder, 'sft-whole/start'))).map((line) => Number(line['learner/loss']));
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.7);
  });
});

describe('evom evaluate', () => {
  it('scores a checkpoint on the sets of a configuration, the same each time', async () => {
    const evaluate = () => evom(['evaluate', '-c', 'grpo.yaml', '--samples', '4', '--out', 'scores.jsonl', '--json', '--quiet'], folder);
    const { code, out, err } = await evaluate();
    expect(code, err).toBe(0);
    const { checkpoint, backend, evaluations } = JSON.parse(out);
    expect({ checkpoint, backend }).toEqual({ checkpoint: join(folder, 'model'), backend: 'highs' });
    expect(evaluations).toMatchObject([{ name: 'same', judge: 'sirl', problems: 6, samples: 4, identical: null }]);
    expect(Object.keys(evaluations[0].pass_at_k)).toEqual(['1', '2', '4']);
    const scores = readFileSync(join(folder, 'scores.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(scores.map(({ id, scorable }) => [id, scorable])).toEqual([4, 5, 6, 7, 8, 9].map((capacity) => [`p${capacity}`, 4]));
    const passes = scores.reduce((sum, { passes }) => sum + passes, 0);
    expect(passes / 24).toBeCloseTo(evaluations[0].pass_at_1, 12);
    expect((await evaluate()).out).toBe(out);
  });
});

describe('evom rollout', () => {
  it('prints one JSON object a sample, or keeps them in a file', async () => {
    const { code, out, err } = await evom(['rollout', '-c', 'grpo.yaml', '--problems', '2', '--json', '--quiet'], folder);
    expect(code, err).toBe(0);
    const samples = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(samples.map(({ problem, sample }) => [problem, sample])).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [i < 4 ? 'p4' : 'p5', i % 4]),
    );
    const kept = await evom(['rollout', '-c', 'grpo.yaml', '--problems', '2', '--out', 'kept.arrow', '--quiet'], folder);
    expect(kept.out).toBe(`${join(folder, 'kept.arrow')}\n`);
    const groups = await readRollouts(join(folder, 'kept.arrow'));
    expect(groups.flatMap((group) => group.rollouts.map((rollout) => rollout.completionText))).toEqual(
      samples.map(({ completion }) => completion),
    );
  });
});
