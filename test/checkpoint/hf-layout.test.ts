import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGenerationConfig, readModelConfig, readWeights, weightsSha256, writeModelFolder } from '../../src/checkpoint/hf-layout.ts';
import { initialWeights } from '../../src/checkpoint/init.ts';
import { modelCard } from '../../src/checkpoint/model-card.ts';
import { publishDirectory, verifyDirectory } from '../../src/checkpoint/publish.ts';
import { fileSha256 } from '../../src/lib/file-sha256.ts';
import { writeSafetensors } from '../../src/lib/safetensors.ts';
import { flipBit } from '../fakes/flipped-bit.ts';

const temporary = () => mkdtemp(join(tmpdir(), 'evom-hf-'));
const config = { architectures: ['LlamaForCausalLM'], hidden_size: 4 };
const tensors = new Map([
  ['a.weight', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ['b.weight', { shape: [1], data: Float32Array.of(5) }],
]);

describe('a model folder', () => {
  it('is read back as it was published, and verifies', async () => {
    const from = await temporary();
    await writeFile(join(from, 'tokenizer.json'), '{}');
    await writeFile(join(from, 'tokenizer_config.json'), '{"eos_token":"<eos>"}');
    const directory = join(await temporary(), 'model');
    const card = modelCard({ name: 'tiny', summary: 'A test.', results: { 'pass@1': '0.5' }, command: 'evom train' });
    const manifest = await publishDirectory(directory, (path) =>
      writeModelFolder(path, { config, tensors, generationConfig: { eos_token_id: 1 }, tokenizerFrom: from, card }),
    );
    expect(Object.keys(manifest.files)).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(await verifyDirectory(directory)).toBe(true);
    expect(await readModelConfig(directory)).toEqual(config);
    expect(await readGenerationConfig(directory)).toEqual({ eos_token_id: 1 });
    expect((await readWeights(directory)).get('a.weight')?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(await weightsSha256(directory)).toBe(await fileSha256(join(directory, 'model.safetensors')));
    expect(await readFile(join(directory, 'README.md'), 'utf8')).toBe(card);
  });

  it('gathers the weights from shards', async () => {
    const directory = await temporary();
    await writeSafetensors(join(directory, 'model-00001-of-00002.safetensors'), new Map([...tensors].slice(0, 1)));
    await writeSafetensors(join(directory, 'model-00002-of-00002.safetensors'), new Map([...tensors].slice(1)));
    const index = { weight_map: { 'a.weight': 'model-00001-of-00002.safetensors', 'b.weight': 'model-00002-of-00002.safetensors' } };
    await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify(index));
    expect([...(await readWeights(directory)).keys()]).toEqual(['a.weight', 'b.weight']);
    expect(await weightsSha256(directory)).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { a: '../secret' } }));
    await expect(readWeights(directory)).rejects.toMatchObject({ code: 'E_CHECKPOINT', message: expect.stringContaining('weight_map') });
  });

  it('says what is missing', async () => {
    const directory = await temporary();
    await expect(readModelConfig(directory)).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringContaining('config.json'),
    });
    await expect(readWeights(directory)).rejects.toMatchObject({ code: 'E_CHECKPOINT', message: expect.stringContaining('neither') });
    expect(await readGenerationConfig(directory)).toEqual({});
  });
});

describe('publishDirectory', () => {
  it('leaves nothing behind when filling fails, and the old directory as it was', async () => {
    const parent = await temporary();
    const directory = join(parent, 'model');
    await publishDirectory(directory, (path) => writeFile(join(path, 'a'), 'old'));
    const half = publishDirectory(
      directory,
      async (path) => {
        await writeFile(join(path, 'a'), 'new');
        throw new Error('disk full');
      },
      { replace: true },
    );
    await expect(half).rejects.toThrow('disk full');
    expect(await readdir(parent)).toEqual(['model']);
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('old');
  });

  it('replaces only when told so', async () => {
    const parent = await temporary();
    const directory = join(parent, 'model');
    const fill = (text: string) => (path: string) => writeFile(join(path, 'a'), text);
    await publishDirectory(directory, fill('one'));
    await expect(publishDirectory(directory, fill('two'))).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
    await publishDirectory(directory, fill('two'), { replace: true });
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('two');
    expect(await verifyDirectory(directory)).toBe(true);
    expect(await readdir(parent)).toEqual(['model']);
  });

  it('covers folders within, and verification finds a changed, cut or missing file', async () => {
    const directory = join(await temporary(), 'model');
    await publishDirectory(directory, async (path) => {
      await mkdir(join(path, 'evom_state'));
      await writeFile(join(path, 'evom_state', 'optimizer'), 'moments');
      await writeFile(join(path, 'b'), 'b');
    });
    await writeFile(join(directory, 'evom_state', 'optimizer'), 'momentS');
    await expect(verifyDirectory(directory)).rejects.toMatchObject({
      code: 'E_CHECKPOINT',
      message: expect.stringMatching(/optimizer differs/),
    });
    await writeFile(join(directory, 'manifest.json'), '{"format":"evom-checkpoint","version":1,"files":{"c":{"bytes":1,"sha256":""}}}');
    await expect(verifyDirectory(directory)).rejects.toMatchObject({ message: expect.stringMatching(/missing/) });
    await writeFile(join(directory, 'manifest.json'), '{');
    await expect(verifyDirectory(directory)).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
  });

  it('finds one flipped bit in a file of the right size', async () => {
    const directory = join(await temporary(), 'model');
    await publishDirectory(directory, (path) => writeFile(join(path, 'model.safetensors'), 'w'.repeat(1000)));
    expect(await verifyDirectory(directory)).toBe(true);
    for (const byte of [0, 500, 999]) {
      await flipBit(join(directory, 'model.safetensors'), { byte });
      await expect(verifyDirectory(directory)).rejects.toMatchObject({
        code: 'E_CHECKPOINT',
        message: expect.stringContaining('model.safetensors differs from its hash'),
      });
      await flipBit(join(directory, 'model.safetensors'), { byte });
    }
    expect(await verifyDirectory(directory)).toBe(true);
  });

  it('does not pass unverified because its manifest cannot be read', async () => {
    const directory = join(await temporary(), 'model');
    await publishDirectory(directory, (path) => writeFile(join(path, 'b'), 'b'));
    await rm(join(directory, 'manifest.json'));
    await mkdir(join(directory, 'manifest.json')); // there, and no file
    await expect(verifyDirectory(directory)).rejects.toMatchObject({ code: 'E_DATA', message: expect.stringContaining('manifest.json') });
  });

  it('takes a folder without a manifest as it is', async () => {
    expect(await verifyDirectory(await temporary())).toBe(false);
  });
});

describe('initialWeights', () => {
  const parameters = [
    { name: 'model.embed_tokens.weight', shape: [100, 100] },
    { name: 'model.layers.0.self_attn.o_proj.weight', shape: [100, 100] },
    { name: 'model.layers.0.self_attn.q_proj.bias', shape: [3] },
    { name: 'model.layers.0.input_layernorm.weight', shape: [3] },
  ];
  const deviation = (data: Float32Array) => Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);

  it('has the standard deviation asked for, smaller in residual projections, ones in norms, zeros in biases', () => {
    const weights = initialWeights(parameters, { numLayers: 8, seed: 1 });
    expect(deviation(weights.get('model.embed_tokens.weight')?.data as Float32Array)).toBeCloseTo(0.02, 3);
    expect(deviation(weights.get('model.layers.0.self_attn.o_proj.weight')?.data as Float32Array)).toBeCloseTo(0.005, 3);
    expect([...(weights.get('model.layers.0.self_attn.q_proj.bias')?.data ?? [])]).toEqual([0, 0, 0]);
    expect([...(weights.get('model.layers.0.input_layernorm.weight')?.data ?? [])]).toEqual([1, 1, 1]);
  });

  it('depends on the seed, and each tensor on its own name only', () => {
    const draw = (seed: number, list = parameters) => initialWeights(list, { numLayers: 1, seed }).get('model.embed_tokens.weight')?.data;
    expect(draw(1)).toEqual(draw(1, parameters.slice(0, 1)));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
