/** What the package checks before its solver sees it, and compressed sparse arrays. */
import type { LibraryBase } from './base.ts';
import type { Matrix, Numbers, Selection } from './types.ts';

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryArrays({ errors, failed }: LibraryBase) {
  const { HighsValidationError } = errors;
  const number = (value: unknown, where: string): number => {
    if (typeof value !== 'number' || Number.isNaN(value)) throw new HighsValidationError(`${where} must be a number`);
    return value;
  };
  const numbers = (values: Numbers, count: number, where: string): number[] => {
    if (values === null || typeof values !== 'object' || values.length !== count) {
      throw new HighsValidationError(`${where} must contain ${count} values; got ${values?.length}`);
    }
    return Array.from(values, (value, i) => number(value, `${where}[${i}]`));
  };
  const size = (value: unknown, where: string): number => {
    if (!(typeof value === 'number' && value >= 0 && value < 2147483648 && value % 1 === 0)) {
      throw new HighsValidationError(`${where} must be a 32-bit non-negative integer`);
    }
    return value;
  };
  const variableType = (value: unknown): number => {
    if (!(typeof value === 'number' && value >= 0 && value <= 4 && value % 1 === 0)) {
      throw new HighsValidationError('integrality must be between 0 and 4');
    }
    return value;
  };
  const senseOf = (value: unknown): 1 | -1 => {
    if (value !== 1 && value !== -1) throw new HighsValidationError('sense must be highs.constants.objectiveSense.minimize or maximize');
    return value;
  };

  /** Rows of terms from a compressed matrix. */
  const rowsOf = (matrix: Matrix, numRows: number, numCols: number): Map<number, number>[] => {
    if (matrix === null || typeof matrix !== 'object' || (matrix.format !== 'csc' && matrix.format !== 'csr')) {
      throw new HighsValidationError("matrix.format must be 'csc' or 'csr'");
    }
    if (matrix.numRows !== numRows || matrix.numCols !== numCols) throw new HighsValidationError('matrix dimensions must match the model');
    const major = matrix.format === 'csc' ? numCols : numRows;
    const minor = matrix.format === 'csc' ? numRows : numCols;
    const starts = numbers(matrix.starts, major + 1, 'matrix.starts');
    const count = starts[major] ?? 0;
    if (starts[0] !== 0) throw new HighsValidationError('matrix.starts must begin with 0');
    for (let j = 0; j < major; j++) {
      if ((starts[j] ?? 0) > (starts[j + 1] ?? 0)) throw new HighsValidationError('matrix.starts must not decrease');
    }
    const indices = numbers(matrix.indices, count, 'matrix.indices');
    const values = numbers(matrix.values, count, 'matrix.values');
    const rows = Array.from({ length: numRows }, () => new Map<number, number>());
    for (let j = 0; j < major; j++) {
      for (let k = starts[j] ?? 0; k < (starts[j + 1] ?? 0); k++) {
        const at = indices[k] ?? -1;
        if (!(at >= 0 && at < minor && at % 1 === 0)) throw new HighsValidationError(`matrix.indices[${k}] is outside the model`);
        const [row, column] = matrix.format === 'csc' ? [at, j] : [j, at];
        const terms = rows[row] as Map<number, number>;
        if (terms.has(column)) throw failed('passModel');
        terms.set(column, values[k] ?? 0);
      }
    }
    return rows;
  };

  /** The positions that a selection names, with the place of each position's value in an array given with it. */
  const chosen = (selection: Selection, length: number): readonly { readonly at: number; readonly valueAt: number }[] => {
    const inside = (at: number): number => {
      if (!(at >= 0 && at < length && at % 1 === 0)) throw new HighsValidationError('selection is outside the model');
      return at;
    };
    switch (selection?.kind) {
      case 'range': {
        const from = inside(selection.from);
        return Array.from({ length: Math.max(0, inside(selection.to) - from + 1) }, (_, k) => ({ at: from + k, valueAt: k }));
      }
      case 'set':
        return Array.from(selection.indices, (at, k) => ({ at: inside(at), valueAt: k }));
      case 'mask':
        if (selection.mask.length !== length) throw new HighsValidationError(`mask must contain ${length} values`);
        return Array.from(selection.mask, (on, at) => ({ on, at, valueAt: at })).filter(({ on }) => on === true || on === 1);
      default:
        throw new HighsValidationError("selection.kind must be 'range', 'set' or 'mask'");
    }
  };

  /** Compressed sparse arrays of rows of terms. */
  const compressed = (rows: readonly Map<number, number>[], numCols: number, format: 'csc' | 'csr'): Matrix => {
    const lists: [number, number][][] = Array.from({ length: format === 'csr' ? rows.length : numCols }, () => []);
    for (let i = 0; i < rows.length; i++) {
      const terms = [...(rows[i] as Map<number, number>)].filter(([, value]) => Math.abs(value) > 1e-9).sort((a, b) => a[0] - b[0]);
      for (const [column, value] of terms) {
        if (format === 'csr') lists[i]?.push([column, value]);
        else lists[column]?.push([i, value]);
      }
    }
    const starts = [0];
    for (const list of lists) starts.push((starts[starts.length - 1] ?? 0) + list.length);
    const all = lists.flat();
    return {
      format,
      numRows: rows.length,
      numCols,
      starts: Int32Array.from(starts),
      indices: Int32Array.from(all, ([at]) => at),
      values: Float64Array.from(all, ([, value]) => value),
    };
  };

  return { number, numbers, size, variableType, senseOf, rowsOf, chosen, compressed };
}

export type LibraryArrays = ReturnType<typeof libraryArrays>;
