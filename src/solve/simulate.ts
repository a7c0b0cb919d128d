/** Runs a simulator on points: what each is worth, and which demands it breaks. */
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';

/** A solution: the value of each decision variable by name. */
export type Point = Readonly<Record<string, number>>;

/** What a simulator says of one point. */
export interface Simulation {
  /** Null where the simulator gave no finite number. */
  readonly objective: number | null;
  /** Demands that the point breaks, e.g. `#2: 507 <= 488`. */
  readonly broken: readonly string[];
  /** Names that the simulator asked for and the point lacks. */
  readonly missing: readonly string[];
}

export type SimulatorRun =
  | { readonly type: 'ran'; readonly goal: 'min' | 'max' | null; readonly simulations: readonly Simulation[] }
  | { readonly type: 'failed'; readonly status: Outcome['status']; readonly message: string };

/** Breaches up to this share of the sides, or of 1, are rounding: the tolerances of the solvers. */
const feasibilityTolerance = 1e-6;
const integralityTolerance = 1e-5;
const marker = 'evom-simulation ';

/**
 * Appended to a simulator. It judges the demands where they are, so that only what is broken comes back. The proxy notes names that a
 * point lacks: a simulator that calls things otherwise must not look like one that disagrees.
 */
const harness = (points: readonly Point[]): string => `
;console.log(${JSON.stringify(marker)} + JSON.stringify(((simulate, points) => {
const near = (a, b) => ${feasibilityTolerance} * Math.max(1, Math.abs(a), Math.abs(b));
const holds = (d) => {
if (typeof d === 'boolean') return d;
if (!Array.isArray(d)) throw new TypeError('a demand is true, false, [left, relation, right] or [value, "integer"]; got ' + JSON.stringify(d));
const [a, r, b] = d;
switch (r) {
case '<=': case '<': return a - b <= near(a, b);
case '>=': case '>': return b - a <= near(a, b);
case '=': case '==': case '===': return Math.abs(a - b) <= near(a, b);
case 'integer': return Math.abs(a - Math.round(a)) <= ${integralityTolerance};
default: throw new TypeError('the relation ' + JSON.stringify(r) + ' is not known');
}
};
let goal = null;
const results = points.map((point) => {
const missing = {};
const seen = new Proxy(point, { get: (t, k) => { if (typeof k === 'string' && !Object.prototype.hasOwnProperty.call(t, k)) missing[k] = 1; return t[k]; } });
const { objective, constraints, goal: g } = simulate(seen);
if (g === 'min' || g === 'max') goal = g;
if (typeof constraints !== 'object' || constraints === null) throw new TypeError('constraints must be a list');
const broken = [];
Object.entries(constraints).forEach(([name, d], i) => {
if (!holds(d) && broken.length < 5) broken.push((Array.isArray(constraints) ? '#' + (i + 1) : name) + (Array.isArray(d) ? ': ' + d.join(' ') : ''));
});
return [typeof objective === 'number' && isFinite(objective) ? objective : null, broken, Object.keys(missing)];
});
return [goal, results];
})(module.exports, JSON.parse(${JSON.stringify(JSON.stringify(points))}))));`; // a literal would set the prototype of a point with __proto__

/**
 * What a simulator says of each point. Equal simulators and points are answered from the verifier's cache.
 *
 * @param simulator a program in a simulator dialect: `module.exports` is a function of the point.
 * @param verify runs it in the sandbox.
 */
export async function simulate(
  simulator: Program,
  points: readonly Point[],
  verify: (program: Program) => Promise<Outcome>,
): Promise<SimulatorRun> {
  const outcome = await verify({ dialect: simulator.dialect, code: simulator.code + harness(points) });
  const line = outcome.stdout
    .split('\n')
    .filter((text) => text.startsWith(marker))
    .at(-1);
  if (outcome.status !== 'no_solve' || line === undefined) {
    const message = outcome.error === null ? 'the simulator printed no result' : `${outcome.error.type}: ${outcome.error.message}`;
    return { type: 'failed', status: outcome.status, message };
  }
  const result = parseResult(line.slice(marker.length), points.length);
  return result ?? { type: 'failed', status: outcome.status, message: 'the simulator printed something else under our mark' };
}

function parseResult(text: string, numPoints: number): SimulatorRun | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || !Array.isArray(value[1]) || value[1].length !== numPoints) return null;
  const goal: unknown = value[0];
  const texts = (items: unknown): string[] => (Array.isArray(items) ? items.map(String) : []);
  return {
    type: 'ran',
    goal: goal === 'min' || goal === 'max' ? goal : null,
    simulations: value[1].map((entry: unknown): Simulation => {
      const [objective, broken, missing] = Array.isArray(entry) ? (entry as unknown[]) : [];
      return { objective: typeof objective === 'number' ? objective : null, broken: texts(broken), missing: texts(missing) };
    }),
  };
}
