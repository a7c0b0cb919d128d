/** A small run, written by the training loop itself with scripted parts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPaths } from '../../src/runs/run-directory.ts';
import { trainLoop } from '../../src/train/loop.ts';
import { DiskRunStore, optimizerStateDirectory } from '../../src/train/run-store.ts';
import { initialTrainState } from '../../src/train/sft.ts';
import { scriptedParts } from '../rollout/scripted.ts';
import { countingLearner, settings, trainParts } from '../train/fixtures.ts';

const modelFrom = fileURLToPath(new URL('../golden/policy/llama', import.meta.url));

/** Trains four steps of two groups of two in `directory`: the first sample of each group is right. */
export async function runOnDisk(directory: string, seed = 7): Promise<string> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(runPaths(directory).resolvedConfig, `kind: train\nrun:\n  seed: ${seed}\n  steps: 4\nbackend: highs\n`);
  const counting = countingLearner();
  const learner = {
    ...counting,
    get version() {
      return counting.version;
    },
    save: async (checkpoint: string) => {
      mkdirSync(join(checkpoint, optimizerStateDirectory), { recursive: true });
    },
  };
  const card = { summary: 'a test', command: 'evom train' };
  const store = await DiskRunStore.open({ paths: runPaths(directory), keepLast: 2, modelFrom, card }, null);
  const rollout = scriptedParts((_question, name) => (name.endsWith('/0') ? '1' : '2'));
  const { parts } = trainParts(rollout, learner, initialTrainState, {
    store: {
      writeStep: (...args) => store.writeStep(...args),
      appendMetrics: (...args) => store.appendMetrics(...args),
      saveEvaluation: (...args) => store.saveEvaluation(...args),
      saveCheckpoint: (...args) => store.saveCheckpoint(...args),
    },
  });
  await rollout.policy.update(learner.weights());
  await trainLoop(parts, settings({ seed }), initialTrainState);
  await store.close();
  return directory;
}
