/** Random small models, kind by kind: a model is a function of seed, kind and index. All numbers are multiples of 1/2, so that exact arithmetic is quick. */
import { randomStream } from '../../dist/lib/random.js';

const chance = (draw, share) => draw.next() < share;
const nonZero = (draw, low, high) => {
  const value = draw.int(low, high);
  return value === 0 ? 1 : value;
};
const variable = (name, cost, lower, upper, integer) => ({ name, cost, lower, upper, integer });
/** A row of `[column, coefficient]` terms without those that are 0. */
const row = (name, lower, terms, upper) => {
  const kept = terms.filter(([, a]) => a !== 0);
  return { name, lower, upper, columns: kept.map(([j]) => j), coefficients: kept.map(([, a]) => a) };
};
const sided = (draw, name, terms, side) => {
  const kind = draw.pick(['le', 'le', 'ge', 'ge', 'eq', 'range']);
  return row(name, kind === 'le' ? -Infinity : side, terms, kind === 'ge' ? Infinity : kind === 'range' ? side + draw.int(1, 8) / 2 : side);
};
const model = (draw, variables, constraints) => ({ sense: draw.pick(['min', 'max']), offset: 0, variables, constraints });
const halves = (draw, low, high) => draw.int(2 * low, 2 * high) / 2;
const activityAt = (terms, point) => terms.reduce((sum, [j, a]) => sum + a * point[j], 0);

/** An equality defines a continuous total of boxed integers, on which other rows put a large coefficient. */
function totals(draw) {
  const numIntegers = draw.int(2, 3);
  const style = draw.pick(['sum', 'signed', 'small', 'small']);
  const variables = [variable('t', draw.int(-6, 6), style === 'sum' || chance(draw, 0.5) ? 0 : -Infinity, Infinity, false)];
  const terms = [[0, 1]];
  for (let j = 1; j <= numIntegers; j++) {
    const lower = style === 'sum' ? 0 : draw.pick([0, 0, -draw.int(1, 4)]);
    variables.push(variable(`x${j}`, draw.int(-5, 5), lower, lower === 0 && chance(draw, 0.15) ? 1 : draw.int(3, 12), true));
    terms.push([j, style === 'sum' ? -1 : draw.pick([-3, -2, -1, -1, 1, 1, 2, 3])]);
  }
  const constant = style === 'sum' ? 0 : draw.int(-3, 3);
  const constraints = [row('def', constant, terms, constant)];
  for (let i = 0, rows = draw.int(1, 2); i < rows; i++) {
    const large = draw.pick([25, 50, 68, 100, 100, draw.int(10, 400)]) * (style === 'sum' || chance(draw, 0.7) ? 1 : -1);
    const body = [[0, large], ...variables.slice(1).map((_, j) => [j + 1, chance(draw, 0.65) ? draw.int(-3, 5) : 0])];
    // A side that some point of the box just meets.
    const point = variables.map((v, j) => (j === 0 ? 0 : draw.int(v.lower, v.upper)));
    point[0] = constant - activityAt(terms.slice(1), point);
    const side = style === 'small' ? draw.int(-20, 20) : activityAt(body, point) + draw.int(-3, 12);
    constraints.push(chance(draw, 0.5) ? row(`r${i}`, side, body, Infinity) : row(`r${i}`, -Infinity, body, side));
  }
  return model(draw, variables, constraints);
}

/** Mixed-integer programs with free variables and variables without an upper bound; some are unbounded. */
function open(draw) {
  const numVariables = draw.int(3, 6);
  const variables = Array.from({ length: numVariables }, (_, j) => {
    const [lower, upper] = draw.pick([
      [0, Infinity],
      [0, Infinity],
      [-Infinity, Infinity],
      [-Infinity, draw.int(-3, 8)],
      [-draw.int(0, 9), draw.int(3, 10)],
    ]);
    return variable(`x${j}`, chance(draw, 0.25) ? 0 : draw.int(-5, 8), lower, upper, chance(draw, 0.65));
  });
  const coefficient = () => (chance(draw, 0.35) ? 0 : draw.pick([draw.int(-7, 7), draw.int(-7, 7), 0.5, 3.5, -3.5, 17, -68]));
  const constraints = Array.from({ length: draw.int(2, 4) }, (_, i) =>
    sided(
      draw,
      `r${i}`,
      variables.map((_, j) => [j, coefficient()]),
      halves(draw, -20, 30),
    ),
  ).filter((r) => r.columns.length > 0);
  return model(draw, variables, constraints);
}

/** Equalities over boxed integers, some with a continuous variable among them. */
function equalities(draw) {
  const numVariables = draw.int(3, 5);
  const variables = Array.from({ length: numVariables }, (_, j) => {
    const lower = draw.pick([0, 0, -draw.int(1, 5)]);
    return variable(`x${j}`, draw.int(-7, 9), lower, lower + draw.int(1, 12), j === 0 ? chance(draw, 0.5) : true);
  });
  const constraints = Array.from({ length: draw.int(1, 2) }, (_, i) => {
    const terms = variables.map((_, j) => [j, chance(draw, 0.2) ? 0 : draw.int(-9, 13)]);
    const side =
      activityAt(
        terms,
        variables.map((v) => draw.int(v.lower, v.upper)),
      ) + (chance(draw, 0.3) ? draw.int(-2, 2) : 0);
    return row(`e${i}`, side, terms, side);
  });
  if (chance(draw, 0.5))
    constraints.push(
      sided(
        draw,
        'r',
        variables.map((_, j) => [j, draw.int(-4, 6)]),
        draw.int(-10, 30),
      ),
    );
  return model(
    draw,
    variables,
    constraints.filter((r) => r.columns.length > 0),
  );
}

/** Knapsacks of one to three rows; weights may be large and all but equal. */
function knapsack(draw) {
  const numItems = draw.int(4, 9);
  const isBinary = chance(draw, 0.6);
  const base = draw.pick([0, 0, 100, 10_000]);
  const variables = Array.from({ length: numItems }, (_, j) =>
    variable(`x${j}`, base + draw.int(1, 40), 0, isBinary || j > 4 ? 1 : draw.int(1, 3), true),
  );
  const constraints = Array.from({ length: draw.int(1, 3) }, (_, i) => {
    const terms = variables.map((_, j) => [j, base + draw.int(1, 40)]);
    const total = activityAt(
      terms,
      variables.map((v) => v.upper),
    );
    return row(`w${i}`, -Infinity, terms, Math.floor(total * (0.2 + 0.6 * draw.next())));
  });
  return { ...model(draw, variables, constraints), sense: 'max' };
}

/** Linear programs with many ties: rows that repeat, add up or meet in one point, sides of 0. */
function degenerate(draw) {
  const numVariables = draw.int(2, 6);
  const variables = Array.from({ length: numVariables }, (_, j) => {
    const [lower, upper] = draw.pick([
      [0, Infinity],
      [0, Infinity],
      [0, 1],
      [-Infinity, Infinity],
      [-1, 1],
      [0, 0],
    ]);
    return variable(`x${j}`, draw.int(-3, 3), lower, upper, false);
  });
  const constraints = [];
  const vertex = variables.map(({ lower, upper }) =>
    lower === -Infinity ? draw.int(-1, 1) : Math.min(upper, lower + draw.pick([0, 0, 1])),
  );
  for (let i = 0, rows = draw.int(2, 7); i < rows; i++) {
    const earlier = constraints.length > 0 && chance(draw, 0.35) ? draw.pick(constraints) : null;
    const factor = nonZero(draw, -2, 3);
    const terms =
      earlier !== null
        ? earlier.columns.map((j, k) => [j, factor * earlier.coefficients[k] + (chance(draw, 0.15) ? 1 : 0)])
        : variables.map((_, j) => [j, chance(draw, 0.4) ? 0 : draw.int(-2, 3)]);
    // Nearly all rows hold with equality at one point.
    const side = activityAt(terms, vertex) + (chance(draw, 0.15) ? draw.int(-1, 2) : 0);
    const kind = draw.pick(['le', 'le', 'ge', 'ge', 'eq']);
    constraints.push(row(`r${i}`, kind === 'le' ? -Infinity : side, terms, kind === 'ge' ? Infinity : side));
  }
  return model(
    draw,
    variables,
    constraints.filter((r) => r.columns.length > 0),
  );
}

/** No point, or all but none: rows that add up to a contradiction, or that whole numbers miss by their divisor. */
function infeasible(draw) {
  const numVariables = draw.int(2, 5);
  const isWhole = chance(draw, 0.6);
  const isBoxed = chance(draw, isWhole ? 0.85 : 0.5);
  const variables = Array.from({ length: numVariables }, (_, j) =>
    variable(
      `x${j}`,
      draw.int(-5, 5),
      isBoxed ? -draw.int(0, 4) : draw.pick([0, -Infinity]),
      isBoxed ? draw.int(0, 9) : Infinity,
      isWhole && chance(draw, 0.9),
    ),
  );
  const dense = () => variables.map((_, j) => [j, draw.int(-5, 7)]);
  const constraints = Array.from({ length: draw.int(0, 2) }, (_, i) => sided(draw, `r${i}`, dense(), draw.int(-20, 30)));
  const [first, second] = [dense(), dense()];
  const [a, b] = [draw.int(1, 4), draw.int(1, 4)];
  const [p, q] = [draw.int(-15, 15), draw.int(-15, 15)];
  // a * first + b * second <= a p + b q, and one more row asks for a little more, or a little less, than that.
  const gap = draw.pick([0.5, 0.5, 1, 3, -0.5]);
  const sum = first.map(([j, value], k) => [j, a * value + b * second[k][1]]);
  if (isWhole && chance(draw, 0.4)) {
    const divisor = draw.int(2, 7);
    const side = divisor * draw.int(-5, 9) + draw.int(0, divisor - 1);
    constraints.push(
      row(
        'parity',
        side,
        first.map(([j, value]) => [j, divisor * value]),
        side,
      ),
    );
  } else constraints.push(row('a', -Infinity, first, p), row('b', -Infinity, second, q), row('c', a * p + b * q + gap, sum, Infinity));
  return model(
    draw,
    variables,
    draw.shuffle(constraints).filter((r) => r.columns.length > 0),
  );
}

/** A point and a ray that leaves it; now and then one row too many stops the ray. */
function unbounded(draw) {
  const numVariables = draw.int(2, 5);
  const ray = Array.from({ length: numVariables }, () => draw.int(-3, 3));
  const point = ray.map(() => draw.int(-4, 6));
  const variables = ray.map((step, j) => {
    const lower = step < 0 || chance(draw, 0.3) ? -Infinity : point[j] - draw.int(0, 3);
    const upper = step > 0 || chance(draw, 0.5) ? Infinity : point[j] + draw.int(0, 5);
    return variable(`x${j}`, draw.int(-6, 6), lower, upper, chance(draw, 0.6));
  });
  const constraints = Array.from({ length: draw.int(1, 4) }, (_, i) => {
    const terms = variables.map((_, j) => [j, chance(draw, 0.3) ? 0 : draw.pick([draw.int(-6, 7), draw.int(-6, 7), draw.int(-60, 60)])]);
    const slope = activityAt(terms, ray);
    const side = activityAt(terms, point);
    const slack = halves(draw, 0, 4);
    if (slope === 0 && chance(draw, 0.6)) return row(`r${i}`, side, terms, side);
    return slope > 0 ? row(`r${i}`, side - slack, terms, Infinity) : row(`r${i}`, -Infinity, terms, side + slack);
  });
  if (chance(draw, 0.2))
    constraints.push(
      sided(
        draw,
        'stop',
        variables.map((_, j) => [j, draw.int(-2, 4)]),
        draw.int(-20, 60),
      ),
    );
  return model(
    draw,
    variables,
    constraints.filter((r) => r.columns.length > 0),
  );
}

/** Boxed mixed-integer programs of no particular kind, with fractional bounds and coefficients of unlike size. */
function mixed(draw) {
  const numVariables = draw.int(2, 6);
  const variables = Array.from({ length: numVariables }, (_, j) => {
    const lower = draw.pick([0, 0, -draw.int(1, 6), halves(draw, -4, 2)]);
    return variable(`x${j}`, halves(draw, -9, 9), lower, lower + halves(draw, 0, 10), chance(draw, 0.6));
  });
  const size = draw.pick([1, 1, 10, 1000]);
  const point = variables.map((v) => (v.integer ? Math.ceil(v.lower) : v.lower) + draw.int(0, 2));
  const constraints = Array.from({ length: draw.int(1, 5) }, (_, i) => {
    const terms = variables.map((_, j) => [j, chance(draw, 0.3) ? 0 : draw.int(-6, 9) * (chance(draw, 0.2) ? size : 1)]);
    return sided(draw, `r${i}`, terms, activityAt(terms, point) + (chance(draw, 0.6) ? 0 : halves(draw, -5, 5)));
  });
  return model(
    draw,
    variables,
    constraints.filter((r) => r.columns.length > 0),
  );
}

const makers = { totals, open, equalities, knapsack, degenerate, infeasible, unbounded, mixed };

export const kinds = Object.keys(makers);

/** The model number `index` of a kind. */
export const randomModel = (seed, kind, index) => makers[kind](randomStream(seed, 'fuzz-solvers', kind, index));
