import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRollouts, writeRollouts } from '../../src/batch/rollouts.ts';
import { trainInput } from '../../src/config/schema/train-schema.ts';
import { camelKeys } from '../../src/lib/camel-keys.ts';
import { EvomError } from '../../src/lib/errors.ts';
import { randomStream } from '../../src/lib/random.ts';
import { replayableMetrics } from '../../src/runs/metrics.ts';
import { initialGuardState } from '../../src/train/guards.ts';
import { type TrainState, trainLoop } from '../../src/train/loop.ts';
import { initialTrainState } from '../../src/train/sft.ts';
import type { StepMetrics } from '../../src/train/step-metrics.ts';
import { notANumberLearner } from '../fakes/not-a-number-learner.ts';
import { scriptedParts } from '../rollout/scripted.ts';
import { countingLearner, evaluation, settings, trainParts } from './fixtures.ts';

/** Sample 0 is right, sample 1 wrong. */
const mixed = () => scriptedParts((_question, seed) => (seed.endsWith('/0') ? '1' : '2'));
/** Right or wrong by the draw's name: about a third of the groups of two are mixed. */
const drawn = () => scriptedParts((_question, seed) => (randomStream('script', seed).next() < 0.7 ? '1' : '23'));

const replayable = (lines: readonly StepMetrics[]) => lines.map((line) => replayableMetrics({ step: 0, ...line }));

describe('trainLoop', () => {
  it('writes rollouts before each gradient step, its metrics after, and a checkpoint every second step', async () => {
    const learner = countingLearner();
    const { parts, store } = trainParts(mixed(), learner, initialTrainState);
    const last = await trainLoop(parts, settings(), initialTrainState);
    expect(last).toEqual({
      step: 4,
      genStep: 4,
      cursor: { epoch: 1, position: 3 },
      guards: initialGuardState,
      carry: [],
      ahead: [],
    });
    expect(store.events).toEqual([
      'write 1: 1 batches at version 0',
      'metrics 1',
      'write 2: 1 batches at version 1',
      'metrics 2',
      'checkpoint 2',
      'write 3: 1 batches at version 2',
      'metrics 3',
      'write 4: 1 batches at version 3',
      'evaluation 4',
      'metrics 4',
      'checkpoint 4',
    ]);
    expect(learner.version).toBe(4);
    expect(parts.rollout.policy.version).toBe(4);
    expect(store.seen.flat().map((group) => group.rollouts[0]?.completion.policyVersion)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(store.lines[0]?.reward).toBeCloseTo(0.6, 12); // 1.1 and 0.1
    expect(store.lines[0]).toMatchObject({ accuracy: 0.5, groups_trained: 2, infra_rate: 0, gen_step: 1, 'learner/approx_kl': 0.25 });
  });

  it('makes one learner step for each batch, under the schedule', async () => {
    const learner = countingLearner();
    const { parts, store } = trainParts(mixed(), learner, initialTrainState);
    const schedule = { type: 'linear', warmupSteps: 2, totalSteps: 4, minFactor: 0 } as const;
    await trainLoop(parts, settings({ schedule }), initialTrainState);
    expect(learner.batches.map(({ metadata }) => metadata.step)).toEqual([1, 2, 3, 4]);
    expect(learner.factors).toEqual(store.lines.map((line) => line.learning_rate_factor));
    expect(learner.factors[0]).toBeGreaterThan(0);
    expect(learner.factors[0]).toBeLessThan(1);
  });

  it('has the weights published by the last batch of a step alone', async () => {
    const asked: unknown[] = [];
    const counting = countingLearner();
    const { parts } = trainParts(mixed(), counting, initialTrainState);
    const learner: typeof parts.learner = {
      ...counting,
      get version() {
        return counting.version;
      },
      step: (batch, options) => {
        asked.push([options.publishWeights, options.keepWeightsFrom]);
        return counting.step(batch, options);
      },
    };
    const batches: typeof parts.batches = async (...args) => {
      const made = await parts.batches(...args);
      return [...made, ...made, ...made];
    };
    await trainLoop({ ...parts, learner, batches }, settings({ steps: 2 }), initialTrainState);
    expect(asked).toEqual([
      [false, 0],
      [false, 0],
      [true, 0],
      [false, 3],
      [false, 3],
      [true, 3],
    ]);
  });

  it('times a step in seconds, its parts within it', async () => {
    const counting = countingLearner();
    const { parts, store } = trainParts(mixed(), counting, initialTrainState);
    const learner: typeof parts.learner = {
      ...counting,
      get version() {
        return counting.version;
      },
      step: async (batch, options) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return counting.step(batch, options);
      },
    };
    const began = performance.now();
    await trainLoop({ ...parts, learner }, settings({ steps: 2 }), initialTrainState);
    const wallS = (performance.now() - began) / 1000;
    let sum = 0;
    for (const line of store.lines) {
      const [step, learn, update, wait] = ['step', 'learn', 'update', 'learner_wait'].map((name) => Number(line[`time/${name}_s`]));
      expect(learn).toBeGreaterThan(0.015);
      expect(step).toBeGreaterThanOrEqual(learn ?? 0);
      for (const part of [update, wait]) expect(part).toBeGreaterThanOrEqual(0);
      sum += step ?? 0;
    }
    expect(sum).toBeLessThanOrEqual(wallS);
  });

  describe('with a learner whose figures are not finite', () => {
    const run = (over: Parameters<typeof settings>[0]) => {
      const { parts, store, alarms } = trainParts(mixed(), notANumberLearner(), initialTrainState);
      return { done: trainLoop(parts, settings(over), initialTrainState), store, alarms };
    };
    const guards = { ...settings().guards, klMax: 1000 };

    it('stops at the guard after a checkpoint, and keeps the figures in the line of the step', async () => {
      const { done, store } = run({ guards });
      await expect(done).rejects.toMatchObject({ code: 'E_GUARD', message: expect.stringContaining('KL NaN nats a token') });
      expect(store.lines).toEqual([expect.objectContaining({ 'learner/approx_kl': Number.NaN, 'learner/grad_norm': Infinity })]);
      expect(store.events.at(-1)).toBe('checkpoint 1');
    });

    it('names those figures by the guards that a configuration has by default', async () => {
      const { done, store } = run({ guards: camelKeys(trainInput.shape.guards.parse({})), onAlarm: 'warn' });
      await done;
      expect(store.alarms).toHaveLength(4);
      for (const alarms of store.alarms) expect(alarms.join()).toMatch(/learner\/approx_kl.* not a finite number/);
    });

    it('warns at each step where it is told to go on', async () => {
      const { done, alarms } = run({ guards, onAlarm: 'warn' });
      await done;
      expect(alarms.filter((alarm) => / KL /.test(alarm)).map((alarm) => alarm.slice(0, 10))).toEqual([
        '1: KL NaN ',
        '2: KL NaN ',
        '3: KL NaN ',
        '4: KL NaN ',
      ]);
    });
  });

  it('is not interrupted by what comes during the last step: the run is done', async () => {
    for (const [at, done] of [
      [4, true],
      [3, false],
    ] as const) {
      const stop = new AbortController();
      const { parts, store } = trainParts(mixed(), countingLearner(), initialTrainState, { onStep: (step) => step === at && stop.abort() });
      const ended = trainLoop(parts, settings(), initialTrainState, stop.signal).then(
        ({ step }) => step,
        (error: EvomError) => error.code,
      );
      expect(await ended).toBe(done ? 4 : 'E_INTERRUPTED');
      expect(store.events.at(-1)).toBe(`checkpoint ${at}`);
    }
  });

  it('evaluates at the interval and at the last step, in the same line of metrics', async () => {
    const { parts, store } = trainParts(mixed(), countingLearner(), initialTrainState, {
      evaluate: async () => [evaluation({ name: 'held_out', identical: 0.25 }), evaluation({ name: 'files' })],
    });
    await trainLoop(parts, settings({ evalEvery: 3 }), initialTrainState);
    expect(store.lines.map((line) => line['eval/held_out/pass_at_1'])).toEqual([undefined, undefined, 0.5, 0.5]);
    expect(store.lines[3]).toMatchObject({ 'eval/held_out/identical': 0.25, 'eval/files/pass_at_1': 0.5 });
    expect(Object.keys(store.lines[3] ?? {})).not.toContain('eval/files/identical');
    expect(store.events.filter((event) => event.startsWith('evaluation'))).toEqual(['evaluation 3', 'evaluation 4']);
  });

  it('goes on from any checkpoint as if it had never stopped', async () => {
    const dynamicSampling = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 3, minFill: 1, maxStaleness: 2 };
    const options = settings({ steps: 12, checkpointEvery: 1, dynamicSampling });
    const learner = countingLearner();
    const whole = trainParts(drawn(), learner, initialTrainState);
    const end = await trainLoop(whole.parts, options, initialTrainState);
    // Without surplus groups and skipped steps this run would show little.
    expect(whole.store.checkpoints.some(({ state }) => state.carry.length > 0)).toBe(true);
    expect(whole.store.lines.some((line) => line.groups_trained === 0)).toBe(true);
    expect(whole.store.lines.some((line) => line.groups_trained === 2)).toBe(true);

    const folder = mkdtempSync(join(tmpdir(), 'evom-carry-'));
    for (const { state, version } of whole.store.checkpoints.slice(0, -1)) {
      const path = join(folder, `${state.step}.arrow`);
      await writeRollouts(path, state.carry);
      const carry = state.carry.length === 0 ? [] : await readRollouts(path);
      const restored: TrainState = {
        ...(JSON.parse(JSON.stringify({ ...state, carry: [], ahead: [] })) as TrainState),
        carry,
        ahead: state.ahead,
      };
      expect(restored.carry).toEqual(state.carry);
      const before = whole.store.lines[state.step - 1]?.['learner/loss'] ?? lastLoss(whole.store.lines.slice(0, state.step));
      const again = trainParts(drawn(), countingLearner(version, before), restored);
      await again.parts.rollout.policy.update({ type: 'tensors', version, tensors: new Map() });
      expect(await trainLoop(again.parts, options, restored)).toEqual(end);
      expect(replayable(again.store.lines)).toEqual(replayable(whole.store.lines.slice(state.step)));
      expect(again.store.seen).toEqual(whole.store.seen.slice(state.step));
    }
    rmSync(folder, { recursive: true });
  });

  it('keeps surplus groups for the next step, and drops those that are too old', async () => {
    // Three groups a round, batches of two: one is left over each step, and two steps later there is a batch of them.
    const dynamicSampling = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 1, minFill: 1, maxStaleness: 0 };
    const run = async (maxStaleness: number) => {
      const { parts, store } = trainParts(mixed(), countingLearner(), initialTrainState);
      await trainLoop(
        parts,
        settings({ groupsPerStep: 3, steps: 3, dynamicSampling: { ...dynamicSampling, maxStaleness } }),
        initialTrainState,
      );
      return store.lines.map((line) => [line['groups/sampled'], line['groups/stale'], line.groups_trained]);
    };
    expect(await run(5)).toEqual([
      [3, 0, 2],
      [3, 0, 2],
      [0, 0, 2],
    ]);
    expect(await run(0)).toEqual([
      [3, 0, 2],
      [3, 1, 2],
      [3, 1, 2],
    ]);
  });

  it('does not take a step that lives on carried groups for a collapse of entropy', async () => {
    const dynamicSampling = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 1, minFill: 1, maxStaleness: 5 };
    const { parts, alarms } = trainParts(mixed(), countingLearner(), initialTrainState);
    const guards = { ...settings().guards, entropyMin: 0.1 };
    await trainLoop(parts, settings({ groupsPerStep: 3, steps: 3, dynamicSampling, guards }), initialTrainState);
    expect(alarms).toEqual([]);
  });

  it('skips the gradient step when no group carries a signal, and counts such steps', async () => {
    const learner = countingLearner();
    const dynamicSampling = { batchGroups: 2, band: { low: 0, high: 1 }, minScorable: 2, maxRounds: 2, minFill: 0.5, maxStaleness: 1 };
    const { parts, store } = trainParts(
      scriptedParts(() => '1'),
      learner,
      initialTrainState,
    );
    const end = await trainLoop(parts, settings({ steps: 3, dynamicSampling }), initialTrainState);
    expect({ version: learner.version, without: end.guards.stepsWithoutSignal, genStep: end.genStep }).toEqual({
      version: 0,
      without: 3,
      genStep: 6,
    });
    expect(store.lines[0]).toMatchObject({ 'groups/too_easy': 4, 'groups/rounds': 2, groups_trained: 0, frac_reward_zero_std: 1 });
  });

  it('counts steps without a mixed group also where every group is trained on', async () => {
    const same = scriptedParts(() => '1');
    const { parts, store, alarms } = trainParts(same, countingLearner(), initialTrainState);
    const guards = { ...settings().guards, noSignalSteps: 3 };
    await trainLoop(parts, settings({ guards, onAlarm: 'warn' }), initialTrainState);
    expect(store.lines.map((line) => line.groups_trained)).toEqual([2, 2, 2, 2]);
    expect(alarms.map((alarm) => alarm.slice(0, 30))).toEqual(['3: no group carried a signal f', '4: no group carried a signal f']);
  });

  it('stops on a guard with exit code 4 in mind: checkpoint first, then E_GUARD', async () => {
    const { parts, store, alarms } = trainParts(mixed(), countingLearner(), initialTrainState);
    const guards = { ...settings().guards, klMax: 0.1 };
    await expect(trainLoop(parts, settings({ guards }), initialTrainState)).rejects.toMatchObject({
      code: 'E_GUARD',
      message: expect.stringMatching(/stopped after step 1, checkpoint written: KL 0\.2500/),
    });
    expect(store.events.at(-1)).toBe('checkpoint 1');
    expect(alarms).toHaveLength(1);
  });

  it('only says so when guards are told to warn', async () => {
    const { parts, alarms } = trainParts(mixed(), countingLearner(), initialTrainState);
    const guards = { ...settings().guards, klMax: 0.1 };
    expect((await trainLoop(parts, settings({ guards, onAlarm: 'warn' }), initialTrainState)).step).toBe(4);
    expect(alarms.map((alarm) => alarm.slice(0, 5))).toEqual(['1: KL', '2: KL', '3: KL', '4: KL']);
  });

  describe('with the guards that a configuration has by default, which warn', () => {
    const defaults = { guards: camelKeys(trainInput.shape.guards.parse({})), onAlarm: 'warn' } as const;
    const run = (script: Parameters<typeof scriptedParts>[0], over: Parameters<typeof settings>[0] = {}) => {
      const { parts, store, alarms } = trainParts(scriptedParts(script), countingLearner(), initialTrainState);
      return { done: trainLoop(parts, settings({ ...defaults, ...over }), initialTrainState), store, alarms };
    };

    it.each([
      ['some', (seed: string) => seed.endsWith('/0')],
      ['all', () => true],
    ] as const)('stops at the third step in a row that loses %s rollouts to faults of ours, after a checkpoint', async (_, isLost) => {
      const { done, store, alarms } = run((_question, seed) => (isLost(seed) ? 'fault' : '1'), { steps: 9 });
      await expect(done).rejects.toMatchObject({
        code: 'E_GUARD',
        message: expect.stringMatching(/after step 3.*3 steps in a row.*--resume/),
      });
      expect(store.events.at(-1)).toBe('checkpoint 3');
      expect(store.alarms.map((some) => some.length)).toEqual([1, 1, 2]);
      expect(alarms[0]).toMatch(/^1: (?:50|100)\.0 % of the rollouts were lost/);
    });

    it('notes a signal of format alone, and hands it to the store with the line of its step', async () => {
      // A program that runs and is wrong earns its format; a completion without one earns nothing.
      const { done, store } = run((_question, seed) => (seed.endsWith('/0') ? '2' : ''), { steps: 10 });
      await done;
      expect(
        store.alarms
          .slice(0, 9)
          .flat()
          .filter((alarm) => /format reward/.test(alarm)),
      ).toEqual([]);
      expect(store.alarms[9]).toEqual([expect.stringMatching(/only signal of 10 steps was the format reward/)]);
    });
  });

  it('counts faults of ours, and not missing labels, as lost rollouts', async () => {
    const faulty = trainParts(
      scriptedParts((_question, seed) => (seed.endsWith('/0') ? 'fault' : '1')),
      countingLearner(),
      initialTrainState,
    );
    await trainLoop(faulty.parts, settings({ steps: 1 }), initialTrainState);
    expect(faulty.store.lines[0]).toMatchObject({ infra_rate: 0.5, accuracy: 1 });

    const unlabelled = trainParts(mixed(), countingLearner(), initialTrainState, {
      problems: { next: () => ({ id: 'u', question: 'u', answer: null, source: 'test' }), state: () => ({ epoch: 0, position: 0 }) },
    });
    await trainLoop(unlabelled.parts, settings({ steps: 1 }), initialTrainState);
    expect(unlabelled.store.lines[0]).toMatchObject({ infra_rate: 0, 'groups/unscorable': 2, groups_trained: 0 });
  });

  it('stopped while it samples, forgets that step: the checkpoint is of the step before', async () => {
    const controller = new AbortController();
    const rollout = mixed();
    let rounds = 0;
    const policy: typeof rollout.policy = {
      ...rollout.policy,
      sample: (...args) => {
        rounds += 1;
        if (rounds === 4) controller.abort();
        return rollout.policy.sample(...args);
      },
    };
    const { parts, store } = trainParts({ ...rollout, policy }, countingLearner(), initialTrainState);
    const run = trainLoop(parts, settings({ checkpointEvery: 100 }), initialTrainState, controller.signal);
    await expect(run).rejects.toMatchObject({ code: 'E_INTERRUPTED', message: expect.stringContaining('after step 3') });
    expect(store.checkpoints.at(-1)?.state).toMatchObject({ step: 3, genStep: 3, cursor: { epoch: 1, position: 1 } });
    expect(store.events.at(-1)).toBe('checkpoint 3');
  });

  it('stopped before anything was sampled, leaves a checkpoint of step 0', async () => {
    const { parts, store } = trainParts(mixed(), countingLearner(), initialTrainState);
    await expect(trainLoop(parts, settings(), initialTrainState, AbortSignal.abort())).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
    expect(store.events).toEqual(['checkpoint 0']);
  });

  it('stopped in a gradient step, finishes it first', async () => {
    const controller = new AbortController();
    const learner = countingLearner();
    const stopping = {
      ...learner,
      get version() {
        return learner.version;
      },
      step: (...args: Parameters<typeof learner.step>) => {
        if (learner.version === 1) controller.abort();
        return learner.step(...args);
      },
    };
    const { parts, store } = trainParts(mixed(), stopping, initialTrainState);
    await expect(trainLoop(parts, settings({ checkpointEvery: 100 }), initialTrainState, controller.signal)).rejects.toMatchObject({
      code: 'E_INTERRUPTED',
      message: expect.stringContaining('after step 2'),
    });
    expect(store.checkpoints).toMatchObject([{ state: { step: 2 }, version: 2 }]);
  });

  it('lets a fault of the verifier through', async () => {
    const broken = new EvomError('E_SANDBOX', 'the pool is gone');
    const rollout = scriptedParts(() => '1', { verify: () => Promise.reject(broken) });
    const { parts, store } = trainParts(rollout, countingLearner(), initialTrainState);
    await expect(trainLoop(parts, settings(), initialTrainState)).rejects.toBe(broken);
    expect(store.events).toEqual([]);
  });

  it.each([0, 1])('keeps the steps that were done when sampling meets a fault, %d steps ahead', async (stepsAhead) => {
    const gone = new EvomError('E_POLICY', 'the server is gone');
    const rollout = mixed();
    let rounds = 0;
    const policy: typeof rollout.policy = {
      ...rollout.policy,
      get version() {
        return rollout.policy.version;
      },
      sample: (...args) => {
        rounds += 1;
        return rounds === 4 ? Promise.reject(gone) : rollout.policy.sample(...args);
      },
    };
    const { parts, store } = trainParts({ ...rollout, policy }, countingLearner(), initialTrainState);
    const run = trainLoop(parts, settings({ checkpointEvery: 100, stepsAhead }), initialTrainState);
    await expect(run).rejects.toBe(gone);
    expect(store.events.at(-1)).toBe('checkpoint 3');
    expect(store.checkpoints).toMatchObject([{ version: 3, state: { step: 3, genStep: 3, cursor: { epoch: 1, position: 1 }, ahead: [] } }]);
  });

  it.each([{ evalEvery: 0 }, { evalEvery: 1 }])(
    'keeps a step whose weights the servers do not take any more, %j',
    async ({ evalEvery }) => {
      const gone = new EvomError('E_POLICY', 'the server is gone');
      const rollout = mixed();
      const policy: typeof rollout.policy = {
        ...rollout.policy,
        get version() {
          return rollout.policy.version;
        },
        update: (weights) => (weights.version === 2 ? Promise.reject(gone) : rollout.policy.update(weights)),
      };
      const learner = countingLearner();
      const { parts, store } = trainParts({ ...rollout, policy }, learner, initialTrainState);
      await expect(trainLoop(parts, settings({ checkpointEvery: 100, evalEvery }), initialTrainState)).rejects.toBe(gone);
      // The old weights are not evaluated under the new step's number.
      expect(store.events.slice(-3)).toEqual(['write 2: 1 batches at version 1', 'metrics 2', 'checkpoint 2']);
      const state = store.checkpoints[0]?.state as TrainState;
      expect(store.checkpoints).toMatchObject([{ version: 2, state: { step: 2, genStep: 2 } }]);

      const back = mixed();
      const again = trainParts(back, countingLearner(2, learner.weight), state);
      await back.policy.update({ type: 'tensors', version: 2, tensors: new Map() });
      await trainLoop(again.parts, settings({ checkpointEvery: 100 }), state);
      const whole = trainParts(mixed(), countingLearner(), initialTrainState);
      await trainLoop(whole.parts, settings({ checkpointEvery: 100 }), initialTrainState);
      expect([...store.lines, ...again.store.lines].map((line) => line['learner/loss'])).toEqual(
        whole.store.lines.map((line) => line['learner/loss']),
      );
    },
  );

  it('tells the fault that came first when the steps that were done cannot be kept', async () => {
    const gone = new EvomError('E_POLICY', 'the server is gone');
    const rollout = mixed();
    let rounds = 0;
    const policy = {
      ...rollout.policy,
      sample: (...args: Parameters<typeof rollout.policy.sample>) => {
        rounds += 1;
        return rounds === 2 ? Promise.reject(gone) : rollout.policy.sample(...args);
      },
    };
    const { parts, store } = trainParts({ ...rollout, policy }, countingLearner(), initialTrainState);
    store.saveCheckpoint = () => Promise.reject(new EvomError('E_FILE', 'the disk is full'));
    await expect(trainLoop(parts, settings({ checkpointEvery: 100 }), initialTrainState)).rejects.toBe(gone);
  });

  it('has nothing to do after the last step', async () => {
    const state = { ...initialTrainState, step: 4 };
    const { parts, store } = trainParts(mixed(), countingLearner(), state);
    expect(await trainLoop(parts, settings(), state)).toBe(state);
    expect(store.events).toEqual([]);
  });
});

/** The counting learner's weight is its loss; steps without a batch report none. */
function lastLoss(lines: readonly StepMetrics[]): number {
  return lines.findLast((line) => line['learner/loss'] !== undefined)?.['learner/loss'] ?? 0;
}
