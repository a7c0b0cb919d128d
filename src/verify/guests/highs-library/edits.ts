/** Methods that change a persistent model and so leave it unsolved. */
import type { LibraryArrays } from './arrays.ts';
import type { LibraryBase } from './base.ts';
import type { LibraryState, ModelState } from './state.ts';
import type { Entries, Matrix, Numbers, Selection } from './types.ts';

/**
 * By name, each with the state that it changes as its first argument.
 *
 * Handed over as text: it may use nothing from outside itself but what it is given.
 */
export function libraryEdits(
  { errors, failed }: LibraryBase,
  { chosen, number, numbers, rowsOf, senseOf, variableType }: LibraryArrays,
  { columnOf, rowOf }: LibraryState,
) {
  const { HighsValidationError } = errors;

  /** Terms of a new row or column; `length` is how many columns or rows there are for it. */
  const termsOf = (entries: Entries, length: number, operation: string): Map<number, number> => {
    const count = entries?.indices?.length;
    if (count === undefined) throw new HighsValidationError('entries must hold indices and values');
    const values = numbers(entries.values, count, 'entries.values');
    const terms = new Map<number, number>();
    for (const [k, at] of numbers(entries.indices, count, 'entries.indices').entries()) {
      if (!(at >= 0 && at < length && at % 1 === 0)) throw new HighsValidationError(`entries.indices[${k}] is outside the model`);
      if (terms.has(at)) throw failed(operation);
      terms.set(at, values[k] ?? 0);
    }
    return terms;
  };

  const adding = {
    addVar(state: ModelState, lower: number, upper: number): void {
      adding.addCol(state, 0, lower, upper, { indices: [], values: [] });
    },
    addVars(state: ModelState, lower: Numbers, upper: Numbers): void {
      const highs = numbers(upper, lower.length, 'upper');
      for (const [k, low] of numbers(lower, lower.length, 'lower').entries()) adding.addVar(state, low, highs[k] ?? 0);
    },
    addCol({ columns, rows }: ModelState, cost: number, lower: number, upper: number, entries: Entries): void {
      const terms = termsOf(entries, rows.length, 'addCol');
      const at = columns.length;
      columns.push({ cost: number(cost, 'cost'), lower: number(lower, 'lower'), upper: number(upper, 'upper'), type: 0, name: '' });
      for (const [row, value] of terms) rows[row]?.terms.set(at, value);
    },
    addCols(
      state: ModelState,
      data: { readonly cost: Numbers; readonly lower: Numbers; readonly upper: Numbers; readonly matrix: Matrix },
    ): void {
      const count = data.cost.length;
      const rows = rowsOf(data.matrix, state.rows.length, count);
      const first = state.columns.length;
      const [lower, upper] = [numbers(data.lower, count, 'lower'), numbers(data.upper, count, 'upper')];
      for (const [k, cost] of numbers(data.cost, count, 'cost').entries())
        state.columns.push({ cost, lower: lower[k] ?? 0, upper: upper[k] ?? 0, type: 0, name: '' });
      for (const [i, terms] of rows.entries()) for (const [column, value] of terms) state.rows[i]?.terms.set(first + column, value);
    },
    addRow({ columns, rows }: ModelState, lower: number, upper: number, entries: Entries): void {
      const terms = termsOf(entries, columns.length, 'addRow');
      rows.push({ lower: number(lower, 'lower'), upper: number(upper, 'upper'), name: '', terms });
    },
    addRows(state: ModelState, data: { readonly lower: Numbers; readonly upper: Numbers; readonly matrix: Matrix }): void {
      const count = data.lower.length;
      const [lower, upper] = [numbers(data.lower, count, 'lower'), numbers(data.upper, count, 'upper')];
      for (const [k, terms] of rowsOf(data.matrix, count, state.columns.length).entries()) {
        state.rows.push({ lower: lower[k] ?? 0, upper: upper[k] ?? 0, name: '', terms });
      }
    },
  };

  const changing = {
    changeObjectiveSense(state: ModelState, sense: number): void {
      state.sense = senseOf(sense);
    },
    changeObjectiveOffset(state: ModelState, offset: number): void {
      state.offset = number(offset, 'offset');
    },
    changeColIntegrality(state: ModelState, index: number, type: number): void {
      columnOf(state, index, 'changeColIntegrality').type = variableType(type);
    },
    changeColsIntegrality(state: ModelState, selection: Selection, types: Numbers): void {
      for (const { at, valueAt } of chosen(selection, state.columns.length)) changing.changeColIntegrality(state, at, types[valueAt] ?? -1);
    },
    clearIntegrality({ columns }: ModelState): void {
      for (const column of columns) column.type = 0;
    },
    changeColCost(state: ModelState, index: number, cost: number): void {
      columnOf(state, index, 'changeColCost').cost = number(cost, 'cost');
    },
    changeColsCost(state: ModelState, selection: Selection, costs: Numbers): void {
      for (const { at, valueAt } of chosen(selection, state.columns.length)) changing.changeColCost(state, at, costs[valueAt] as number);
    },
    changeColBounds(state: ModelState, index: number, lower: number, upper: number): void {
      Object.assign(columnOf(state, index, 'changeColBounds'), { lower: number(lower, 'lower'), upper: number(upper, 'upper') });
    },
    changeColsBounds(state: ModelState, selection: Selection, lower: Numbers, upper: Numbers): void {
      for (const { at, valueAt } of chosen(selection, state.columns.length))
        changing.changeColBounds(state, at, lower[valueAt] as number, upper[valueAt] as number);
    },
    changeRowBounds(state: ModelState, index: number, lower: number, upper: number): void {
      Object.assign(rowOf(state, index, 'changeRowBounds'), { lower: number(lower, 'lower'), upper: number(upper, 'upper') });
    },
    changeRowsBounds(state: ModelState, selection: Selection, lower: Numbers, upper: Numbers): void {
      for (const { at, valueAt } of chosen(selection, state.rows.length))
        changing.changeRowBounds(state, at, lower[valueAt] as number, upper[valueAt] as number);
    },
    changeCoefficient(state: ModelState, row: number, col: number, value: number): void {
      columnOf(state, col, 'changeCoeff');
      const { terms } = rowOf(state, row, 'changeCoeff');
      if (number(value, 'value') === 0) terms.delete(col);
      else terms.set(col, value);
    },
    scaleCol(state: ModelState, index: number, factor: number): void {
      const column = columnOf(state, index, 'scaleCol');
      if (number(factor, 'factor') === 0) throw failed('scaleCol');
      const [from, to] = [column.lower / factor, column.upper / factor];
      Object.assign(column, { cost: column.cost * factor, lower: Math.min(from, to), upper: Math.max(from, to) });
      for (const { terms } of state.rows) if (terms.has(index)) terms.set(index, (terms.get(index) ?? 0) * factor);
    },
    scaleRow(state: ModelState, index: number, factor: number): void {
      const row = rowOf(state, index, 'scaleRow');
      if (number(factor, 'factor') === 0) throw failed('scaleRow');
      const [from, to] = [row.lower * factor, row.upper * factor];
      Object.assign(row, { lower: Math.min(from, to), upper: Math.max(from, to) });
      for (const [column, value] of row.terms) row.terms.set(column, value * factor);
    },
  };

  const deleting = {
    deleteCols(state: ModelState, selection: Selection): void {
      const gone = new Set(chosen(selection, state.columns.length).map(({ at }) => at));
      let next = 0;
      const moved = state.columns.map((_, j) => (gone.has(j) ? -1 : next++));
      state.columns = state.columns.filter((_, j) => !gone.has(j));
      for (const row of state.rows) {
        row.terms = new Map([...row.terms].flatMap(([j, value]) => (gone.has(j) ? [] : [[moved[j] ?? 0, value] as const])));
      }
    },
    deleteRows(state: ModelState, selection: Selection): void {
      const gone = new Set(chosen(selection, state.rows.length).map(({ at }) => at));
      state.rows = state.rows.filter((_, i) => !gone.has(i));
    },
  };

  return { ...adding, ...changing, ...deleting };
}

export type LibraryEdits = ReturnType<typeof libraryEdits>;
