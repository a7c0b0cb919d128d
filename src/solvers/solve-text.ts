/** Model text in, answer out: what one line of `evom solve-model` takes and gives. */

import type { LinearModel } from '../core/linear-model.ts';
import type { Certificate, SolveStatus } from '../core/outcome.ts';
import { EvomError } from '../lib/errors.ts';
import type { Capabilities, SolveLimits, SolverBackend } from './backend.ts';
import { parseLp } from './lp-reader.ts';
import { parseMps } from './mps-reader.ts';
import { modelFault } from './validate.ts';

export type ModelFormat = 'lp' | 'mps';

export interface ModelText {
  readonly format: ModelFormat;
  readonly text: string;
  /** Name of the file, for messages. */
  readonly source?: string;
}

export interface ModelAnswer {
  readonly status: SolveStatus;
  /** Recomputed from the point and the model; null without a point. */
  readonly objective: number | null;
  /** How the verdict is known. */
  readonly certificate: Certificate;
  /** Value of each variable by its name, where it was asked for and there is a point. */
  readonly solution: Readonly<Record<string, number>> | null;
  readonly sense: 'min' | 'max' | null;
  readonly numVariables: number;
  readonly numIntegers: number;
  readonly numConstraints: number;
  /** The clock, not a counted budget, stopped this solve. */
  readonly wallLimited: boolean;
  readonly ms: number;
  /** Why the status is `error`. */
  readonly message: string | null;
  /** Whose fault an error is: the text's, or the solver's. */
  readonly fault: 'text' | 'solver' | null;
}

export const modelFormats: readonly ModelFormat[] = ['lp', 'mps'];

/** @throws {EvomError} E_DATA naming the line at fault. */
export function parseModel({ format, text, source }: ModelText): LinearModel {
  const options = source === undefined ? {} : { source };
  switch (format) {
    case 'lp':
      return parseLp(text, options);
    case 'mps':
      return parseMps(text, options);
    default:
      return format satisfies never;
  }
}

/** What a backend must be able to do for a model. */
export function needsOf(model: LinearModel): (keyof Capabilities)[] {
  return [model.variables.some((v) => v.integer) ? 'milp' : 'lp'];
}

/** An answer without a point or a model. */
export function failedAnswer(fault: 'text' | 'solver', message: string): ModelAnswer {
  return {
    status: 'error',
    objective: null,
    certificate: 'none',
    solution: null,
    sense: null,
    numVariables: 0,
    numIntegers: 0,
    numConstraints: 0,
    wallLimited: false,
    ms: 0,
    message,
    fault,
  };
}

/**
 * Reads a model and solves it. A text that cannot be read gives the status `error`, as a model that the backend refuses does.
 *
 * @param options.withSolution also gives the values of the variables.
 */
export function solveText(
  text: ModelText,
  backend: SolverBackend,
  limits: SolveLimits,
  { withSolution = false }: { readonly withSolution?: boolean } = {},
): ModelAnswer {
  let model: LinearModel;
  try {
    model = parseModel(text);
  } catch (error) {
    if (!(error instanceof EvomError)) throw error;
    return failedAnswer('text', error.message);
  }
  const { values, ...solution } = backend.solve(model, limits);
  const names = model.variables.map((v) => v.name);
  return {
    status: solution.status,
    objective: solution.objective,
    certificate: solution.certificate ?? 'none',
    // fromEntries also takes a variable called __proto__.
    solution: withSolution && values !== null ? Object.fromEntries(names.map((name, j) => [name, values[j] ?? 0])) : null,
    sense: model.sense,
    numVariables: model.variables.length,
    numIntegers: model.variables.reduce((count, v) => count + (v.integer ? 1 : 0), 0),
    numConstraints: model.constraints.length,
    wallLimited: solution.wallLimited,
    ms: solution.ms,
    message: solution.message,
    fault: solution.status !== 'error' ? null : modelFault(model) === null ? 'solver' : 'text',
  };
}
