/** What a highs-js program finds under `require('highs')`: the package's interface, solved by the host's backend. */
import type { LinearModel } from '../../core/linear-model.ts';
import { modelHash } from '../../modeling/identical.ts';
import { type Guest, GuestRefusal, type GuestSession } from '../../sandbox/guest.ts';
import type { SandboxLimits } from '../../sandbox/limits.ts';
import type { Solution } from '../../solvers/backend.ts';
import type { HighsReader } from '../../solvers/highs.ts';
import { writeLp } from '../../solvers/lp-format.ts';
import { writeMps } from '../../solvers/mps-format.ts';
import { modelFault } from '../../solvers/validate.ts';
import { type GuestData, type ThreadBackend, threadBackend, threadHighs } from './backends.ts';
import { librarySource } from './highs-library.ts';
import { highsOptions, highsOptionTypes, oneShotOptions } from './highs-options.ts';
import { guestJson, jsonNumber } from './json-numbers.ts';
import { modelFromWire, modelToWire } from './model-wire.ts';
import { SolveSession } from './solve-session.ts';

export async function createGuest(data: unknown): Promise<Guest> {
  const [reader, backend] = await Promise.all([threadHighs(data as GuestData), threadBackend(data as GuestData)]);
  const source = librarySource({
    options: highsOptions,
    oneShotOptions: Object.values(oneShotOptions).flatMap((names) => names.split(' ')),
    version: reader.version,
  });
  return {
    backend: backend.name,
    solverVersion: backend.version,
    libraries: { highs: { source, named: [] } },
    begin: (limits) => new HighsSession(reader, backend, limits),
    maintain: async () => {
      await Promise.all([reader.settled(), backend.settled()]);
    },
    close: () => undefined,
  };
}

class HighsSession implements GuestSession {
  readonly #reader: HighsReader;
  readonly #session: SolveSession;
  #timeLimitS = Number.POSITIVE_INFINITY;

  constructor(reader: HighsReader, backend: ThreadBackend, limits: SandboxLimits) {
    this.#reader = reader;
    this.#session = new SolveSession(backend, limits, modelHash);
  }

  call(method: string, payload: string): string {
    switch (method) {
      case 'options':
        return this.#takeOptions(payload);
      case 'solve':
        return this.#solveText(payload);
      case 'readLp':
      case 'readMps':
        return modelToWire(this.#read(method === 'readLp' ? 'lp' : 'mps', payload));
      case 'run':
        return this.#run(payload);
      case 'writeLp':
      case 'writeMps': {
        const model = this.#session.read(() => checked(modelFromWire(guestJson(payload))), asRefusal);
        return JSON.stringify(method === 'writeLp' ? writeLp(model) : writeMps(model));
      }
      default:
        throw new GuestRefusal('TypeError', `highs.${method} is not a function`);
    }
  }

  #read(format: 'lp' | 'mps', text: string): LinearModel {
    return this.#session.read(
      () => (format === 'lp' ? this.#reader.readLp(text) : this.#reader.readMps(text)),
      (error) =>
        new GuestRefusal(
          'Error',
          format === 'lp'
            ? `Unable to read LP model (see http://web.mit.edu/lpsolve/doc/CPLEX-format.htm). ${error.message}`
            : `Unable to read MPS model. ${error.message}`,
        ),
    );
  }

  #solveText(text: string): string {
    const timeLimitS = this.#timeLimitS;
    this.#timeLimitS = Number.POSITIVE_INFINITY; // options belong to one call
    const model = this.#read('lp', text);
    const solution = this.#session.solve(model, timeLimitS);
    if (solution.status === 'error') throw new GuestRefusal('Error', `Unable to solve the problem. ${solution.message ?? ''}`);
    return resultText(model, solution);
  }

  /** Solves a model of the persistent interface. */
  #run(payload: string): string {
    const handed = guestJson(payload) as { readonly model?: unknown; readonly timeLimitS?: unknown } | null;
    const model = this.#session.read(() => modelFromWire(handed?.model), asRefusal);
    const timeLimitS = typeof handed?.timeLimitS === 'number' && handed.timeLimitS >= 0 ? handed.timeLimitS : Number.POSITIVE_INFINITY;
    if (timeLimitS !== Number.POSITIVE_INFINITY) this.#session.honour('time_limit', timeLimitS);
    const solution = this.#session.solve(model, timeLimitS);
    if (solution.status === 'error') throw new GuestRefusal('HighsError', `run failed with HiGHS status -1. ${solution.message ?? ''}`);
    const objective = jsonNumber(solution.objective ?? withoutPoint(model, solution));
    const list = (numbers: Float64Array): string => `[${[...numbers].map(jsonNumber).join()}]`;
    const values = solution.values === null ? 'null' : list(solution.values);
    const { duals } = solution;
    const dualsText = duals == null ? 'null' : `{"columns":${list(duals.columns)},"rows":${list(duals.rows)}}`;
    return `{"modelStatus":${statusCode(solution.status)},"objective":${objective},"values":${values},"duals":${dualsText}}`;
  }

  record(): ReturnType<SolveSession['record']> {
    return this.#session.record();
  }

  #takeOptions(payload: string): string {
    const options = guestJson(payload);
    if (typeof options !== 'object' || options === null) return '';
    for (const [name, given] of Object.entries(options)) {
      const value = given === 'Infinity' && highsOptionTypes.get(name) === 'number' ? Number.POSITIVE_INFINITY : given;
      if (highsOptionTypes.get(name) !== typeof value) throw new GuestRefusal('Error', `Unable to set option '${name}'. HiGHS error -1`);
      if (name !== 'time_limit' || !(value >= 0) || value === Number.POSITIVE_INFINITY) continue;
      this.#timeLimitS = value;
      this.#session.honour(name, value);
    }
    return '';
  }
}

const asRefusal = (error: Error): GuestRefusal => new GuestRefusal('HighsError', error.message);

/** A model that can be written. */
function checked(model: LinearModel): LinearModel {
  const fault = modelFault(model);
  if (fault !== null) throw new GuestRefusal('HighsError', fault);
  return model;
}

/** HiGHS's number for how a solve ended. */
function statusCode(status: Solution['status']): number {
  switch (status) {
    case 'optimal':
      return 7;
    case 'infeasible':
      return 8;
    case 'infeasible_or_unbounded':
      return 9;
    case 'unbounded':
      return 10;
    case 'time_limit':
      return 13;
    case 'feasible':
      return 15;
    case 'error':
      return 4;
    default:
      return status satisfies never;
  }
}

/** HiGHS's words for how a solve ended. */
function statusText(status: Solution['status']): string {
  switch (status) {
    case 'optimal':
      return 'Optimal';
    case 'infeasible':
      return 'Infeasible';
    case 'unbounded':
      return 'Unbounded';
    case 'infeasible_or_unbounded':
      return 'Primal infeasible or unbounded';
    case 'time_limit':
      return 'Time limit reached';
    case 'feasible':
    case 'error':
      return 'Unknown';
    default:
      return status satisfies never;
  }
}

/** The result object of `solve`, as JSON text. */
function resultText(model: LinearModel, solution: Solution): string {
  const { values, duals } = solution;
  const dual = (list: Float64Array | undefined, i: number): string => (list === undefined ? '' : `"Dual":${jsonNumber(list[i] ?? 0)},`);
  const columns = model.variables.map((v, j) => {
    const primal = values === null ? '' : `"Primal":${jsonNumber(values[j] ?? 0)},${dual(duals?.columns, j)}`;
    const name = JSON.stringify(v.name);
    const type = v.integer ? 'Integer' : 'Continuous';
    return `${name}:{"Index":${j},"Lower":${jsonNumber(v.lower)},"Upper":${jsonNumber(v.upper)},"Type":"${type}",${primal}"Name":${name}}`;
  });
  const rows = model.constraints.map((row, i) => {
    const primal = values === null ? '' : `"Primal":${jsonNumber(activity(row, values))},${dual(duals?.rows, i)}`;
    return `{"Index":${i},"Name":${JSON.stringify(row.name)},"Lower":${jsonNumber(row.lower)},${primal}"Upper":${jsonNumber(row.upper)}}`;
  });
  const objective = solution.objective ?? withoutPoint(model, solution);
  return `{"Status":"${statusText(solution.status)}","ObjectiveValue":${jsonNumber(objective)},"Columns":{${columns.join()}},"Rows":[${rows.join()}]}`;
}

/** What HiGHS gives as objective where there is no solution: 0 for an infeasible LP, infinity for an infeasible MIP. */
function withoutPoint(model: LinearModel, solution: Solution): number {
  if (solution.status === 'unbounded') return model.sense === 'max' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return model.variables.some((v) => v.integer) ? Number.POSITIVE_INFINITY : 0;
}

function activity(row: LinearModel['constraints'][number], values: Float64Array): number {
  return row.columns.reduce((sum, column, k) => sum + (row.coefficients[k] ?? 0) * (values[column] ?? 0), 0);
}
