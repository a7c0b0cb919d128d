/** Reads the golden files that scripts/make-goldens.py wrote with PyTorch and transformers. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DecoderConfig, parseDecoderConfig } from '../checkpoint/decoder-config.ts';
import type { LossConfig, TrainingBatch, TrainingRow } from '../core/training.ts';
import { readSafetensors } from '../lib/safetensors.ts';

export const goldenFile = (file: string): string => fileURLToPath(new URL(`../../test/golden/learner/${file}`, import.meta.url));
const json = (file: string): unknown => JSON.parse(readFileSync(goldenFile(file), 'utf8'));

interface GoldenRow {
  readonly groupId: string;
  readonly inputIds: number[];
  readonly promptLength: number;
  readonly lossMask: number[];
  readonly samplerLogprobs: number[];
  readonly oldLogprobs: number[];
  readonly refLogprobs: number[];
  readonly advantage: number;
  readonly tokenAdvantages: number[] | null;
  readonly klWeights: number[] | null;
  readonly lossWeight: number;
  readonly temperature: number;
}

interface GoldenCase {
  readonly model: string;
  readonly loss: LossConfig;
  readonly globalLossTokens: number;
  readonly globalLossRows: number;
  readonly expectedLoss: number;
  readonly rows: readonly GoldenRow[];
  /** [R][T] of the model, by PyTorch in float64. */
  readonly logprobs: readonly (readonly number[])[];
}

export async function goldenModel(
  name: string,
): Promise<{ config: DecoderConfig; tensors: Awaited<ReturnType<typeof readSafetensors>>['tensors'] }> {
  const config = parseDecoderConfig(json(`${name}.config.json`), `${name}.config.json`);
  return { config, tensors: (await readSafetensors(goldenFile(`${name}.model.safetensors`))).tensors };
}

export async function goldenTensors(file: string): Promise<ReadonlyMap<string, Float32Array>> {
  const { tensors } = await readSafetensors(goldenFile(file));
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}

export function trainingRow(row: GoldenRow, index: number): TrainingRow {
  return {
    sampleId: `s${index}`,
    groupId: row.groupId,
    rolloutIndex: index,
    taskKey: row.groupId,
    env: 'golden',
    solver: 'none',
    weightVersionMin: 0,
    weightVersionMax: 0,
    inputIds: Int32Array.from(row.inputIds),
    promptLength: row.promptLength,
    lossMask: Uint8Array.from(row.lossMask),
    samplerLogprobs: Float32Array.from(row.samplerLogprobs),
    oldLogprobs: Float32Array.from(row.oldLogprobs),
    refLogprobs: Float32Array.from(row.refLogprobs),
    advantage: row.advantage,
    tokenAdvantages: row.tokenAdvantages === null ? null : Float32Array.from(row.tokenAdvantages),
    klWeights: row.klWeights === null ? null : Float32Array.from(row.klWeights),
    lossWeight: row.lossWeight,
    reward: 0,
    correct: null,
    rewardParts: {},
    status: 'ok',
    temperature: row.temperature,
    topP: 1,
    topK: 0,
    seed: '',
    finishReason: 'stop',
    responseLength: row.inputIds.length - row.promptLength,
    turnLengths: null,
  };
}

export async function goldenCase(name: string) {
  const { model, loss, globalLossTokens, globalLossRows, expectedLoss, rows, logprobs } = json(`${name}.json`) as GoldenCase;
  const batch: TrainingBatch = {
    metadata: {
      runId: 'golden',
      step: 0,
      genStep: 0,
      estimator: 'grpo',
      compat: 'exact',
      eps: 0,
      ddof: 0,
      loss,
      globalLossTokens,
      globalLossRows,
      numGroups: 3,
      tokenizerSha256: '',
      modelId: model,
      padId: 0,
    },
    rows: rows.map(trainingRow),
  };
  return {
    ...(await goldenModel(model)),
    batch,
    expectedLoss,
    logprobs: logprobs.map((row) => Float32Array.from(row)),
    gradients: await goldenTensors(`${name}.gradients.safetensors`),
  };
}

/** `|a - b| / |b|` in the 2-norm. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += ((actual[i] as number) - (expected[i] as number)) ** 2;
    size += (expected[i] as number) ** 2;
  }
  return Math.sqrt(difference / size);
}
