/** From a backend's word to a verdict that has a certificate, is put right, or is taken back. */
import { evaluatePoint } from '../../core/evaluate.ts';
import type { LinearModel } from '../../core/linear-model.ts';
import type { Certificate, SolveStatus } from '../../core/outcome.ts';
import type { Duals, Solution, SolveLimits, SolverBackend } from '../backend.ts';
import { checkedPoint, withoutPoint } from '../solution.ts';
import { boundsCross, modelFault } from '../validate.ts';
import { dualBound, provesInfeasible } from './dual-bound.ts';
import { isExact } from './exact-point.ts';
import { phaseOne } from './farkas.ts';
import { type MinForm, minForm } from './min-form.ts';
import { directionModel, findRay, isImprovingRay } from './ray.ts';
import { type SearchBudget, searchTree } from './search-tree.ts';
import { agree, gap, held, near } from './verdict.ts';

/** One way to solve a model; its word is not certified. */
export interface Look {
  /** What agreement with it is called. */
  readonly certificate: 'second_look' | 'second_solver';
  solve(model: LinearModel, limits: SolveLimits): Solution;
}

/** Another backend as a further look. */
export const secondSolver = (backend: SolverBackend): Look => ({
  certificate: 'second_solver',
  solve: (model, limits) => (backend.look === undefined ? backend.solve(model, limits) : backend.look(model, limits)),
});

/**
 * A backend of somebody else's behind the same checks.
 *
 * @param others further looks at what cannot be proven.
 */
export function certifiedBackend(backend: SolverBackend, others: readonly Look[]): SolverBackend {
  const look: Look['solve'] = (model, limits) => {
    const fault = modelFault(model);
    return fault === null ? backend.solve(model, limits) : withoutPoint('error', 0, { message: fault });
  };
  return {
    name: backend.name,
    version: backend.version,
    capabilities: backend.capabilities,
    solve: (model, limits, known = null) => certifiedSolve(look, others, model, limits, known),
    look,
    ...(backend.settled === undefined ? {} : { settled: async () => backend.settled?.() }),
    close: () => backend.close(),
  };
}

/** Our own search for a proof: microseconds where a bound is enough, some 5 ms of one core where it gives up. */
const searchBudget: SearchBudget = { tableEntries: 4000, nodes: 2000, work: 4_000_000 };
/** Nodes of a second look. */
const nodesOfSecondLook = 1000;
/** Matrix entries up to which more solves are spent on a certificate. */
const largestCertified = 200_000;
const sizeOf = (model: LinearModel): number => model.constraints.reduce((sum, row) => sum + row.columns.length, model.variables.length);
const without = (model: LinearModel): LinearModel => ({ ...model, offset: 0, variables: model.variables.map((v) => ({ ...v, cost: 0 })) });
const relaxed = (model: LinearModel): LinearModel => ({ ...model, variables: model.variables.map((v) => ({ ...v, integer: false })) });

interface Point {
  readonly values: Float64Array;
  readonly objective: number;
}

/**
 * Solves a model and says how the verdict is known.
 *
 * Proofs come first, since they are checked by our own code and cost least: a dual bound, a Farkas proof, a ray, a tree of these. Where
 * none is found other looks are asked. A checked point that betters an optimum, or satisfies a model that is called infeasible, refutes
 * that verdict; then another is needed that a proof or two looks stand behind, or the result is an error with `isRefuted`.
 *
 * @param first the backend's own way; it refuses a model that `modelFault` finds fault with.
 * @param others further looks, which share no presolve with the first.
 * @param known a point that somebody else found; it is checked before it counts.
 */
export function certifiedSolve(
  first: Look['solve'],
  others: readonly Look[],
  model: LinearModel,
  limits: SolveLimits,
  known: Float64Array | null,
): Solution {
  const said = held(model, first(model, limits));
  if (said.status === 'time_limit' || said.status === 'feasible') return { ...said, certificate: 'none' };
  // A solver that failed altogether, or refused the model, would again; one whose point does not hold may have been unlucky.
  if (said.status === 'error' && said.isRefuted !== true) return { ...said, certificate: 'none' };
  // Bounds that cross are their own proof.
  if (said.status !== 'optimal' && boundsCross(model)) return { ...withoutPoint('infeasible', said.ms), certificate: 'farkas' };
  return new Certifier(first, others, model, limits, said).certify(known);
}

class Certifier {
  readonly #first: Look['solve'];
  readonly #others: readonly Look[];
  readonly #model: LinearModel;
  readonly #limits: SolveLimits;
  readonly #said: Solution;
  readonly #form: MinForm;
  readonly #sign: 1 | -1;
  readonly #started = performance.now();
  /** The best point known that satisfies the model. */
  #best: Point | null = null;
  #ray: Float64Array | null | undefined;
  /** A whole search for any point has closed without one. */
  #isEmpty = false;

  constructor(first: Look['solve'], others: readonly Look[], model: LinearModel, limits: SolveLimits, said: Solution) {
    this.#first = first;
    this.#others = others;
    this.#model = model;
    this.#limits = limits;
    this.#said = said;
    this.#form = minForm(model);
    this.#sign = model.sense === 'max' ? -1 : 1;
  }

  certify(known: Float64Array | null): Solution {
    const { status, values, objective, duals } = this.#said;
    // A point where a verdict has none is a point all the same.
    if (values !== null && objective !== null) this.#best = { values, objective };
    if (status === 'optimal' && duals != null && this.#isBound(duals.rows)) return this.#made('optimal', 'dual', this.#best, duals);
    if (known?.length === this.#form.numColumns && isExact(this.#form, known)) this.#consider(known);
    const proven = this.#bySearch();
    if (proven !== null) return proven;
    const mayRun = status === 'unbounded' || status === 'infeasible_or_unbounded';
    if (mayRun) return this.#unbounded() ?? this.#infeasible() ?? this.#byLooks();
    if (sizeOf(this.#model) > largestCertified) return this.#byLooks();
    if (status === 'infeasible') return this.#infeasible() ?? this.#unbounded() ?? this.#byLooks();
    return this.#byRelaxation() ?? this.#byLooks();
  }

  /** The cost of the minimisation that an objective is, its constant left out. */
  #costOf(objective: number): number {
    return this.#sign * (objective - this.#model.offset);
  }

  #isBetter(objective: number, than: number): boolean {
    return this.#sign * (than - objective) > 0 && !near(objective, than);
  }

  /** Keeps the first point that satisfies the model, and an exact one that betters the best; says whether it does. */
  #consider(values: Float64Array): boolean {
    if (values.length !== this.#model.variables.length) return false;
    const point = checkedPoint(this.#model, values);
    if ('fault' in point) return false;
    if (this.#best !== null && !(this.#isBetter(point.objective, this.#best.objective) && isExact(this.#form, point.values))) return false;
    this.#best = point;
    return true;
  }

  /**
   * Whether multipliers bound the objective at the best point's, with the sign that the duals of a solver have, or the other. A point that
   * is better than a bound owes that to tolerances.
   */
  #isBound(rows: ArrayLike<number>): boolean {
    if (this.#best === null) return false;
    const { objective } = this.#best;
    const cost = this.#costOf(objective);
    return [this.#sign, -this.#sign].some((sign) => {
      const bound = dualBound(this.#form, this.#form.cost, scaled(rows, sign), this.#form);
      return Math.abs(bound - cost) <= gap * Math.max(1, Math.abs(objective));
    });
  }

  /** By our own search, where the model is small enough for it. */
  #bySearch(): Solution | null {
    const form = this.#form;
    const best = this.#best !== null && isExact(form, this.#best.values) ? this.#best : null;
    const accept = (values: Float64Array): number | null =>
      isExact(form, values) ? this.#costOf(evaluatePoint(this.#model, values).objective) : null;
    const { isClosed, runsAway, point, multipliers } = searchTree(
      {
        form,
        cost: form.cost,
        offset: this.#sign * this.#model.offset,
        incumbent: best === null ? Infinity : this.#costOf(best.objective),
        accept,
      },
      searchBudget,
    );
    if (point !== null && !isClosed) this.#consider(point);
    if (runsAway) return this.#unbounded();
    if (!isClosed) return null;
    if (point !== null) this.#best = { values: point, objective: evaluatePoint(this.#model, point).objective };
    else this.#best = best;
    if (this.#best === null) return this.#made('infeasible', multipliers === null ? 'enumeration' : 'farkas', null);
    const duals = form.hasIntegers || multipliers === null ? null : this.#dualsOf(multipliers);
    return this.#made('optimal', multipliers === null ? 'enumeration' : 'dual', this.#best, duals);
  }

  /** A MIP's optimum by the bound of its relaxation; a relaxation that runs away makes the MIP unbounded. */
  #byRelaxation(): Solution | null {
    if (!this.#form.hasIntegers) return null;
    const { status, duals } = this.#first(relaxed(this.#model), this.#left());
    if (status === 'unbounded' || status === 'infeasible_or_unbounded') return this.#unbounded();
    return status === 'optimal' && duals != null && this.#isBound(duals.rows) ? this.#made('optimal', 'dual', this.#best) : null;
  }

  /** By a Farkas proof of the relaxation. */
  #infeasible(): Solution | null {
    if (this.#best !== null) return null;
    if (this.#isEmpty) return this.#made('infeasible', 'enumeration', null);
    const { status, objective, duals } = this.#first(phaseOne(this.#model), this.#left());
    if (status !== 'optimal' || duals == null || objective === null || objective <= 0) return null;
    const isProof = [1, -1].some((sign) => provesInfeasible(this.#form, scaled(duals.rows, sign), this.#form));
    return isProof ? this.#made('infeasible', 'farkas', null) : null;
  }

  /** By a ray that betters the objective and a point to begin at. */
  #unbounded(): Solution | null {
    this.#ray ??= this.#findRay();
    if (this.#ray === null) return null;
    if (this.#best === null && !this.#isEmpty) this.#findPoint();
    return this.#best === null ? null : this.#made('unbounded', 'ray', null);
  }

  #findRay(): Float64Array | null {
    const own = this.#form.numColumns * this.#form.numRows <= searchBudget.tableEntries ? findRay(this.#form) : null;
    if (own !== null) return own;
    const { values } = this.#first(directionModel(this.#model), this.#left());
    return values !== null && isImprovingRay(this.#form, values) ? values : null;
  }

  /** Any point of the model: without costs no presolve is led astray by them. */
  #findPoint(): void {
    const model = without(this.#model);
    const accept = (values: Float64Array): number | null => (isExact(this.#form, values) ? 0 : null);
    const cost = new Float64Array(this.#form.numColumns);
    const { isClosed, point } = searchTree({ form: this.#form, cost, offset: 0, incumbent: Infinity, accept }, searchBudget);
    if (point !== null && this.#consider(point)) return;
    this.#isEmpty = isClosed && point === null;
    if (this.#isEmpty) return;
    for (const solve of [this.#first, ...this.#others.map((look) => look.solve)]) {
      const { values } = solve(model, this.#secondLimits());
      if (values !== null && this.#consider(values)) return;
    }
  }

  /** By agreement of two looks, neither of which a known point refutes. */
  #byLooks(): Solution {
    const verdicts = [this.#said];
    if (this.#said.status === 'infeasible') {
      const model = without(this.#model);
      for (const look of this.#others) {
        const { status, values } = held(model, look.solve(model, this.#secondLimits()));
        if (values !== null && this.#consider(values)) break;
        if (status === 'infeasible') return this.#made('infeasible', look.certificate, null);
      }
      if (this.#best !== null) {
        const unbounded = this.#unbounded();
        if (unbounded !== null) return unbounded;
      }
    }
    for (const look of this.#others) {
      const verdict = held(this.#model, look.solve(this.#model, this.#secondLimits()));
      if (verdict.values !== null) this.#consider(verdict.values);
      const twin = verdicts.find((other) => this.#stands(other) && this.#stands(verdict) && agree(other, verdict));
      if (twin !== undefined) return this.#made(twin.status, look.certificate, twin.status === 'optimal' ? this.#best : null, twin.duals);
      verdicts.push(verdict);
    }
    if (this.#stands(this.#said)) return { ...this.#said, certificate: 'none', ms: this.#elapsed() };
    const about = this.#best === null ? (this.#said.message ?? '') : `a point worth ${this.#best.objective} satisfies the model`;
    const message = `the verdict "${this.#said.status}" is refuted (${about}), and no two looks at the model agree on another`;
    return { ...withoutPoint('error', this.#elapsed(), { message }), isRefuted: true, certificate: 'none' };
  }

  /** Whether a verdict is one, and the best point does not refute it. */
  #stands({ status, objective }: Solution): boolean {
    if (status === 'optimal') return objective !== null && this.#best !== null && !this.#isBetter(this.#best.objective, objective);
    if (status === 'infeasible') return this.#best === null;
    return status === 'unbounded' || status === 'infeasible_or_unbounded';
  }

  #left(): SolveLimits {
    return { ...this.#limits, timeLimitMs: Math.max(1, this.#limits.timeLimitMs - this.#elapsed()) };
  }
  #secondLimits(): SolveLimits {
    return { ...this.#left(), nodes: Math.min(this.#limits.nodes ?? nodesOfSecondLook, nodesOfSecondLook) };
  }
  #elapsed(): number {
    return this.#said.ms + performance.now() - this.#started;
  }

  #dualsOf(multipliers: Float64Array): Duals {
    const rows = multipliers.map((dual) => this.#sign * dual);
    const columns = Float64Array.from(this.#model.variables, ({ cost }) => cost);
    for (const [i, row] of this.#model.constraints.entries()) {
      for (const [k, j] of row.columns.entries()) columns[j] = (columns[j] ?? 0) - (row.coefficients[k] ?? 0) * (rows[i] ?? 0);
    }
    return { rows, columns };
  }

  #made(status: SolveStatus, certificate: Certificate, point: Point | null, duals: Duals | null = null): Solution {
    const { objective, values } = point ?? { objective: null, values: null };
    const about = { message: null, wallLimited: false, ms: this.#elapsed() };
    return { status, objective, values, ...(status === 'optimal' ? { duals } : {}), ...about, certificate };
  }
}

function scaled(rows: ArrayLike<number>, sign: number): Float64Array {
  const multipliers = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) multipliers[i] = sign * (rows[i] ?? 0);
  return multipliers;
}
