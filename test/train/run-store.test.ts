import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRollouts } from '../../src/batch/rollouts.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { readMetrics, replayableMetrics } from '../../src/runs/metrics.ts';
import { runPaths } from '../../src/runs/run-directory.ts';
import { type TrainState, trainLoop } from '../../src/train/loop.ts';
import { checkpointsOf, DiskRunStore, optimizerStateDirectory, readTrainState } from '../../src/train/run-store.ts';
import { initialTrainState } from '../../src/train/sft.ts';
import { scriptedParts } from '../rollout/scripted.ts';
import { countingLearner, evaluation, settings, trainParts } from './fixtures.ts';

const modelFrom = fileURLToPath(new URL('../golden/policy/llama', import.meta.url));
const card = { summary: 'a test', command: 'evom train' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-store-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = (directory: string) => ({ paths: runPaths(directory), keepLast: 2, modelFrom, card });
const steps = 5;
const dynamicSampling = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 1, minFill: 1, maxStaleness: 9 };

/** The counting learner, with its one weight and version on disk. */
function savedLearner(from: string | null, onSave: (directory: string) => void = () => {}): Learner {
  const stored =
    from === null ? { version: 0, weight: 0 } : JSON.parse(readFileSync(join(from, optimizerStateDirectory, 'optimizer.json'), 'utf8'));
  const learner = countingLearner(stored.version, stored.weight);
  return {
    ...learner,
    get version() {
      return learner.version;
    },
    save: async (directory) => {
      mkdirSync(join(directory, optimizerStateDirectory), { recursive: true });
      const weight = Math.fround(learner.weight);
      writeFileSync(join(directory, 'model.safetensors'), `${weight}`);
      onSave(directory);
      writeFileSync(join(directory, optimizerStateDirectory, 'optimizer.json'), JSON.stringify({ version: learner.version, weight }));
    },
  };
}

/** Trains the run in `directory` from its newest checkpoint to the end; three groups a round leave one to carry. */
async function live(directory: string, stepsAhead: number, snapshot: (name: string) => void = () => {}): Promise<TrainState> {
  const from = await checkpointsOf(runPaths(directory), 2).newest();
  const state = from === null ? initialTrainState : await readTrainState(from.directory);
  const learner = savedLearner(from?.directory ?? null, () => snapshot('inside a checkpoint'));
  const store = await DiskRunStore.open(options(directory), from);
  const rollout = scriptedParts((_question, seed) => (seed.endsWith('/0') ? '1' : '2'));
  const { parts } = trainParts(rollout, learner, state, {
    evaluate: async () => [evaluation()],
    store: {
      writeStep: async (...args) => {
        await store.writeStep(...args);
        snapshot(`step ${args[0]} written`);
      },
      appendMetrics: async (...args) => {
        await store.appendMetrics(...args);
        snapshot(`metrics of step ${args[0]}`);
      },
      saveEvaluation: async (...args) => {
        await store.saveEvaluation(...args);
        snapshot('evaluation');
      },
      saveCheckpoint: async (...args) => {
        await store.saveCheckpoint(...args);
        snapshot(`checkpoint ${args[0].step}`);
      },
    },
  });
  await rollout.policy.update(learner.weights());
  const end = await trainLoop(parts, settings({ steps, stepsAhead, groupsPerStep: 3, dynamicSampling }), state);
  await store.close();
  return end;
}

/** What must be the same in two runs. */
async function contents(directory: string) {
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const checkpoints = readdirSync(join(directory, 'checkpoints')).sort();
  return {
    metrics: (await readMetrics(directory)).map(replayableMetrics),
    steps: readdirSync(join(directory, 'steps')).sort(),
    manifests: readdirSync(join(directory, 'steps')).map((step) => text(`steps/${step}/manifest.json`)),
    checkpoints: checkpoints.map((step) => [
      step,
      text(`checkpoints/${step}/model.safetensors`),
      text(`checkpoints/${step}/manifest.json`),
    ]),
    latest: text('latest'),
    evaluation: text('evaluations/000005.json'),
    leftovers: readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.tmp')),
  };
}

describe.each([0, 2])('a run on disk that samples %i steps ahead', (stepsAhead) => {
  let snapshots: { name: string; directory: string }[];
  let whole: string;
  let end: TrainState;
  beforeAll(async () => {
    snapshots = [];
    whole = join(folder, `whole-${stepsAhead}`);
    mkdirSync(whole);
    end = await live(whole, stepsAhead, (name) => {
      const directory = join(folder, `snapshot-${stepsAhead}-${snapshots.length}`);
      cpSync(whole, directory, { recursive: true });
      snapshots.push({ name, directory });
    });
  });

  it('holds every step, its metrics, the last checkpoints and no temporary file', async () => {
    const { metrics, checkpoints, latest, leftovers, ...rest } = await contents(whole);
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
    expect(checkpoints.map(([step]) => step)).toEqual(['000004', '000005']);
    expect({ latest, leftovers, steps: rest.steps }).toEqual({
      latest: 'checkpoints/000005\n',
      leftovers: [],
      steps: ['000001', '000002', '000003', '000004', '000005'],
    });
    expect(readFileSync(join(whole, 'checkpoints/000005/README.md'), 'utf8')).toContain('a test');
    expect(existsSync(join(whole, 'checkpoints/000005/config.json'))).toBe(true);
  });

  it('gives the state back as it was, carried groups included', async () => {
    expect(end.carry.length).toBeGreaterThan(0);
    expect(await readTrainState(join(whole, 'checkpoints/000005'))).toEqual(end);
    const { ahead } = await readTrainState(join(whole, 'checkpoints/000004'));
    expect(ahead.map(({ weightVersion, seen, groups }) => [weightVersion, seen.length > 0, groups.length])).toEqual(
      stepsAhead === 0 ? [] : [[4 - stepsAhead, true, 2]],
    );
  });

  it('keeps the groups of a step as they were sampled', async () => {
    const groups = await readRollouts(join(whole, 'steps/000001/rollouts.arrow'));
    expect(groups.map((group) => group.rollouts.map((rollout) => rollout.completionText))).toEqual([
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  it('ends the same when it was cut after any of its writes', async () => {
    const expected = await contents(whole);
    expect(snapshots.length).toBeGreaterThan(14);
    for (const { name, directory: cut } of snapshots) {
      const directory = `${cut}-resumed`;
      cpSync(cut, directory, { recursive: true });
      expect(await live(directory, stepsAhead), name).toEqual(end);
      expect(await contents(directory), name).toEqual(expected);
    }
  });

  it('ends the same after a torn line, a torn step and half a checkpoint', async () => {
    const cut = snapshots.find(({ name }) => name === 'metrics of step 3')?.directory ?? '';
    const directory = join(folder, `torn-${stepsAhead}`);
    cpSync(whole, directory, { recursive: true });
    for (const step of ['000004', '000005']) rmSync(join(directory, 'checkpoints', step), { recursive: true });
    cpSync(join(cut, 'checkpoints'), join(directory, 'checkpoints'), { recursive: true });
    writeFileSync(join(directory, 'metrics.jsonl'), `${readFileSync(join(directory, 'metrics.jsonl'), 'utf8')}{"step":6,"rew`);
    writeFileSync(join(directory, 'steps/000002/rollouts.arrow.1.aa.tmp'), 'half');
    rmSync(join(directory, 'steps/000005/manifest.json'));
    mkdirSync(join(directory, 'checkpoints/000006.1.bb.tmp'));
    writeFileSync(join(directory, 'checkpoints/000006.1.bb.tmp/model.safetensors'), 'half');
    expect(await live(directory, stepsAhead)).toEqual(end);
    expect(await contents(directory)).toEqual(await contents(whole));
  });

  it('passes over a checkpoint that is damaged', async () => {
    const directory = join(folder, `damaged-${stepsAhead}`);
    cpSync(whole, directory, { recursive: true });
    writeFileSync(join(directory, 'checkpoints/000005/model.safetensors'), 'other');
    const from = await checkpointsOf(runPaths(directory), 2).newest();
    expect(from?.step).toBe(4);
    expect(await live(directory, stepsAhead)).toEqual(end);
    expect(await contents(directory)).toEqual(await contents(whole));
  });

  it('says what to do with a checkpoint that no run wrote', async () => {
    await expect(readTrainState(modelFrom)).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringContaining('--checkpoint'),
    });
  });
});

describe('evaluations', () => {
  it('are found again by step, and null where there are none', async () => {
    const directory = join(folder, 'evaluations');
    mkdirSync(directory);
    const store = await DiskRunStore.open(options(directory), null);
    const one = evaluation({ name: 'held_out' }, [
      { id: 'p', family: null, scorable: 1, passes: 1, flagged_passes: 0, identical: null, executed: 1 },
    ]);
    await store.saveEvaluation(3, [one]);
    await store.saveEvaluation(4, []);
    expect(await store.readEvaluation(3)).toEqual([one]);
    expect(await store.readEvaluation(4)).toBeNull();
    await store.close();
  });

  it('are not missing where they cannot be read', async () => {
    const directory = join(folder, 'unreadable-evaluations');
    mkdirSync(directory);
    const store = await DiskRunStore.open(options(directory), null);
    await store.saveEvaluation(3, [evaluation()]);
    const path = join(directory, 'evaluations', '000003.json');
    writeFileSync(path, '[{"summary":');
    await expect(store.readEvaluation(3)).rejects.toMatchObject({ code: 'E_RUN', message: expect.stringContaining(path) });
    rmSync(path);
    mkdirSync(path);
    await expect(store.readEvaluation(3)).rejects.toMatchObject({ code: 'E_DATA', message: expect.stringContaining(path) });
    await store.close();
  });
});

describe('the files of a step', () => {
  it('are those of its last writing: what an earlier one left goes', async () => {
    const directory = join(folder, 'leftovers');
    const step = runPaths(directory).step(1);
    mkdirSync(join(step, 'batch-007.arrow'), { recursive: true });
    writeFileSync(join(step, 'batch.arrow'), 'of more updates a batch');
    const store = await DiskRunStore.open(options(directory), { step: 1, directory: join(directory, 'checkpoints', '000001') });
    await store.writeStep(1, [], [], 0);
    await store.close();
    expect(readdirSync(step).sort()).toEqual(['manifest.json', 'rollouts.arrow']);
  });

  it('are counted in its manifest: the rows of all its batches', async () => {
    const learner = countingLearner();
    const { parts } = trainParts(
      scriptedParts((_question, seed) => (seed.endsWith('/0') ? '1' : '2')),
      learner,
      initialTrainState,
    );
    await trainLoop(parts, settings({ steps: 1 }), initialTrainState);
    const [batch] = learner.batches;
    if (batch === undefined) throw new Error('no batch');
    const directory = join(folder, 'counted');
    const store = await DiskRunStore.open(options(directory), null);
    await store.writeStep(1, [], [batch, batch, batch], 7);
    await store.close();
    const step = runPaths(directory).step(1);
    expect(readdirSync(step).sort()).toEqual(['batch-000.arrow', 'batch-001.arrow', 'batch-002.arrow', 'manifest.json', 'rollouts.arrow']);
    expect(JSON.parse(readFileSync(join(step, 'manifest.json'), 'utf8'))).toMatchObject({
      step: 1,
      weight_version: 7,
      groups: 0,
      rows: 3 * batch.rows.length,
    });
    expect(batch.rows.length).toBeGreaterThan(0);
  });
});

describe('the metrics of a resumed run', () => {
  const open = async (lines: string) => {
    const directory = mkdtempSync(join(folder, 'metrics-'));
    writeFileSync(join(directory, 'metrics.jsonl'), lines);
    const store = await DiskRunStore.open(options(directory), { step: 3, directory: join(directory, 'checkpoints', '000003') });
    await store.close();
    return store.lostMetrics;
  };

  it('are lost where the file ends before the checkpoint, and the store says so', async () => {
    expect(await open('{"step":1}\n{"step":2}\n{"step":3}\n{"step":4}\n')).toBeNull();
    expect(await open('{"step":1}\n{"step":2}\n{"step":')).toContain('has no line of step 3,');
    expect(await open('')).toContain('has no line of 3 steps, the first of them 1,');
  });
});
