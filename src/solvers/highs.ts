/** HiGHS in WebAssembly: the default backend, and the reader of LP and MPS text. This file is the only door to `highs`. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Highs, InitOptions, Model, ModelData } from 'highs';
import type { LinearModel } from '../core/linear-model.ts';
import type { SolveStatus } from '../core/outcome.ts';
import { EvomError } from '../lib/errors.ts';
import { type WasmInstance, type WasmModule, webAssembly } from '../lib/wasm.ts';
import type { Solution, SolveLimits, SolverBackend } from './backend.ts';
import { certifiedSolve, type Look, secondSolver } from './certify/certify.ts';
import { engineSlot } from './engine.ts';
import { parseLp } from './lp-reader.ts';
import { parseMps } from './mps-reader.ts';
import { checkedPoint, withoutPoint } from './solution.ts';
import { boundsCross, modelFault, smallestCoefficient, solverBound, wholeLower, wholeUpper } from './validate.ts';
import { capWasmMemory } from './wasm-memory.ts';

/** Model text as HiGHS means it. */
export interface HighsReader {
  /**
   * By our own reader, which takes a sixth of the time.
   *
   * @throws {EvomError} E_DATA if the text is no LP file, or one that HiGHS reads as something else than it says.
   */
  readLp(text: string): LinearModel;
  /** By our own reader. @throws {EvomError} E_DATA if the text is no MPS file of a linear model. */
  readMps(text: string): LinearModel;
  /** By HiGHS's own parsers, with their faults: to compare with. @throws {EvomError} E_DATA where HiGHS refuses the text. */
  readByHighs(format: 'lp' | 'mps', text: string): LinearModel;
}

export interface HighsOptions {
  /** HiGHS compiled by `compileHighs()`; send it to worker threads so that each instance takes 3 to 15 ms. */
  readonly wasmModule?: WasmModule;
  /** Ceiling on the engine's memory in MiB when it is compiled here; default 256. */
  readonly memoryMb?: number;
  /** Another solver, asked where HiGHS alone gives no certificate; default none. */
  readonly second?: SolverBackend;
}

/** Fixed for every solve. `threads` is one by construction of the package. */
const fixedOptions = {
  output_flag: false,
  mip_rel_gap: 0,
  mip_abs_gap: 0,
  random_seed: 0,
  // Takes 5 to 10 ms on nearly every small MIP and changes no answer (reference: 491 real models).
  mip_heuristic_run_feasibility_jump: false,
};

/** An engine past these is replaced: memory never shrinks, and failed calls leak. */
const worn = { solves: 5000, memoryBytes: 96 * 1024 * 1024, failedReads: 500 };
const largestInt32 = 2_147_483_647;
const modelStatus = {
  optimal: 7,
  infeasible: 8,
  unboundedOrInfeasible: 9,
  unbounded: 10,
  timeLimit: 13,
  iterationLimit: 14,
  unknown: 15,
  solutionLimit: 16,
} as const;

interface Engine {
  readonly highs: Highs;
  /** One solver object for all solves: passing a model to it clears what the last one left. */
  readonly solver: Model;
  solves: number;
  failedReads: number;
}

/** Compiled once a process for each ceiling of its memory. */
const modules = new Map<number, Promise<WasmModule>>();

/**
 * HiGHS as a WebAssembly module, with a ceiling on its memory. `structuredClone` and `workerData` pass it on for free.
 *
 * @param memoryMb ceiling in MiB; 2048 is the package's own.
 */
export function compileHighs(memoryMb = 256): Promise<WasmModule> {
  const compile = async (): Promise<WasmModule> => {
    const path = createRequire(import.meta.url).resolve('highs/runtime');
    return webAssembly.compile(capWasmMemory(await readFile(path), memoryMb));
  };
  const compiled = modules.get(memoryMb) ?? compile();
  modules.set(memoryMb, compiled);
  compiled.catch(() => modules.delete(memoryMb)); // the next caller tries again
  return compiled;
}

async function createEngine(wasmModule: WasmModule): Promise<Engine> {
  // Its types describe the CommonJS build, where the loader is one level deeper.
  const loadHighs = (await import('highs')).default as unknown as (options: InitOptions) => Promise<Highs>;
  // highs 1.15.3 documents `wasmModule` but ignores it; Emscripten's own hook does the same.
  const options: InitOptions & { instantiateWasm: unknown } = {
    instantiateWasm: (imports: object, done: (instance: WasmInstance) => void) => done(new webAssembly.Instance(wasmModule, imports)),
    print: () => undefined,
    printErr: () => undefined,
  };
  const highs = await loadHighs(options);
  const solver = highs.createModel();
  solver.options.set(fixedOptions);
  return { highs, solver, solves: 0, failedReads: 0 };
}

/** The model as HiGHS's row-wise arrays. */
function modelData(model: LinearModel, { withCosts }: { readonly withCosts: boolean }): ModelData {
  const { variables, constraints } = model;
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const row of constraints) {
    for (let k = 0; k < row.columns.length; k++) {
      const value = row.coefficients[k] ?? 0;
      if (Math.abs(value) <= smallestCoefficient) continue;
      indices.push(row.columns[k] ?? 0);
      values.push(value);
    }
    starts.push(indices.length);
  }
  return {
    numCols: variables.length,
    numRows: constraints.length,
    sense: (model.sense === 'max' ? -1 : 1) as NonNullable<ModelData['sense']>,
    offset: withCosts ? model.offset : 0,
    colCost: variables.map((v) => (withCosts ? v.cost : 0)),
    // Presolve tightens coefficients as if the bounds of integers were whole (HiGHS issue 3274).
    colLower: variables.map((v) => solverBound(v.integer ? wholeLower(v.lower) : v.lower)),
    colUpper: variables.map((v) => solverBound(v.integer ? wholeUpper(v.upper) : v.upper)),
    rowLower: constraints.map((c) => solverBound(c.lower)),
    rowUpper: constraints.map((c) => solverBound(c.upper)),
    matrix: { format: 'csr', numRows: constraints.length, numCols: variables.length, starts, indices, values },
    ...(variables.some((v) => v.integer) ? { integrality: variables.map((v) => (v.integer ? 1 : 0)) } : {}),
  };
}

/** How a model is run: `off` shares no presolve with the other, and searches by another seed. */
type Presolve = 'choose' | 'off';

/** How far an integer may be from a whole number: HiGHS's own default, and the least that it takes. */
const integrality = { usual: 1e-6, least: 1e-10 };

/** Runs one model on an engine, which is left with the options that it had. @returns HiGHS's model status */
function runHighs({ solver }: Engine, data: ModelData, limits: SolveLimits, presolve: Presolve, fraction = integrality.usual): number {
  solver.passModel(data);
  solver.zeroAllClocks();
  solver.options.set({
    time_limit: Math.max(0, limits.timeLimitMs) / 1000,
    simplex_iteration_limit: limits.simplexIterations ?? largestInt32,
    mip_max_nodes: limits.nodes ?? largestInt32,
    mip_feasibility_tolerance: fraction,
  });
  const run = (how: Presolve): number => {
    if (how === 'choose') return solver.run().modelStatus;
    solver.options.set({ presolve: 'off', random_seed: 1 });
    try {
      return solver.run().modelStatus;
    } finally {
      solver.options.set({ presolve: 'choose', random_seed: 0 });
    }
  };
  try {
    return run(presolve);
  } catch (error) {
    // HiGHS 1.15 presolves some feasible MIPs of badly scaled numbers into a failure. An abort is another matter.
    if (presolve === 'off' || /Runtime|Abort/.test(String(error))) throw error;
    return run('off');
  }
}

/** Whether a point satisfies a model only while its integers are not quite whole. */
function isWholeByTolerance(model: LinearModel, values: Float64Array): boolean {
  const point = checkedPoint(model, values);
  return !('fault' in point) && model.variables.some(({ integer }, j) => integer && !Number.isInteger(point.values[j]));
}

/**
 * HiGHS behind the backend interface.
 *
 * `simplexIterations` counts in LPs, `nodes` in MIPs; the iterations inside a MIP have no budget but the time limit. `infeasible_or_unbounded` remains only where the second
 * solve that tells which (the same model without an objective) ran into a budget. A model whose solve aborts gives `error`.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createHighs } from 'evom/solvers';
 * const highs = await createHighs();
 * const model = highs.readLp('max\n obj: 3 x + 2 y\nst\n c: x + y <= 4\n d: x <= 2.5\ngen\n x\nend\n');
 * const { status, objective, values } = highs.solve(model, { timeLimitMs: 1000 });
 * assert.deepEqual({ status, objective, values: [...values!] }, { status: 'optimal', objective: 10, values: [2, 2] });
 * highs.close();
 * ```
 */
export async function createHighs(options: HighsOptions = {}): Promise<SolverBackend & HighsReader & { settled(): Promise<void> }> {
  const wasmModule = options.wasmModule ?? (await compileHighs(options.memoryMb));
  const slot = await engineSlot('highs', () => createEngine(wasmModule));

  const renewIfWorn = (): void => {
    if (slot.current.solves >= worn.solves || slot.current.highs.memoryBytes > worn.memoryBytes) slot.renew();
  };

  /** Which of the two a model is that HiGHS calls "infeasible or unbounded", or a MIP it calls unbounded. */
  const infeasibleOrUnbounded = (
    model: LinearModel,
    limits: SolveLimits,
    presolve: Presolve,
  ): { status: SolveStatus; wallLimited: boolean } => {
    const status = runHighs(slot.current, modelData(model, { withCosts: false }), limits, presolve);
    if (status === modelStatus.infeasible) return { status: 'infeasible', wallLimited: false };
    if (status === modelStatus.optimal) return { status: 'unbounded', wallLimited: false };
    return { status: 'infeasible_or_unbounded', wallLimited: status === modelStatus.timeLimit };
  };

  const look = (model: LinearModel, limits: SolveLimits, presolve: Presolve): Solution => {
    const fault = modelFault(model);
    if (fault !== null) return withoutPoint('error', 0, { message: fault });
    if (boundsCross(model)) return withoutPoint('infeasible', 0);
    const started = performance.now();
    const elapsed = (): number => performance.now() - started;
    const engine = slot.current;
    engine.solves += 1;
    try {
      const data = modelData(model, { withCosts: true });
      let status = runHighs(engine, data, limits, presolve);
      // Under `y <= 1e7 z` HiGHS takes z = 1e-7 for 0 and y = 1 for free of charge.
      if (status === modelStatus.optimal && isWholeByTolerance(model, engine.solver.getSolution().colValue)) {
        const left = { ...limits, timeLimitMs: limits.timeLimitMs - elapsed() };
        status = runHighs(engine, data, left, presolve, integrality.least);
      }
      const point = (): ReturnType<typeof checkedPoint> => checkedPoint(model, engine.solver.getSolution().colValue);
      switch (status) {
        case modelStatus.optimal: {
          const { colValue, colDual, rowDual } = engine.solver.getSolution();
          const checked = checkedPoint(model, colValue);
          if ('fault' in checked)
            return { ...withoutPoint('error', elapsed(), { message: `HiGHS's optimum does not hold: ${checked.fault}` }), isRefuted: true };
          const duals = model.variables.some((v) => v.integer) ? null : { rows: rowDual, columns: colDual };
          return { status: 'optimal', ...checked, duals, message: null, wallLimited: false, ms: elapsed() };
        }
        case modelStatus.infeasible:
          return withoutPoint('infeasible', elapsed());
        case modelStatus.unbounded:
        case modelStatus.unboundedOrInfeasible: {
          // Of a MIP HiGHS may have looked at the relaxation alone.
          const isProven = status === modelStatus.unbounded && !model.variables.some((v) => v.integer);
          if (isProven) return withoutPoint('unbounded', elapsed());
          const told = infeasibleOrUnbounded(model, { ...limits, timeLimitMs: limits.timeLimitMs - elapsed() }, presolve);
          return withoutPoint(told.status, elapsed(), { wallLimited: told.wallLimited });
        }
        case modelStatus.timeLimit:
        case modelStatus.iterationLimit:
        case modelStatus.solutionLimit: {
          const wallLimited = status === modelStatus.timeLimit;
          const checked = point();
          if ('fault' in checked) return withoutPoint('time_limit', elapsed(), { wallLimited });
          return { status: 'time_limit', ...checked, message: null, wallLimited, ms: elapsed() };
        }
        default: {
          const checked = status === modelStatus.unknown ? point() : { fault: '' };
          if ('fault' in checked) return withoutPoint('error', elapsed(), { message: `HiGHS gave up with model status ${status}` });
          return { status: 'feasible', ...checked, message: null, wallLimited: false, ms: elapsed() };
        }
      }
    } catch (error) {
      slot.renew();
      const what = error instanceof Error ? error.message.slice(0, 200) : String(error);
      return withoutPoint('error', elapsed(), { message: `HiGHS failed on this model: ${what}` });
    } finally {
      renewIfWorn();
    }
  };

  const withoutPresolve: Look = { certificate: 'second_look', solve: (model, limits) => look(model, limits, 'off') };
  const others = [withoutPresolve, ...(options.second === undefined ? [] : [secondSolver(options.second)])];
  const once = (model: LinearModel, limits: SolveLimits): Solution => look(model, limits, 'choose');

  const read = (format: 'lp' | 'mps', text: string): LinearModel => {
    let reader: Model | null = null;
    try {
      reader = slot.current.highs.createModel({ format, data: text });
      return readBack(reader, format);
    } catch (error) {
      if (error instanceof EvomError) throw error;
      // A syntax error aborts HiGHS's parser. The engine lives on, but each abort leaks stack, and after 2,000 it is dead.
      slot.current.failedReads += 1;
      if (slot.current.failedReads >= worn.failedReads) slot.renew();
      throw new EvomError('E_DATA', `HiGHS cannot read this ${format.toUpperCase()} text; check its sections and operators`, {
        cause: error,
      });
    } finally {
      reader?.dispose();
    }
  };

  return {
    name: 'highs',
    version: slot.current.highs.version.string,
    capabilities: { lp: true, milp: true },
    solve: (model, limits, known = null) => certifiedSolve(once, others, model, limits, known),
    look: once,
    readLp: (text) => parseLp(text, { flavor: 'highs' }),
    readMps: (text) => parseMps(text),
    readByHighs: read,
    settled: () => slot.settled(),
    close: () => slot.close(),
  };
}

/** The model that a parser left in HiGHS. */
function readBack(reader: Model, format: string): LinearModel {
  const data = reader.getModel('csr');
  // HiGHS reads an empty text, or prose, as a model without variables.
  if (data.numCols === 0)
    throw new EvomError('E_DATA', `this ${format.toUpperCase()} text holds no variables; write an objective and constraints`);
  if (data.hessian !== undefined) throw new EvomError('E_DATA', 'the objective is quadratic; only linear models can be taken');
  if (data.integrality.some((type) => type > 1))
    throw new EvomError('E_DATA', 'semi-continuous variables cannot be taken; model them with a binary variable');
  const { starts, indices, values } = data.matrix;
  return {
    sense: (data.sense as number) === -1 ? 'max' : 'min',
    offset: data.offset,
    variables: Array.from({ length: data.numCols }, (_, j) => ({
      name: reader.getColName(j),
      lower: data.colLower[j] ?? 0,
      upper: data.colUpper[j] ?? 0,
      integer: data.integrality[j] === 1,
      cost: data.colCost[j] ?? 0,
    })),
    constraints: Array.from({ length: data.numRows }, (_, i) => ({
      name: reader.getRowName(i),
      lower: data.rowLower[i] ?? 0,
      upper: data.rowUpper[i] ?? 0,
      columns: [...indices.subarray(starts[i], starts[i + 1])],
      coefficients: [...values.subarray(starts[i], starts[i + 1])],
    })),
  };
}
