/** A model that lives until it is disposed: everything that changes or reads it. */
import type { LibraryArrays } from './arrays.ts';
import type { LibraryBase } from './base.ts';
import type { LibraryOptions } from './options.ts';
import type { LibraryRaw } from './raw.ts';
import type {
  Call,
  Entries,
  Matrix,
  Metadata,
  ModelArrays,
  ModelText,
  ModelWire,
  Numbers,
  OptionStore,
  PersistentModel,
  RunWire,
  Selection,
  Solution,
} from './types.ts';

type Column = { cost: number; lower: number; upper: number; type: number; name: string };
type Row = { lower: number; upper: number; name: string; terms: Map<number, number> };

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryModel(
  { ask, constants, done, errors, failed, notKnown, notOffered }: LibraryBase,
  { chosen, compressed, number, numbers, rowsOf, senseOf, size, variableType }: LibraryArrays,
  { information, Options }: LibraryOptions,
  raw: LibraryRaw,
  call: Call,
): new () => PersistentModel & { readonly raw: unknown } {
  const { HighsDisposedError, HighsError, HighsValidationError } = errors;
  const { modelStatus } = constants;

  class Model implements PersistentModel {
    #columns: Column[] = [];
    #rows: Row[] = [];
    #sense: 1 | -1 = 1;
    #offset = 0;
    #name = '';
    #result: RunWire | null = null;
    #disposed = false;
    #options: OptionStore = new Options();
    readonly lastCall = done;

    get disposed(): boolean {
      return this.#disposed;
    }
    get options(): OptionStore {
      this.#alive();
      return this.#options;
    }
    get info(): { get(name: string): number | bigint; type(name: string): string } {
      this.#alive();
      const find = (name: string, operation: string): readonly [string, number | bigint] => {
        const all = information(
          this.#result,
          this.#columns.some((c) => c.type !== 0),
        );
        return Object.hasOwn(all, name) ? (all[name] as readonly [string, number | bigint]) : notKnown(operation);
      };
      return { get: (name) => find(name, 'getInfoValue')[1], type: (name) => find(name, 'getInfoType')[0] };
    }
    get raw(): unknown {
      return raw.of(this, Model.prototype);
    }
    dispose(): void {
      this.#disposed = true;
    }
    #alive(): void {
      if (this.#disposed) throw new HighsDisposedError();
    }
    /** Every change asks this first and leaves the model unsolved. */
    #change(): void {
      this.#alive();
      this.#result = null;
    }
    #column(index: number, operation: string): Column {
      this.#alive();
      return this.#columns[index] ?? notKnown(operation);
    }
    #row(index: number, operation: string): Row {
      this.#alive();
      return this.#rows[index] ?? notKnown(operation);
    }

    clear(): Metadata {
      this.clearModel();
      return this.#options.reset();
    }
    clearModel(): Metadata {
      this.#change();
      [this.#columns, this.#rows, this.#sense, this.#offset, this.#name] = [[], [], 1, 0, ''];
      return done;
    }
    clearSolver(): Metadata {
      this.#change();
      return done;
    }
    releaseMemory(): Metadata {
      return this.clearModel();
    }
    passModel(data: ModelArrays): Metadata {
      this.#change();
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
      this.#sense = data.sense === undefined ? 1 : senseOf(data.sense);
      this.#offset = data.offset === undefined ? 0 : number(data.offset, 'offset');
      this.#name = data.modelName ?? '';
      this.#columns = cost.map((c, j) => ({
        cost: c,
        lower: lower[j] ?? 0,
        upper: upper[j] ?? 0,
        type: types[j] ?? 0,
        name: data.colNames?.[j] ?? '',
      }));
      this.#rows = rows.map((terms, i) => ({ lower: rowLower[i] ?? 0, upper: rowUpper[i] ?? 0, name: data.rowNames?.[i] ?? '', terms }));
      return done;
    }
    readModel({ format, data }: ModelText): Metadata {
      this.#change();
      if (format !== 'lp' && format !== 'mps') throw new HighsValidationError("format must be 'lp' or 'mps'");
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      const wire = JSON.parse(call(format === 'lp' ? 'readLp' : 'readMps', text)) as ModelWire;
      this.#sense = wire.sense;
      this.#offset = wire.offset;
      this.#columns = wire.cost.map((cost, j) => ({
        cost,
        lower: wire.lower[j] ?? 0,
        upper: wire.upper[j] ?? 0,
        type: wire.types[j] ?? 0,
        name: wire.names[j] ?? '',
      }));
      this.#rows = wire.rowLower.map((lower, i) => {
        const terms = new Map<number, number>();
        for (let k = wire.starts[i] ?? 0; k < (wire.starts[i + 1] ?? 0); k++) terms.set(wire.indices[k] ?? 0, wire.values[k] ?? 0);
        return { lower, upper: wire.rowUpper[i] ?? 0, name: wire.rowNames[i] ?? '', terms };
      });
      return done;
    }
    #wire(): ModelWire {
      const { starts, indices, values } = compressed(
        this.#rows.map((row) => row.terms),
        this.#columns.length,
        'csr',
      );
      return {
        sense: this.#sense,
        offset: this.#offset,
        cost: this.#columns.map((c) => c.cost),
        lower: this.#columns.map((c) => c.lower),
        upper: this.#columns.map((c) => c.upper),
        types: this.#columns.map((c) => c.type),
        names: this.#columns.map((c) => c.name),
        rowLower: this.#rows.map((r) => r.lower),
        rowUpper: this.#rows.map((r) => r.upper),
        rowNames: this.#rows.map((r) => r.name),
        starts: Array.from(starts),
        indices: Array.from(indices),
        values: Array.from(values),
      };
    }
    exportModel(format: 'lp' | 'mps'): string | Uint8Array {
      this.#alive();
      if (format !== 'lp' && format !== 'mps') throw new HighsValidationError("format must be 'lp' or 'mps'");
      const text = ask(format === 'lp' ? 'writeLp' : 'writeMps', this.#wire()) as string;
      return format === 'lp' ? text : new TextEncoder().encode(text);
    }
    exportSolution(pretty = false): string {
      const { colValue, rowValue } = this.getSolution();
      const name = Object.entries(modelStatus).find(([, code]) => code === this.getModelStatus())?.[0] ?? '';
      const lines = (items: readonly { readonly name: string }[], values: Float64Array, letter: string): string =>
        items.map((item, i) => `${item.name || `${letter}${i}`} ${values[i]}\n`).join('');
      const columns = `Columns ${this.#columns.length}\n${lines(this.#columns, colValue, 'c')}`;
      const rows = `Rows ${this.#rows.length}\n${lines(this.#rows, rowValue, 'r')}`;
      const status = `Model status${pretty ? ': ' : '\n'}${name}\n`;
      return `${status}${pretty ? '' : '\n# Primal solution values\nFeasible\n'}Objective ${this.getObjectiveValue()}\n# ${columns}# ${rows}`;
    }

    run(callbacks: Readonly<Record<string, unknown>> = {}): { status: 0; warnings: readonly string[]; modelStatus: number } {
      this.#alive();
      for (const [type, handler] of Object.entries(callbacks)) {
        if (!['0', '1', '2', '3', '4', '5', '6', '7', '9'].includes(type)) {
          throw new HighsValidationError('callback type must be one of 0..7 or 9');
        }
        if (typeof handler !== 'function') throw new HighsValidationError('a callback must be a function');
      }
      if (this.#columns.length === 0)
        this.#result = { modelStatus: modelStatus.empty, objective: this.#offset, values: [], duals: { columns: [], rows: [] } };
      else {
        const limit = this.#options.get('time_limit');
        this.#result = ask('run', { model: this.#wire(), timeLimitS: limit === Infinity ? null : limit }) as RunWire;
      }
      return { status: 0, warnings: [], modelStatus: this.#result.modelStatus };
    }
    getModelStatus(): number {
      this.#alive();
      return this.#result?.modelStatus ?? modelStatus.notSet;
    }
    getObjectiveValue(): number {
      this.#alive();
      return this.#result?.objective ?? 0;
    }
    getSolution(): Solution {
      this.#alive();
      if (this.#result === null) throw new HighsError('The model has not been solved', 'getSolution');
      const values = this.#result.values ?? this.#columns.map(() => 0);
      const activity = (row: Row): number => [...row.terms].reduce((sum, [column, value]) => sum + value * (values[column] ?? 0), 0);
      const solution = { colValue: Float64Array.from(values), rowValue: Float64Array.from(this.#rows, activity) };
      const { duals } = this.#result;
      // Where there are none the package gives zeros; a backend that keeps them back must not look like that.
      const isLp = this.#result.modelStatus === modelStatus.optimal && !this.#columns.some((column) => column.type !== 0);
      if (duals === null && isLp) {
        for (const dual of ['colDual', 'rowDual']) Object.defineProperty(solution, dual, { get: () => notOffered(dual) });
        return solution;
      }
      const [colDual, rowDual] = [duals?.columns ?? values.map(() => 0), duals?.rows ?? this.#rows.map(() => 0)];
      Object.assign(solution, { colDual: Float64Array.from(colDual), rowDual: Float64Array.from(rowDual) });
      return solution;
    }
    getRunTime(): number {
      this.#alive();
      return 0;
    }
    zeroAllClocks(): Metadata {
      this.#alive();
      return done;
    }
    /** A start is a hint; the host solves from scratch, so that a verdict does not depend on it. */
    setSolution(solution: { readonly colValue?: Numbers; readonly rowDual?: Numbers; readonly indices?: Numbers }): Metadata {
      this.#alive();
      if (solution.colValue !== undefined) numbers(solution.colValue, this.#columns.length, 'colValue');
      else if (solution.rowDual === undefined && solution.indices === undefined) throw failed('setSolution');
      return done;
    }

    getObjectiveSense(): number {
      this.#alive();
      return this.#sense;
    }
    getObjectiveOffset(): number {
      this.#alive();
      return this.#offset;
    }
    getDimensions(): object {
      this.#alive();
      const numNonzeros = this.#rows.reduce((sum, row) => sum + row.terms.size, 0);
      return { numCols: this.#columns.length, numRows: this.#rows.length, numNonzeros, hessianNonzeros: 0 };
    }
    getModel(format: 'csc' | 'csr' = 'csc'): object {
      this.#alive();
      const column = (key: 'cost' | 'lower' | 'upper'): Float64Array => Float64Array.from(this.#columns, (c) => c[key]);
      return {
        numCols: this.#columns.length,
        numRows: this.#rows.length,
        sense: this.#sense,
        offset: this.#offset,
        colCost: column('cost'),
        colLower: column('lower'),
        colUpper: column('upper'),
        rowLower: Float64Array.from(this.#rows, (r) => r.lower),
        rowUpper: Float64Array.from(this.#rows, (r) => r.upper),
        matrix: compressed(
          this.#rows.map((row) => row.terms),
          this.#columns.length,
          format,
        ),
        integrality: Int32Array.from(this.#columns, (c) => c.type),
      };
    }
    getLp(format: 'csc' | 'csr' = 'csc'): object {
      return this.getModel(format);
    }
    getCols(selection: Selection): object {
      this.#alive();
      const at = chosen(selection, this.#columns.length).map((one) => one.at);
      const columns = at.map((j) => this.#columns[j] as Column);
      const rows = this.#rows.map((row) => new Map(at.flatMap((j, k) => (row.terms.has(j) ? [[k, row.terms.get(j) ?? 0] as const] : []))));
      const list = (key: 'cost' | 'lower' | 'upper'): Float64Array => Float64Array.from(columns, (c) => c[key]);
      return {
        count: at.length,
        cost: list('cost'),
        lower: list('lower'),
        upper: list('upper'),
        matrix: compressed(rows, at.length, 'csc'),
      };
    }
    getRows(selection: Selection): object {
      this.#alive();
      const rows = chosen(selection, this.#rows.length).map(({ at }) => this.#rows[at] as Row);
      return {
        count: rows.length,
        lower: Float64Array.from(rows, (r) => r.lower),
        upper: Float64Array.from(rows, (r) => r.upper),
        matrix: compressed(
          rows.map((row) => row.terms),
          this.#columns.length,
          'csr',
        ),
      };
    }
    getColName(index: number): string {
      return this.#column(index, 'getColName').name || notKnown('getColName');
    }
    getRowName(index: number): string {
      return this.#row(index, 'getRowName').name || notKnown('getRowName');
    }
    getColByName(name: string): number {
      this.#alive();
      const at = this.#columns.findIndex((column) => column.name === name && name !== '');
      return at === -1 ? notKnown('getColByName') : at;
    }
    getRowByName(name: string): number {
      this.#alive();
      const at = this.#rows.findIndex((row) => row.name === name && name !== '');
      return at === -1 ? notKnown('getRowByName') : at;
    }
    getColIntegrality(index: number): number {
      return this.#column(index, 'getColIntegrality').type;
    }
    ensureColwise(): Metadata {
      this.#alive();
      return done;
    }
    ensureRowwise(): Metadata {
      this.#alive();
      return done;
    }

    addVar(lower: number, upper: number): Metadata {
      return this.addCol(0, lower, upper, { indices: [], values: [] });
    }
    addVars(lower: Numbers, upper: Numbers): Metadata {
      const highs = numbers(upper, lower.length, 'upper');
      for (const [k, low] of numbers(lower, lower.length, 'lower').entries()) this.addVar(low, highs[k] ?? 0);
      return done;
    }
    addCol(cost: number, lower: number, upper: number, entries: Entries): Metadata {
      this.#change();
      const terms = this.#terms(entries, this.#rows.length, 'addCol');
      const at = this.#columns.length;
      this.#columns.push({
        cost: number(cost, 'cost'),
        lower: number(lower, 'lower'),
        upper: number(upper, 'upper'),
        type: 0,
        name: '',
      });
      for (const [row, value] of terms) this.#rows[row]?.terms.set(at, value);
      return done;
    }
    addCols(data: { readonly cost: Numbers; readonly lower: Numbers; readonly upper: Numbers; readonly matrix: Matrix }): Metadata {
      this.#change();
      const count = data.cost.length;
      const rows = rowsOf(data.matrix, this.#rows.length, count);
      const first = this.#columns.length;
      const [lower, upper] = [numbers(data.lower, count, 'lower'), numbers(data.upper, count, 'upper')];
      for (const [k, cost] of numbers(data.cost, count, 'cost').entries())
        this.#columns.push({ cost, lower: lower[k] ?? 0, upper: upper[k] ?? 0, type: 0, name: '' });
      for (const [i, terms] of rows.entries()) for (const [column, value] of terms) this.#rows[i]?.terms.set(first + column, value);
      return done;
    }
    addRow(lower: number, upper: number, entries: Entries): Metadata {
      this.#change();
      const terms = this.#terms(entries, this.#columns.length, 'addRow');
      this.#rows.push({ lower: number(lower, 'lower'), upper: number(upper, 'upper'), name: '', terms });
      return done;
    }
    addRows(data: { readonly lower: Numbers; readonly upper: Numbers; readonly matrix: Matrix }): Metadata {
      this.#change();
      const count = data.lower.length;
      const [lower, upper] = [numbers(data.lower, count, 'lower'), numbers(data.upper, count, 'upper')];
      for (const [k, terms] of rowsOf(data.matrix, count, this.#columns.length).entries()) {
        this.#rows.push({ lower: lower[k] ?? 0, upper: upper[k] ?? 0, name: '', terms });
      }
      return done;
    }
    #terms(entries: Entries, length: number, operation: string): Map<number, number> {
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
    }

    changeObjectiveSense(sense: number): Metadata {
      this.#change();
      this.#sense = senseOf(sense);
      return done;
    }
    changeObjectiveOffset(offset: number): Metadata {
      this.#change();
      this.#offset = number(offset, 'offset');
      return done;
    }
    changeColIntegrality(index: number, type: number): Metadata {
      this.#change();
      this.#column(index, 'changeColIntegrality').type = variableType(type);
      return done;
    }
    changeColsIntegrality(selection: Selection, types: Numbers): Metadata {
      for (const { at, valueAt } of chosen(selection, this.#columns.length)) this.changeColIntegrality(at, types[valueAt] ?? -1);
      return done;
    }
    clearIntegrality(): Metadata {
      this.#change();
      for (const column of this.#columns) column.type = 0;
      return done;
    }
    changeColCost(index: number, cost: number): Metadata {
      this.#change();
      this.#column(index, 'changeColCost').cost = number(cost, 'cost');
      return done;
    }
    changeColsCost(selection: Selection, costs: Numbers): Metadata {
      for (const { at, valueAt } of chosen(selection, this.#columns.length)) this.changeColCost(at, costs[valueAt] as number);
      return done;
    }
    changeColBounds(index: number, lower: number, upper: number): Metadata {
      this.#change();
      Object.assign(this.#column(index, 'changeColBounds'), { lower: number(lower, 'lower'), upper: number(upper, 'upper') });
      return done;
    }
    changeColsBounds(selection: Selection, lower: Numbers, upper: Numbers): Metadata {
      for (const { at, valueAt } of chosen(selection, this.#columns.length)) {
        this.changeColBounds(at, lower[valueAt] as number, upper[valueAt] as number);
      }
      return done;
    }
    changeRowBounds(index: number, lower: number, upper: number): Metadata {
      this.#change();
      Object.assign(this.#row(index, 'changeRowBounds'), { lower: number(lower, 'lower'), upper: number(upper, 'upper') });
      return done;
    }
    changeRowsBounds(selection: Selection, lower: Numbers, upper: Numbers): Metadata {
      for (const { at, valueAt } of chosen(selection, this.#rows.length)) {
        this.changeRowBounds(at, lower[valueAt] as number, upper[valueAt] as number);
      }
      return done;
    }
    changeCoefficient(row: number, col: number, value: number): Metadata {
      this.#change();
      this.#column(col, 'changeCoeff');
      const { terms } = this.#row(row, 'changeCoeff');
      if (number(value, 'value') === 0) terms.delete(col);
      else terms.set(col, value);
      return done;
    }
    deleteCols(selection: Selection): Metadata {
      this.#change();
      const gone = new Set(chosen(selection, this.#columns.length).map(({ at }) => at));
      let next = 0;
      const moved = this.#columns.map((_, j) => (gone.has(j) ? -1 : next++));
      this.#columns = this.#columns.filter((_, j) => !gone.has(j));
      for (const row of this.#rows) {
        row.terms = new Map([...row.terms].flatMap(([j, value]) => (gone.has(j) ? [] : [[moved[j] ?? 0, value] as const])));
      }
      return done;
    }
    deleteRows(selection: Selection): Metadata {
      this.#change();
      const gone = new Set(chosen(selection, this.#rows.length).map(({ at }) => at));
      this.#rows = this.#rows.filter((_, i) => !gone.has(i));
      return done;
    }
    scaleCol(index: number, factor: number): Metadata {
      this.#change();
      const column = this.#column(index, 'scaleCol');
      if (number(factor, 'factor') === 0) throw failed('scaleCol');
      const ends = [column.lower / factor, column.upper / factor];
      Object.assign(column, { cost: column.cost * factor, lower: Math.min(...ends), upper: Math.max(...ends) });
      for (const { terms } of this.#rows) if (terms.has(index)) terms.set(index, (terms.get(index) ?? 0) * factor);
      return done;
    }
    scaleRow(index: number, factor: number): Metadata {
      this.#change();
      const row = this.#row(index, 'scaleRow');
      if (number(factor, 'factor') === 0) throw failed('scaleRow');
      const ends = [row.lower * factor, row.upper * factor];
      Object.assign(row, { lower: Math.min(...ends), upper: Math.max(...ends) });
      for (const [column, value] of row.terms) row.terms.set(column, value * factor);
      return done;
    }
    passColName(index: number, name: string): Metadata {
      this.#column(index, 'passColName').name = String(name);
      return done;
    }
    passRowName(index: number, name: string): Metadata {
      this.#row(index, 'passRowName').name = String(name);
      return done;
    }
    passModelName(name: string): Metadata {
      this.#alive();
      this.#name = String(name);
      return done;
    }
    getModelName(): string {
      return this.#name;
    }
  }

  const refused =
    'passHessian passLinearObjectives addLinearObjective clearLinearObjectives presolve postsolve exportPresolvedModel getPresolvedLp getPresolvedDimensions getPresolvedColName getPresolvedRowName getFixedLp getIis getIisLp getBasis setBasis setLogicalBasis getBasicVariables getBasisInverseRow getBasisInverseCol getBasisSolve getBasisTransposeSolve getReducedRow getReducedColumn crossover getRanging feasibilityRelaxation getPrimalRay getDualRay getDualUnboundednessDirection';
  for (const name of refused.split(' ')) Object.defineProperty(Model.prototype, name, { value: () => notOffered(`model.${name}`) });
  const { dispose } = Symbol as unknown as { readonly dispose?: symbol };
  if (dispose !== undefined) Object.defineProperty(Model.prototype, dispose, { value: Model.prototype.dispose });
  return Model;
}
