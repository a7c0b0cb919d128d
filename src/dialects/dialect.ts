/** A solver API in a language: how programs in it are asked for, found in a completion and rendered from a model. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Program } from '../core/program.ts';

export interface Dialect {
  /** Name in configuration and records, e.g. `highs-js`. */
  readonly name: string;
  /** Language of its programs, as a fence names it. */
  readonly language: 'javascript' | 'python';
  /** Whether its programs check a solution that is given to them instead of finding one. */
  readonly isSimulator?: boolean;
  /** A few lines that teach the API to a general model, with one worked program. */
  readonly instructions: string;
  /**
   * A reference program that builds, solves and reports the model, as short as is readable.
   *
   * Variables whose names the dialect cannot hold are renamed; everything else of the model comes back.
   */
  render(model: LinearModel): string;
  /** The program in a completion; null when there is none. */
  extract(completion: string): Program | null;
}
