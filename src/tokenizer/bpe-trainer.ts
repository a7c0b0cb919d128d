/** Trains a byte-level BPE whose digits are single tokens, and writes it as `tokenizer.json`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { byteSymbols, byteSymbolsOf } from './byte-symbols.ts';

/**
 * How text is cut before merging. One digit, its leading space marking a number's start; a word; a run of
 * punctuation with the line break after it; a run of anything else (other scripts, control characters); one
 * white-space character. Classes are spelled out in ASCII because `\d`, `\w` and `\s` mean different sets in
 * JavaScript and in Oniguruma, which Python's `tokenizers` uses.
 */
export const preTokenPattern = ' ?[0-9]| ?[A-Za-z]+| ?[!-/:-@\\[-`{-~]+\\n?| ?[^!-~ \\t\\n\\r]+|[ \\t\\n\\r]';

/** Renders a problem, then `<go>`, then the program that answers it, closed by `<eos>`. */
export const defaultChatTemplate =
  "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<go>' + message['content'] + '<eos>' }}{% else %}{{ message['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<go>' }}{% endif %}";

export interface BpeOptions {
  /** Most tokens; the special ones, the 256 bytes and the ten digits after a space are included. */
  readonly vocabSize: number;
  /** A pair seen less often than this is not merged (default 2). */
  readonly minFrequency?: number;
  /** Special tokens after `<pad>` (0), `<eos>` (1) and `<go>` (2). */
  readonly extraSpecialTokens?: readonly string[];
}

export interface BpeModel {
  /** Token strings by id: special tokens, the 256 byte symbols, then one a merge, first ` 0` to ` 9`. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
  readonly specialTokens: readonly string[];
}

interface Word {
  ids: number[];
  readonly count: number;
}

/**
 * Learns merges from texts: a space with each digit, then at each step the most frequent adjacent pair, ties to the
 * lower ids.
 * The same texts in any order give the same tokenizer, and every text can be encoded and decoded exactly.
 *
 * @throws {EvomError} `E_USAGE` if `vocabSize` cannot hold what is always there.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { trainBpe } from 'evom/tokenizer';
 * const { tokens } = trainBpe(['low low lower', 'lowest low'], { vocabSize: 272 });
 * assert.deepEqual(tokens.slice(269), ['lo', 'low', 'Ġlow']);
 * ```
 */
export function trainBpe(texts: Iterable<string>, { vocabSize, minFrequency = 2, extraSpecialTokens = [] }: BpeOptions): BpeModel {
  const specialTokens = [...new Set(['<pad>', '<eos>', '<go>', ...extraSpecialTokens])];
  const tokens = [...specialTokens, ...byteSymbols];
  const least = tokens.length + 10;
  if (vocabSize < least) throw new EvomError('E_USAGE', `vocabSize ${vocabSize} is too small; give at least ${least}`);
  const idOf = new Map(byteSymbols.map((symbol, i) => [symbol, specialTokens.length + i]));
  const words = countWords(texts).map(([text, count]): Word => ({ ids: byteSymbolsOf(text).map((s) => idOf.get(s) as number), count }));
  const merges: [string, string][] = [];
  const pairs = new PairTable(words);
  const merge = (left: number, right: number) => {
    const pair: [string, string] = [tokens[left] as string, tokens[right] as string];
    merges.push(pair);
    pairs.merge(left, right, tokens.length);
    tokens.push(pair.join(''));
  };
  // However rare a digit is, its number's start is one token.
  for (const digit of '0123456789') merge(idOf.get('Ġ') as number, idOf.get(digit) as number);
  while (tokens.length < vocabSize) {
    const best = pairs.best();
    if (best === null || best.count < minFrequency) break;
    merge(best.left, best.right);
  }
  return { tokens, merges, specialTokens };
}

/** Pre-tokens with their counts, sorted, so that the order of the texts does not matter. */
function countWords(texts: Iterable<string>): [string, number][] {
  const counts = new Map<string, number>();
  const pattern = new RegExp(preTokenPattern, 'gu');
  for (const text of texts) for (const [word] of text.matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

const shift = 2 ** 24; // ids stay below it, so a pair is one safe integer

/** Counts of adjacent pairs, kept up to date by revisiting only the words that hold a merged pair. */
class PairTable {
  private readonly words: readonly Word[];
  private readonly counts = new Map<number, number>();
  private readonly wordsWith = new Map<number, Set<number>>();

  constructor(words: readonly Word[]) {
    this.words = words;
    for (let w = 0; w < words.length; w++) this.add(w, 1);
  }

  private add(w: number, sign: 1 | -1): void {
    const { ids, count } = this.words[w] as Word;
    for (let i = 0; i + 1 < ids.length; i++) {
      const pair = (ids[i] as number) * shift + (ids[i + 1] as number);
      this.counts.set(pair, (this.counts.get(pair) ?? 0) + sign * count);
      if (sign === -1) continue;
      const holders = this.wordsWith.get(pair);
      if (holders) holders.add(w);
      else this.wordsWith.set(pair, new Set([w]));
    }
  }

  best(): { left: number; right: number; count: number } | null {
    let bestPair = -1;
    let bestCount = 0;
    for (const [pair, count] of this.counts)
      if (count > bestCount || (count === bestCount && pair < bestPair)) {
        bestPair = pair;
        bestCount = count;
      }
    return bestCount === 0 ? null : { left: Math.floor(bestPair / shift), right: bestPair % shift, count: bestCount };
  }

  merge(left: number, right: number, merged: number): void {
    const pair = left * shift + right;
    for (const w of this.wordsWith.get(pair) ?? []) {
      this.add(w, -1);
      const word = this.words[w] as Word;
      const ids: number[] = [];
      for (let i = 0; i < word.ids.length; i++) {
        const isPair = word.ids[i] === left && word.ids[i + 1] === right;
        ids.push(isPair ? merged : (word.ids[i] as number));
        if (isPair) i++;
      }
      word.ids = ids;
      this.add(w, 1);
    }
    this.counts.delete(pair);
    this.wordsWith.delete(pair);
  }
}

/** The content of `tokenizer.json`, for Python's `tokenizers` and for JavaScript. */
export function tokenizerJson({ tokens, merges, specialTokens }: BpeModel): Record<string, unknown> {
  const isolated = { type: 'Split', pattern: { Regex: preTokenPattern }, behavior: 'Isolated', invert: false };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [isolated, byteLevel] },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** Writes `tokenizer.json` and `tokenizer_config.json` into an existing directory. */
export async function writeTokenizer(
  directory: string,
  model: BpeModel,
  { chatTemplate = defaultChatTemplate, maxLength }: { readonly chatTemplate?: string; readonly maxLength?: number } = {},
): Promise<void> {
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    pad_token: '<pad>',
    eos_token: '<eos>',
    clean_up_tokenization_spaces: false,
    ...(maxLength === undefined ? {} : { model_max_length: maxLength }),
    chat_template: chatTemplate,
  };
  await writeFile(join(directory, 'tokenizer.json'), `${JSON.stringify(tokenizerJson(model))}\n`);
  await writeFile(join(directory, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}
