/** What is appended to a simulator so that it is called on points, in the language of each dialect. */
import { EvomError } from '../lib/errors.ts';

/** Breaches up to this share of the sides, or of 1, are rounding: the tolerances of the solvers. */
const feasibilityTolerance = 1e-6;
const integralityTolerance = 1e-5;
/** A value worked out by hand is rounded: up to this share of it. */
const handTolerance = 1e-4;
/** At most this many broken demands are named. */
const mostBroken = 5;

/** Begins the line that holds the result. */
export const marker = 'evom-simulation ';

/**
 * Code that prints one line: the marker, then `[goal, [[objective, broken demands, missing names], ...], tests]` as JSON. `tests` is null
 * for a simulator without tests of its own (`module.exports.tests`, `tests`), else what each says: null where it passes.
 *
 * It judges the demands where they are, so that only what is broken comes back, and notes names that a point lacks: a simulator that calls
 * things otherwise must not look like one that disagrees.
 *
 * @throws {EvomError} `E_CONFIG` for a dialect whose programs solve.
 */
export function simulatorHarness(dialect: string, points: readonly Readonly<Record<string, number>>[]): string {
  const text = JSON.stringify(JSON.stringify(points)); // a literal would set the prototype of a point with __proto__
  if (dialect === 'simulator-js') return javascript(text);
  if (dialect === 'simulator-python') return python(text);
  throw new EvomError('E_CONFIG', `"${dialect}" is not a dialect of simulators; known are simulator-js and simulator-python`);
}

const javascript = (points: string): string => `
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
const look = (point) => {
const missing = {};
const seen = new Proxy(point, { get: (t, k) => { if (typeof k === 'string' && !Object.prototype.hasOwnProperty.call(t, k)) missing[k] = 1; return t[k]; } });
const { objective, constraints, goal: g } = simulate(seen);
if (g === 'min' || g === 'max') goal = g;
if (typeof constraints !== 'object' || constraints === null) throw new TypeError('constraints must be a list');
const broken = [];
Object.entries(constraints).forEach(([name, d], i) => {
if (!holds(d) && broken.length < ${mostBroken}) broken.push((Array.isArray(constraints) ? '#' + (i + 1) : name) + (Array.isArray(d) ? ': ' + d.join(' ') : ''));
});
return [typeof objective === 'number' && isFinite(objective) ? objective : null, broken, Object.keys(missing)];
};
const results = points.map(look);
const test = ({ x, objective, holds: wanted }) => {
if (typeof x !== 'object' || x === null) return 'it has no x';
const [found, broken] = look(x);
if (typeof objective === 'number' && !(found !== null && Math.abs(found - objective) <= ${handTolerance} * Math.max(1, Math.abs(objective)))) return 'the objective is ' + found + ', not ' + objective;
if (typeof wanted === 'boolean' && wanted !== (broken.length === 0)) return wanted ? 'it breaks ' + broken.join('; ') : 'it breaks no demand';
return null;
};
const tests = Array.isArray(simulate.tests) && simulate.tests.length > 0 ? simulate.tests.map((t) => { try { return test(t); } catch (e) { return String(e); } }) : null;
return [goal, results, tests];
})(module.exports, JSON.parse(${points}))));`;

// Numbers of numpy are taken as Python's own; a name that a point lacks is not a number, as undefined is none in JavaScript.
const python = (points: string): string => `

def __evom_simulate(simulate, points, own):
    import json, math

    class Point(dict):
        def __init__(self, values):
            super().__init__(values)
            self.missing = {}

        def __missing__(self, name):
            self.missing[str(name)] = 1
            return math.nan

        def get(self, name, default=None):
            if name not in self:
                self.missing[str(name)] = 1
            return super().get(name, default)

    def near(a, b):
        return ${feasibilityTolerance} * max(1, abs(a), abs(b))

    def holds(d):
        if type(d).__name__ in ("bool", "bool_"):
            return bool(d)
        if not isinstance(d, (list, tuple)) or len(d) not in (2, 3):
            raise TypeError(f'a demand is True, False, (left, relation, right) or (value, "integer"); got {d!r}')
        a, relation = d[0], d[1]
        if relation == "integer":
            return math.isfinite(a) and abs(a - round(a)) <= ${integralityTolerance}
        if len(d) != 3 or relation not in ("<=", "<", ">=", ">", "=", "=="):
            raise TypeError(f"the relation {relation!r} is not known")
        b = d[2]
        if relation in ("<=", "<"):
            return bool(a - b <= near(a, b))
        if relation in (">=", ">"):
            return bool(b - a <= near(a, b))
        return bool(abs(a - b) <= near(a, b))

    def text(value):
        if isinstance(value, str):
            return value
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)

    goal = None

    def look(values):
        nonlocal goal
        point = Point(values)
        said = simulate(point)
        if not isinstance(said, dict):
            raise TypeError(f"simulate must return a dict; got {type(said).__name__}")
        goal = said.get("goal") if said.get("goal") in ("min", "max") else goal
        demands = said.get("constraints")
        if isinstance(demands, dict):
            named = list(demands.items())
        elif isinstance(demands, (list, tuple)):
            named = [(f"#{i + 1}", d) for i, d in enumerate(demands)]
        else:
            raise TypeError("constraints must be a list")
        broken = [f"{name}: {' '.join(map(text, d))}" if isinstance(d, (list, tuple)) else str(name) for name, d in named if not holds(d)]
        objective = said.get("objective")
        try:
            objective = float(objective)
        except (TypeError, ValueError):
            objective = math.nan
        return [objective if math.isfinite(objective) else None, broken[:${mostBroken}], list(point.missing)]

    def test(case):
        if not isinstance(case, (list, tuple)) or len(case) != 3 or not isinstance(case[0], dict):
            return "it is not (x, objective, holds)"
        values, objective, wanted = case
        found, broken, _ = look(values)
        if objective is not None and (found is None or not abs(found - objective) <= ${handTolerance} * max(1, abs(objective))):
            return f"the objective is {found}, not {objective}"
        if isinstance(wanted, bool) and wanted != (not broken):
            return f"it breaks {'; '.join(broken)}" if wanted else "it breaks no demand"
        return None

    def tested(case):
        try:
            return test(case)
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    results = [look(values) for values in points]
    tests = [tested(case) for case in own] if isinstance(own, (list, tuple)) and len(own) > 0 else None
    print("\\n" + ${JSON.stringify(marker)} + json.dumps([goal, results, tests]))


__evom_simulate(simulate, __import__("json").loads(${points}), globals().get("tests"))
`;
