import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecordings } from '../../src/benchmarks/recordings.ts';
import { createRecordedPolicy } from '../../src/policy/recorded-policy.ts';
import { byteTokenizer } from '../../src/tokenizer/byte-tokenizer.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-recorded-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function recordingsOf(name: string, records: readonly object[]) {
  const path = join(directory, name);
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return readRecordings(path);
}

const params = { temperature: 1, topK: 0, topP: 1, maxTokens: 5 };
const tokenizer = byteTokenizer();
const policyOf = (recall: (prompt: string) => readonly string[]) =>
  createRecordedPolicy({
    recall,
    encode: (text) => tokenizer.encode(text),
    decode: (ids) => tokenizer.decode(ids),
    stopId: tokenizer.padId,
    name: 'recording',
  });

describe('createRecordedPolicy', () => {
  it('gives sample k the k-th completion, whole, with a stop token', async () => {
    const policy = policyOf((prompt) => (prompt === 'naïve?' ? ['première', 'b'] : []));
    const seen: number[][] = [];
    const [completions] = await policy.sample([{ promptIds: tokenizer.encode('naïve?'), seeds: ['x/0', 'x/1'] }], params, {
      onCompletion: (i, k) => seen.push([i, k]),
    });
    expect(completions?.map(({ tokenIds, finishReason }) => [tokenizer.decode(tokenIds), tokenIds.at(-1), finishReason])).toEqual([
      ['première', 256, 'stop'],
      ['b', 256, 'stop'],
    ]);
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });

  it('refuses what it has no record of, and to be trained or scored', async () => {
    const policy = policyOf(() => ['only one']);
    await expect(policy.sample([{ promptIds: tokenizer.encode('q'), seeds: ['0', '1'] }], params)).rejects.toThrow(
      /holds 1 completions and not 2/,
    );
    await expect(policy.score([], 1)).rejects.toMatchObject({ code: 'E_POLICY' });
    await expect(policy.update({ type: 'tensors', version: 1, tensors: new Map() })).rejects.toThrow(/take a policy with weights/);
  });
});

describe('readRecordings', () => {
  it('finds completions by question, whatever its spaces and quotes, else by id, and collects samples in order', async () => {
    const recordings = await recordingsOf('a.jsonl', [
      { question: "It's one?", completion: 'first' },
      { id: 'p2', completions: ['x', 'y'] },
      { question: 'It’s  one ?', completion: 'second' },
    ]);
    expect(recordings.recall({ id: 'any', question: "It's one?" }, 'highs-js')).toEqual(['first', 'second']);
    expect(recordings.recall({ id: 'p2', question: 'never seen' }, 'highs-js')).toEqual(['x', 'y']);
    expect(recordings.recall({ id: 'p3', question: 'never seen' }, 'highs-js')).toEqual([]);
  });

  it('takes published results and stored programs, in the dialect asked or the one that there is', async () => {
    const orlm = {
      en_question: 'q?',
      en_answer: 1,
      execution_state: 'ok',
      en_math_model_coptpy_code: 'Model:\n```python\nimport coptpy as cp\n```',
    };
    const stored = await recordingsOf('b.jsonl', [orlm]);
    expect(stored.recall({ id: '', question: 'q?' }, 'gurobipy')).toEqual(['```python\nimport coptpy as cp\n```']);
    const own = await recordingsOf('c.jsonl', [
      { id: 'g', question: 'q?', answer: 1, source: 's', programs: { 'highs-js': 'a()', 'glpk-js': 'b()' } },
    ]);
    expect(own.recall({ id: '', question: 'q?' }, 'glpk-js')).toEqual(['```js\nb()\n```']);
  });

  it('takes the file of outcomes of another evaluation', async () => {
    const line = { cell: 'c', set: 's', id: 'p1', question: '0011223344556677', samples: [{ completion: 'one' }, { completion: 'two' }] };
    expect((await recordingsOf('d.jsonl', [line])).recall({ id: 'p1', question: 'q?' }, 'highs-js')).toEqual(['one', 'two']);
  });

  it.each([
    ['run.yaml', /a configuration, which --config takes/],
    ['model.gguf', /evom model import makes a folder/],
    ['model.safetensors', /give the folder that it is in/],
  ])('says what %s is for', async (name, why) => {
    await expect(readRecordings(name)).rejects.toThrow(why);
  });

  it('names line and want of a record without a completion or a question', async () => {
    await expect(recordingsOf('e.jsonl', [{ question: 'q', completion: 'x' }, { question: 'q' }])).rejects.toThrow(
      /e\.jsonl:2: holds no completion/,
    );
    await expect(recordingsOf('f.jsonl', [{ completion: 'x' }])).rejects.toThrow(/names neither a question nor an id/);
  });
});
