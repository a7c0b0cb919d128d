/** Text as its UTF-8 bytes: the tokenizer of policies that have none, such as recorded ones. */
import type { ChatMessage, ChatTokenizer } from './chat-tokenizer.ts';

const stopId = 256;

/** One token a byte, and one that ends a completion; no template. */
export function byteTokenizer(): ChatTokenizer {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const encode = (text: string): Int32Array => Int32Array.from(encoder.encode(text));
  const joined = (messages: readonly ChatMessage[]): string => messages.map(({ content }) => content).join('\n\n');
  return {
    sha256: 'utf-8',
    vocabSize: stopId + 1,
    padId: stopId,
    stopIds: [stopId],
    hasChatTemplate: false,
    encode,
    decode: (ids) => decoder.decode(Uint8Array.from([...ids].filter((id) => id < stopId))),
    renderChat: joined,
    encodeChat: (messages) => ({ text: joined(messages), tokenIds: encode(joined(messages)) }),
    encodeReply: (_messages, reply) => ({ text: `\n\n${reply}\n\n`, tokenIds: encode(`\n\n${reply}\n\n`) }),
  };
}
