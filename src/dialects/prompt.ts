/** How a problem in words becomes what a policy is asked, as chat messages so that a checkpoint's chat template is honoured. */
import { EvomError } from '../lib/errors.ts';
import type { Dialect } from './dialect.ts';
import { modelText, type WorkedExample, workedExamples } from './worked-examples.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * `bare`: question and dialect marker, for policies trained on nothing else. `brief`: the same for a chat model, one system line and the
 * question, for one that training has taught the library. The others teach the dialect to a general model and differ in the form of its answer: `instruct`: free text with one fenced program; `evom`: `<think>`, then `<code>` (EVOM); `sirl`: `<think>`,
 * `<model>`, then `<python>` (SIRL; `<javascript>` for programs in JavaScript).
 */
export type PromptTemplate = 'bare' | 'brief' | 'instruct' | 'evom' | 'sirl';

export const promptTemplates: readonly PromptTemplate[] = ['bare', 'brief', 'instruct', 'evom', 'sirl'];

/** Worked examples that there are. */
export const maxExamples = workedExamples.length;

/** How a template asks for an answer and how an answer to it looks. */
interface AnswerForm {
  readonly ask: (dialect: Dialect) => string;
  readonly answer: (example: WorkedExample, dialect: Dialect) => string;
}

const fenceOf = (dialect: Dialect): string => (dialect.language === 'python' ? 'python' : 'js');
const fenced = (dialect: Dialect, code: string): string => `\`\`\`${fenceOf(dialect)}\n${code}\n\`\`\``;

const forms: Readonly<Record<Exclude<PromptTemplate, 'bare' | 'brief'>, AnswerForm>> = {
  instruct: {
    ask: (dialect) => `Think it through, then give the whole program in one \`\`\`${fenceOf(dialect)} block at the end.`,
    answer: ({ reasoning, model }, dialect) => `${reasoning}\n\n${fenced(dialect, dialect.render(model))}`,
  },
  evom: {
    ask: () => 'Answer in this form and add nothing else: <think>your reasoning</think> and then <code>the whole program</code>.',
    answer: ({ reasoning, model }, dialect) => `<think>${reasoning}</think>\n<code>\n${dialect.render(model)}\n</code>`,
  },
  sirl: {
    ask: (dialect) =>
      `Answer in this form and add nothing else: <think>your reasoning</think>, then <model>the variables, the objective and the constraints as mathematics</model>, then <${dialect.language}>the whole program in one \`\`\`${fenceOf(dialect)} block</${dialect.language}>.`,
    answer: ({ reasoning, model }, dialect) =>
      `<think>\n${reasoning}\n</think>\n<model>\n${modelText(model)}\n</model>\n<${dialect.language}>\n${fenced(dialect, dialect.render(model))}\n</${dialect.language}>`,
  },
};

/**
 * The messages that ask for a program.
 *
 * @param question the problem's text; surrounding white space is left out.
 * @param options.examples worked examples before the question, each an exchange of its own; at most `maxExamples`. `bare` and `brief` have none.
 * @throws {EvomError} E_CONFIG for an unknown template or more examples than there are.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { buildPrompt, dialectByName } from 'evom';
 * const [message] = buildPrompt('bare', 'Make mugs.', dialectByName('highs-js'));
 * assert.deepEqual(message, { role: 'user', content: 'Make mugs.\n[highs-js]' });
 * const chat = buildPrompt('sirl', 'Make mugs.', dialectByName('gurobipy'), { examples: 1 });
 * assert.deepEqual(chat.map(({ role }) => role), ['system', 'user', 'assistant', 'user']);
 * ```
 */
export function buildPrompt(
  template: PromptTemplate,
  question: string,
  dialect: Dialect,
  { examples = 0 }: { readonly examples?: number } = {},
): readonly ChatMessage[] {
  const text = question.trim();
  if (template === 'bare') return [{ role: 'user', content: `${text}\n[${dialect.name}]` }];
  if (template === 'brief') {
    return [
      { role: 'system', content: `Answer with one program: ${dialect.name}` },
      { role: 'user', content: text },
    ];
  }
  const form = Object.hasOwn(forms, template) ? forms[template] : undefined;
  if (form === undefined) {
    throw new EvomError('E_CONFIG', `prompt template "${String(template)}" is not known; known: ${promptTemplates.join(', ')}`);
  }
  if (examples > maxExamples) throw new EvomError('E_CONFIG', `${examples} examples were asked for; there are ${maxExamples}`);
  const ask = (problem: string): ChatMessage => ({ role: 'user', content: `${problem}\n\n${form.ask(dialect)}` });
  return [
    {
      role: 'system',
      content: `You are an expert in operations research. You answer with one complete program${dialect.isSimulator ? '' : ' that models and solves the problem'}. ${dialect.instructions}`,
    },
    ...workedExamples
      .slice(0, examples)
      .flatMap((example) => [ask(example.question), { role: 'assistant', content: form.answer(example, dialect) } as const]),
    ask(text),
  ];
}

/**
 * The message that tells what the solver said of a program and asks for another one.
 *
 * @param said what the solver said, as `solverFeedback` has it.
 * @param options.mayKeep the program may stand: then an answer without one keeps it. Default false.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { buildReply, dialectByName } from 'evom/dialects';
 * assert.equal(buildReply('bare', 'The program crashed.', dialectByName('highs-js')), 'The program crashed.\n[highs-js]');
 * ```
 */
export function buildReply(
  template: PromptTemplate,
  said: string,
  dialect: Dialect,
  { mayKeep = false }: { readonly mayKeep?: boolean } = {},
): string {
  if (template === 'bare') return `${said}\n[${dialect.name}]`;
  if (template === 'brief') return said;
  const keep = mayKeep ? ' If your program is right as it is, answer with one sentence and no program.' : '';
  return `${said}\n\nRevise your program.${keep} ${forms[template].ask(dialect)}`;
}
