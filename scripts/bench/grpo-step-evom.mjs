/**
 * Our side of scripts/bench/grpo-step.mjs: answers each line on stdin with one GRPO step, as `evom train` takes it (sampling, reward,
 * Arrow files of the step, gradient, new weights in the sampler), and a line of JSON about it. No checkpoint, no evaluation.
 *
 *   node scripts/bench/grpo-step-evom.mjs SETTINGS.json
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildRollout, scheduleOf } from '../../dist/config/build/build.js';
import { buildLearner } from '../../dist/config/build/build-learner.js';
import { loadConfig } from '../../dist/config/load/load.js';
import { emptyOutcome } from '../../dist/core/outcome.js';
import { readProblems } from '../../dist/problems/sets/jsonl.js';
import { runPaths } from '../../dist/runs/run-directory.js';
import { trainingBatches } from '../../dist/train/batches.js';
import { trainLoop } from '../../dist/train/loop.js';
import { DiskRunStore } from '../../dist/train/run-store.js';
import { initialTrainState } from '../../dist/train/sft.js';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { config } = loadConfig('quickstart.yaml', {
  cwd: process.cwd(),
  overrides: [
    `policy.checkpoint=${settings.model}`,
    `policy.threads=${settings.threads}`,
    `learner.threads=${settings.threads}`,
    `sandbox.workers=${settings.threads}`,
    `sampling.group_size=${settings.groupSize}`,
    `sampling.max_tokens=${settings.maxTokens}`,
    `sampling.temperature=${settings.temperature}`,
    `algorithm.groups_per_step=${settings.groups}`,
    `optimizer.lr=${settings.learningRate}`,
    'dialect=highs-js', // as the other sides are asked
    'schedule.type=constant',
    'schedule.warmup_steps=0',
    'guards.action=warn',
  ],
});
const directory = join(settings.scratch, `run-${settings.reward}`);
mkdirSync(directory);
const problems = await readProblems(settings.problems);
const { learner } = await buildLearner(config, {
  directory: settings.model,
  stateDirectory: null,
  initial: settings.model,
  root: directory,
});
const rollout = await buildRollout(config, settings.model, learner.version);
const store = await DiskRunStore.open(
  { paths: runPaths(directory), keepLast: 1, modelFrom: settings.model, card: { summary: 'benchmark', command: 'npm run bench' } },
  null,
);
store.saveCheckpoint = async () => {};

const nothingRan = emptyOutcome('no_solve', { dialect: '', backend: 'highs' });
/** 1 where a completion has an even number of tokens: groups are mixed, and nothing is executed. */
const byLength = {
  verify: async ({ dialect }) => ({ ...nothingRan, dialect }),
  score: (requests) =>
    requests.map(({ completionTokens }) => {
      const value = completionTokens % 2 === 0 ? 1 : 0;
      return { value, parts: { length: value }, correct: value === 1, identical: null, flags: [] };
    }),
};

const { algorithm, sampling: drawn } = config;
const sampling = { temperature: drawn.temperature, topK: drawn.top_k, topP: drawn.top_p, maxTokens: drawn.max_tokens };
let position = 0;
let metrics;
const parts = {
  rollout: settings.reward === 'length' ? { ...rollout.parts, ...byLength } : rollout.parts,
  learner,
  problems: { next: () => problems[position++ % problems.length], state: () => ({ epoch: 0, position }) },
  store,
  batches: (groups, step, genStep) =>
    trainingBatches(groups, step, genStep, {
      runId: 'bench',
      estimator: algorithm.estimator,
      compat: algorithm.compat,
      loss: {
        type: 'policy_gradient',
        clipLow: algorithm.clip_low,
        clipHigh: algorithm.clip_high,
        dualClip: algorithm.dual_clip,
        ratio: algorithm.ratio,
        surrogate: algorithm.surrogate,
        aggregation: algorithm.aggregation,
        normLength: algorithm.norm_length,
        klCoef: algorithm.kl.coef,
        klEstimator: algorithm.kl.estimator,
        samplerCorrection: algorithm.sampler_correction,
      },
      sampling,
      truncated: 'train',
      updatesPerBatch: 1,
      tokenizerSha256: rollout.tokenizer.sha256,
      modelId: 'bench',
      padId: rollout.tokenizer.padId,
      reference: null,
      partialKl: null,
    }),
  evaluate: async () => [],
  onStep: (_, figures) => {
    metrics = figures;
  },
  onAlarm: () => {},
  onEvaluation: () => {},
};
const loop = {
  seed: config.run.seed,
  stepsAhead: 0,
  groupSize: settings.groupSize,
  groupsPerStep: settings.groups,
  sampling,
  dynamicSampling: {
    batchGroups: settings.groups,
    band: null,
    minScorable: 2,
    maxRounds: 1,
    minFill: 1 / settings.groups,
    maxStaleness: 0,
  },
  answerWeight: config.reward.answer,
  schedule: scheduleOf(config.schedule),
  guards: { entropyMin: 0, noSignalSteps: 1e9, klMax: 1e9, infraRateMax: 1, flagRateMax: 1 },
  onAlarm: 'warn',
  checkpointEvery: 1e9,
  evalEvery: 0,
};

let state = initialTrainState;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'prompts') {
    console.log(
      JSON.stringify(problems.map((problem) => rollout.parts.task(problem).prompt).map((p) => ({ text: p.text, ids: [...p.tokenIds] }))),
    );
    continue;
  }
  const cpu = process.cpuUsage();
  const begun = performance.now();
  state = await trainLoop(parts, { ...loop, steps: state.step + 1 }, state);
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      wallS: (performance.now() - begun) / 1000,
      cpuS: (user + system) / 1e6,
      sampleS: metrics['time/sample_s'],
      rewardS: metrics['time/verify_tail_s'],
      learnS: metrics['time/learn_s'],
      meanTokens: metrics['completions/mean_length'],
      reward: metrics.reward,
      rssMb: process.resourceUsage().maxRSS / 1024,
    }),
  );
}
await store.close();
await rollout.close();
await learner.close();
