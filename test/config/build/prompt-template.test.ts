import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chooseTemplate, speaksChat } from '../../../src/config/build/prompt-template.ts';
import { loadTokenizer } from '../../../src/tokenizer/chat-tokenizer.ts';

type Rendering = Parameters<typeof speaksChat>[0];
const renders = (before: string, after: string): Rendering => ({
  hasChatTemplate: true,
  renderChat: (messages) => messages.map(({ content }) => `${before}${content}${after}`).join(''),
});

describe('prompt.template: auto', () => {
  it('tells models of chats by what their template adds to one message', async () => {
    expect(speaksChat(renders('<|im_start|>user\n', '<|im_end|>\n'))).toBe(true);
    expect(speaksChat(renders('[INST] ', ' [/INST]'))).toBe(true);
    expect(speaksChat(renders('', '\n'))).toBe(false);
    expect(speaksChat({ ...renders('<user>', ''), hasChatTemplate: false })).toBe(false);
    const tiny = await loadTokenizer(fileURLToPath(new URL('../../../checkpoints/tiny', import.meta.url)));
    expect(tiny.hasChatTemplate).toBe(true);
    expect(speaksChat(tiny)).toBe(false);
  });

  it('asks a model of chats in words and our own by a mark, and keeps what was asked for, with a warning where it is odd', () => {
    expect(chooseTemplate('auto', true)).toMatchObject({ template: 'instruct', isDoubtful: false });
    expect(chooseTemplate('auto', false)).toMatchObject({ template: 'bare', isDoubtful: false });
    expect(chooseTemplate('sirl', false)).toMatchObject({ template: 'sirl', isDoubtful: false });
    expect(chooseTemplate('bare', true)).toMatchObject({ template: 'bare', isDoubtful: true });
  });
});
