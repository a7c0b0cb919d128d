/** Texts and chats of common model families against transformers: ids recorded by scripts/make-tokenizer-family-goldens.py. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ChatMessage, type ChatTokenizer, loadTokenizer } from '../../src/tokenizer/chat-tokenizer.ts';

interface Golden {
  readonly transformers: string;
  readonly families: Readonly<Record<string, Family>>;
}
interface Family {
  /** Of the tokenizer.json that was recorded. */
  readonly sha256: string;
  readonly cases: readonly { readonly text: string; readonly ids: number[]; readonly withSpecial: number[]; readonly decoded: string }[];
  readonly chats: readonly {
    readonly messages: readonly ChatMessage[];
    readonly tools?: readonly object[];
    readonly add_generation_prompt?: boolean;
    readonly text?: string;
    readonly ids?: number[];
    readonly refused?: string;
  }[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/tokenizer/families.json', import.meta.url), 'utf8')) as Golden;
/** Made by scripts/setup-tokenizers.sh, or another folder with a folder a family. */
const folder = process.env.EVOM_TOKENIZERS ?? fileURLToPath(new URL('../../.tokenizers', import.meta.url));

for (const [name, family] of Object.entries(golden.families)) {
  const directory = join(folder, name);
  describe.skipIf(!existsSync(join(directory, 'tokenizer.json')))(
    `the tokenizer of ${name} (skipped without ${join('.tokenizers', name)}: run scripts/setup-tokenizers.sh)`,
    () => {
      let tokenizer: ChatTokenizer;
      beforeAll(async () => {
        tokenizer = await loadTokenizer(directory);
      }, 60_000);

      it('is the one that was recorded', () => expect(tokenizer.sha256).toBe(family.sha256));

      it('cuts texts token by token as Python does, with and without special tokens', () => {
        for (const { text, ids, withSpecial } of family.cases) {
          expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
          expect([...tokenizer.encode(text, { addSpecialTokens: true })], JSON.stringify(text)).toEqual(withSpecial);
        }
      });

      it('gives the same text back', () => {
        for (const { ids, decoded } of family.cases) expect(tokenizer.decode(ids, { keepSpecial: true })).toBe(decoded);
      });

      it.skipIf(family.chats.length === 0)('renders chats, tools among them, as transformers does', () => {
        for (const { messages, tools, add_generation_prompt: addGenerationPrompt = true, text, ids, refused } of family.chats) {
          const render = () => tokenizer.renderChat(messages, { addGenerationPrompt, ...(tools === undefined ? {} : { tools }) });
          if (refused === undefined) expect(render()).toBe(text);
          else expect(render).toThrow();
          if (text !== undefined) expect([...tokenizer.encode(text)]).toEqual(ids);
        }
      });
    },
  );
}
