/** Proof by enumeration: branches over whole numbers until each leaf is closed by a dual bound or a Farkas proof of its own. */
import { DenseSimplex } from './dense-simplex.ts';
import { dualBound, provesInfeasible } from './dual-bound.ts';
import type { MinForm } from './min-form.ts';
import { gap } from './verdict.ts';

/** What a search is bounded by; all of it is counted. */
export interface SearchBudget {
  /** Largest number of rows times columns that is begun with. */
  readonly tableEntries: number;
  readonly nodes: number;
  /** Table entries that pivots may go over. */
  readonly work: number;
}

export interface SearchResult {
  /** Every leaf is closed: `point` is optimal, or where it is null and none was given to begin with, the model is infeasible. */
  readonly isClosed: boolean;
  /** The relaxation seems to have no least cost: look for a ray. */
  readonly runsAway: boolean;
  /** A point that is cheaper than the one to begin with; null where none was found. */
  readonly point: Float64Array | null;
  /** [rows] multipliers that prove the whole at the root; null where it took branches. */
  readonly multipliers: Float64Array | null;
  readonly nodes: number;
}

interface Node {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly simplex: DenseSimplex;
}

/** Distance from a whole number from which a value is branched on. */
const whole = 1e-8;

/** What is asked of a search. */
export interface SearchTask {
  readonly form: MinForm;
  /** [columns] of the minimisation; zeros ask for any point. */
  readonly cost: Float64Array;
  /** The model's constant, against which a gap is measured too. */
  readonly offset: number;
  /** Cost of a point with whole numbers that satisfies the model; Infinity where none is known. */
  readonly incumbent: number;
  /** Checks a point: its cost, or null where it does not satisfy the model. */
  accept(point: Float64Array): number | null;
}

/**
 * Looks for a point cheaper than the incumbent until it is proven that there is none, or the budget is used up.
 *
 * Each leaf is closed by multipliers that `dualBound` has checked against the model itself, so that a wrong pivot costs a proof and
 * makes none. A cost within 1e-6 of another, relative to the objective, counts as the same.
 */
export function searchTree({ form, cost, offset, incumbent, accept }: SearchTask, budget: SearchBudget): SearchResult {
  const { numColumns, numRows, isInteger } = form;
  const open = { isClosed: false, runsAway: false, multipliers: null };
  let best = incumbent;
  let point: Float64Array | null = null;
  let nodes = 0;
  if (numColumns * numRows > budget.tableEntries) return { ...open, point, nodes };
  const step = costStep(form, cost);
  const size = (value: number): number => Math.max(1, Math.abs(value + offset));
  const cutoff = (): number => (best === Infinity ? Infinity : step > 0 ? best - step * (1 - gap) : best - gap * size(best));
  const maxPivots = 50 + 4 * (numColumns + numRows);
  const stack: Node[] = [{ lower: form.lower, upper: form.upper, simplex: DenseSimplex.of(form, cost) }];
  let rootMultipliers: Float64Array | null = null;
  let work = 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const { simplex } = node;
    nodes += 1;
    if (nodes > budget.nodes || work > budget.work) return { ...open, point, nodes };
    const before = simplex.work;
    let { end, farkas } = simplex.solve(node.lower, node.upper, cutoff(), maxPivots);
    if (end === 'cut_off') {
      const multipliers = simplex.multipliers();
      if (dualBound(form, cost, multipliers, node) >= cutoff()) {
        rootMultipliers = multipliers;
        work += simplex.work - before;
        continue;
      }
      ({ end, farkas } = simplex.solve(node.lower, node.upper, Infinity, maxPivots));
    }
    work += simplex.work - before;
    if (end === 'infeasible' && farkas !== null && provesInfeasible(form, farkas, node)) {
      rootMultipliers = farkas;
      continue;
    }
    if (end === 'runaway') return { ...open, runsAway: true, point, nodes };
    if (end !== 'optimal') return { ...open, point, nodes };

    const branch = mostFractional(simplex, isInteger);
    if (branch === -1) {
      const found = Float64Array.from({ length: numColumns }, (_, j) => withoutDust(simplex.value(j), isInteger[j] === 1));
      const worth = accept(found);
      const multipliers = simplex.multipliers();
      const bound = dualBound(form, cost, multipliers, node);
      if (worth !== null && worth < best) {
        best = worth;
        point = found;
      }
      if (bound < best - gap * size(best)) return { ...open, point, nodes };
      rootMultipliers = multipliers;
      continue;
    }
    const value = simplex.value(branch);
    const [down, up] = [node.upper.slice(), node.lower.slice()];
    down[branch] = Math.floor(value);
    up[branch] = Math.ceil(value);
    const below: Node = { lower: node.lower, upper: down, simplex };
    const above: Node = { lower: up, upper: node.upper, simplex: simplex.clone() };
    // The nearer side is looked at first.
    if (value - Math.floor(value) < 0.5) stack.push(above, below);
    else stack.push(below, above);
  }
  return { isClosed: true, runsAway: false, point, multipliers: nodes === 1 ? rootMultipliers : null, nodes };
}

/** Whole numbers are exact, and a value that misses one by rounding is it; the point is checked with what it becomes. */
function withoutDust(value: number, isInteger: boolean): number {
  const rounded = Math.round(value);
  return isInteger || Math.abs(value - rounded) <= 1e-11 * Math.max(1, Math.abs(rounded)) ? rounded + 0 : value;
}

function mostFractional(simplex: DenseSimplex, isInteger: Uint8Array): number {
  let branch = -1;
  let most = whole;
  for (let j = 0; j < isInteger.length; j++) {
    if (isInteger[j] !== 1) continue;
    const value = simplex.value(j);
    const fraction = Math.abs(value - Math.round(value));
    if (fraction <= most) continue;
    most = fraction;
    branch = j;
  }
  return branch;
}

/** The step in which costs come where only integers cost, and whole numbers: their greatest common divisor; else 0. */
function costStep({ isInteger, numColumns }: MinForm, cost: Float64Array): number {
  let step = 0;
  for (let j = 0; j < numColumns; j++) {
    let value = Math.abs(cost[j] ?? 0);
    if (value === 0) continue;
    if (isInteger[j] !== 1 || !Number.isInteger(value) || value > 1e6) return 0;
    while (value !== 0) [step, value] = [value, step % value];
  }
  return step;
}
