/** Why a wrong model may be wrong, where there is no reference: which small change of it has the label as its optimum. */
import type { LinearModel } from '../core/linear-model.ts';
import type { SolveModel } from './robustness.ts';

export const hintNames = [
  'hint_relaxation', // right without integrality: variables are integer that should not be
  'hint_integrality', // right with all variables integer: a type is missing
  'hint_rounding', // right but for rounding to a whole number
  'hint_sense', // right when minimised for maximised, or the reverse
] as const;

export type HintName = (typeof hintNames)[number];

/**
 * The changes under which a wrong model gives the label.
 *
 * OptMATH's evaluator accepts any such variant as a right answer, which adds 4 to 5 points to a score. Here it is a diagnosis and
 * nothing else: no reward and no score depends on it.
 *
 * @param objective the model's own optimum; null where it has none.
 * @param labels numbers that count as right.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createBackend, parseLp } from 'evom';
 * import { variantHints } from 'evom/modeling';
 * const backend = await createBackend('highs');
 * const solve = (model) => backend.solve(model, { timeLimitMs: 1000 });
 * const model = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 5\n x + y <= 3.5\nend'); // 8.5; of whole numbers 8
 * assert.deepEqual(variantHints(model, 8.5, [8], solve), ['hint_integrality', 'hint_rounding']);
 * backend.close();
 * ```
 */
export function variantHints(model: LinearModel, objective: number | null, labels: readonly number[], solve: SolveModel): HintName[] {
  const isLabel = (value: number | null): boolean =>
    value !== null && labels.some((label) => Math.abs(value - label) / (Math.abs(label) + 1) < 1e-6);
  const gives = (variant: LinearModel): boolean => {
    const { status, objective: value } = solve(variant);
    return status === 'optimal' && isLabel(value);
  };
  const numIntegers = model.variables.filter((variable) => variable.integer).length;
  const all = (integer: boolean): LinearModel => ({ ...model, variables: model.variables.map((v) => ({ ...v, integer })) });
  const hints: HintName[] = [];
  if (numIntegers > 0 && gives(all(false))) hints.push('hint_relaxation');
  if (numIntegers < model.variables.length && gives(all(true))) hints.push('hint_integrality');
  if (objective !== null && !Number.isInteger(objective) && [Math.floor, Math.ceil].some((round) => isLabel(round(objective))))
    hints.push('hint_rounding');
  if (gives({ ...model, sense: model.sense === 'min' ? 'max' : 'min' })) hints.push('hint_sense');
  return hints;
}
