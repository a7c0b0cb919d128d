/** Groups and batches of the size of a worked example. */
import { type ColumnType, rowColumns } from '../../src/batch/columns.ts';
import { emptyOutcome } from '../../src/core/outcome.ts';
import type { Rollout, RolloutGroup } from '../../src/core/rollout.ts';
import type { BatchMetadata, TrainingRow } from '../../src/core/training.ts';

export const metadata: BatchMetadata = {
  runId: 'run',
  step: 12,
  genStep: 15,
  estimator: 'grpo',
  compat: 'exact',
  eps: 0,
  ddof: 0,
  loss: {
    type: 'policy_gradient',
    clipLow: 0.2,
    clipHigh: 0.28,
    dualClip: null,
    ratio: 'token',
    surrogate: 'ppo',
    aggregation: 'token_mean',
    normLength: null,
    klCoef: 1e-3,
    klEstimator: 'k3',
  },
  globalLossTokens: 5,
  globalLossRows: 2,
  numGroups: 1,
  tokenizerSha256: 'ab'.repeat(32),
  modelId: 'tiny',
  padId: 0,
};

export const row = (change: Partial<TrainingRow> = {}): TrainingRow => ({
  sampleId: '15/p1/0',
  groupId: '15/p1',
  rolloutIndex: 0,
  taskKey: 'key',
  env: 'generated',
  solver: 'highs',
  weightVersionMin: 3,
  weightVersionMax: 4,
  inputIds: Int32Array.of(5, 6, 7, 8),
  promptLength: 2,
  lossMask: Uint8Array.of(0, 0, 1, 1),
  samplerLogprobs: Float32Array.of(0, 0, -0.5, -1.25),
  oldLogprobs: null,
  refLogprobs: null,
  advantage: -1.5,
  tokenAdvantages: null,
  klWeights: null,
  lossWeight: 1,
  reward: 0.1,
  correct: false,
  rewardParts: { format: 0.1 },
  status: 'optimal',
  temperature: 1,
  topP: 1,
  topK: 0,
  seed: '7/sample/15/p1/0',
  finishReason: 'stop',
  responseLength: 2,
  turnLengths: null,
  ...change,
});

export const rollout = (sampleIndex: number, change: Partial<Rollout> = {}): Rollout => ({
  sampleIndex,
  seed: `7/${sampleIndex}`,
  completion: {
    tokenIds: Int32Array.of(8, 9, 1),
    logprobs: Float32Array.of(-0.1, -2.5, -1e-3),
    entropy: 0.1 + 0.2,
    finishReason: 'stop',
    policyVersion: 3,
  },
  completionText: 'const x = 1; // ü → 😀',
  program: { code: 'const x = 1;', dialect: 'highs-js' },
  outcome: {
    ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }),
    objective: 1 / 3,
    solution: { x: 1e-17, y: 2 },
    model: {
      sense: 'max',
      offset: 0,
      variables: [{ name: 'x', lower: 0, upper: Number.POSITIVE_INFINITY, integer: false, cost: 3 }],
      constraints: [{ name: 'c', lower: Number.NEGATIVE_INFINITY, upper: 4, columns: [0], coefficients: [1] }],
    },
    solves: [
      {
        status: 'optimal',
        objective: 1 / 3,
        certificate: 'dual',
        modelHash: 'h',
        numVariables: 1,
        numIntegers: 0,
        numConstraints: 1,
        ms: 0.7,
      },
    ],
  },
  reward: { value: 1.1, parts: { format: 0.1, answer: 1 }, correct: true, identical: null, flags: [] },
  ...change,
});

export const group = (id: string, rollouts: readonly Rollout[]): RolloutGroup => ({
  groupId: `15/${id}`,
  problem: {
    id,
    question: `How much? "${id}"\n`,
    answer: 'infeasible',
    source: 'generated',
    model: {
      sense: 'min',
      offset: 1,
      variables: [{ name: 'y', lower: Number.NEGATIVE_INFINITY, upper: 2, integer: true, cost: 1 }],
      constraints: [],
    },
  },
  prompt: { text: 'Question: …', tokenIds: Int32Array.of(2, 3) },
  genStep: 15,
  rollouts,
});

export const groups = (): RolloutGroup[] => [
  group('p1', [
    rollout(0),
    rollout(1, {
      program: null,
      completionText: '',
      completion: { tokenIds: new Int32Array(0), logprobs: new Float32Array(0), entropy: 0, finishReason: 'length', policyVersion: 4 },
      outcome: emptyOutcome('no_program', { dialect: 'highs-js', backend: 'highs' }),
      reward: { value: 0, parts: { format: 0 }, correct: false, identical: false, flags: ['unsupported_claim', 'other'] },
    }),
  ]),
  group('p2', [
    rollout(0, {
      outcome: emptyOutcome('infra_error', { dialect: 'highs-js', backend: 'glpk' }),
      reward: { value: null, parts: {}, correct: null, identical: null, flags: [] },
    }),
  ]),
];

/** All columns of a batch file in their order, with their Arrow types. */
export const batchColumns: Readonly<Record<string, ColumnType>> = {
  run_id: 'utf8',
  step: 'int32',
  gen_step: 'int32',
  ...Object.fromEntries(Object.values(rowColumns).map(({ name, type }) => [name, type])),
};
