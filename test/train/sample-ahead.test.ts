/** Sampling beside the learner: who sampled what with which weights, whoever is faster, stopped, resumed or broken. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EvomError } from '../../src/lib/errors.ts';
import { randomStream } from '../../src/lib/random.ts';
import type { Learner } from '../../src/policy/learner.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { RolloutParts } from '../../src/rollout/engine.ts';
import { replayableMetrics } from '../../src/runs/metrics.ts';
import { type TrainState, trainLoop } from '../../src/train/loop.ts';
import { initialTrainState } from '../../src/train/sft.ts';
import type { StepMetrics } from '../../src/train/step-metrics.ts';
import { scriptedParts } from '../rollout/scripted.ts';
import { countingLearner, evaluation, settings, trainParts } from './fixtures.ts';

/** A policy that tells what is done to it, with something done before. */
function watched(
  policy: Policy,
  before: { sample?: () => Promise<void> | void; update?: (version: number) => Promise<void> | void },
): Policy {
  return {
    modelId: policy.modelId,
    maxLength: policy.maxLength,
    get version() {
      return policy.version;
    },
    sample: async (requests, params, options) => {
      await before.sample?.();
      return policy.sample(requests, params, options);
    },
    score: (...args) => policy.score(...args),
    update: async (weights) => {
      await before.update?.(weights.version);
      await policy.update(weights);
    },
    close: () => policy.close(),
  };
}

function stepping(learner: Learner, before: () => Promise<void> | void): Learner {
  return {
    get version() {
      return learner.version;
    },
    step: async (...args) => {
      await before();
      return learner.step(...args);
    },
    weights: () => learner.weights(),
    save: (directory) => learner.save(directory),
    close: () => learner.close(),
  };
}

/** Sample 0 is right, sample 1 wrong: every group teaches. */
const mixed = (): RolloutParts => scriptedParts((_question, seed) => (seed.endsWith('/0') ? '1' : '2'));
/** Right or wrong by the draw's name: about a third of the groups of two are mixed. */
const drawn = (): RolloutParts => scriptedParts((_question, seed) => (randomStream('script', seed).next() < 0.7 ? '1' : '23'));
const dynamicSampling = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 3, minFill: 0.5, maxStaleness: 2 };
const replayable = (lines: readonly StepMetrics[]) => lines.map((line) => replayableMetrics({ step: 0, ...line }));

describe('trainLoop with stepsAhead', () => {
  it.each([
    [0, [0, 1, 2, 3, 4], [0, 0, 0, 0, 0]],
    [1, [0, 0, 1, 2, 3], [0, 1, 1, 1, 1]],
    [2, [0, 0, 0, 1, 2], [0, 1, 2, 2, 2]],
    [9, [0, 0, 0, 0, 0], [0, 1, 2, 3, 4]],
  ])('%i: samples the batch of each step with the weights of that many steps before', async (stepsAhead, versions, staleness) => {
    const { parts, store } = trainParts(mixed(), countingLearner(), initialTrainState);
    await trainLoop(parts, settings({ steps: 5, stepsAhead }), initialTrainState);
    expect(store.seen.map((groups) => groups[0]?.rollouts[0]?.completion.policyVersion)).toEqual(versions);
    expect(store.events.filter((event) => event.startsWith('write'))).toEqual(
      versions.map((version, i) => `write ${i + 1}: 1 batches at version ${version}`),
    );
    expect(store.lines.map((line) => line['staleness/mean'])).toEqual(staleness);
    expect(store.lines.map((line) => line['staleness/max'])).toEqual(staleness);
    expect(store.lines.map((line) => line['groups/mixed_versions'])).toEqual([0, 0, 0, 0, 0]);
  });

  it('samples the next batch while the learner takes a step, and none more', async () => {
    // Each waits for the other to have begun: taking turns, the two would wait for ever.
    const order: string[] = [];
    const begin = async (name: string, other: string): Promise<void> => {
      order.push(name);
      while (['sample 2', 'sample 3', 'step 1', 'step 2'].includes(other) && !order.includes(other)) await sleep(1);
    };
    const rollout = mixed();
    let rounds = 0;
    const policy = watched(rollout.policy, { sample: () => begin(`sample ${++rounds}`, `step ${rounds - 1}`) });
    const counting = countingLearner();
    const learner = stepping(counting, () => begin(`step ${counting.version + 1}`, `sample ${counting.version + 2}`));
    const { parts } = trainParts({ ...rollout, policy }, learner, initialTrainState);
    await trainLoop(parts, settings({ steps: 3, stepsAhead: 1 }), initialTrainState);
    expect(order.toSorted()).toEqual(['sample 1', 'sample 2', 'sample 3', 'step 1', 'step 2', 'step 3']);
    expect(order.indexOf('sample 3')).toBeGreaterThan(order.indexOf('step 1'));
  });

  it.each([1, 2, 3])('%i: gives the same run whoever is faster, and no policy changes its weights while it samples', async (stepsAhead) => {
    const run = async (delay: string | null) => {
      const random = randomStream('delays', delay ?? '');
      const pause = () => (delay === null ? undefined : sleep(random.int(0, 6)).then(() => undefined));
      const rollout = drawn();
      let sampling = 0;
      const inner: Policy = watched(rollout.policy, { sample: pause });
      const policy: Policy = watched(
        {
          ...inner,
          get version() {
            return inner.version;
          },
          sample: async (...args) => {
            sampling += 1;
            try {
              return await inner.sample(...args);
            } finally {
              sampling -= 1;
            }
          },
        },
        {
          update: () => {
            expect(sampling).toBe(0);
            return pause();
          },
        },
      );
      const counting = countingLearner();
      const { parts, store } = trainParts(
        { ...rollout, policy },
        stepping(counting, () => pause()),
        initialTrainState,
      );
      await trainLoop(parts, settings({ steps: 8, stepsAhead, dynamicSampling }), initialTrainState);
      return { weight: counting.weight, seen: store.seen, lines: replayable(store.lines) };
    };
    const calm = await run(null);
    expect(calm.lines.some((line) => line.groups_trained === 2)).toBe(true);
    for (const delay of ['a', 'b']) expect(await run(delay)).toEqual(calm);
  });

  it.each([1, 2])('%i: goes on from any checkpoint as if it had never stopped', async (stepsAhead) => {
    const options = settings({ steps: 9, stepsAhead, checkpointEvery: 1, dynamicSampling });
    const whole = trainParts(drawn(), countingLearner(), initialTrainState);
    const end = await trainLoop(whole.parts, options, initialTrainState);
    expect(whole.store.checkpoints.map(({ state }) => state.ahead.length)).toEqual(
      whole.store.checkpoints.map(({ state }) => Math.min(stepsAhead, 9 - state.step)),
    );
    for (const { state, version } of whole.store.checkpoints.slice(0, -1)) {
      const before = whole.store.lines.slice(0, state.step).findLast((line) => line['learner/loss'] !== undefined)?.['learner/loss'] ?? 0;
      const again = trainParts(drawn(), countingLearner(version, before), state);
      await again.parts.rollout.policy.update({ type: 'tensors', version, tensors: new Map() });
      expect(await trainLoop(again.parts, options, state)).toEqual(end);
      expect(replayable(again.store.lines)).toEqual(replayable(whole.store.lines.slice(state.step)));
      expect(again.store.seen).toEqual(whole.store.seen.slice(state.step));
    }
  });

  it.each([
    [1, 'sampling'],
    [1, 'learning'],
    [2, 'sampling'],
    [2, 'learning'],
  ] as const)(
    '%i: stopped by the user while %s, keeps what was sampled ahead, and ends the same after a resume',
    async (stepsAhead, when) => {
      const options = settings({ steps: 6, stepsAhead, checkpointEvery: 100 });
      const whole = trainParts(mixed(), countingLearner(), initialTrainState);
      const end = await trainLoop(whole.parts, options, initialTrainState);

      const controller = new AbortController();
      const rollout = mixed();
      let rounds = 0;
      const policy = watched(rollout.policy, {
        sample: () => {
          rounds += 1;
          if (when === 'sampling' && rounds === 3) controller.abort();
        },
      });
      const counting = countingLearner();
      const learner = stepping(counting, () => {
        if (when === 'learning' && counting.version === 1) controller.abort();
      });
      const cut = trainParts({ ...rollout, policy }, learner, initialTrainState);
      await expect(trainLoop(cut.parts, options, initialTrainState, controller.signal)).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
      const checkpoint = cut.store.checkpoints.at(-1);
      const state = checkpoint?.state as TrainState;
      expect(state.ahead.length).toBeGreaterThanOrEqual(stepsAhead);

      const again = trainParts(mixed(), countingLearner(checkpoint?.version ?? 0, counting.weight), state);
      await again.parts.rollout.policy.update({ type: 'tensors', version: checkpoint?.version ?? 0, tensors: new Map() });
      expect(await trainLoop(again.parts, options, state)).toEqual(end);
      expect(replayable([...cut.store.lines, ...again.store.lines])).toEqual(replayable(whole.store.lines));
      expect([...cut.store.seen, ...again.store.seen]).toEqual(whole.store.seen);
    },
  );

  it('hands over weights as they were, though the learner goes on writing into its own', async () => {
    const own = Float32Array.of(0);
    const taken = new Map<number, number>();
    const counting = countingLearner();
    const learner: Learner = {
      get version() {
        return counting.version;
      },
      step: async (...args) => {
        const result = await counting.step(...args);
        own[0] = counting.version;
        return result;
      },
      weights: () => ({ type: 'tensors', version: counting.version, tensors: new Map([['w', own]]) }),
      save: async () => {},
      close: async () => {},
    };
    const rollout = mixed();
    const policy: Policy = {
      ...rollout.policy,
      get version() {
        return rollout.policy.version;
      },
      sample: async (...args) => {
        await sleep(3); // slower than the learner: weights of several versions wait
        return rollout.policy.sample(...args);
      },
      update: async (weights) => {
        if (weights.type === 'tensors') taken.set(weights.version, weights.tensors.get('w')?.[0] ?? Number.NaN);
        await rollout.policy.update(weights);
      },
    };
    const { parts } = trainParts({ ...rollout, policy }, learner, initialTrainState);
    await trainLoop(parts, settings({ steps: 8, stepsAhead: 3 }), initialTrainState);
    expect([...taken]).toEqual([1, 2, 3, 4, 8].map((version) => [version, version])); // the last for the evaluation
  });

  it('evaluates the weights of the step, and goes on with the batches that were sampled before', async () => {
    const rollout = mixed();
    const versions: number[] = [];
    const { parts, store } = trainParts(rollout, countingLearner(), initialTrainState, {
      evaluate: async () => {
        versions.push(rollout.policy.version);
        return [evaluation()];
      },
    });
    await trainLoop(parts, settings({ steps: 6, stepsAhead: 2, evalEvery: 2 }), initialTrainState);
    expect(versions).toEqual([2, 4, 6]);
    expect(store.lines.map((line) => line['staleness/max'])).toEqual([0, 1, 2, 2, 2, 2]);
  });

  it('counts groups that an odd policy sampled with several versions', async () => {
    const rollout = mixed();
    const policy: Policy = {
      ...rollout.policy,
      sample: (requests, params, options) =>
        rollout.policy.sample(requests, params, {
          ...options,
          onCompletion: (i, k, completion) => options?.onCompletion?.(i, k, { ...completion, policyVersion: i === 0 ? -k : 0 }),
        }),
    };
    const { parts, store } = trainParts({ ...rollout, policy }, countingLearner(), initialTrainState);
    await trainLoop(parts, settings({ steps: 1 }), initialTrainState);
    expect(store.lines[0]).toMatchObject({ 'groups/mixed_versions': 1, 'staleness/max': 1, 'staleness/mean': 0.25 });
  });

  it('lets a fault of the sampler through, and waits for the sampler when the learner has one', async () => {
    const broken = new EvomError('E_POLICY', 'the server is gone');
    const rollout = mixed();
    let rounds = 0;
    const failing = watched(rollout.policy, {
      sample: () => {
        if (++rounds === 3) throw broken;
      },
    });
    const options = settings({ steps: 6, stepsAhead: 1 });
    const first = trainParts({ ...rollout, policy: failing }, countingLearner(), initialTrainState);
    await expect(trainLoop(first.parts, options, initialTrainState)).rejects.toBe(broken);
    expect(first.store.events).not.toContain('write 3: 1 batches at version 1');

    let busy = 0;
    const inner = mixed();
    const slow = watched(inner.policy, {
      sample: async () => {
        busy += 1;
        await sleep(10);
        busy -= 1;
      },
    });
    const fault = new EvomError('E_LEARNER', 'out of memory');
    const learner = stepping(countingLearner(), () => Promise.reject(fault));
    const second = trainParts({ ...inner, policy: slow }, learner, initialTrainState);
    await expect(trainLoop(second.parts, options, initialTrainState)).rejects.toBe(fault);
    expect(busy).toBe(0);
  });
});
