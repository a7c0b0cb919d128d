import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDecoderConfig } from '../../../src/checkpoint/decoder-config.ts';
import { readModelConfig, readWeights } from '../../../src/checkpoint/hf-layout.ts';
import { createOnnxExportPolicy } from '../../../src/embedded/sampler/onnx-export-policy.ts';
import { describePolicy } from '../../../src/testing/policy-suite.ts';
import { writeOnnxExport } from './write-onnx-export.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../golden/policy/${name}`, import.meta.url));

/** A folder as the Hub has it: config.json and the export, no safetensors. */
async function exported(name: string, subfolder: 'onnx' | ''): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'evom-export-'));
  const config = await readModelConfig(golden(name));
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  const weights = new Map([...(await readWeights(golden(name)))].map(([key, tensor]) => [key, tensor.data]));
  await writeOnnxExport(directory, subfolder, parseDecoderConfig(config), weights);
  return directory;
}

describePolicy('onnx export', async () => ({
  policy: await createOnnxExportPolicy({ directory: await exported('llama', 'onnx'), threads: 1 }),
  vocabSize: 48,
  stopIds: [1],
}));

describe('createOnnxExportPolicy', () => {
  it('gives the log-probabilities and greedy tokens of transformers', async () => {
    const policy = await createOnnxExportPolicy({ directory: await exported('qwen3', ''), threads: 2 });
    const cases = JSON.parse(await readFile(join(golden('qwen3'), 'golden.json'), 'utf8')) as {
      prompt: number[];
      greedy: number[];
      given: number[];
      logprobs: Record<string, number[]>;
    }[];
    const scored = await policy.score(
      cases.map(({ prompt, given }) => ({ promptIds: Int32Array.from(prompt), completionIds: Int32Array.from(given) })),
      0.7,
    );
    for (const [i, { logprobs }] of cases.entries())
      for (const [t, expected] of (logprobs['0.7'] as number[]).entries())
        expect(Math.abs((scored[i]?.[t] ?? NaN) - expected)).toBeLessThan(2e-5);
    const requests = cases.map(({ prompt }) => ({ promptIds: Int32Array.from(prompt), seeds: ['a', 'b'] }));
    const groups = await policy.sample(requests, { temperature: 0, topK: 0, topP: 1, maxTokens: 12 });
    expect(groups.map(([completion]) => [...(completion?.tokenIds ?? [])])).toEqual(cases.map(({ greedy }) => greedy));
    await expect(policy.update({ type: 'tensors', version: 1, tensors: new Map() })).rejects.toMatchObject({
      code: 'E_POLICY',
      message: expect.stringContaining('cannot change'),
    });
    await policy.close();
  });

  it('says what a folder lacks', async () => {
    await expect(createOnnxExportPolicy({ directory: golden('llama'), threads: 1 })).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringContaining('model.onnx'),
    });
    const directory = await exported('llama', '');
    await writeFile(join(directory, 'model.onnx'), 'not a model');
    await expect(createOnnxExportPolicy({ directory, threads: 2 })).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringContaining('cannot be opened'),
    });
  });
});
