/** What a group of programs for one problem says about each of them, without a label: the evidence behind the reward term `consistency`. */
import type { ConsistencyEvidence } from '../core/evidence.ts';
import type { Outcome } from '../core/outcome.ts';
import { answerKindOf, modelHashOf, selfConsistent } from '../decode/self-consistency.ts';
import { sameNumbers } from './same-numbers.ts';
import { sampleAgreement } from './sample-agreement.ts';
import { textShare } from './text-share.ts';

/**
 * `faithful`: for a program whose model is written with exactly the numbers of the text (`sameNumbers`), the share of the other such programs
 * that give the same answer, or 1 where there is no other; 0 for every other program, which has no vote either.
 * `agreement`: the mean of three shares for each program that reached a verdict of the solver, 0 for the others: of the other programs, how
 * many give the same answer; how many hand over a model that says the same at every point around the optimum; and how far the numbers
 * of the text stand in the model. The last holds on to the text, so that a group cannot agree on a model of nothing.
 * `majority`: 1 for a program that gives the consensus answer (`selfConsistent`) with at least one other, else 0.
 */
export const consistencyRules = ['faithful', 'agreement', 'majority'] as const;
export type ConsistencyRule = (typeof consistencyRules)[number];

/**
 * Evidence on each outcome of a group.
 *
 * It looks at the problem's text and the outcomes alone: no answer and no reference model.
 *
 * @param question the problem's text. @param outcomes [G] of programs for it.
 * @returns [G]; null for a fault of ours, about which nothing can be said.
 */
export function groupConsistency(question: string, outcomes: readonly Outcome[], rule: ConsistencyRule): (ConsistencyEvidence | null)[] {
  switch (rule) {
    case 'faithful':
      return byFaithful(question, outcomes);
    case 'majority':
      return byMajority(outcomes);
    case 'agreement':
      return byAgreement(question, outcomes);
    default:
      return rule satisfies never;
  }
}

const hasAnswer = ({ status }: Outcome): boolean => {
  const kind = answerKindOf(status);
  return kind === 'optimal' || kind === 'infeasible' || kind === 'unbounded';
};

function byFaithful(question: string, outcomes: readonly Outcome[]): (ConsistencyEvidence | null)[] {
  const isFaithful = outcomes.map((outcome) => hasAnswer(outcome) && outcome.model !== null && sameNumbers(question, outcome.model));
  return outcomes.map((outcome, i): ConsistencyEvidence | null => {
    if (outcome.status === 'infra_error') return null;
    if (!isFaithful[i]) return { passed: 0, failed: [hasAnswer(outcome) ? 'numbers' : 'answer'] };
    const others = outcomes.filter((_, j) => j !== i && isFaithful[j]);
    const votes = others.length === 0 ? 1 : others.filter((other) => sameAnswer(outcome, other)).length / others.length;
    return { passed: votes, failed: votes < 0.5 ? ['votes'] : [] };
  });
}

function byMajority(outcomes: readonly Outcome[]): (ConsistencyEvidence | null)[] {
  // A program without an answer has no vote: the answers are counted.
  const consensus = selfConsistent(outcomes, { weights: outcomes.map((outcome) => Number(hasAnswer(outcome))) });
  const counts = consensus !== null && consensus.kind !== 'error' && consensus.kind !== 'time_limit' && consensus.members.length >= 2;
  const members = new Set(counts ? consensus.members : []);
  return outcomes.map((outcome, i) => {
    if (outcome.status === 'infra_error') return null;
    return members.has(i) ? { passed: 1, failed: [] } : { passed: 0, failed: ['majority'] };
  });
}

function byAgreement(question: string, outcomes: readonly Outcome[]): (ConsistencyEvidence | null)[] {
  const counted = outcomes.flatMap((outcome, i) => (outcome.status === 'infra_error' ? [] : [i]));
  const same = new Map<string, boolean>();
  // Points are compared by the names of variables, which a hash does not tell.
  const named = new Map(outcomes.map((outcome) => [outcome, JSON.stringify([outcome.model, outcome.solution])]));
  /** Whether two models say the same, asked once for each pair of models. */
  const agree = (a: Outcome, b: Outcome): boolean => {
    const [hashA, hashB] = [modelHashOf(a), modelHashOf(b)];
    if (hashA === null || hashB === null || a.model === null || b.model === null) return false;
    if (hashA === hashB) return true;
    if (a.solution === null || b.solution === null) return false;
    const key = `${named.get(a)} ${named.get(b)}`;
    const known = same.get(key);
    if (known !== undefined) return known;
    const result = sampleAgreement(a.model, a.solution, [b.model], 'consistency').agreeEverywhere === 1;
    same.set(key, result);
    return result;
  };
  return outcomes.map((outcome, i): ConsistencyEvidence | null => {
    if (outcome.status === 'infra_error') return null;
    if (!hasAnswer(outcome)) return { passed: 0, failed: ['answer'] };
    const others = counted.filter((j) => j !== i).flatMap((j) => outcomes[j] ?? []);
    const shareOf = (test: (other: Outcome) => boolean): number => (others.length === 0 ? 0 : others.filter(test).length / others.length);
    const checks: Record<string, number> = {
      value: shareOf((other) => sameAnswer(outcome, other)),
      model: shareOf((other) => agree(outcome, other)),
      text: textShare(question, outcome),
    };
    const names = Object.keys(checks);
    return {
      passed: names.reduce((sum, name) => sum + (checks[name] ?? 0), 0) / names.length,
      failed: names.filter((name) => (checks[name] ?? 0) < 0.5),
    };
  });
}

const sameAnswer = (a: Outcome, b: Outcome): boolean =>
  hasAnswer(b) && answerKindOf(a.status) === answerKindOf(b.status) && selfConsistent([a, b])?.members.length === 2;
