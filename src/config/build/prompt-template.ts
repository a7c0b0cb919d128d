/** How a checkpoint is asked where `prompt.template` is `auto`: a model of chats in words, one of our own by a mark. */
import type { PromptTemplate } from '../../dialects/prompt.ts';
import type { ChatTokenizer } from '../../tokenizer/chat-tokenizer.ts';

export interface ChosenTemplate {
  readonly template: PromptTemplate;
  /** One line for people: what was taken, and why. */
  readonly text: string;
  /** Whether the choice is likely a mistake: a model of chats asked by a mark that it never saw. */
  readonly isDoubtful: boolean;
}

/**
 * Whether a checkpoint's chat template makes turns of messages: one user message gives more than its content. That of the models trained
 * here from nothing adds nothing.
 */
export const speaksChat = ({ hasChatTemplate, renderChat }: Pick<ChatTokenizer, 'hasChatTemplate' | 'renderChat'>): boolean => {
  const content = 'Q';
  return hasChatTemplate && renderChat([{ role: 'user', content }], { addGenerationPrompt: false }).trim() !== content;
};

/** @param isChat whether the model answers chats. */
export function chooseTemplate(asked: PromptTemplate | 'auto', isChat: boolean): ChosenTemplate {
  const kind = isChat ? 'a model of chats' : 'no model of chats';
  if (asked === 'auto') {
    const template = isChat ? 'instruct' : 'bare';
    return { template, text: `prompt.template ${template}: the checkpoint is ${kind}`, isDoubtful: false };
  }
  if (asked !== 'bare' || !isChat) return { template: asked, text: `prompt.template ${asked}`, isDoubtful: false };
  return {
    template: asked,
    text: 'prompt.template bare gives a model of chats the question and a mark that it has not met; take instruct (--prompt instruct), or auto',
    isDoubtful: true,
  };
}
