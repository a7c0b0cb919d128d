/** What a persistent model is made of, and how it comes and goes as a whole. */
import type { LibraryArrays } from './arrays.ts';
import type { LibraryBase } from './base.ts';
import type { ModelArrays, ModelWire } from './types.ts';

export type Column = { cost: number; lower: number; upper: number; type: number; name: string };
export type Row = { lower: number; upper: number; name: string; terms: Map<number, number> };

export interface ModelState {
  columns: Column[];
  rows: Row[];
  sense: 1 | -1;
  offset: number;
  name: string;
}

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryState(
  { notKnown, notOffered }: LibraryBase,
  { compressed, number, numbers, rowsOf, senseOf, size, variableType }: LibraryArrays,
) {
  const empty = (): ModelState => ({ columns: [], rows: [], sense: 1, offset: 0, name: '' });
  const columnOf = ({ columns }: ModelState, index: number, operation: string): Column => columns[index] ?? notKnown(operation);
  const rowOf = ({ rows }: ModelState, index: number, operation: string): Row => rows[index] ?? notKnown(operation);

  const fromArrays = (data: ModelArrays): ModelState => {
    if (data.hessian !== undefined) notOffered('a quadratic objective (hessian)');
    const numCols = size(data.numCols, 'numCols');
    const numRows = size(data.numRows, 'numRows');
    const [cost, lower, upper] = [data.colCost, data.colLower, data.colUpper].map((values, k) =>
      numbers(values, numCols, ['colCost', 'colLower', 'colUpper'][k] ?? ''),
    ) as [number[], number[], number[]];
    const rowLower = numbers(data.rowLower, numRows, 'rowLower');
    const rowUpper = numbers(data.rowUpper, numRows, 'rowUpper');
    const types = data.integrality === undefined ? [] : numbers(data.integrality, numCols, 'integrality').map(variableType);
    const rows = rowsOf(data.matrix, numRows, numCols);
    return {
      sense: data.sense === undefined ? 1 : senseOf(data.sense),
      offset: data.offset === undefined ? 0 : number(data.offset, 'offset'),
      name: data.modelName ?? '',
      columns: cost.map((c, j) => ({
        cost: c,
        lower: lower[j] ?? 0,
        upper: upper[j] ?? 0,
        type: types[j] ?? 0,
        name: data.colNames?.[j] ?? '',
      })),
      rows: rows.map((terms, i) => ({ lower: rowLower[i] ?? 0, upper: rowUpper[i] ?? 0, name: data.rowNames?.[i] ?? '', terms })),
    };
  };

  const fromWire = (wire: ModelWire, name: string): ModelState => ({
    sense: wire.sense,
    offset: wire.offset,
    name,
    columns: wire.cost.map((cost, j) => ({
      cost,
      lower: wire.lower[j] ?? 0,
      upper: wire.upper[j] ?? 0,
      type: wire.types[j] ?? 0,
      name: wire.names[j] ?? '',
    })),
    rows: wire.rowLower.map((lower, i) => {
      const terms = new Map<number, number>();
      for (let k = wire.starts[i] ?? 0; k < (wire.starts[i + 1] ?? 0); k++) terms.set(wire.indices[k] ?? 0, wire.values[k] ?? 0);
      return { lower, upper: wire.rowUpper[i] ?? 0, name: wire.rowNames[i] ?? '', terms };
    }),
  });

  const toWire = ({ columns, rows, sense, offset }: ModelState): ModelWire => {
    const { starts, indices, values } = compressed(
      rows.map((row) => row.terms),
      columns.length,
      'csr',
    );
    return {
      sense,
      offset,
      cost: columns.map((c) => c.cost),
      lower: columns.map((c) => c.lower),
      upper: columns.map((c) => c.upper),
      types: columns.map((c) => c.type),
      names: columns.map((c) => c.name),
      rowLower: rows.map((r) => r.lower),
      rowUpper: rows.map((r) => r.upper),
      rowNames: rows.map((r) => r.name),
      starts: Array.from(starts),
      indices: Array.from(indices),
      values: Array.from(values),
    };
  };

  return { empty, columnOf, rowOf, fromArrays, fromWire, toWire };
}

export type LibraryState = ReturnType<typeof libraryState>;
