/** Rollout parts without a model: characters are tokens, completions come from a script, scores from `evom`'s reward. */
import type { Outcome } from '../../src/core/outcome.ts';
import { emptyOutcome } from '../../src/core/outcome.ts';
import type { Problem } from '../../src/core/problem.ts';
import type { Program } from '../../src/core/program.ts';
import { createScriptedPolicy } from '../../src/policy/scripted-policy.ts';
import { rewardPresets, scoreOutcome } from '../../src/reward/reward.ts';
import type { RolloutParts } from '../../src/rollout/engine.ts';
import type { TurnSettings } from '../../src/rollout/episode.ts';
import { solverFeedback } from '../../src/verify/feedback.ts';

export const stop = 1;
export const encode = (text: string): number[] => [...text].map((symbol) => symbol.charCodeAt(0));
export const decode = (ids: Int32Array): string => String.fromCharCode(...[...ids].filter((id) => id !== stop));

export const problem = (id: string, answer: Problem['answer'] = 1, more: Partial<Problem> = {}): Problem => ({
  id,
  question: `question ${id}`,
  answer,
  source: 'test',
  ...more,
});

const about = { dialect: 'highs-js', backend: 'highs' };

/** An outcome as a program whose last solve reached `objective` has it. */
export const optimal = (objective: number): Outcome => ({
  ...emptyOutcome('optimal', about),
  objective,
  solves: [
    {
      status: 'optimal',
      objective,
      certificate: 'dual',
      modelHash: `${objective}`,
      numVariables: 2,
      numIntegers: 0,
      numConstraints: 1,
      ms: 0,
    },
  ],
});

/** Takes a completion that is a number for a program with that optimum; `fault` is a fault of ours. */
export const verifyNumber = async ({ code }: Program): Promise<Outcome> =>
  code === 'fault'
    ? emptyOutcome('infra_error', about)
    : Number.isNaN(Number(code))
      ? emptyOutcome('syntax_error', about)
      : optimal(Number(code));

/**
 * @param script text that the policy answers to a problem's sample; '' is a completion without a program.
 * @param over parts to replace.
 */
export function scriptedParts(script: (question: string, seed: string) => string, over: Partial<RolloutParts> = {}): RolloutParts {
  const policy = createScriptedPolicy({
    script: (promptIds, seed) => [...encode(script(decode(promptIds), seed)), stop],
    stopIds: [stop],
    vocabSize: 65_536,
  });
  return {
    policy,
    task: (one) => ({
      problem: one,
      prompt: { text: one.question, tokenIds: Int32Array.from(encode(one.question)) },
      ...about,
      extract: (text) => (text === '' ? null : { code: text, dialect: about.dialect }),
    }),
    decode,
    verify: verifyNumber,
    score: (requests) => requests.map((request) => scoreOutcome(request, rewardPresets.evom)),
    ...over,
  };
}

export const sampling = { temperature: 1, topK: 0, topP: 1, maxTokens: 1000 } as const;

export const turns: TurnSettings = { most: 3, revise: 'failed', episodeTokens: null };

/** A policy that answers to all that it has been asked and told; the script may look at it. */
export function talkingParts(script: (text: string, seed: string) => string, over: Partial<RolloutParts> = {}): RolloutParts {
  const parts = scriptedParts(script, { turns, ...over });
  return {
    ...parts,
    task: (one) => ({
      ...parts.task(one),
      tell: (outcome) => {
        const text = `<${solverFeedback(outcome)}>`;
        return { text, tokenIds: Int32Array.from([stop, ...encode(text)]) };
      },
    }),
  };
}
