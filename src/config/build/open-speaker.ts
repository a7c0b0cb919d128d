/** A policy of any kind, with the way to ask it in messages: a folder, or what a configuration says. */
import { availableParallelism } from 'node:os';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import type { Following } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import type { Speaker } from '../../solve/speaker.ts';
import { loadTokenizer } from '../../tokenizer/chat-tokenizer.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { buildChat } from './build-chat.ts';
import { buildEmbeddedPolicy, buildPolicy } from './build-policy.ts';
import { chooseTemplate, speaksChat } from './prompt-template.ts';
import { resolveCheckpoint } from './resolve-checkpoint.ts';

/** The folder of a checkpoint or a run, sampled in this process, or the `policy` of a configuration. */
export type PolicySource = string | Pick<TrainConfig, 'policy' | 'learner' | 'run' | 'prompt'>;

export interface OpenSpeaker {
  readonly speaker: Speaker;
  close(): Promise<void>;
}

/**
 * @param asked how it is asked; null: as its configuration says, else by the checkpoint.
 * @throws {EvomError} `E_CHECKPOINT` for a folder that is none; `E_CONFIG` for a policy that answers nothing new; `E_POLICY` for a server that
 *   cannot be reached.
 */
export async function openSpeaker(source: PolicySource, asked: PromptTemplate | null, following: Following = {}): Promise<OpenSpeaker> {
  if (typeof source === 'string') {
    const directory = resolveCheckpoint(source);
    const opening = [
      loadTokenizer(directory),
      buildEmbeddedPolicy(directory, { threads: Math.max(1, availableParallelism()), batchRows: 64, version: 0 }),
    ] as const;
    return joined(opening, asked ?? 'auto', false);
  }
  const { policy, prompt } = source;
  const template = asked ?? prompt.template;
  if (policy.type === 'recorded')
    throw new EvomError('E_CONFIG', 'policy.type: recorded holds answers to other prompts; take a policy that can be asked');
  if (policy.type === 'chat') {
    const { policy: chat, tokenizer } = buildChat(policy.chat);
    return joined([Promise.resolve(tokenizer), Promise.resolve(chat)], template, true);
  }
  const directory = resolveCheckpoint(policy.checkpoint, policy.type);
  return joined([loadTokenizer(directory), buildPolicy(source, directory, 0, following)], template, false);
}

type Opening = readonly [ReturnType<typeof loadTokenizer>, ReturnType<typeof buildPolicy>];

async function joined(opening: Opening, template: PromptTemplate | 'auto', isChat: boolean): Promise<OpenSpeaker> {
  try {
    const [tokenizer, policy] = await Promise.all(opening);
    const speaker: Speaker = {
      policy,
      encode: (messages) => tokenizer.encodeChat(messages),
      decode: (ids) => tokenizer.decode(ids),
      template: chooseTemplate(template, isChat || speaksChat(tokenizer)).template,
    };
    return { speaker, close: () => policy.close() };
  } catch (error) {
    // A thread that is stopped while it loads its library takes the process down.
    const [, policy] = await Promise.allSettled(opening);
    if (policy.status === 'fulfilled') await policy.value.close();
    throw error;
  }
}
