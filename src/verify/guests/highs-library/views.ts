/** Methods that read a persistent model, or name its parts, and leave its solution as it is. */
import type { LibraryArrays } from './arrays.ts';
import type { LibraryBase } from './base.ts';
import type { Column, LibraryState, ModelState, Row } from './state.ts';
import type { Metadata, Selection } from './types.ts';

/**
 * By name, each with the state that it reads as its first argument.
 *
 * Handed over as text: it may use nothing from outside itself but what it is given.
 */
export function libraryViews({ done, notKnown }: LibraryBase, { chosen, compressed }: LibraryArrays, { columnOf, rowOf }: LibraryState) {
  type Key = 'cost' | 'lower' | 'upper';
  const list = (items: readonly Column[], key: Key): Float64Array => Float64Array.from(items, (item) => item[key]);
  const sides = (items: readonly Row[], key: 'lower' | 'upper'): Float64Array => Float64Array.from(items, (item) => item[key]);
  const termsOf = (rows: readonly Row[]): Map<number, number>[] => rows.map((row) => row.terms);
  const named = (items: readonly { readonly name: string }[], name: string, operation: string): number => {
    const at = items.findIndex((item) => item.name === name && name !== '');
    return at === -1 ? notKnown(operation) : at;
  };

  const parts = {
    getObjectiveSense: ({ sense }: ModelState): number => sense,
    getObjectiveOffset: ({ offset }: ModelState): number => offset,
    getColIntegrality: (state: ModelState, index: number): number => columnOf(state, index, 'getColIntegrality').type,
    getDimensions({ columns, rows }: ModelState): object {
      const numNonzeros = rows.reduce((sum, row) => sum + row.terms.size, 0);
      return { numCols: columns.length, numRows: rows.length, numNonzeros, hessianNonzeros: 0 };
    },
    getModel({ columns, rows, sense, offset }: ModelState, format: 'csc' | 'csr' = 'csc'): object {
      return {
        numCols: columns.length,
        numRows: rows.length,
        sense,
        offset,
        colCost: list(columns, 'cost'),
        colLower: list(columns, 'lower'),
        colUpper: list(columns, 'upper'),
        rowLower: sides(rows, 'lower'),
        rowUpper: sides(rows, 'upper'),
        matrix: compressed(termsOf(rows), columns.length, format),
        integrality: Int32Array.from(columns, (c) => c.type),
      };
    },
    getLp: (state: ModelState, format: 'csc' | 'csr' = 'csc'): object => parts.getModel(state, format),
    getCols(state: ModelState, selection: Selection): object {
      const at = chosen(selection, state.columns.length).map((one) => one.at);
      const columns = at.map((j) => state.columns[j] as Column);
      const rows = state.rows.map((row) => new Map(at.flatMap((j, k) => (row.terms.has(j) ? [[k, row.terms.get(j) ?? 0] as const] : []))));
      const matrix = compressed(rows, at.length, 'csc');
      return { count: at.length, cost: list(columns, 'cost'), lower: list(columns, 'lower'), upper: list(columns, 'upper'), matrix };
    },
    getRows(state: ModelState, selection: Selection): object {
      const rows = chosen(selection, state.rows.length).map(({ at }) => state.rows[at] as Row);
      const matrix = compressed(termsOf(rows), state.columns.length, 'csr');
      return { count: rows.length, lower: sides(rows, 'lower'), upper: sides(rows, 'upper'), matrix };
    },
    ensureColwise: (): Metadata => done,
    ensureRowwise: (): Metadata => done,
  };

  const names = {
    getColName: (state: ModelState, index: number): string => columnOf(state, index, 'getColName').name || notKnown('getColName'),
    getRowName: (state: ModelState, index: number): string => rowOf(state, index, 'getRowName').name || notKnown('getRowName'),
    getColByName: ({ columns }: ModelState, name: string): number => named(columns, name, 'getColByName'),
    getRowByName: ({ rows }: ModelState, name: string): number => named(rows, name, 'getRowByName'),
    getModelName: ({ name }: ModelState): string => name,
    passColName(state: ModelState, index: number, name: string): Metadata {
      columnOf(state, index, 'passColName').name = String(name);
      return done;
    },
    passRowName(state: ModelState, index: number, name: string): Metadata {
      rowOf(state, index, 'passRowName').name = String(name);
      return done;
    },
    passModelName(state: ModelState, name: string): Metadata {
      state.name = String(name);
      return done;
    },
  };

  return { ...parts, ...names };
}

export type LibraryViews = ReturnType<typeof libraryViews>;
