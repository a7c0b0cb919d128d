/**
 * A learner: the embedded one, which also keeps a moving average of its weights (decay 0.9) and saves it beside each checkpoint's optimizer
 * state, as `average.safetensors`. `learner.type: ./averaging-learner.mjs`
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createOnnxLearner } from 'evom/embedded';
import { readSafetensors, writeSafetensors } from 'evom/lib';
import { muonDefaults } from 'evom/policy';

const decay = 0.9;

export default async function createAveragingLearner({ directory, threads, stateDirectory, config }) {
  const learner = await createOnnxLearner({
    model: { directory },
    // Muon, with its rate alone from the configuration.
    optimizer: { ...muonDefaults, lr: config.optimizer.lr },
    threads,
    microBatchTokens: config.learner.micro_batch_tokens,
    ...(stateDirectory === null ? {} : { stateDirectory }),
  });
  const saved = stateDirectory === null ? null : join(stateDirectory, 'average.safetensors');
  const average = new Map();
  if (saved !== null && existsSync(saved))
    for (const [name, { data }] of (await readSafetensors(saved)).tensors) average.set(name, Float32Array.from(data));
  else for (const [name, data] of learner.weights().tensors) average.set(name, Float32Array.from(data));

  return {
    get version() {
      return learner.version;
    },
    async step(batch, options) {
      const result = await learner.step(batch, options);
      for (const [name, data] of learner.weights().tensors) {
        const mean = average.get(name);
        for (const [i, value] of data.entries()) mean[i] = decay * mean[i] + (1 - decay) * value;
      }
      return result;
    },
    weights: () => learner.weights(),
    async save(target) {
      await learner.save(target);
      const tensors = new Map([...average].map(([name, data]) => [name, { shape: [data.length], data }]));
      await writeSafetensors(join(target, 'evom_state', 'average.safetensors'), tensors);
    },
    close: () => learner.close(),
  };
}
