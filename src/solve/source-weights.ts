/** Agreement across independent sources: what each of programs, repairs, record and simulators says for an answer, each with one voice. */

/** Who says what, by the places of the votes. */
export interface Sources {
  /** [votes] round of each program: 0 of the first, else of a repair after disagreement; null for the record. */
  readonly rounds: readonly (number | null)[];
  /** [simulators][votes] whether a simulator bears out the model of a vote. */
  readonly borneOut: readonly (readonly boolean[])[];
}

/**
 * The weight of each vote where simulators and programs disagree: the first programs share one voice, the programs that were told of the
 * disagreement another, the record has one, and each simulator that may be used gives its share of a fourth to the votes that it bears out.
 *
 * Nothing is discarded. A simulator that misreads the text as some programs do is as wrong as they are, and by itself outvotes neither the
 * other programs nor those that read the text again and stand by their answer; one that is right lends its voice to the few right programs.
 *
 * @returns [votes] weights of 0 and more.
 */
export function sourceWeights({ rounds, borneOut }: Sources): number[] {
  const first = rounds.filter((round) => round === 0).length;
  const told = rounds.filter((round) => round !== null && round > 0).length;
  const weights = rounds.map((round) => (round === null ? 1 : round === 0 ? 1 / first : 1 / told));
  for (const votes of borneOut) {
    const held = votes.flatMap((isBorneOut, i) => (isBorneOut ? [i] : []));
    for (const i of held) weights[i] = (weights[i] ?? 0) + 1 / (borneOut.length * held.length);
  }
  return weights;
}
