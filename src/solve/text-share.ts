/** How well a program's model holds on to the problem's text. */
import type { Outcome } from '../core/outcome.ts';
import { literalShares } from '../reward/literals.ts';

/**
 * The share of the text's numbers that stand in the model, times the share of the numbers that decide its optimum that stand in the text.
 *
 * @returns in [0, 1]; 0 without a model.
 */
export function textShare(question: string, { model, solution }: Pick<Outcome, 'model' | 'solution'>): number {
  if (model === null) return 0;
  const values = model.variables.map(({ name }) => solution?.[name] ?? 0);
  const { coverage, native } = literalShares(model, values, question);
  return (coverage ?? 1) * (solution === null ? 1 : (native ?? 1));
}
