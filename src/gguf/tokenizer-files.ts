/** The tokenizer inside a GGUF file as the files of a Hugging Face folder. */
import { EvomError } from '../lib/errors.ts';
import type { GgufFile } from './gguf-file.ts';

export interface SpecialTokens {
  readonly bosTokenId: number | null;
  /** Ids that end a completion, the sentence's end first. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number;
}

export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** `tokenizer_config.json` */
  readonly config: Readonly<Record<string, unknown>>;
  /** Null where the file has no chat template. */
  readonly chatTemplate: string | null;
}

/**
 * The ids that have a part of their own.
 *
 * @throws {EvomError} `E_CHECKPOINT` if no id ends a sentence.
 */
export function specialTokensOf({ path, metadata }: GgufFile): SpecialTokens {
  const idOf = (key: string): number | null => {
    const value = metadata[`tokenizer.ggml.${key}_token_id`];
    return value === undefined ? null : Number(value);
  };
  const eos = idOf('eos');
  if (eos === null) throw new EvomError('E_CHECKPOINT', `${path}: tokenizer.ggml.eos_token_id is missing; convert the model again`);
  return {
    bosTokenId: idOf('bos'),
    eosTokenIds: [...new Set([eos, idOf('eot')])].filter((id) => id !== null),
    padTokenId: idOf('padding') ?? eos,
  };
}

type Step = Readonly<Record<string, unknown>>;

const byteLevel = (useRegex: boolean): Step => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: useRegex });
const split = (regex: string): Step[] => [
  { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false },
  byteLevel(false),
];
const words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
const rest = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** How a text is cut before the merges, by llama.cpp's name of it; each as in the tokenizer.json of the model that it is named after. */
const cuts: Readonly<Record<string, { readonly steps: readonly Step[]; readonly normalizer?: Step; readonly ignoreMerges?: boolean }>> = {
  'gpt-2': { steps: [byteLevel(true)] },
  smollm: { steps: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] },
  qwen2: { steps: split(`${words}\\p{N}${rest}`), normalizer: { type: 'NFC' } },
  'llama-bpe': { steps: split(`${words}\\p{N}{1,3}${rest}`), ignoreMerges: true },
};

const control = 3;
const userDefined = 4;
const unused = 5;

/**
 * Turns `tokenizer.ggml.*` into `tokenizer.json`, `tokenizer_config.json` and a chat template.
 *
 * @throws {EvomError} `E_CHECKPOINT` for a kind of tokenizer, or a way to cut words, that is not known here.
 */
export function tokenizerFilesOf({ path, metadata }: GgufFile, { bosTokenId, eosTokenIds, padTokenId }: SpecialTokens): TokenizerFiles {
  const field = (key: string): unknown => metadata[`tokenizer.ggml.${key}`];
  const fail = (problem: string): never => {
    throw new EvomError('E_CHECKPOINT', `${path}: ${problem}; name the folder of the original tokenizer by --tokenizer`);
  };
  const { tokens, types, merges } = { tokens: field('tokens'), types: field('token_type'), merges: field('merges') };
  const cut = cuts[String(field('pre') ?? 'gpt-2')];
  if (field('model') !== 'gpt2')
    return fail(`tokenizer.ggml.model is ${String(field('model'))}; only gpt2 (byte-level BPE) can be made from a GGUF file`);
  if (cut === undefined)
    return fail(`tokenizer.ggml.pre is ${String(field('pre'))}; ${Object.keys(cuts).join(', ')} can be made from a GGUF file`);
  if (!isTexts(tokens) || !isTexts(merges) || !Array.isArray(types) || types.length !== tokens.length)
    return fail('tokenizer.ggml.tokens, token_type and merges must be lists, the first two of one length');

  const listed = tokens.map((content, id) => ({ content, id, type: Number(types[id]) })).filter(({ type }) => type !== unused);
  const textOf = (id: unknown): string | null => tokens[Number(id ?? -1)] ?? null;
  const bosText = textOf(bosTokenId) ?? '';
  const addBos = field('add_bos_token') === true && bosTokenId !== null;
  const one = (sequence: string): Step => ({ Sequence: { id: sequence, type_id: 0 } });
  const start: Step = { SpecialToken: { id: bosText, type_id: 0 } };

  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: listed
        .filter(({ type }) => type === control || type === userDefined)
        .map(({ content, id, type }) => ({
          ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false },
          special: type === control,
        })),
      normalizer: cut.normalizer ?? null,
      pre_tokenizer: { type: 'Sequence', pretokenizers: cut.steps },
      post_processor: addBos
        ? {
            type: 'TemplateProcessing',
            single: [start, one('A')],
            pair: [start, one('A'), one('B')],
            special_tokens: { [bosText]: { id: bosText, ids: [bosTokenId], tokens: [bosText] } },
          }
        : null,
      decoder: byteLevel(true),
      model: {
        type: 'BPE',
        ...{ dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
        ...{ fuse_unk: false, byte_fallback: false, ignore_merges: cut.ignoreMerges ?? false },
        vocab: Object.fromEntries(listed.map(({ content, id }) => [content, id])),
        merges: merges.map((merge) => merge.split(' ')),
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: addBos,
      add_prefix_space: false,
      ...{ bos_token: textOf(bosTokenId), eos_token: textOf(eosTokenIds[0]), pad_token: textOf(padTokenId) },
      unk_token: textOf(field('unknown_token_id')),
      clean_up_tokenization_spaces: false,
      model_max_length: Number(metadata[`${String(metadata['general.architecture'])}.context_length`]),
    },
    chatTemplate: typeof metadata['tokenizer.chat_template'] === 'string' ? metadata['tokenizer.chat_template'] : null,
  };
}

const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === 'string');
