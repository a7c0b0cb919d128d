/**
 * What runs inside the sandbox as npm `highs`: the one-shot `solve` and the persistent models of version 1.15, with the solving done by
 * the host. Functions here are handed over as text (`librarySource`), so they may use nothing from outside themselves.
 */
import type { HighsOption } from './highs-options.ts';

/** Reaches the host: `call(method, payload)`, JSON in and out. */
type Call = (method: string, payload: string) => string;

/** Constants that the library is made with. */
export interface HighsFacts {
  readonly options: readonly HighsOption[];
  readonly oneShotOptions: readonly string[];
  readonly version: string;
}

/** A model as it crosses the wall: rows in `starts`, `indices`, `values`; infinite numbers as text on the way to the host. */
export interface ModelWire {
  readonly sense: 1 | -1;
  readonly offset: number;
  readonly cost: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  readonly types: readonly number[];
  readonly names: readonly string[];
  readonly rowLower: readonly number[];
  readonly rowUpper: readonly number[];
  readonly rowNames: readonly string[];
  readonly starts: readonly number[];
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** What a run shows, as the host says it. */
export interface RunWire {
  readonly modelStatus: number;
  readonly objective: number;
  readonly values: readonly number[] | null;
  readonly duals: { readonly columns: readonly number[]; readonly rows: readonly number[] } | null;
}

/** The library's source as `GuestLibrary` takes it. */
export function librarySource(facts: HighsFacts): string {
  const literal = JSON.stringify(facts, (_key, value: unknown) =>
    value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : value,
  );
  return `(module, call) => (${highsLibrary.toString()})(module, call, ${literal})`;
}

function highsLibrary(module: { exports: unknown }, call: Call, facts: HighsFacts): void {
  type Numbers = ArrayLike<number>;
  type Entries = { readonly indices: Numbers; readonly values: Numbers };
  type Matrix = {
    readonly format: 'csc' | 'csr';
    readonly numRows: number;
    readonly numCols: number;
    readonly starts: Numbers;
    readonly indices: Numbers;
    readonly values: Numbers;
  };
  type Selection =
    | { readonly kind: 'range'; readonly from: number; readonly to: number }
    | { readonly kind: 'set'; readonly indices: Numbers }
    | { readonly kind: 'mask'; readonly mask: ArrayLike<number | boolean> };
  type Metadata = { readonly status: 0; readonly warnings: readonly string[] };
  type Column = { cost: number; lower: number; upper: number; type: number; name: string };
  type Row = { lower: number; upper: number; name: string; terms: Map<number, number> };

  const { parse, stringify } = JSON;
  const encode = (_key: string, value: unknown): unknown => (typeof value === 'number' && value - value !== 0 ? String(value) : value);
  const ask = (method: string, payload: unknown): unknown => parse(call(method, stringify(payload, encode)));
  const done: Metadata = Object.freeze({ status: 0, warnings: Object.freeze([]) });
  const asNumber = (value: unknown): number => (value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : (value as number));

  class HighsError extends Error {
    readonly status = -1;
    readonly operation: string;
    constructor(message: string, operation: string) {
      super(message);
      this.name = 'HighsError';
      this.operation = operation;
    }
  }
  class HighsDisposedError extends HighsError {
    constructor() {
      super('Cannot use this HiGHS model after disposal; create a new model or keep the work inside highs.withModel()', 'dispose');
      this.name = 'HighsDisposedError';
    }
  }
  class HighsValidationError extends HighsError {
    constructor(message: string) {
      super(message, 'validate');
      this.name = 'HighsValidationError';
    }
  }
  class HighsReentrancyError extends HighsError {
    constructor() {
      super('A HiGHS model cannot be used while one of its callbacks runs', 'reentrancy');
      this.name = 'HighsReentrancyError';
    }
  }
  class HighsUnsupportedOptionError extends HighsError {
    readonly option: string;
    constructor(option: string) {
      super(`Option '${option}' is not supported by the single-threaded data-only API`, 'setOptionValue');
      this.name = 'HighsUnsupportedOptionError';
      this.option = option;
    }
  }
  const failed = (operation: string): HighsError => new HighsError(`${operation} failed with HiGHS status -1`, operation);
  const notOffered = (operation: string): never => {
    throw new HighsError(
      `${operation} is not offered here: models are linear or mixed-integer, and give their status, objective, values and, without integers, duals`,
      operation,
    );
  };

  const modelStatus = {
    notSet: 0,
    loadError: 1,
    modelError: 2,
    presolveError: 3,
    solveError: 4,
    postsolveError: 5,
    empty: 6,
    optimal: 7,
    infeasible: 8,
    unboundedOrInfeasible: 9,
    unbounded: 10,
    objectiveBound: 11,
    objectiveTarget: 12,
    timeLimit: 13,
    iterationLimit: 14,
    unknown: 15,
    solutionLimit: 16,
    interrupted: 17,
  };
  const constants = {
    status: { error: -1, ok: 0, warning: 1 },
    variableType: { continuous: 0, integer: 1, semiContinuous: 2, semiInteger: 3, implicitInteger: 4 },
    objectiveSense: { minimize: 1, maximize: -1 },
    matrixFormat: { columnWise: 1, rowWise: 2 },
    hessianFormat: { triangular: 1, square: 2 },
    optionType: { boolean: 0, integer: 1, double: 2, string: 3 },
    infoType: { int64: -1, integer: 1, double: 2 },
    solutionStatus: { none: 0, infeasible: 1, feasible: 2 },
    basisValidity: { invalid: 0, valid: 1 },
    basisStatus: { lower: 0, basic: 1, upper: 2, zero: 3, nonbasic: 4 },
    callbackType: {
      logging: 0,
      simplexInterrupt: 1,
      ipmInterrupt: 2,
      mipSolution: 3,
      mipImprovingSolution: 4,
      mipLogging: 5,
      mipInterrupt: 6,
      mipCutPool: 7,
      mipUserSolution: 9,
    },
    presolveStatus: {
      notPresolved: -1,
      notReduced: 0,
      infeasible: 1,
      unboundedOrInfeasible: 2,
      reduced: 3,
      reducedToEmpty: 4,
      timeout: 5,
      nullError: 6,
      optionsError: 7,
      outOfMemory: 8,
    },
    modelStatus,
    iis: {
      strategyLight: 0,
      strategyRowPriority: 6,
      strategyColPriority: 14,
      boundFree: 1,
      boundLower: 2,
      boundUpper: 3,
      boundBoxed: 4,
      notInConflict: -1,
      maybeInConflict: 0,
      inConflict: 1,
    },
  };
  for (const group of Object.values(constants)) Object.freeze(group);

  // ---- what the package checks before its solver sees it

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

  // ---- options and information

  const described = facts.options.map(([name, type, byDefault, minimum, maximum]) => ({
    name,
    type,
    default: asNumber(byDefault) as boolean | number | string,
    ...(type === 'integer' || type === 'double' ? { minimum: asNumber(minimum), maximum: asNumber(maximum) } : {}),
  }));
  const optionOf = new Map(described.map((option) => [option.name, option]));
  const oneShot = new Set(facts.oneShotOptions);

  class Options {
    #values = new Map<string, boolean | number | string>();
    set(name: string | Record<string, boolean | number | string>, value?: boolean | number | string): Metadata {
      if (typeof name === 'object') {
        for (const [key, one] of Object.entries(name)) this.set(key, one);
        return done;
      }
      if (oneShot.has(name)) throw new HighsUnsupportedOptionError(name);
      const option = optionOf.get(name);
      const isNumeric = option?.type === 'integer' || option?.type === 'double';
      if (option === undefined || typeof value !== (isNumeric ? 'number' : option.type)) throw failed('setOptionValue');
      if (typeof value === 'number') {
        if (value - value !== 0) throw new HighsValidationError('option values must be finite numbers');
        if (option.type === 'integer' && value % 1 !== 0) throw failed('setOptionValue');
        if (value < (option.minimum ?? value) || value > (option.maximum ?? value)) throw failed('setOptionValue');
      }
      this.#values.set(name, value as boolean | number | string);
      return done;
    }
    get(name: string): boolean | number | string {
      const option = optionOf.get(name);
      if (option === undefined) throw failed('getOptionValue');
      return this.#values.get(name) ?? option.default;
    }
    describe(name: string): object {
      const { type, default: byDefault, minimum, maximum } = optionOf.get(name) ?? notKnown('getOptionValues');
      const limits = minimum === undefined ? {} : { minimum, maximum };
      return { name, type, current: this.get(name), default: byDefault, ...limits };
    }
    names(): string[] {
      return described.map((option) => option.name);
    }
    reset(): Metadata {
      this.#values.clear();
      return done;
    }
    read(text: string): Metadata {
      for (const line of String(text).split('\n')) {
        const [, name, value] = /^\s*([\w]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
        if (name === undefined || value === undefined) continue;
        const type = optionOf.get(name)?.type;
        this.set(name, type === 'string' ? value : type === 'boolean' ? value === 'true' : Number(value));
      }
      return done;
    }
    export(deviationsOnly = false): string {
      const wanted = deviationsOnly ? described.filter(({ name }) => this.#values.has(name)) : described;
      return wanted.map(({ name }) => `${name} = ${this.get(name)}\n`).join('');
    }
  }
  const notKnown = (operation: string): never => {
    throw failed(operation);
  };

  type Result = RunWire;

  /** Counters are -1, HiGHS's own word for "not known": backends count differently, or not at all. */
  const information = (result: Result | null, isMip: boolean): Record<string, readonly [string, number | bigint]> => {
    const has = result !== null && result.values !== null;
    const optimal = result?.modelStatus === modelStatus.optimal;
    const count: readonly [string, number] = ['integer', -1];
    return {
      mip_node_count: ['int64', -1n],
      simplex_iteration_count: count,
      ipm_iteration_count: count,
      crossover_iteration_count: count,
      pdlp_iteration_count: count,
      qp_iteration_count: count,
      primal_solution_status: ['integer', has ? 2 : 0],
      dual_solution_status: ['integer', result?.duals ? 2 : 0],
      basis_validity: ['integer', 0],
      objective_function_value: ['double', result?.objective ?? 0],
      mip_dual_bound: ['double', isMip && optimal ? (result?.objective ?? 0) : 0],
      mip_gap: ['double', isMip && optimal ? 0 : Infinity],
      max_integrality_violation: ['double', has ? 0 : Infinity],
      num_primal_infeasibilities: ['integer', has ? 0 : -1],
      max_primal_infeasibility: ['double', has ? 0 : Infinity],
      sum_primal_infeasibilities: ['double', has ? 0 : Infinity],
    };
  };

  // ---- a model that lives until it is disposed

  class Model {
    #columns: Column[] = [];
    #rows: Row[] = [];
    #sense: 1 | -1 = 1;
    #offset = 0;
    #name = '';
    #result: Result | null = null;
    #disposed = false;
    #options = new Options();
    readonly lastCall = done;

    get disposed(): boolean {
      return this.#disposed;
    }
    get options(): Options {
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
      return rawOf(this);
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
    passModel(data: {
      readonly numCols: number;
      readonly numRows: number;
      readonly sense?: number;
      readonly offset?: number;
      readonly colCost: Numbers;
      readonly colLower: Numbers;
      readonly colUpper: Numbers;
      readonly rowLower: Numbers;
      readonly rowUpper: Numbers;
      readonly matrix: Matrix;
      readonly integrality?: Numbers;
      readonly hessian?: unknown;
      readonly colNames?: readonly string[];
      readonly rowNames?: readonly string[];
      readonly modelName?: string;
    }): Metadata {
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
    readModel({ format, data }: { readonly format: string; readonly data: string | Uint8Array }): Metadata {
      this.#change();
      if (format !== 'lp' && format !== 'mps') throw new HighsValidationError("format must be 'lp' or 'mps'");
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      const wire = parse(call(format === 'lp' ? 'readLp' : 'readMps', text)) as ModelWire;
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
    getSolution(): {
      readonly colValue: Float64Array;
      readonly rowValue: Float64Array;
      readonly colDual?: Float64Array;
      readonly rowDual?: Float64Array;
    } {
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

  // ---- the view of a model that keeps status codes

  const answer = (work: () => unknown): unknown => {
    try {
      const value = work();
      return value === undefined || value === done ? { status: 0 } : { status: 0, value };
    } catch (error) {
      if (error instanceof HighsError && error.name === 'HighsError') return { status: -1 };
      throw error;
    }
  };
  /** Getters of the C interface that answer directly. */
  const direct = new Set(['getModelStatus', 'getObjectiveValue', 'getRunTime', 'getDimensions']);

  const rawOf = (model: Model): Record<string, unknown> => {
    const raw: Record<string, unknown> = {};
    const methods = model as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of Object.getOwnPropertyNames(Model.prototype)) {
      const about = Object.getOwnPropertyDescriptor(Model.prototype, name);
      if (name === 'constructor' || typeof about?.value !== 'function') continue;
      raw[name] = (...args: unknown[]): unknown => {
        const work = (): unknown => methods[name]?.(...args);
        return direct.has(name) || name === 'dispose' ? work() : answer(work);
      };
    }
    Object.defineProperty(raw, 'disposed', { get: () => model.disposed });
    return Object.assign(raw, {
      run: (): unknown => answer(() => void model.run()),
      changeCoeff: raw.changeCoefficient,
      passLp: raw.passModel,
      passMip: raw.passModel,
      setSparseSolution: raw.setSolution,
      getInfinity: () => Infinity,
      getSizeofHighsInt: () => 4,
      getNumOptions: () => described.length,
      getOptionName: (index: number) => answer(() => described[index]?.name ?? notKnown('getOptionName')),
      setOptionValue: (name: string, value: number) => answer(() => model.options.set(name, value)),
      getOptionValue: (name: string) => answer(() => model.options.get(name)),
      getOptionValues: (name: string) => answer(() => model.options.describe(name)),
      getOptionType: (name: string) => answer(() => optionOf.get(name)?.type ?? notKnown('getOptionType')),
      resetOptions: () => answer(() => model.options.reset()),
      readOptions: (text: string) => answer(() => model.options.read(text)),
      exportOptions: (deviationsOnly?: boolean) => answer(() => model.options.export(deviationsOnly)),
      getInfoValue: (name: string) => answer(() => model.info.get(name)),
      getInfoType: (name: string) => answer(() => model.info.type(name)),
    });
  };

  // ---- the package

  type Source = Parameters<Model['passModel']>[0] | Parameters<Model['readModel']>[0];
  const createModel = (source?: Source): Model => {
    const model = new Model();
    if (source === undefined) return model;
    if ('format' in source && (source.format === 'lp' || source.format === 'mps')) model.readModel(source);
    else model.passModel(source as Parameters<Model['passModel']>[0]);
    return model;
  };
  const withModel = (first: Source | ((model: Model) => unknown), second?: (model: Model) => unknown): unknown => {
    const operation = typeof first === 'function' ? first : second;
    if (typeof operation !== 'function') throw new HighsValidationError('withModel needs a function of the model');
    const model = createModel(typeof first === 'function' ? undefined : first);
    let result: unknown;
    try {
      result = operation(model);
    } catch (error) {
      model.dispose();
      throw error;
    }
    if (typeof (result as { then?: unknown } | null)?.then === 'function') {
      return Promise.resolve(result).finally(() => model.dispose());
    }
    model.dispose();
    return result;
  };
  const solve = (problem: unknown, options?: unknown): unknown => {
    if (options !== undefined && options !== null) call('options', stringify(options, encode));
    return parse(call('solve', String(problem)));
  };
  const stateless = (data: Source, isMip: boolean): unknown => {
    const { integrality, ...rest } = data as Parameters<Model['passModel']>[0];
    if (isMip && integrality === undefined) throw new HighsValidationError('mipCall requires integrality');
    const model = createModel(isMip && integrality !== undefined ? { ...rest, integrality } : rest);
    return answer(() => {
      const run = model.run();
      const { colValue, rowValue, ...duals } = model.getSolution();
      return { modelStatus: run.modelStatus, solution: isMip ? { colValue, rowValue } : { colValue, rowValue, ...duals } };
    });
  };
  const [major = 0, minor = 0, patch = 0] = facts.version.split('.').map(Number);
  const version = Object.freeze({ major, minor, patch, string: facts.version, gitHash: '' });
  const highs = {
    solve,
    createModel,
    withModel,
    infinity: Infinity,
    intBytes: 4,
    intBits: 32,
    memoryBytes: 0,
    version,
    constants: Object.freeze(constants),
    errors: { HighsError, HighsDisposedError, HighsValidationError, HighsReentrancyError, HighsUnsupportedOptionError },
    raw: {
      version: () => version,
      lpCall: (data: Source) => stateless(data, false),
      mipCall: (data: Source) => stateless(data, true),
      qpCall: () => notOffered('raw.qpCall'),
      createModel: () => createModel().raw,
    },
  };
  const load = async (): Promise<typeof highs> => highs;
  module.exports = Object.assign(load, { default: load });
}
