import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/config/load/find-file.ts';
import { Graph } from '../../../src/embedded/nn/graph.ts';
import { embedTexts } from '../../../src/embedded/sampler/text-embedding.ts';
import { loadTokenizer } from '../../../src/tokenizer/chat-tokenizer.ts';

const tiny = join(packageRoot, 'checkpoints/tiny');
let folder: string;
let ids: number[][];

/** An encoder whose hidden state of token i is (1, 0) for an even id and (0, 1) for an odd one: its means can be counted by hand. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evom-embed-'));
  const tokenizer = await loadTokenizer(tiny);
  ids = ['boots and mugs', 'mugs'].map((text) => [...tokenizer.encode(text)]);
  const g = new Graph('encoder');
  const input = g.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const table = Array.from({ length: tokenizer.vocabSize }, (_, id) => (id % 2 === 0 ? [1, 0] : [0, 1])).flat();
  const hidden = g.op('Gather', [g.constant(table, [tokenizer.vocabSize, 2]), input], ['batch_size', 'sequence_length', 2]);
  g.output(hidden, 'last_hidden_state');
  mkdirSync(join(folder, 'model/onnx'), { recursive: true });
  writeFileSync(join(folder, 'model/onnx/model.onnx'), g.encode());
  writeFileSync(join(folder, 'model/config.json'), JSON.stringify({ model_type: 'bert', vocab_size: tokenizer.vocabSize, hidden_size: 2 }));
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(tiny, file), join(folder, 'model', file));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('embedTexts', () => {
  it('gives the mean hidden state of each text, of length 1', async () => {
    const vectors = await embedTexts(join(folder, 'model'), ['boots and mugs', 'mugs']);
    for (const [i, vector] of vectors.entries()) {
      const odd = (ids[i] ?? []).filter((id) => id % 2 === 1).length / (ids[i]?.length ?? 1);
      const length = Math.hypot(1 - odd, odd);
      expect([...vector].map((x) => Math.round(1e5 * x) / 1e5)).toEqual(
        [(1 - odd) / length, odd / length].map((x) => Math.round(1e5 * x) / 1e5),
      );
    }
  });

  it('names the folder that holds no such model', async () => {
    await expect(embedTexts(join(folder, 'gone'), ['x'])).rejects.toThrow(/the embedding model in .*gone cannot be used/);
  });
});
