/** What a family of generated problems hands over: a reference model and the sentences that describe it. */
import type { LinearModel } from '../../core/linear-model.ts';
import type { ProblemKind } from '../../core/problem.ts';
import type { RandomStream } from '../../lib/random.ts';
import type { SlotName } from '../wordings/slots.ts';
import type { NumberWriter } from './number-text.ts';

export type Difficulty = 1 | 2 | 3;

/** One sentence to be: the slot gives the wording, `fill` its placeholders. */
export interface Sentence {
  readonly slot: SlotName;
  readonly fill: Readonly<Record<string, string>>;
  /** Indices of the model's rows that this sentence states; rows follow the order of the text. */
  readonly rows?: readonly number[];
}

/** A table that stands for several sentences. */
export interface Table {
  readonly lines: readonly string[];
  readonly rows?: readonly number[];
}

/** Parts in free order; the sentences of one part stay together. */
export interface Story {
  readonly opening: Sentence | null;
  readonly parts: readonly (readonly (Sentence | Table)[])[];
  readonly goal: Sentence;
  /** Which arrangement of the facts was chosen, e.g. `by_item`. */
  readonly layout: string;
}

export interface Teller {
  readonly random: RandomStream;
  readonly difficulty: Difficulty;
  readonly write: NumberWriter;
}

/** Changes of the model that this family's optimum cannot notice, with the reason. */
export interface Exemptions {
  /** No check that relaxing the integers changes the optimum. */
  readonly integrality?: string;
  /**
   * No check of costs and entries of variables that can be zero in the optimum (things left out, routes not used): the
   * optimum cannot depend on them. At least a third of the variables must be active.
   */
  readonly inactive?: string;
  /** Share of the other changes that may stay unnoticed, in [0, 1]. */
  readonly silentShare?: { readonly share: number; readonly reason: string };
}

/** One drawn instance. */
export interface Draft {
  readonly model: LinearModel;
  /** Instance parameters, plain JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly tell: (teller: Teller) => Story;
  /** Instead of the family's, for a variant that differs. */
  readonly exempt?: Exemptions;
}

export interface DrawRequest {
  readonly random: RandomStream;
  readonly difficulty: Difficulty;
  /** Ask for an instance without a feasible point; a family that cannot make one ignores it. */
  readonly infeasible: boolean;
}

export interface Family {
  readonly name: string;
  readonly difficulties: readonly Difficulty[];
  readonly canBeInfeasible: boolean;
  readonly exempt: Exemptions;
  readonly draw: (request: DrawRequest) => Draft;
}

/** `lp`, `ilp` or `milp`, by the integrality of the variables. */
export function kindOf(model: LinearModel): ProblemKind {
  const numIntegers = model.variables.filter((v) => v.integer).length;
  if (numIntegers === 0) return 'lp';
  return numIntegers === model.variables.length ? 'ilp' : 'milp';
}
