/** GLPK in WebAssembly, a second opinion on small models. This file is the only door to `glpk.js`, which is GPL-3.0 and optional. */
import type { GLPK, LP, Result } from 'glpk.js/node';
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import { EvomError } from '../lib/errors.ts';
import type { WasmMemory } from '../lib/wasm.ts';
import type { Duals, Solution, SolveLimits, SolverBackend } from './backend.ts';
import { certifiedSolve, type Look, secondSolver } from './certify/certify.ts';
import { engineSlot } from './engine.ts';
import { withMemoryCeiling } from './glpk-memory.ts';
import { checkedPoint, improvableColumn, withoutPoint } from './solution.ts';
import { boundsCross, modelFault, smallestCoefficient, solverBound } from './validate.ts';

const status = { undefined: 1, feasible: 2, infeasible: 3, noFeasible: 4, optimal: 5, unbounded: 6 } as const;
const boundType = { free: 1, lower: 2, upper: 3, double: 4, fixed: 5 } as const;
const direction = { min: 1, max: 2 } as const;
/** `tmlim` in milliseconds has to fit an int32, or glpk.js aborts. */
const longestTimeLimitMs = 2_000_000_000;

interface Engine {
  readonly glpk: GLPK;
  /** null where the package keeps it to itself. */
  readonly memory: WasmMemory | null;
  solves: number;
}

/** An engine past these is replaced: memory never shrinks, and small leaks add up. */
const worn = { solves: 5000, memoryBytes: 96 * 1024 * 1024 };

/**
 * Loads glpk.js with its prints held back: it binds console.log while it loads and then writes errors to it whatever `msglev`
 * says. It gets a forwarder, which passes on what others print meanwhile and falls silent once GLPK alone holds it.
 */
async function createEngine(memoryMb: number): Promise<Engine> {
  let load: () => Promise<GLPK>;
  try {
    ({ default: load } = await import('glpk.js/node'));
  } catch (cause) {
    throw new EvomError(
      'E_SOLVER',
      'the glpk backend needs the optional package glpk.js; run "npm install glpk.js@5.0.0" (it is GPL-3.0: mind this when you distribute a combined work) or choose the backend highs',
      { cause },
    );
  }
  const { log, error } = console;
  let loading = true;
  const forward =
    (print: (...args: unknown[]) => void) =>
    (...args: unknown[]): void => {
      if (loading) print(...args);
    };
  const held = { log: forward(log), error: forward(error) };
  Object.assign(console, held);
  try {
    const { loaded, memory } = await withMemoryCeiling(load, memoryMb);
    return { glpk: loaded, memory, solves: 0 };
  } finally {
    loading = false;
    if (console.log === held.log) console.log = log;
    if (console.error === held.error) console.error = error;
  }
}

function bounds(lower: number, upper: number): { type: number; lb: number; ub: number } {
  const lb = solverBound(lower);
  const ub = solverBound(upper);
  if (lb === -Infinity && ub === Infinity) return { type: boundType.free, lb: 0, ub: 0 };
  if (ub === Infinity) return { type: boundType.lower, lb, ub: 0 };
  if (lb === -Infinity) return { type: boundType.upper, lb: 0, ub };
  return { type: lb === ub ? boundType.fixed : boundType.double, lb, ub };
}

/** Whole numbers inside two bounds; a bound within 1e-6 of a whole number is that number. */
const wholeBounds = (lower: number, upper: number): [number, number] => [Math.ceil(lower - 1e-6), Math.floor(upper + 1e-6)];

/**
 * The sides of a row as GLPK gets them. It takes a value 1e-5 away from a whole number for whole, which glpk.js has no option for,
 * and so finds y = x under `y >= x + 1e-5`. Where all of a row is whole, its sides are made whole, and no tolerance helps.
 */
function rowSides(row: Constraint, variables: readonly Variable[]): [number, number] {
  const isWhole = row.columns.every((j, k) => variables[j]?.integer === true && Number.isInteger(row.coefficients[k]));
  return isWhole ? wholeBounds(row.lower, row.upper) : [row.lower, row.upper];
}

/** The model with names of our own, which cannot clash, be too long or hold control characters: each of those aborts GLPK. */
function glpkModel(model: LinearModel, { withCosts, relaxed }: { readonly withCosts: boolean; readonly relaxed: boolean }): LP {
  const columns = model.variables.map((variable, j) => {
    // GLPK calls an integer variable with a fractional bound undefined; the whole bounds inside say the same.
    const [lower, upper] = variable.integer && !relaxed ? wholeBounds(variable.lower, variable.upper) : [variable.lower, variable.upper];
    return { name: `c${j}`, ...bounds(lower, upper) };
  });
  return {
    name: 'm',
    objective: {
      direction: direction[model.sense],
      name: 'obj',
      vars: model.variables.map((variable, j) => ({ name: `c${j}`, coef: withCosts ? variable.cost : 0 })),
    },
    subjectTo: model.constraints.map((row, i) => {
      const [lower, upper] = relaxed ? [row.lower, row.upper] : rowSides(row, model.variables);
      return {
        name: `r${i}`,
        vars: row.columns
          .map((column, k) => ({ name: `c${column}`, coef: row.coefficients[k] ?? 0 }))
          .filter(({ coef }) => Math.abs(coef) > smallestCoefficient),
        bnds: bounds(lower, upper),
      };
    }),
    bounds: columns,
    ...(relaxed ? {} : { generals: model.variables.flatMap((variable, j) => (variable.integer ? [`c${j}`] : [])) }),
  };
}

/** glpk.js gives the rows' duals alone; the columns' follow from them. */
function dualsOf({ variables, constraints }: LinearModel, dual: Readonly<Record<string, number>>): Duals {
  const rows = Float64Array.from(constraints, (_, i) => dual[`r${i}`] ?? 0);
  const columns = Float64Array.from(variables, (v) => v.cost);
  for (const [i, row] of constraints.entries()) {
    for (const [k, j] of row.columns.entries()) columns[j] = (columns[j] ?? 0) - (row.coefficients[k] ?? 0) * (rows[i] ?? 0);
  }
  return { rows, columns };
}

/**
 * GLPK behind the backend interface.
 *
 * It has no counted budgets: `simplexIterations` and `nodes` are not heeded, only the time limit is. A model whose solve
 * aborts gives `error`, and the engine is replaced.
 *
 * @param options.memoryMb ceiling on the engine's memory in MiB; default 128.
 * @param options.second another solver, asked where GLPK alone gives no certificate; default none.
 * @throws {EvomError} E_SOLVER if glpk.js is not installed.
 */
export async function createGlpk({
  memoryMb = 128,
  second,
}: {
  readonly memoryMb?: number;
  readonly second?: SolverBackend;
} = {}): Promise<SolverBackend & { settled(): Promise<void> }> {
  const slot = await engineSlot('glpk', () => createEngine(memoryMb));
  const renewIfWorn = ({ memory, solves }: Engine): void => {
    if (solves >= worn.solves || (memory !== null && memory.buffer.byteLength > worn.memoryBytes)) slot.renew();
  };

  const look = (model: LinearModel, limits: SolveLimits, presolve: boolean): Solution => {
    const fault = modelFault(model);
    if (fault !== null) return withoutPoint('error', 0, { message: fault });
    const sidesCross = (row: Constraint): boolean => {
      const [lower, upper] = rowSides(row, model.variables);
      return lower > upper;
    };
    if (boundsCross(model) || model.constraints.some(sidesCross)) return withoutPoint('infeasible', 0);
    const engine = slot.current;
    const started = performance.now();
    const elapsed = (): number => performance.now() - started;
    const remainingMs = (): number => Math.min(longestTimeLimitMs, Math.max(0, limits.timeLimitMs - elapsed()));
    // GLPK may stop a little before its limit.
    const isOutOfTime = (): boolean => elapsed() >= 0.95 * limits.timeLimitMs - 2;
    let abort: string | null = null;
    const run = (how: { withCosts: boolean; relaxed: boolean; presolve: boolean }): Result['result'] | null => {
      try {
        // The smallest limit is one millisecond.
        const tmlim = Math.max(1, Math.floor(remainingMs())) / 1000;
        engine.solves += 1;
        return engine.glpk.solve(glpkModel(model, how), { msglev: 0, presol: how.presolve, mipgap: 0, tmlim }).result;
      } catch (error) {
        // The engine outlives about 680 aborts, each of which leaks stack.
        slot.renew();
        abort = error instanceof Error ? error.message.slice(0, 200) : String(error);
        return null;
      } finally {
        renewIfWorn(engine);
      }
    };
    const ended = (kind: Solution['status']): Solution => withoutPoint(kind, elapsed());
    const stopped = (): Solution => withoutPoint('time_limit', elapsed(), { wallLimited: true });
    const hasIntegers = model.variables.some((v) => v.integer);

    // The presolver aborts on some infeasible models; what follows without it may still tell.
    const result = run({ withCosts: true, relaxed: false, presolve });
    if (result?.status === status.optimal || result?.status === status.feasible) {
      const checked = checkedPoint(
        model,
        Float64Array.from(model.variables, (_, j) => result.vars[`c${j}`] ?? Number.NaN),
      );
      const isOptimal = result.status === status.optimal;
      if ('fault' in checked) {
        if (!isOptimal) return stopped();
        return { ...withoutPoint('error', elapsed(), { message: `GLPK's optimum does not hold: ${checked.fault}` }), isRefuted: true };
      }
      // The presolver takes a cost that is small beside its column's coefficients for 0 and then leaves the column where it is.
      if (isOptimal && improvableColumn(model, checked.values, checked.objective) !== -1)
        return { status: 'feasible', ...checked, message: null, wallLimited: false, ms: elapsed() };
      const duals = isOptimal && !hasIntegers ? dualsOf(model, result.dual ?? {}) : null;
      return { status: isOptimal ? 'optimal' : 'time_limit', ...checked, duals, message: null, wallLimited: !isOptimal, ms: elapsed() };
    }
    if (isOutOfTime()) return stopped();
    if (result?.status === status.noFeasible) return ended('infeasible');

    // With presolve, glpk.js gives GLP_UNDEF to an infeasible and to an unbounded LP; a second run without it tells which.
    const relaxation = run({ withCosts: true, relaxed: true, presolve: false });
    if (relaxation?.status === status.noFeasible) return ended('infeasible');
    if (isOutOfTime()) return stopped();
    if (relaxation?.status === status.unbounded) {
      if (!hasIntegers) return ended('unbounded');
      // The relaxation is unbounded; the integer model is too unless no whole point is feasible.
      const feasibility = run({ withCosts: false, relaxed: false, presolve });
      if (feasibility?.status === status.optimal) return ended('unbounded');
      if (isOutOfTime()) return { ...ended('infeasible_or_unbounded'), wallLimited: true };
      return ended(feasibility === null ? 'infeasible_or_unbounded' : 'infeasible');
    }
    if (abort !== null) return withoutPoint('error', elapsed(), { message: `GLPK failed on this model: ${abort}` });
    if (relaxation?.status === status.optimal && hasIntegers) return ended('infeasible');
    return withoutPoint('error', elapsed(), {
      message: `GLPK gave up with status ${result?.status}, without presolve ${relaxation?.status}`,
    });
  };

  const withoutPresolve: Look = { certificate: 'second_look', solve: (model, limits) => look(model, limits, false) };
  const others = [withoutPresolve, ...(second === undefined ? [] : [secondSolver(second)])];
  const once = (model: LinearModel, limits: SolveLimits): Solution => look(model, limits, true);

  return {
    name: 'glpk',
    version: slot.current.glpk.version,
    capabilities: { lp: true, milp: true },
    solve: (model, limits, known = null) => certifiedSolve(once, others, model, limits, known),
    look: once,
    settled: () => slot.settled(),
    close: () => slot.close(),
  };
}
