/** The host's record of one program's solves: what a reward may trust. */
import { createHash } from 'node:crypto';
import { type LinearModel, linearModelToJson } from '../../core/linear-model.ts';
import type { Outcome, SolveRecord } from '../../core/outcome.ts';
import { GuestFault, type GuestRecord, GuestRefusal, GuestStop } from '../../sandbox/guest.ts';
import type { SandboxLimits } from '../../sandbox/limits.ts';
import type { Solution, SolverBackend } from '../../solvers/backend.ts';

/** Matrix entries up to which a model gets its canonical hash (about 25 ms); a larger one is hashed as it stands. */
const CANONICAL_ENTRIES = 20_000;

/** Solves models of one program within its budgets and remembers each. */
export class SolveSession {
  readonly #backend: SolverBackend;
  readonly #limits: SandboxLimits;
  readonly #hash: (model: LinearModel) => string;
  readonly #solves: SolveRecord[] = [];
  readonly #options: Record<string, number | string | boolean> = {};
  #reads = 0;
  #runs = 0;
  #spentMs = 0;
  #wallLimited = false;
  #last: { readonly model: LinearModel; readonly solution: Solution } | null = null;
  #refusal: string | null = null;

  constructor(backend: SolverBackend, limits: SandboxLimits, hash: (model: LinearModel) => string) {
    this.#backend = backend;
    this.#limits = limits;
    this.#hash = hash;
  }

  /**
   * Turns what was handed over into a model, and counts that.
   *
   * @param read throws an Error for a text that is no model; the program sees `refusal(error)`.
   */
  read(read: () => LinearModel, refusal: (error: Error) => GuestRefusal): LinearModel {
    this.#reads += 1;
    if (this.#reads > 2 * this.#limits.maxSolves) this.#tooMany();
    const started = performance.now();
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const refused = error instanceof GuestRefusal ? error : refusal(error);
      this.#refusal = refused.message;
      throw refused;
    } finally {
      this.#spentMs += performance.now() - started;
    }
  }

  /**
   * Solves a model and records it.
   *
   * @param timeLimitS the program's own limit, if it asked for one.
   */
  solve(model: LinearModel, timeLimitS: number): Solution {
    this.#runs += 1;
    if (this.#runs > this.#limits.maxSolves) this.#tooMany();
    const missing = missingCapability(model, this.#backend);
    if (missing !== null) throw new GuestFault('MissingCapability', missing);
    const leftMs = this.#limits.solverMs - this.#spentMs;
    if (leftMs <= 0) throw new GuestStop('deadline', 'SolverTime', `the program used its ${this.#limits.solverMs} ms of solver time`, true);
    const solution = this.#backend.solve(model, {
      timeLimitMs: Math.min(leftMs, timeLimitS * 1000),
      simplexIterations: this.#limits.simplexIterations,
      nodes: this.#limits.nodes,
    });
    const hashStarted = performance.now();
    const modelHash = solution.status === 'error' ? '' : this.#hashOf(model);
    this.#spentMs += solution.ms + performance.now() - hashStarted;
    // That a solver contradicts itself is no word on the program.
    if (solution.isRefuted === true) throw new GuestFault('NotCertified', solution.message ?? 'the solver was refuted');
    if (solution.wallLimited) this.#wallLimited = true;
    this.#last = { model, solution };
    this.#refusal = solution.status === 'error' ? (solution.message ?? 'the solver refused the model') : null;
    this.#solves.push({
      status: solution.status,
      objective: finite(solution.objective),
      certificate: solution.certificate ?? 'none',
      modelHash,
      numVariables: model.variables.length,
      numIntegers: model.variables.reduce((count, v) => count + (v.integer ? 1 : 0), 0),
      numConstraints: model.constraints.length,
      ms: solution.ms,
    });
    return solution;
  }

  #tooMany(): never {
    throw new GuestStop('deadline', 'SolveLimit', `the program asked for more than ${this.#limits.maxSolves} solves`);
  }

  #hashOf(model: LinearModel): string {
    const entries = model.constraints.reduce((sum, row) => sum + row.columns.length, model.variables.length);
    if (entries <= CANONICAL_ENTRIES) return this.#hash(model);
    return createHash('sha256')
      .update(JSON.stringify(linearModelToJson(model)))
      .digest('hex');
  }

  /** Remembers an option that the program asked for and that is honoured. */
  honour(name: string, value: number | string | boolean): void {
    this.#options[name] = value;
  }

  record(): GuestRecord {
    const last = this.#last;
    return {
      status: this.#refusal !== null ? 'error' : (last?.solution.status ?? null),
      objective: finite(last?.solution.objective ?? null),
      certificate: last?.solution.certificate ?? 'none',
      solution: last === null || last.solution.values === null ? null : pointOf(last.model, last.solution.values),
      model: last?.model ?? null,
      solves: this.#solves,
      options: this.#options,
      message: this.#refusal,
      wallLimited: this.#wallLimited,
    };
  }
}

/** That a backend cannot solve such models is the user's choice of backend, and no fault of the program. */
function missingCapability(model: LinearModel, { name, capabilities }: SolverBackend): string | null {
  const need = model.variables.some((variable) => variable.integer) ? 'milp' : 'lp';
  if (capabilities[need]) return null;
  return `the backend ${name} cannot solve ${need === 'milp' ? 'models with integer variables' : 'linear models'}; choose another, for example highs`;
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

function pointOf(model: LinearModel, values: Float64Array): NonNullable<Outcome['solution']> {
  // fromEntries also takes a variable called __proto__.
  return Object.fromEntries(model.variables.map((variable, j) => [variable.name, values[j] ?? 0]));
}
