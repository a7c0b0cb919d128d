/** What a run of a persistent model shows. */
import type { LibraryBase } from './base.ts';
import type { ModelState, Row } from './state.ts';
import type { RunWire, Solution } from './types.ts';

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function librarySolution({ constants, notOffered }: LibraryBase) {
  const { modelStatus } = constants;
  const hasIntegers = ({ columns }: ModelState): boolean => columns.some((column) => column.type !== 0);

  const solutionOf = (state: ModelState, result: RunWire): Solution => {
    const values = result.values ?? state.columns.map(() => 0);
    const activity = (row: Row): number => [...row.terms].reduce((sum, [column, value]) => sum + value * (values[column] ?? 0), 0);
    const solution = { colValue: Float64Array.from(values), rowValue: Float64Array.from(state.rows, activity) };
    const { duals } = result;
    // Where there are none the package gives zeros; a backend that keeps them back must not look like that.
    if (duals === null && result.modelStatus === modelStatus.optimal && !hasIntegers(state)) {
      for (const dual of ['colDual', 'rowDual']) Object.defineProperty(solution, dual, { get: () => notOffered(dual) });
      return solution;
    }
    const [colDual, rowDual] = [duals?.columns ?? values.map(() => 0), duals?.rows ?? state.rows.map(() => 0)];
    Object.assign(solution, { colDual: Float64Array.from(colDual), rowDual: Float64Array.from(rowDual) });
    return solution;
  };

  const solutionText = ({ columns, rows }: ModelState, result: RunWire, { colValue, rowValue }: Solution, pretty: boolean): string => {
    const name = Object.entries(modelStatus).find(([, code]) => code === result.modelStatus)?.[0] ?? '';
    const lines = (items: readonly { readonly name: string }[], values: Float64Array, letter: string): string =>
      items.map((item, i) => `${item.name || `${letter}${i}`} ${values[i]}\n`).join('');
    const columnText = `Columns ${columns.length}\n${lines(columns, colValue, 'c')}`;
    const rowText = `Rows ${rows.length}\n${lines(rows, rowValue, 'r')}`;
    const status = `Model status${pretty ? ': ' : '\n'}${name}\n`;
    return `${status}${pretty ? '' : '\n# Primal solution values\nFeasible\n'}Objective ${result.objective}\n# ${columnText}# ${rowText}`;
  };

  return { hasIntegers, solutionOf, solutionText };
}

export type LibrarySolution = ReturnType<typeof librarySolution>;
