import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainBpe, writeTokenizer } from '../../src/tokenizer/bpe-trainer.ts';
import { byteSymbols } from '../../src/tokenizer/byte-symbols.ts';
import { type ChatTokenizer, loadTokenizer } from '../../src/tokenizer/chat-tokenizer.ts';

const corpus = [
  'A workshop makes 68 boots and 62 mugs a day; each boot earns $17.50.\nMaximize the profit.',
  'const s = h.solve(`Maximize\n obj: 68 boots + 62 mugs\nSubject To\n c1: 17 boots + 22 mugs <= 488\nEnd`);\nconsole.log(s.ObjectiveValue);\n',
  'A workshop makes 12 chairs and 5 tables a day; each chair earns $9.\nMaximize the profit.',
];

describe('trainBpe', () => {
  it('merges the most frequent pair first, ties to the lower ids', () => {
    const { tokens, merges } = trainBpe(['low low lower', 'lowest low'], { vocabSize: 272 });
    expect(tokens.slice(0, 3)).toEqual(['<pad>', '<eos>', '<go>']);
    expect(tokens.slice(3, 259)).toEqual(byteSymbols);
    expect(tokens.slice(259, 269)).toEqual([...'0123456789'].map((digit) => `Ġ${digit}`));
    expect(merges.slice(10)).toEqual([
      ['l', 'o'],
      ['lo', 'w'],
      ['Ġ', 'low'],
    ]);
  });

  it('does not depend on the order of the texts', () => {
    const order = fc.shuffledSubarray(corpus, { minLength: corpus.length });
    const one = trainBpe(corpus, { vocabSize: 400 });
    fc.assert(
      fc.property(order, (texts) => {
        expect(trainBpe(texts, { vocabSize: 400 })).toEqual(one);
      }),
      { numRuns: 10 },
    );
  });

  it('stops when no pair is frequent enough, with every frequent word one token', () => {
    const { tokens } = trainBpe(corpus, { vocabSize: 5000, minFrequency: 2 });
    expect(tokens.length).toBeLessThan(5000);
    for (const word of ['Ġworkshop', 'Ġboots', 'Maximize', 'Ġprofit', '.Ċ']) expect(tokens).toContain(word);
  });

  it('never merges across digits', () => {
    const { tokens } = trainBpe(['12 12 12 1212 12 12'], { vocabSize: 300, minFrequency: 1 });
    expect(tokens.filter((token) => /[0-9].*[0-9]/.test(token))).toEqual([]);
    expect(tokens).toContain('Ġ1');
  });

  it('appends further special tokens and refuses a vocabulary that cannot hold the bytes', () => {
    expect(trainBpe([], { vocabSize: 270, extraSpecialTokens: ['<think>'] }).tokens[3]).toBe('<think>');
    expect(() => trainBpe([], { vocabSize: 268 })).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  });
});

describe('the tokenizer it writes', () => {
  let directory: string;
  let tokenizer: ChatTokenizer;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'evom-bpe-'));
    await writeTokenizer(directory, trainBpe(corpus, { vocabSize: 420 }), { maxLength: 512 });
    tokenizer = await loadTokenizer(directory);
  });

  it('makes single digits, marks the first by its space, and keeps frequent words whole', () => {
    const pieces = [...tokenizer.encode(' 488 boots\n')].map((id) => tokenizer.decode([id]));
    expect(pieces).toEqual([' 4', '8', '8', ' boots', '\n']);
  });

  it.each([
    ['Chinese, emoji and accents', '优化 max 🚀 é ǆ'],
    ['line ends and tabs', 'a\r\n\tb\n\n  c  '],
    ['underscores and control characters', '_x_1__\u0000\u007f\u0085\u00a0\ufeff'],
    ['digits of other scripts', '٣ ４ x²'],
  ])('gives back %s exactly', (_name, text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('gives back any text', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.stringMatching(/^[ -~\n\r\t]*$/));
    const special = /<(pad|eos|go)>/;
    fc.assert(
      fc.property(
        text.filter((t) => !special.test(t) && Buffer.from(t).toString() === t),
        (t) => tokenizer.decode(tokenizer.encode(t)) === t,
      ),
      { numRuns: 500 },
    );
  });

  it('gives the ids that Python gives', async () => {
    const golden = JSON.parse(await readFile(new URL('../golden/tokenizer/python-ids.json', import.meta.url), 'utf8')) as {
      corpus: string[];
      vocabSize: number;
      cases: { text: string; ids: number[] }[];
    };
    const place = await mkdtemp(join(tmpdir(), 'evom-bpe-'));
    await writeTokenizer(place, trainBpe(golden.corpus, { vocabSize: golden.vocabSize }));
    const trained = await loadTokenizer(place);
    for (const { text, ids } of golden.cases) expect([...trained.encode(text)], JSON.stringify(text)).toEqual(ids);
  });
});
