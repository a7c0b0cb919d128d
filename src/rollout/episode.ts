/** One sampled episode: its turns so far, whether there is another, and the rollout that they make. Shapes: T tokens, N turns. */
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { Completion, Prompt, Rollout } from '../core/rollout.ts';
import { smallest } from '../lib/extremes.ts';
import { hasSolution } from '../verify/feedback.ts';

/** When a program is run and told about, and not yet the answer. */
export interface TurnSettings {
  /** Turns of an episode, at least 1. */
  readonly most: number;
  /** `failed`: a program that a solver found a solution for is the answer; `always`: it may be revised too, as long as there are turns. */
  readonly revise: 'failed' | 'always';
  /** Longest episode after its prompt, in tokens, what is told included; null: as long as the policy's context. */
  readonly episodeTokens: number | null;
}

/** What the policy is told of an outcome: its text, and the ids that lead from an answer to the next one. */
export type Tell = (outcome: Outcome) => { readonly text: string; readonly tokenIds: Int32Array };

/** Tokens that an episode may have: of a turn, and with its prompt. */
export interface TurnRoom {
  readonly maxTokens: number;
  readonly maxLength: number;
}

/** One answer of the policy and what became of its program. */
export interface Answered {
  readonly completion: Completion;
  readonly text: string;
  readonly program: Program | null;
  readonly outcome: Outcome;
}

type Told = ReturnType<Tell>;

export class Episode {
  readonly #prompt: Prompt;
  readonly #answers: Answered[] = [];
  /** [N - 1] what was told between them. */
  readonly #told: Told[] = [];

  constructor(prompt: Prompt) {
    this.#prompt = prompt;
  }

  /** Turns taken. */
  get turns(): number {
    return this.#answers.length;
  }

  /** Prompt, answers and what was told: ids as the policy drew them, never decoded and encoded again. */
  get tokenIds(): Int32Array {
    return joined([this.#prompt.tokenIds, ...this.#parts()]);
  }

  add(answer: Answered): void {
    this.#answers.push(answer);
  }

  /**
   * Tells the policy about its last program, if it is to have another turn: none follows the last one allowed, an answer cut off at its
   * limit, a fault of ours, one that keeps the program before (by no program, or the same again), a solution where only failures are
   * revised, or where the room for a whole turn is not left.
   *
   * @returns whether there is another turn.
   */
  goesOn({ most, revise, episodeTokens }: TurnSettings, { maxTokens, maxLength }: TurnRoom, tell: Tell): boolean {
    const last = this.#answers.at(-1);
    if (last === undefined || this.turns >= most) return false;
    const { outcome, completion } = last;
    if (completion.finishReason === 'length' || outcome.status === 'infra_error') return false;
    if (this.#keeps(last) || (revise === 'failed' && hasSolution(outcome))) return false;
    const told = withoutStop(tell(outcome), completion.tokenIds);
    const used = this.tokenIds.length + told.tokenIds.length + maxTokens;
    const room = Math.min(maxLength, this.#prompt.tokenIds.length + (episodeTokens ?? Infinity));
    if (used > room) return false;
    this.#told.push(told);
    return true;
  }

  /** The rollout without its reward: the last program that was written stands, with its outcome. */
  rollout(about: Pick<Rollout, 'sampleIndex' | 'seed'>): Omit<Rollout, 'reward'> {
    const standing = this.#answers.findLast(({ program }) => program !== null) ?? (this.#answers.at(-1) as Answered);
    const { text, program, outcome } = standing;
    const turns = this.#answers.map((answer, i) => ({
      text: answer.text,
      program: answer.program,
      status: answer.outcome.status,
      told: this.#told[i]?.text ?? null,
    }));
    return {
      ...about,
      completion: this.#completion(),
      completionText: text,
      program,
      outcome,
      ...(turns.length > 1 ? { turns } : {}),
    };
  }

  /** An answer without a program keeps one of before; so does the same program again, whose outcome is known. */
  #keeps({ program }: Answered): boolean {
    const before = this.#answers.slice(0, -1).flatMap((answer) => (answer.program === null ? [] : [answer.program.code]));
    return program === null ? before.length > 0 : before.includes(program.code);
  }

  #parts(): Int32Array[] {
    return this.#answers.flatMap(({ completion }, i) => [completion.tokenIds, ...(this.#told[i] ? [this.#told[i].tokenIds] : [])]);
  }

  #completion(): Completion {
    const completions = this.#answers.map(({ completion }) => completion);
    const [first, last] = [completions[0], completions.at(-1)];
    if (first === undefined || last === undefined || completions.length === 1) return first as Completion;
    const parts = this.#parts();
    const isKnown = completions.every(({ logprobs, tokenIds }) => logprobs.length === tokenIds.length);
    const logprobs = new Float32Array(isKnown ? parts.reduce((sum, { length }) => sum + length, 0) : 0);
    if (isKnown) {
      let at = 0;
      for (const [i, { length }] of parts.entries()) {
        // Own and told by turns; what was told keeps 0.
        if (i % 2 === 0) logprobs.set(completions[i / 2]?.logprobs ?? [], at);
        at += length;
      }
    }
    return {
      tokenIds: joined(parts),
      logprobs,
      entropy: meanEntropy(completions),
      ...usageOf(completions),
      finishReason: last.finishReason,
      policyVersion: smallest(completions.map(({ policyVersion }) => policyVersion)),
      turnLengths: Int32Array.from(parts, ({ length }) => length),
    };
  }
}

/** The ids after an answer without its end where the answer has it: a template closes a turn by the token that the model stops with. */
function withoutStop(told: Told, answer: Int32Array): Told {
  return told.tokenIds.length > 0 && told.tokenIds[0] === answer.at(-1) ? { ...told, tokenIds: told.tokenIds.subarray(1) } : told;
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Nats a token over the tokens of all turns. */
function meanEntropy(completions: readonly Completion[]): number | null {
  let [total, tokens] = [0, 0];
  for (const { entropy, tokenIds } of completions) {
    if (entropy === null) return null;
    total += entropy * tokenIds.length;
    tokens += tokenIds.length;
  }
  return tokens === 0 ? 0 : total / tokens;
}

function usageOf(completions: readonly Completion[]): Pick<Completion, 'usage'> {
  const usages = completions.flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
  if (usages.length < completions.length) return {};
  const sum = (key: 'promptTokens' | 'completionTokens'): number => usages.reduce((total, usage) => total + usage[key], 0);
  return { usage: { promptTokens: sum('promptTokens'), completionTokens: sum('completionTokens') } };
}
