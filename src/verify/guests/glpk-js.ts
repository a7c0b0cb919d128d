/** What a glpk-js program finds under `require('glpk.js')`: the package's API, solved by the host's backend. */
import type { LinearModel } from '../../core/linear-model.ts';
import { modelHash } from '../../modeling/identical.ts';
import { type Guest, GuestRefusal, type GuestSession } from '../../sandbox/guest.ts';
import type { SandboxLimits } from '../../sandbox/limits.ts';
import type { Solution } from '../../solvers/backend.ts';
import { writeLp } from '../../solvers/lp-format.ts';
import { type GuestData, type ThreadBackend, threadBackend } from './backends.ts';
import { glpkLibrarySource } from './glpk-library.ts';
import { glpkConstants, glpkModel } from './glpk-model.ts';
import { guestJson, jsonNumber } from './json-numbers.ts';
import { SolveSession } from './solve-session.ts';

export async function createGuest(data: unknown): Promise<Guest> {
  const backend = await threadBackend(data as GuestData);
  const library = { source: glpkLibrarySource(glpkConstants), named: [] };
  return {
    backend: backend.name,
    solverVersion: backend.version,
    libraries: { 'glpk.js': library, 'glpk.js/node': library },
    begin: (limits) => new GlpkSession(backend, limits),
    maintain: () => backend.settled(),
    close: () => undefined,
  };
}

class GlpkSession implements GuestSession {
  readonly #session: SolveSession;

  constructor(backend: ThreadBackend, limits: SandboxLimits) {
    this.#session = new SolveSession(backend, limits, modelHash);
  }

  call(method: string, payload: string): string {
    const handed = guestJson(payload);
    const [lp, options]: readonly unknown[] = Array.isArray(handed) ? handed : [];
    const model = this.#session.read(
      () => glpkModel(lp),
      (error) => new GuestRefusal('Error', error.message),
    );
    if (method === 'write') return JSON.stringify(writeLp(model));
    if (method !== 'solve') throw new GuestRefusal('TypeError', `glpk.${method} is not a function`);
    const { tmlim, rows } = (options ?? {}) as { readonly tmlim?: unknown; readonly rows?: unknown };
    const hasLimit = typeof tmlim === 'number' && tmlim >= 0;
    if (hasLimit) this.#session.honour('tmlim', tmlim);
    const solution = this.#session.solve(model, hasLimit ? tmlim : Number.POSITIVE_INFINITY);
    if (solution.status === 'error') throw new GuestRefusal('Error', `Aborted(). ${solution.message ?? ''}`);
    const name = (lp as { readonly name?: unknown }).name; // an object: glpkModel took it
    return resultText(typeof name === 'string' ? name : '', model, solution, rows === true);
  }

  record(): ReturnType<SolveSession['record']> {
    return this.#session.record();
  }
}

/** GLPK's number for how a solve ended. */
function statusNumber(solution: Solution): number {
  switch (solution.status) {
    case 'optimal':
      return glpkConstants.GLP_OPT;
    case 'feasible':
      return glpkConstants.GLP_FEAS;
    case 'infeasible':
      return glpkConstants.GLP_NOFEAS;
    case 'unbounded':
      return glpkConstants.GLP_UNBND;
    case 'time_limit':
      return solution.values === null ? glpkConstants.GLP_UNDEF : glpkConstants.GLP_FEAS;
    case 'infeasible_or_unbounded':
    case 'error':
      return glpkConstants.GLP_UNDEF;
    default:
      return solution.status satisfies never;
  }
}

/** The result object of `solve`, as JSON text; without a solution all values are 0, as in GLPK. */
function resultText(name: string, model: LinearModel, solution: Solution, withRows: boolean): string {
  const values = solution.values;
  const vars = model.variables.map((v, j) => `${JSON.stringify(v.name)}:${jsonNumber(values?.[j] ?? 0)}`);
  const rows = model.constraints.map((row) => {
    const sum = row.columns.reduce((total, column, k) => total + (row.coefficients[k] ?? 0) * (values?.[column] ?? 0), 0);
    return `${JSON.stringify(row.name)}:${jsonNumber(sum)}`;
  });
  // Only linear programs have dual values, as in the package.
  const { duals } = solution;
  const dual =
    duals == null
      ? ''
      : `,"dual":{${model.constraints.map((row, i) => `${JSON.stringify(row.name)}:${jsonNumber(duals.rows[i] ?? 0)}`).join()}}`;
  const rowsText = withRows ? `,"rows":{${rows.join()}}` : '';
  const result = `{"vars":{${vars.join()}},"z":${jsonNumber(solution.objective ?? 0)},"status":${statusNumber(solution)}${dual}${rowsText}}`;
  const isMip = model.variables.some((v) => v.integer);
  return `{"name":${JSON.stringify(name)},"time":0,"result":${result},"isMip":${isMip}}`;
}
