/** The answer of several samples, and the program to show for it. */
import { extractionOfModel } from '../decode/extraction.ts';
import { minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
import { type AnswerKind, answerKindOf, modelHashOf, selfConsistent } from '../decode/self-consistency.ts';
import { countedSamples, type SampledProgram } from './candidates.ts';
import type { SolveOptions } from './solve-parts.ts';

export interface Choice {
  readonly kind: AnswerKind;
  readonly value: number | null;
  readonly sample: SampledProgram;
  /** Samples that give this answer. */
  readonly agreeing: number;
}

/** Equal for programs with the same model, or the same text where there is no model. */
export const keyOf = ({ outcome, program }: SampledProgram): string => modelHashOf(outcome) ?? program?.code ?? '';

/**
 * The answer and the program to show for it: the consensus of the samples that no simulator refuted; of the samples with that answer the one of
 * least Bayes risk. Without self-consistency the least risky sample of all; without both, the first.
 */
export function choose(samples: readonly SampledProgram[], refuted: ReadonlySet<string>, { components }: SolveOptions): Choice | null {
  const left = countedSamples(samples).filter((sample) => !refuted.has(keyOf(sample)));
  const consensus = selfConsistent(left.map(({ outcome }) => outcome));
  if (consensus === null) return null;
  if (components.selfConsistency) {
    const members = consensus.members.flatMap((i) => left[i] ?? []);
    const shown = (components.bayesRisk ? leastRisky(members) : null) ?? left[consensus.representative];
    return shown === undefined ? null : { kind: consensus.kind, value: consensus.value, sample: shown, agreeing: members.length };
  }
  const sample = (components.bayesRisk ? leastRisky(left) : null) ?? left[0];
  if (sample === undefined) return null;
  const { objective, status } = sample.outcome;
  const kind = answerKindOf(status) ?? 'error';
  const agreeing = left.filter(({ outcome }) => answerKindOf(outcome.status) === kind && isClose(outcome.objective, objective)).length;
  return { kind, value: objective, sample, agreeing };
}

/** Whether two optima are the same to 1e-6; also where neither has a value. */
export const isClose = (a: number | null, b: number | null): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

/** The sample whose captured model the others' are least unlike; null where no model was captured. */
function leastRisky(samples: readonly SampledProgram[]): SampledProgram | null {
  const solved = samples.flatMap((sample) => (sample.outcome.model === null ? [] : [{ sample, model: sample.outcome.model }]));
  const risks = minimumBayesRisk(solved.map(({ model }) => extractionOfModel(model)))?.risks;
  if (risks === undefined) return null;
  const best = risks.reduce((b, risk, i) => (risk < (risks[b] ?? 0) - 1e-12 ? i : b), 0);
  return solved[best]?.sample ?? null;
}
