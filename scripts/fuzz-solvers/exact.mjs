/**
 * What a small model's status and optimum are, proven in exact arithmetic: by enumeration of a box, or by a rational simplex
 * method with branch and bound. It shares no code, no tolerance and no rounding with the solvers that it judges.
 */
import { fraction, minimiseLinear, wholeModel } from './rational-lp.mjs';

const floorOf = ([n, d]) => n / d - (n % d < 0n ? 1n : 0n);
const ceilOf = ([n, d]) => -floorOf([-n, d]);
const isLess = ([a, b], [c, d]) => a * d < c * b;
const bound = (value) => (Number.isFinite(value) ? fraction(value) : null);

/** A fraction as a double, right to its last bit or two. */
export function toNumber([n, d]) {
  const bits = Math.max(0, (d < 0n ? -d : d).toString(2).length - 1000, (n < 0n ? -n : n).toString(2).length - 1000);
  return bits === 0 ? Number(n) / Number(d) : Number(n >> BigInt(bits)) / Number(d >> BigInt(bits));
}

const boundsOf = ({ variables }) =>
  variables.map(({ lower, upper, integer }) => {
    const [low, high] = [bound(lower), bound(upper)];
    return integer ? { lower: low && [ceilOf(low), 1n], upper: high && [floorOf(high), 1n] } : { lower: low, upper: high };
  });

const objectiveOf = ({ sense, offset }, value) => offset + (sense === 'max' ? -1 : 1) * toNumber(value);

/** A point with whole integers, or null when the budget of nodes ends first. */
function branchAndBound(whole, variables, root, maxNodes) {
  let best = null;
  const open = [root];
  for (let nodes = 0; open.length > 0; nodes++) {
    if (nodes === maxNodes) return { best, isComplete: false };
    let at = 0;
    for (let k = 1; k < open.length; k++) if (isLess(open[k].value, open[at].value)) at = k;
    const [{ bounds, point, value }] = open.splice(at, 1);
    if (best !== null && !isLess(value, best.value)) break;
    const j = point.findIndex(([, d], column) => variables[column].integer && d !== 1n);
    if (j === -1) {
      best = { point, value };
      continue;
    }
    for (const side of ['upper', 'lower']) {
      const child = bounds.map((b, k) => (k === j ? { ...b, [side]: [side === 'upper' ? floorOf(point[j]) : ceilOf(point[j]), 1n] } : b));
      const relaxed = minimiseLinear(whole, child);
      if (relaxed.status === 'optimal') open.push({ ...relaxed, bounds: child });
    }
  }
  return { best, isComplete: true };
}

/**
 * Status and optimum of a model by branch and bound in exact arithmetic.
 *
 * A mixed-integer program of rational numbers whose relaxation is unbounded is unbounded itself as soon as it has one point
 * (Meyer 1974), so that a point is all that is looked for then.
 *
 * @param options.maxNodes relaxations branched on before giving up.
 * @returns `status` optimal, infeasible, unbounded, or unproven; `objective` and `point` (doubles) where there is one; `relaxation`, the status without whole numbers.
 */
export function solveExactly(model, { maxNodes = 200 } = {}) {
  const { variables } = model;
  const whole = wholeModel(model);
  const bounds = boundsOf(model);
  let root = minimiseLinear(whole, bounds);
  const relaxation = root.status;
  const answer = (status, found = null) => ({
    status,
    relaxation,
    objective: found === null || status === 'unbounded' ? null : objectiveOf(model, found.value),
    point: found === null ? null : found.point.map(toNumber),
  });
  if (relaxation === 'infeasible') return answer('infeasible');
  const isUnbounded = relaxation === 'unbounded';
  const searched = isUnbounded ? { ...whole, costs: whole.costs.map(() => 0n) } : whole;
  if (isUnbounded) root = minimiseLinear(searched, bounds);
  const { best, isComplete } = branchAndBound(searched, variables, { ...root, bounds }, maxNodes);
  if (isUnbounded) return best !== null ? answer('unbounded', best) : answer(isComplete ? 'infeasible' : 'unproven');
  if (!isComplete) return answer('unproven', best);
  return best === null ? answer('infeasible') : answer('optimal', best);
}

/**
 * The best point with the whole numbers that `values` rounds to, in exact arithmetic: what a solver's point proves.
 *
 * @returns `{ objective, point, isUnbounded }`, or null when no point has these whole numbers.
 */
export function exactPoint(model, values) {
  const bounds = boundsOf(model);
  for (const [j, { integer }] of model.variables.entries()) {
    if (!integer) continue;
    if (!Number.isFinite(values[j])) return null;
    const value = [BigInt(Math.round(values[j])), 1n];
    const { lower, upper } = bounds[j];
    if ((lower !== null && isLess(value, lower)) || (upper !== null && isLess(upper, value))) return null;
    bounds[j] = { lower: value, upper: value };
  }
  const found = minimiseLinear(wholeModel(model), bounds);
  if (found.status === 'infeasible') return null;
  if (found.status === 'unbounded') return { objective: null, point: null, isUnbounded: true };
  return { objective: objectiveOf(model, found.value), point: found.point.map(toNumber), isUnbounded: false };
}

const isTame = (value) => !Number.isFinite(value) || (Math.abs(value) < 2 ** 30 && Number.isInteger(value * 1024));

/**
 * The optimum over every point of the box of the integer variables, where each continuous variable is defined by an equality over them
 * with a factor of 1 or -1. Every number is a multiple of 1/1024 far below 2^53, so that doubles are exact here.
 *
 * @returns `{ status, objective, numPoints }`, or null for a model of another shape or of more than `maxPoints` points.
 */
export function enumerate(model, { maxPoints = 20_000 } = {}) {
  const { sense, offset, variables, constraints } = model;
  const numbers = [
    ...variables.flatMap((v) => [v.cost, v.lower, v.upper]),
    ...constraints.flatMap((c) => [c.lower, c.upper, ...c.coefficients]),
  ];
  if (!numbers.every(isTame)) return null;
  const definitions = [];
  for (const [j, { integer }] of variables.entries()) {
    if (integer) continue;
    const row = constraints.find(
      ({ lower, upper, columns, coefficients }) =>
        lower === upper &&
        columns.every((k, at) => (k === j ? Math.abs(coefficients[at]) === 1 : variables[k].integer)) &&
        columns.includes(j),
    );
    if (row === undefined) return null;
    definitions.push({ j, row, factor: row.coefficients[row.columns.indexOf(j)] });
  }
  const integers = variables.flatMap(({ integer, lower, upper }, j) =>
    integer ? [{ j, low: Math.ceil(lower), high: Math.floor(upper) }] : [],
  );
  const numPoints = integers.reduce((product, { low, high }) => product * Math.max(0, high - low + 1), 1);
  if (!(numPoints <= maxPoints)) return null;
  const sign = sense === 'max' ? -1 : 1;
  const point = new Float64Array(variables.length);
  let best = Infinity;
  const activity = ({ columns, coefficients }) => {
    let sum = 0;
    for (let k = 0; k < columns.length; k++) sum += coefficients[k] * point[columns[k]];
    return sum;
  };
  const visit = () => {
    for (const { j, row, factor } of definitions) {
      point[j] = 0;
      point[j] = (row.lower - activity(row)) / factor;
      if (point[j] < variables[j].lower || point[j] > variables[j].upper) return;
    }
    for (const row of constraints) {
      const value = activity(row);
      if (value < row.lower || value > row.upper) return;
    }
    let cost = 0;
    for (let j = 0; j < point.length; j++) cost += variables[j].cost * point[j];
    best = Math.min(best, sign * cost);
  };
  const walk = (depth) => {
    if (depth === integers.length) return visit();
    const { j, low, high } = integers[depth];
    for (let value = low; value <= high; value++) {
      point[j] = value;
      walk(depth + 1);
    }
  };
  walk(0);
  return best === Infinity
    ? { status: 'infeasible', objective: null, numPoints }
    : { status: 'optimal', objective: offset + sign * best, numPoints };
}
