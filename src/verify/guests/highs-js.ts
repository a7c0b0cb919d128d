/** What a highs-js program finds under `require('highs')`: the package's one-shot API, solved by the host's backend. */
import type { LinearModel } from '../../core/linear-model.ts';
import { modelHash } from '../../modeling/identical.ts';
import { type Guest, GuestRefusal, type GuestSession } from '../../sandbox/guest.ts';
import type { SandboxLimits } from '../../sandbox/limits.ts';
import type { Solution } from '../../solvers/backend.ts';
import type { HighsReader } from '../../solvers/highs.ts';
import { type GuestData, type ThreadBackend, threadBackend, threadHighs } from './backends.ts';
import { highsOptionTypes } from './highs-options.ts';
import { guestJson, jsonNumber } from './json-numbers.ts';

import { SolveSession } from './solve-session.ts';

/** Evaluated inside the sandbox. */
const source = `(module, call) => {
const parse = JSON.parse, text = JSON.stringify;
const solve = (problem, options) => {
if (options !== undefined && options !== null) call('options', text(options, (k, v) => v === Infinity ? '1e999' : v));
return parse(call('solve', String(problem)));
};
const missing = () => { throw new Error('only highs.solve(lpText, options) is offered here'); };
const highs = { solve, infinity: Infinity, createModel: missing, withModel: missing };
const load = async () => highs;
module.exports = load;
load.default = load;
}`;

export async function createGuest(data: unknown): Promise<Guest> {
  const [reader, backend] = await Promise.all([threadHighs(data as GuestData), threadBackend(data as GuestData)]);
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
    if (method === 'options') return this.#takeOptions(payload);
    if (method !== 'solve') throw new GuestRefusal('TypeError', `highs.${method} is not a function`);
    const timeLimitS = this.#timeLimitS;
    this.#timeLimitS = Number.POSITIVE_INFINITY; // options belong to one call
    const model = this.#session.read(
      () => this.#reader.readLp(payload),
      (error) =>
        new GuestRefusal('Error', `Unable to read LP model (see http://web.mit.edu/lpsolve/doc/CPLEX-format.htm). ${error.message}`),
    );
    const solution = this.#session.solve(model, timeLimitS);
    if (solution.status === 'error') throw new GuestRefusal('Error', `Unable to solve the problem. ${solution.message ?? ''}`);
    return resultText(model, solution);
  }

  record(): ReturnType<SolveSession['record']> {
    return this.#session.record();
  }

  #takeOptions(payload: string): string {
    const options = guestJson(payload);
    if (typeof options !== 'object' || options === null) return '';
    for (const [name, given] of Object.entries(options)) {
      const value = given === '1e999' ? Number.POSITIVE_INFINITY : given;
      if (highsOptionTypes.get(name) !== typeof value) throw new GuestRefusal('Error', `Unable to set option '${name}'. HiGHS error -1`);
      if (name !== 'time_limit' || !(value >= 0) || value === Number.POSITIVE_INFINITY) continue;
      this.#timeLimitS = value;
      this.#session.honour(name, value);
    }
    return '';
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
  const { values } = solution;
  const columns = model.variables.map((v, j) => {
    const primal = values === null ? '' : `"Primal":${jsonNumber(values[j] ?? 0)},`;
    const name = JSON.stringify(v.name);
    const type = v.integer ? 'Integer' : 'Continuous';
    return `${name}:{"Index":${j},"Lower":${jsonNumber(v.lower)},"Upper":${jsonNumber(v.upper)},"Type":"${type}",${primal}"Name":${name}}`;
  });
  const rows = model.constraints.map((row, i) => {
    const primal = values === null ? '' : `,"Primal":${jsonNumber(activity(row, values))}`;
    return `{"Index":${i},"Name":${JSON.stringify(row.name)},"Lower":${jsonNumber(row.lower)},"Upper":${jsonNumber(row.upper)}${primal}}`;
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
