/** Writes linear models as CPLEX LP text, the form that people read. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import type { LpFlavor } from './lp-tokens.ts';
import { solverBound } from './validate.ts';

export interface LpFormatOptions {
  /** Leaves out what a reader can do without: the labels of objective and rows, the order of variables, indentation. Default false. */
  readonly compact?: boolean;
  /** For whom: `highs` (default) keeps to what HiGHS's reader takes; `cplex` uses the whole format. */
  readonly flavor?: LpFlavor;
}

/** Words that a reader takes for a section, a bound or a number. */
const reserved =
  /^(min|max|minimi[sz]e|maximi[sz]e|minimum|maximum|st|s\.t\.|st\.|subject|such|bounds?|gen|generals?|int|integers?|bin|binary|binaries|semis?|sos[12]?|end|free|inf|infinity|nan|undefined|e\d.*)$/i;
/** Words that HiGHS takes so besides. */
const reservedByHighs = /^(inf.*|null|true|false)$/i;
/** What other readers take as well: letters, then perhaps an index in brackets. */
const indexedName = /^[A-Za-z_][A-Za-z0-9_.]*(\[[A-Za-z0-9_.,]*\]|\([A-Za-z0-9_.,]*\))?$/;

/** Names that LP text can hold, one for each name given: unlike characters become `_`, and doubles get a number. */
function legalNames(names: readonly string[], prefix: string, flavor: LpFlavor): string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    let legal = flavor === 'cplex' && indexedName.test(name) ? name : name.replace(/[^A-Za-z0-9_.]/g, '_');
    legal = legal.slice(0, 200);
    const isReserved = reserved.test(legal) || (flavor === 'highs' && reservedByHighs.test(legal));
    if (!/^[A-Za-z_]/.test(legal) || isReserved) legal = `${prefix}_${legal}`;
    if (taken.has(legal)) legal = `${legal}_${index}`;
    while (taken.has(legal)) legal += '_';
    taken.add(legal);
    return legal;
  });
}

/** Terms on one line before the next line begins: CPLEX takes lines of 560 characters. */
const termsPerLine = 20;

/** `2 x - y`; `0 x` is written where a term is 0. */
function expression(columns: readonly number[], coefficients: readonly number[], names: readonly string[]): string {
  let text = '';
  for (const [k, column] of columns.entries()) {
    const coefficient = coefficients[k] ?? 0;
    const size = Math.abs(coefficient);
    const sign = coefficient < 0 ? '-' : k === 0 ? '' : '+';
    // A line that ends with its sign can only go on; one that begins with a sign may be the next row.
    const gap = sign === '' ? '' : k > 0 && k % termsPerLine === 0 ? '\n   ' : ' ';
    text += `${k === 0 ? '' : ' '}${sign}${gap}${size === 1 ? '' : `${size} `}${names[column]}`;
  }
  return text;
}

function boundLine(variable: Variable, name: string): string | null {
  const lower = solverBound(variable.lower);
  const upper = solverBound(variable.upper);
  if (lower === 0 && upper === Infinity) return null;
  if (lower === -Infinity) return upper === Infinity ? `${name} free` : `-inf <= ${name} <= ${upper}`;
  if (lower === upper) return `${name} = ${lower}`;
  if (upper === Infinity) return `${name} >= ${lower}`;
  // A negative upper bound alone would leave it to the reader whether the lower bound stays 0.
  return lower === 0 && upper >= 0 ? `${name} <= ${upper}` : `${lower} <= ${name} <= ${upper}`;
}

const isBinary = (variable: Variable): boolean => variable.integer && variable.lower === 0 && variable.upper === 1;

/** A row's lines: HiGHS has no row between two numbers, so that one becomes two, and none without a finite bound. */
function rowLines(row: Constraint, terms: string, label: string, flavor: LpFlavor): string[] {
  const lower = solverBound(row.lower);
  const upper = solverBound(row.upper);
  if (lower === upper) return [`${label}${terms} = ${lower}`];
  if (flavor === 'cplex' && lower === -Infinity && upper === Infinity) return [`${label}${terms} >= -inf`];
  if (flavor === 'cplex' && lower !== -Infinity && upper !== Infinity) return [`${label}${lower} <= ${terms} <= ${upper}`];
  const lines: string[] = [];
  if (lower !== -Infinity) lines.push(`${label}${terms} >= ${lower}`);
  if (upper !== Infinity) lines.push(`${lines.length > 0 ? label.replace(':', '_upper:') : label}${terms} <= ${upper}`);
  return lines;
}

/**
 * The variables that the objective names: those with a cost, and with `0 x` those that no other line would name. A reader
 * numbers variables as they appear, so that with `ordered` all are named wherever that would change their order.
 */
function objectiveColumns({ variables, constraints }: LinearModel, ordered: boolean): number[] {
  const named = new Set<number>(constraints.flatMap((c) => c.columns.filter((_, k) => c.coefficients[k] !== 0)));
  const isNamedLater = (v: Variable, j: number): boolean => named.has(j) || v.integer || boundLine(v, '') !== null;
  const needed = variables.flatMap((v, j) => (v.cost !== 0 || !isNamedLater(v, j) ? [j] : []));
  const appearing = [...new Set([...needed, ...named])];
  const isInOrder = appearing.every((j, k) => j === k) && appearing.length === variables.length;
  return ordered && !isInOrder ? [...variables.keys()] : needed;
}

/**
 * A model as CPLEX LP text that `parseLp` reads back as the same model; in the flavor `highs` up to rows between two numbers, which
 * become two, and rows without a finite bound, which are left out.
 *
 * Names that LP text cannot hold are changed: unlike characters become `_`. Terms of 0 are left out.
 *
 * @param model a model that `modelFault` finds no fault with.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { writeLp } from 'evom/solvers';
 * const variables = [{ name: 'x', lower: 0, upper: Infinity, integer: true, cost: 3 }, { name: 'y', lower: 0, upper: 4, integer: false, cost: 1 }];
 * const constraints = [{ name: 'c', lower: 1, upper: 8, columns: [0, 1], coefficients: [2, -1] }];
 * const model = { sense: 'max', offset: 0, variables, constraints } as const;
 * assert.equal(writeLp(model, { compact: true }), 'max\n3 x + y\nst\n2 x - y >= 1\n2 x - y <= 8\nbounds\ny <= 4\ngen\nx\nend\n');
 * assert.match(writeLp(model, { flavor: 'cplex' }), / c: 1 <= 2 x - y <= 8\n/);
 * ```
 */
export function writeLp(model: LinearModel, { compact = false, flavor = 'highs' }: LpFormatOptions = {}): string {
  const { variables, constraints } = model;
  const names = legalNames(
    variables.map((v) => v.name),
    'v',
    flavor,
  );
  const labels = legalNames(
    constraints.map((c) => c.name),
    'r',
    flavor,
  );
  const indent = compact ? '' : ' ';
  const rows = constraints.flatMap((row, i) => {
    const kept = [...row.columns.keys()].filter((k) => row.coefficients[k] !== 0);
    const columns = kept.map((k) => row.columns[k] ?? 0);
    const coefficients = kept.map((k) => row.coefficients[k] ?? 0);
    // A row without terms still needs a variable to be a row.
    const terms = expression(columns, coefficients, names) || `0 ${names[0]}`;
    return rowLines(row, terms, compact || row.name === '' ? '' : `${labels[i]}: `, flavor);
  });
  const bounds = variables.flatMap((v, j) => (isBinary(v) ? [] : (boundLine(v, names[j] ?? '') ?? [])));
  const pick = (wanted: (variable: Variable) => boolean): string[] => names.filter((_, j) => wanted(variables[j] as Variable));
  const generals = pick((v) => v.integer && !isBinary(v));
  const binaries = pick(isBinary);

  const priced = objectiveColumns(model, !compact);
  const costs = expression(
    priced,
    priced.map((j) => variables[j]?.cost ?? 0),
    names,
  );
  const constant = `${model.offset < 0 ? '- ' : costs === '' ? '' : '+ '}${Math.abs(model.offset)}`;
  const objective = [costs, ...(model.offset === 0 && costs !== '' ? [] : [constant])].filter((part) => part !== '').join(' ');

  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => indent + line)];
  return [
    model.sense,
    `${indent}${compact ? '' : 'obj: '}${objective}`,
    'st',
    ...rows.map((line) => indent + line),
    ...section('bounds', bounds),
    ...section('gen', compact && generals.length > 0 ? [generals.join(' ')] : generals),
    ...section('bin', compact && binaries.length > 0 ? [binaries.join(' ')] : binaries),
    'end',
    '',
  ].join('\n');
}
