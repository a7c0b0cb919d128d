/** Programs in JavaScript against npm `glpk.js`: models as JSON. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import type { Dialect } from './dialect.ts';
import { extractCode } from './extract.ts';
import { safeNames } from './safe-names.ts';

const instructions = `Write a JavaScript program that builds the model, solves it with the npm package "glpk.js" and reports the optimal objective value with report(value).
The model is an object: objective { direction: glpk.GLP_MAX or glpk.GLP_MIN, name, vars: [{ name, coef }] }, subjectTo: [{ name, vars, bnds: { type, lb, ub } }] with type glpk.GLP_UP (at most ub), GLP_LO (at least lb), GLP_FX (equal to lb) or GLP_DB (both), bounds: [{ name, type, lb, ub }] of single variables (default at least 0), generals: [names] for integer and binaries: [names] for 0-1 variables. glpk.solve(model) returns { result: { status, z, vars } }.
\`\`\`js
const g = await require("glpk.js")();
const v = (o) => Object.entries(o).map(([name, coef]) => ({ name, coef }));
const c = (o, type, lb, ub = lb) => ({ name: "", vars: v(o), bnds: { type, lb, ub } });
report(g.solve({
  name: "", objective: { direction: g.GLP_MAX, name: "", vars: v({ boots: 68, mugs: 62 }) },
  subjectTo: [
    c({ boots: 17, mugs: 22 }, g.GLP_UP, 488),
    c({ boots: 1, mugs: -1 }, g.GLP_LO, 2),
  ],
  bounds: [{ name: "mugs", type: g.GLP_DB, lb: 0, ub: 20 }],
  generals: ["boots", "mugs"],
}).result.z);
\`\`\``;

export const glpkJs: Dialect = {
  name: 'glpk-js',
  language: 'javascript',
  instructions,
  render: programText,
  extract: (completion) => {
    const code = extractCode(completion, 'javascript');
    return code === null ? null : { code, dialect: 'glpk-js' };
  },
};

/** Names that need no quotes as an object's key, are no key of its prototype and keep their place among the others. */
const isSafe = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name) && name !== '__proto__' && name.length < 200;

/** The shortest calls that say the model: `v` turns an object into terms, `c` makes a constraint. */
function programText(model: LinearModel): string {
  const names = safeNames(model, isSafe);
  const used = new Set(model.constraints.flatMap((row) => row.columns));
  const costs = model.variables.flatMap((v, j) => (v.cost !== 0 || !used.has(j) ? [`${names[j]}: ${v.cost}`] : []));
  const direction = model.sense === 'max' ? 'GLP_MAX' : 'GLP_MIN';
  const bounds = model.variables.flatMap((v, j) => bound(v, names[j] ?? ''));
  const quoted = (wanted: (v: Variable) => boolean): string =>
    names
      .filter((_, j) => wanted(model.variables[j] as Variable))
      .map((name) => `"${name}"`)
      .join(', ');
  const generals = quoted((v) => v.integer && !isBinary(v));
  const binaries = quoted(isBinary);
  const parts = [
    `objective: { direction: g.${direction}, vars: v(${braced(costs)}) }`,
    model.constraints.length === 0
      ? 'subjectTo: []'
      : `subjectTo: [\n${model.constraints.map((row) => rowText(row, names)).join(',\n')}\n]`,
    ...(bounds.length === 0 ? [] : [`bounds: [\n${bounds.join(',\n')}\n]`]),
    ...(generals === '' ? [] : [`generals: [${generals}]`]),
    ...(binaries === '' ? [] : [`binaries: [${binaries}]`]),
  ];
  return `const g = await require("glpk.js")();
const v = (o) => Object.entries(o).map(([name, coef]) => ({ name, coef }));
${model.constraints.length === 0 ? '' : 'const c = (o, type, lb, ub = lb) => ({ vars: v(o), bnds: { type, lb, ub } });\n'}report(g.solve({
${parts.join(',\n')}
}).result.z${offset(model.offset)});`;
}

const braced = (entries: readonly string[]): string => (entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`);
const offset = (value: number): string => (value === 0 ? '' : value < 0 ? ` - ${-value}` : ` + ${value}`);
const isBinary = (v: Variable): boolean => v.integer && v.lower === 0 && v.upper === 1;

function rowText(row: Constraint, names: readonly string[]): string {
  const terms = row.columns
    .map((column, k) => ({ column, text: `${names[column]}: ${row.coefficients[k]}` }))
    .sort((a, b) => a.column - b.column)
    .map((term) => term.text);
  return `c(${braced(terms)}, ${limits(row.lower, row.upper)})`;
}

/** `g.GLP_UP, 488` and alike: type, lb and, where it differs, ub. */
function limits(lower: number, upper: number): string {
  if (lower === upper) return `g.GLP_FX, ${lower}`;
  if (upper === Number.POSITIVE_INFINITY) return lower === Number.NEGATIVE_INFINITY ? 'g.GLP_FR' : `g.GLP_LO, ${lower}`;
  return lower === Number.NEGATIVE_INFINITY ? `g.GLP_UP, ${upper}` : `g.GLP_DB, ${lower}, ${upper}`;
}

function bound(v: Variable, name: string): string[] {
  if (isBinary(v) || (v.lower === 0 && v.upper === Number.POSITIVE_INFINITY)) return [];
  const [type, lb, ub] = limits(v.lower, v.upper).split(', ');
  if (type === 'g.GLP_DB') return [`{ name: "${name}", type: ${type}, lb: ${lb}, ub: ${ub} }`];
  if (lb === undefined) return [`{ name: "${name}", type: ${type} }`];
  return [`{ name: "${name}", type: ${type}, ${type === 'g.GLP_UP' ? 'ub' : 'lb'}: ${lb} }`];
}
