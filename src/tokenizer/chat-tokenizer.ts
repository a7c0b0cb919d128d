/** Text to token ids and back, and chats to text, as a model folder's files say. Door of `@huggingface/tokenizers` and `jinja`. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { largest } from '../lib/extremes.ts';
import { unlessMissing } from '../lib/file-fault.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatTokenizer {
  /** SHA-256 of `tokenizer.json`: two checkpoints with the same one have the same token ids. */
  readonly sha256: string;
  /** Largest id plus one. */
  readonly vocabSize: number;
  readonly padId: number;
  /** Ids that end a completion. */
  readonly stopIds: readonly number[];
  readonly hasChatTemplate: boolean;
  /** Special tokens written in the text are recognised; none are added unless asked for. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): Int32Array;
  /** Special tokens are left out unless `keepSpecial`. Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>, options?: { readonly keepSpecial?: boolean }): string;
  /**
   * The chat template's text; `addGenerationPrompt` (default true) opens the assistant's turn, `tools` are functions that the model may
   * call, as JSON Schema in the form of OpenAI's API.
   */
  renderChat(
    messages: readonly ChatMessage[],
    options?: { readonly addGenerationPrompt?: boolean; readonly tools?: readonly object[] },
  ): string;
  /** Text and ids of a chat; without a template the contents are joined by blank lines and the tokenizer adds its own start token. */
  encodeChat(messages: readonly ChatMessage[]): { readonly text: string; readonly tokenIds: Int32Array };
  /**
   * Text and ids that lead from the model's answer to its next one: what the chat template writes after an answer, the user's `reply`, and
   * the opening of the next answer. Special tokens in the reply are broken up by a space, so that a text cannot end its own message.
   *
   * @param messages the chat that was answered.
   */
  encodeReply(messages: readonly ChatMessage[], reply: string): { readonly text: string; readonly tokenIds: Int32Array };
}

type Json = Record<string, unknown>;

/**
 * Loads the tokenizer of a model folder: `tokenizer.json`, `tokenizer_config.json`, and where there are any
 * `chat_template.jinja` and `generation_config.json` (for its stop ids).
 *
 * @throws {EvomError} `E_CHECKPOINT` if a file is missing or damaged, or if no stop token is named; `E_DATA` if one cannot be read.
 */
export async function loadTokenizer(directory: string): Promise<ChatTokenizer> {
  const [{ Tokenizer }, { Template }] = await Promise.all([import('@huggingface/tokenizers'), import('@huggingface/jinja')]);
  const tokenizerText = await readText(join(directory, 'tokenizer.json'));
  if (tokenizerText === null) {
    const isModel = existsSync(join(directory, 'config.json'));
    const text = isModel
      ? 'has no tokenizer.json; save the tokenizer as a fast one'
      : 'is no checkpoint: it has neither config.json nor tokenizer.json; give the folder of a model or of a run';
    throw new EvomError('E_CHECKPOINT', `${directory} ${text}`);
  }
  const tokenizerFile = parse(tokenizerText, join(directory, 'tokenizer.json'));
  const config = await readJson(join(directory, 'tokenizer_config.json'));
  const generation = await readJson(join(directory, 'generation_config.json'));
  const template = (await readText(join(directory, 'chat_template.jinja'))) ?? templateOf(config);

  let tokenizer: InstanceType<typeof Tokenizer>;
  let compiled: InstanceType<typeof Template> | null;
  try {
    tokenizer = new Tokenizer({ ...tokenizerFile, pre_tokenizer: withUnicodeDigits(tokenizerFile.pre_tokenizer) }, config);
    compiled = template === null ? null : new Template(template);
  } catch (cause) {
    throw new EvomError('E_CHECKPOINT', `the tokenizer in ${directory} cannot be loaded: ${String(cause)}`, { cause });
  }
  const special = Object.fromEntries(
    ['bos_token', 'eos_token', 'pad_token', 'unk_token'].flatMap((key) => {
      const token = tokenText(config[key]);
      return token === null ? [] : [[key, token]];
    }),
  );
  const idOf = (token: string | undefined): number[] => {
    const id = token === undefined ? undefined : tokenizer.token_to_id(token);
    return id === undefined ? [] : [id];
  };
  const listed = [generation.eos_token_id].flat().filter((id): id is number => typeof id === 'number');
  const stopIds = [...new Set([...listed, ...idOf(special.eos_token)])];
  if (stopIds.length === 0) throw new EvomError('E_CHECKPOINT', `${directory} names no eos_token; add it to tokenizer_config.json`);
  const vocabSize = largest(tokenizer.get_vocab().values()) + 1;
  const specials = specialTokens(tokenizerFile);

  const encode: ChatTokenizer['encode'] = (text, { addSpecialTokens = false } = {}) =>
    text === '' && !addSpecialTokens
      ? new Int32Array(0)
      : Int32Array.from(tokenizer.encode(text, { add_special_tokens: addSpecialTokens }).ids);
  const renderChat: ChatTokenizer['renderChat'] = (messages, { addGenerationPrompt = true, tools } = {}) => {
    if (compiled === null)
      throw new EvomError('E_CHECKPOINT', `${directory} has no chat template; add chat_template to tokenizer_config.json`);
    // A template asks whether there are tools by their name alone; transformers gives it None.
    return compiled.render({ messages: [...messages], tools: tools ?? null, add_generation_prompt: addGenerationPrompt, ...special });
  };
  return {
    sha256: createHash('sha256').update(tokenizerText).digest('hex'),
    vocabSize,
    padId: idOf(special.pad_token)[0] ?? (stopIds[0] as number),
    stopIds,
    hasChatTemplate: compiled !== null,
    encode,
    // decode() refuses an empty list
    decode: (ids, { keepSpecial = false } = {}) => {
      const list = [...ids];
      return list.length === 0 ? '' : tokenizer.decode(list, { skip_special_tokens: !keepSpecial, clean_up_tokenization_spaces: false });
    },
    renderChat,
    encodeChat: (messages) => {
      const text = compiled === null ? messages.map((m) => m.content).join('\n\n') : renderChat(messages);
      return { text, tokenIds: encode(text, { addSpecialTokens: compiled === null }) };
    },
    encodeReply: (messages, reply) => {
      const plain = specials.reduce(
        (text, token) => text.replaceAll(token, token.length === 1 ? ' ' : `${token.slice(0, 1)} ${token.slice(1)}`),
        reply,
      );
      const text = compiled === null ? `\n\n${plain}\n\n` : afterAnswer(messages, plain, renderChat, directory);
      return { text, tokenIds: encode(text) };
    },
  };
}

/** What a template writes after an answer: the answer is a word of ours, and all that follows it is taken. */
function afterAnswer(messages: readonly ChatMessage[], reply: string, renderChat: ChatTokenizer['renderChat'], directory: string): string {
  let answer = 'evom-answer';
  while (reply.includes(answer) || messages.some(({ content }) => content.includes(answer))) answer += '-';
  const text = renderChat([...messages, { role: 'assistant', content: answer }, { role: 'user', content: reply }]);
  const at = text.lastIndexOf(answer);
  if (at === -1)
    throw new EvomError('E_CHECKPOINT', `the chat template of ${directory} leaves earlier answers out; set rollout.turns to 1`);
  return text.slice(at + answer.length);
}

/** Tokens that the tokenizer finds in any text, longest first. */
function specialTokens({ added_tokens: added }: Json): string[] {
  const tokens = Array.isArray(added) ? (added as Json[]).filter((token) => token?.special === true).map((token) => token.content) : [];
  return tokens
    .filter((token) => typeof token === 'string' && token !== '')
    .sort((a, b) => String(b).length - String(a).length) as string[];
}

/**
 * `Digits` splits at every number of Unicode (Rust's `char::is_numeric`: ½, ², ٣), where @huggingface/tokenizers 0.2.0 knows 0 to 9 alone.
 * A split at the pattern does what is meant.
 */
function withUnicodeDigits(preTokenizer: unknown): unknown {
  const { type, pretokenizers, individual_digits: individually } = (preTokenizer ?? {}) as Json;
  if (Array.isArray(pretokenizers)) return { ...(preTokenizer as Json), pretokenizers: pretokenizers.map(withUnicodeDigits) };
  if (type !== 'Digits') return preTokenizer;
  return { type: 'Split', pattern: { Regex: individually === true ? '\\p{N}' : '\\p{N}+' }, behavior: 'Isolated', invert: false };
}

const readText = (path: string): Promise<string | null> => unlessMissing(path, readFile(path, 'utf8'));

function parse(text: string, path: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch (cause) {
    throw new EvomError('E_CHECKPOINT', `${path} is not JSON; save the tokenizer again`, { cause });
  }
  throw new EvomError('E_CHECKPOINT', `${path} holds no JSON object; save the tokenizer again`);
}

async function readJson(path: string): Promise<Json> {
  const text = await readText(path);
  return text === null ? {} : parse(text, path);
}

/** A token is written as a string or as an object with `content`. */
function tokenText(token: unknown): string | null {
  if (typeof token === 'string') return token;
  const content = typeof token === 'object' && token !== null ? (token as Json).content : null;
  return typeof content === 'string' ? content : null;
}

/** `chat_template` is a string, or a list of named templates of which `default` counts. */
function templateOf(config: Json): string | null {
  const template = config.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = (template as Json[]).find((entry) => entry?.name === 'default')?.template;
  return typeof named === 'string' ? named : null;
}
