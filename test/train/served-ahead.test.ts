/**
 * Sampling ahead where it matters: a served policy (the stand-in of test/policy, since vLLM and SGLang cannot be installed here) beside
 * a learner that writes weights to disk. Both take a known time on top of their work.
 *
 *     EVOM_MEASURE=1 npx vitest run test/train/served-ahead.test.ts     # prints the wall clock of both ways
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differingShare, readWeights } from '../../src/checkpoint/hf-layout.ts';
import type { RolloutGroup } from '../../src/core/rollout.ts';
import { createOnnxPolicy } from '../../src/embedded/sampler/onnx-policy.ts';
import { writeSafetensors } from '../../src/lib/safetensors.ts';
import type { Learner } from '../../src/policy/learner.ts';
import { createOpenAiPolicy } from '../../src/servers/openai-policy.ts';
import { trainLoop } from '../../src/train/loop.ts';
import { initialTrainState } from '../../src/train/sft.ts';
import { scriptedParts } from '../rollout/scripted.ts';
import { startStandIn } from '../servers/stand-in-server.ts';
import { settings, trainParts } from './fixtures.ts';

const golden = fileURLToPath(new URL('../golden/policy/llama', import.meta.url));
const prompt = Int32Array.of(3, 8, 13);
const sampling = { temperature: 1, topK: 0, topP: 1, maxTokens: 6 } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-served-ahead-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every step shrinks all weights by 3 % and publishes the model; folders older than asked for are deleted. A step ends when `until` lets it. */
async function directoryLearner(root: string, learnMs: number, events: string[], until: (step: number) => boolean): Promise<Learner> {
  const original = await readWeights(golden);
  let version = 0;
  const directory = (of: number): string => (of === 0 ? golden : join(root, `${of}`));
  return {
    get version() {
      return version;
    },
    step: async (_batch, { keepWeightsFrom = version }) => {
      events.push('step begins');
      await sleep(learnMs);
      while (!until(version + 1)) await sleep(1);
      const scale = 0.97 ** (version + 1);
      cpSync(golden, directory(version + 1), { recursive: true });
      const tensors = new Map([...original].map(([name, t]) => [name, { ...t, data: t.data.map((value) => value * scale) }]));
      await writeSafetensors(join(directory(version + 1), 'model.safetensors'), tensors);
      version += 1;
      for (const name of readdirSync(root)) if (Number(name) < keepWeightsFrom) rmSync(join(root, name), { recursive: true });
      events.push('step ends');
      return { version, metrics: {} };
    },
    weights: () => ({ type: 'directory', version, directory: directory(version) }),
    save: async () => {},
    close: async () => {},
  };
}

interface Served {
  readonly seen: readonly (readonly RolloutGroup[])[];
  readonly events: readonly string[];
  readonly seconds: number;
  readonly waits: readonly (readonly [learner: number, sampler: number])[];
}

/** A run of `steps` steps in which sampling and learning take at least the given times. */
async function run(
  name: string,
  stepsAhead: number,
  times: { sampleMs: number; learnMs: number; together?: boolean },
  steps: number,
): Promise<Served> {
  const root = mkdtempSync(join(folder, `${name}-`));
  const server = await startStandIn(golden, 'base', times.sampleMs);
  const events: string[] = [];
  const policy = await createOpenAiPolicy({
    servers: [server.url],
    engine: 'vllm',
    model: 'base',
    reload: 'vllm-disk',
    concurrency: 16,
    retries: 0,
    timeoutMs: 20_000,
    token: null,
    limits: { modelId: 'llama', maxLength: 64, vocabSize: 48 },
    hasTiedHead: false,
    stopIds: [1],
    initial: golden,
    weights: null,
    differingShare,
  });
  try {
    const parts = scriptedParts(() => '', {
      policy: {
        modelId: policy.modelId,
        maxLength: policy.maxLength,
        get version() {
          return policy.version;
        },
        sample: (requests, params, options) => {
          events.push('sample');
          return policy.sample(requests, params, options);
        },
        score: (...args) => policy.score(...args),
        update: (weights) => policy.update(weights),
        close: () => policy.close(),
      },
      task: (problem) => ({
        problem,
        prompt: { text: problem.question, tokenIds: prompt },
        dialect: 'highs-js',
        backend: 'highs',
        extract: (text) => ({ code: text, dialect: 'highs-js' }),
      }),
      decode: (ids) => `${ids.reduce((sum, id) => sum + id, 0) % 2}`, // right or wrong by chance
    });
    const begun = () => events.filter((event) => event === 'sample').length;
    // The batches that may be sampled beside a step are waited for: a loop that took turns would never get on.
    const until = (step: number): boolean => !times.together || begun() >= Math.min(steps, step + stepsAhead);
    const learner = await directoryLearner(root, times.learnMs, events, until);
    const { parts: training, store } = trainParts(parts, learner, initialTrainState);
    const began = performance.now();
    await trainLoop(training, settings({ steps, stepsAhead, sampling }), initialTrainState);
    return {
      seen: store.seen,
      events,
      seconds: (performance.now() - began) / 1000,
      waits: store.lines.map((line) => [line['time/learner_wait_s'] ?? 0, line['time/sampler_wait_s'] ?? 0]),
    };
  } finally {
    await policy.close();
    await server.close();
  }
}

/** Batches whose sampling had begun when each step ended. */
function begunAtEnds(events: readonly string[]): number[] {
  let begun = 0;
  return events.flatMap((event) => {
    begun += event === 'sample' ? 1 : 0;
    return event === 'step ends' ? [begun] : [];
  });
}

describe('a served policy that samples ahead', () => {
  it.each([0, 1, 2])('%i: samples each batch with the weights that it says, while the learner learns', async (stepsAhead) => {
    const { seen, events } = await run('check', stepsAhead, { sampleMs: 5, learnMs: 5, together: true }, 4);
    expect(begunAtEnds(events)).toEqual([1, 2, 3, 4].map((step) => Math.min(4, step + stepsAhead)));
    const original = await readWeights(golden);
    for (const [i, groups] of seen.entries()) {
      const version = Math.max(0, i - stepsAhead);
      const rollouts = groups.flatMap((group) => group.rollouts);
      expect(new Set(rollouts.map(({ completion }) => completion.policyVersion))).toEqual(new Set([version]));
      const directory = join(folder, `version-${stepsAhead}-${i}`);
      cpSync(golden, directory, { recursive: true });
      const tensors = new Map([...original].map(([name, t]) => [name, { ...t, data: t.data.map((value) => value * 0.97 ** version) }]));
      await writeSafetensors(join(directory, 'model.safetensors'), tensors);
      const embedded = await createOnnxPolicy({ directory, threads: 1 });
      const scores = await embedded.score(
        rollouts.map(({ completion }) => ({ promptIds: prompt, completionIds: completion.tokenIds })),
        1,
      );
      await embedded.close();
      for (const [r, { completion }] of rollouts.entries())
        for (const [t, logprob] of completion.logprobs.entries())
          expect(Math.abs(logprob - (scores[r]?.[t] ?? Number.NaN))).toBeLessThan(1e-4);
    }
  });

  // A wall clock is no fact to assert on a busy machine.
  it.skipIf(process.env.EVOM_MEASURE === undefined)('takes as long as the slower of the two', { timeout: 300_000 }, async () => {
    const steps = 10;
    const table = [];
    for (const [sampleMs, learnMs] of [
      [500, 500],
      [800, 400],
      [400, 800],
    ] as const)
      for (const stepsAhead of [0, 1, 2]) {
        const { seconds, waits } = await run('measure', stepsAhead, { sampleMs, learnMs }, steps);
        const mean = (of: 0 | 1) => (waits.reduce((sum, wait) => sum + wait[of], 0) / steps).toFixed(2);
        table.push({
          sampleMs,
          learnMs,
          stepsAhead,
          secondsAStep: (seconds / steps).toFixed(3),
          learnerWaits: mean(0),
          samplerWaits: mean(1),
        });
      }
    console.table(table);
    expect(table).toHaveLength(9);
  });
});
