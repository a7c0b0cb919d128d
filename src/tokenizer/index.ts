/** `evom/tokenizer`: tokenizers and chat templates. */

export { type BpeModel, type BpeOptions, trainBpe, writeTokenizer } from './bpe-trainer.ts';
export { byteTokenizer } from './byte-tokenizer.ts';
export { type ChatMessage, type ChatTokenizer, loadTokenizer } from './chat-tokenizer.ts';
