/** `policy.type: chat`: an API of chat completions in the place of a checkpoint. */
import { EvomError } from '../../lib/errors.ts';
import type { Policy } from '../../policy/policy.ts';
import { chatPrompt, createChatPolicy } from '../../servers/chat-policy.ts';
import { byteTokenizer } from '../../tokenizer/byte-tokenizer.ts';
import type { ChatMessage, ChatTokenizer } from '../../tokenizer/chat-tokenizer.ts';
import type { TrainConfig } from '../schema/schema.ts';

export interface ChatParts {
  readonly policy: Policy;
  readonly tokenizer: ChatTokenizer;
}

/** @throws {EvomError} `E_CONFIG` when the address or the model is missing, or the variable of the token is not set. */
export function buildChat({ url, model, token_env: variable, ...chat }: TrainConfig['policy']['chat']): ChatParts {
  if (url === undefined || model === undefined)
    throw new EvomError('E_CONFIG', `policy.chat.${url === undefined ? 'url' : 'model'} is missing; policy.type: chat asks it`);
  const token = variable === undefined ? null : (process.env[variable] ?? '');
  if (token === '')
    throw new EvomError('E_CONFIG', `policy.chat.token_env names ${variable}, which is not set; export it, or leave the key out`);
  const bytes = byteTokenizer();
  const encode = (text: string): Int32Array => bytes.encode(text);
  const policy = createChatPolicy({
    url,
    model,
    token,
    headers: chat.headers,
    body: chat.body,
    concurrency: chat.concurrency,
    retries: chat.retries,
    timeoutMs: chat.timeout_s * 1000,
    encode,
    decode: (ids) => bytes.decode(ids),
    stopId: bytes.padId,
  });
  const encodeChat = (messages: readonly ChatMessage[]) => chatPrompt(messages, encode);
  return { policy, tokenizer: { ...bytes, encodeChat } };
}
