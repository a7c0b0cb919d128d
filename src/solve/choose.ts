/** The answer of several samples, and the program to show for it. */
import { extractionOfModel } from '../decode/extraction.ts';
import { minimumBayesRisk } from '../decode/minimum-bayes-risk.ts';
import { type AnswerKind, answerKindOf, modelHashOf, selfConsistent } from '../decode/self-consistency.ts';
import { largest } from '../lib/extremes.ts';
import { countedSamples, type SampledProgram } from './candidates.ts';
import type { SolveOptions } from './solve-parts.ts';

/** All that is looked at of a sample. */
type Ran = Pick<SampledProgram, 'program' | 'outcome'>;

export interface Choice<Sample extends Ran = SampledProgram> {
  readonly kind: AnswerKind;
  readonly value: number | null;
  readonly sample: Sample;
  /** Samples that give this answer; the record's vote is not one. */
  readonly agreeing: number;
}

/** Who votes. */
export interface Votes<Sample extends Ran = SampledProgram> {
  /** Programs of the policy. */
  readonly samples: readonly Sample[];
  /** The record, solved; null without one. */
  readonly record: Sample | null;
  /** [samples, then the record] of each vote where simulators contradicted the answer; null for one vote each. */
  readonly doubts: Doubts | null;
}

/** What votes are worth once simulators contradicted the answer. */
export interface Doubts {
  /** `sourceWeights`. */
  readonly weights: readonly number[];
  /** Simulators that bear out each vote's model. */
  readonly numBorneOut: readonly number[];
}

/** Equal for programs with the same model, or the same text where there is no model. */
export const keyOf = ({ outcome, program }: Ran): string => modelHashOf(outcome) ?? program?.code ?? '';

/**
 * The answer and the program to show for it: the consensus of the programs and of the record, one vote each or weighed by source; of those
 * with that answer one that most simulators bear out, of these the one of least Bayes risk. Where more failed than gave any one kind of answer, the consensus of those that gave one, for
 * `trustOf` to say how little that is. Without self-consistency the least risky sample of all; without both, the first.
 */
export function choose<Sample extends Ran>(
  { samples, record, doubts }: Votes<Sample>,
  { components }: Pick<SolveOptions, 'components'>,
): Choice<Sample> | null {
  const all = record === null ? samples : [...samples, record];
  const counted = all.flatMap((sample, i) =>
    sample.outcome.status === 'infra_error'
      ? []
      : [{ sample, weight: doubts?.weights[i] ?? 1, support: doubts?.numBorneOut[i] ?? 0, isRecord: sample === record }],
  );
  if (counted.length === 0) return null;
  const answering = counted.filter(({ sample }) => answerKindOf(sample.outcome.status) !== 'error');
  const agreeingWith = (kind: AnswerKind, value: number | null): number =>
    countedSamples(samples).filter(
      ({ outcome }) => answerKindOf(outcome.status) === kind && (value === null || isClose(outcome.objective, value)),
    ).length;
  if (!components.selfConsistency) {
    const own = counted.filter(({ isRecord }) => !isRecord).map(({ sample }) => sample);
    const sample = (components.bayesRisk ? leastRisky(own) : null) ?? own[0];
    if (sample === undefined) return null;
    const kind = answerKindOf(sample.outcome.status) ?? 'error';
    return { kind, value: sample.outcome.objective, sample, agreeing: agreeingWith(kind, sample.outcome.objective) };
  }
  const voters = answering.length > 0 && kindOfMost(counted) === 'error' ? answering : counted;
  const consensus = selfConsistent(
    voters.map(({ sample }) => sample.outcome),
    { weights: voters.map(({ weight }) => weight) },
  );
  if (consensus === null) return null;
  const members = consensus.members.flatMap((i) => voters[i] ?? []);
  const most = largest(members.map(({ support }) => support));
  const best = members.filter(({ support }) => support === most);
  // The policy's own program is shown before the record's.
  const own = best.filter(({ isRecord }) => !isRecord);
  const middle = own.find(({ sample }) => sample === voters[consensus.representative]?.sample);
  const shown = (components.bayesRisk ? leastRisky(own.map(({ sample }) => sample)) : null) ?? (middle ?? own[0] ?? best[0])?.sample;
  if (shown === undefined) return null;
  return { kind: consensus.kind, value: consensus.value, sample: shown, agreeing: agreeingWith(consensus.kind, consensus.value) };
}

const kindOfMost = (counted: readonly { readonly sample: Ran; readonly weight: number }[]): AnswerKind | null =>
  selfConsistent(
    counted.map(({ sample }) => sample.outcome),
    { weights: counted.map(({ weight }) => weight) },
  )?.kind ?? null;

/** Whether two optima are the same to 1e-6; also where neither has a value. */
export const isClose = (a: number | null, b: number | null): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) <= 1e-6 + 1e-6 * Math.abs(b);

/** The sample whose captured model the others' are least unlike; null where no model was captured. */
function leastRisky<Sample extends Ran>(samples: readonly Sample[]): Sample | null {
  const solved = samples.flatMap((sample) => (sample.outcome.model === null ? [] : [{ sample, model: sample.outcome.model }]));
  const choice = minimumBayesRisk(solved.map(({ model }) => extractionOfModel(model)));
  return solved[choice?.order[0] ?? -1]?.sample ?? null;
}
