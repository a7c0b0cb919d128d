/** Programs in JavaScript against npm `highs`: models as CPLEX LP text. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import type { Dialect } from './dialect.ts';
import { extractCode } from './extract.ts';
import { safeNames } from './safe-names.ts';

const instructions = `Write a JavaScript program that builds the model, solves it with the npm package "highs" and reports the optimal objective value with report(value).
The model is text in CPLEX LP format: Max or Min, the objective, "st", one constraint a line with variables on the left and a number on the right, then, where needed, Bounds, General (integer variables), Binary, and End. Variables are at least 0 unless Bounds say otherwise; write "x free" for no bounds. Multiply by juxtaposition (3 x, not 3 * x) and compute all coefficients beforehand.
\`\`\`js
const h = await require("highs")();
report(h.solve(\`Max
 68 boots + 62 mugs
st
 17 boots + 22 mugs <= 488
 boots - mugs >= 2
Bounds
 mugs <= 20
General
 boots mugs
End\`).ObjectiveValue);
\`\`\``;

export const highsJs: Dialect = {
  name: 'highs-js',
  language: 'javascript',
  instructions,
  render: (model) => `const h = await require("highs")();\nreport(h.solve(\`${lpText(model)}\`).ObjectiveValue);`,
  extract: (completion) => {
    const code = extractCode(completion, 'javascript');
    return code === null ? null : { code, dialect: 'highs-js' };
  },
};

/** Words that HiGHS's reader takes for sections, and prefixes it takes for infinity. */
const reserved =
  /^(?:max(?:imi[sz]e|imum)?|min(?:imi[sz]e|imum)?|st|s\.t\.|subject|such|bounds?|gen(?:eral|erals)?|bin(?:ary|aries)?|integers?|semi|semis|sos\d?|free|end|to|that|inf.*)$/i;
const isSafe = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_.]*$/.test(name) && !/^[eE]\d*$/.test(name) && !reserved.test(name) && name.length < 200;

/**
 * The model as lean LP text: rows without names, unit coefficients left out, a range as two rows. Lines begin with a space, so that
 * a number or name is the same token there as inside a line and in the problem's text: a small model learns to copy much sooner.
 */
function lpText(model: LinearModel): string {
  const names = safeNames(model, isSafe);
  const used = new Set(model.constraints.flatMap((row) => row.columns.filter((_, k) => row.coefficients[k] !== 0)));
  // A variable that occurs nowhere else is named in the objective, so that it exists.
  const costs = model.variables.flatMap((v, j) => (v.cost !== 0 || !used.has(j) ? [{ coefficient: v.cost, name: names[j] ?? '' }] : []));
  const lines = [model.sense === 'max' ? 'Max' : 'Min', ` ${linear(costs) || `0 ${names[0] ?? 'x'}`}${offset(model.offset)}`, 'st'];
  for (const row of model.constraints) for (const line of rowLines(row, names)) lines.push(indented(line));
  const bounds = model.variables.flatMap((v, j) => boundLine(v, names[j] ?? ''));
  if (bounds.length > 0) lines.push('Bounds');
  for (const line of bounds) lines.push(indented(line));
  const of = (wanted: (v: Variable) => boolean): string => names.filter((_, j) => wanted(model.variables[j] as Variable)).join(' ');
  const generals = of((v) => v.integer && !isBinary(v));
  if (generals !== '') lines.push('General', indented(generals));
  const binaries = of(isBinary);
  if (binaries !== '') lines.push('Binary', indented(binaries));
  return [...lines, 'End'].join('\n');
}

const indented = (line: string): string => ` ${line}`;
const isBinary = (v: Variable): boolean => v.integer && v.lower === 0 && v.upper === 1;

interface Term {
  readonly coefficient: number;
  readonly name: string;
}

function linear(terms: readonly Term[]): string {
  return terms
    .map(({ coefficient, name }, k) => {
      const sign = coefficient < 0 ? (k === 0 ? '-' : ' - ') : k === 0 ? '' : ' + ';
      const size = Math.abs(coefficient);
      return `${sign}${size === 1 ? '' : `${size} `}${name}`;
    })
    .join('');
}

const offset = (value: number): string => (value === 0 ? '' : value < 0 ? ` - ${-value}` : ` + ${value}`);

function rowLines(row: Constraint, names: readonly string[]): string[] {
  const terms = row.columns
    .map((column, k) => ({ coefficient: row.coefficients[k] ?? 0, name: names[column] ?? '', column }))
    .filter((term) => term.coefficient !== 0)
    .sort((a, b) => a.column - b.column);
  const left = terms.length === 0 ? `0 ${names[0] ?? 'x'}` : linear(terms);
  if (row.lower === row.upper) return [`${left} = ${row.upper}`];
  const lines: string[] = [];
  if (row.upper !== Number.POSITIVE_INFINITY) lines.push(`${left} <= ${row.upper}`);
  if (row.lower !== Number.NEGATIVE_INFINITY) lines.push(`${left} >= ${row.lower}`);
  return lines;
}

function boundLine(v: Variable, name: string): string[] {
  if (isBinary(v)) return [];
  const free = v.lower === Number.NEGATIVE_INFINITY;
  const open = v.upper === Number.POSITIVE_INFINITY;
  if (free && open) return [`${name} free`];
  if (v.lower === v.upper) return [`${name} = ${v.lower}`];
  if (free) return [`-inf <= ${name} <= ${v.upper}`];
  if (open) return v.lower === 0 ? [] : [`${name} >= ${v.lower}`];
  return v.lower === 0 ? [`${name} <= ${v.upper}`] : [`${v.lower} <= ${name} <= ${v.upper}`];
}
