/** How a problem in words becomes what a policy is asked, as chat messages so that a checkpoint's chat template is honoured. */
import { EvomError } from '../core/errors.ts';
import type { Dialect } from './dialect.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** `bare`: question and dialect marker, for policies trained on nothing else; `instruct`: teaches the dialect to a general model. */
export type PromptTemplate = 'bare' | 'instruct';

export const promptTemplates: readonly PromptTemplate[] = ['bare', 'instruct'];

/**
 * The messages that ask for a program.
 *
 * @param question the problem's text; surrounding white space is left out.
 * @throws {EvomError} E_CONFIG for an unknown template.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { buildPrompt, dialectByName } from 'evom';
 * const [message] = buildPrompt('bare', 'Make mugs.', dialectByName('highs-js'));
 * assert.deepEqual(message, { role: 'user', content: 'Make mugs.\n[highs-js]' });
 * ```
 */
export function buildPrompt(template: PromptTemplate, question: string, dialect: Dialect): readonly ChatMessage[] {
  const text = question.trim();
  switch (template) {
    case 'bare':
      return [{ role: 'user', content: `${text}\n[${dialect.name}]` }];
    case 'instruct':
      return [
        {
          role: 'system',
          content: `You are an expert in operations research. You answer with one complete program that models and solves the problem. ${dialect.instructions}`,
        },
        {
          role: 'user',
          content: `${text}\n\nThink it through, then give the whole program in one \`\`\`${dialect.language === 'python' ? 'python' : 'js'} block at the end.`,
        },
      ];
    default:
      throw new EvomError(
        'E_CONFIG',
        `prompt template "${String(template satisfies never)}" is not known; known: ${promptTemplates.join(', ')}`,
      );
  }
}
