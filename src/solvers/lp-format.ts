/** Writes linear models as CPLEX LP text, the form that people read and that HiGHS takes. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import { solverBound } from './validate.ts';

export interface LpFormatOptions {
  /** Leaves out what a reader can do without: the labels of objective and rows, and indentation. Default false. */
  readonly compact?: boolean;
}

/** Words that a reader takes for a section, a bound or a number. */
const reserved =
  /^(min|max|minimi[sz]e|maximi[sz]e|minimum|maximum|st|s\.t\.|st\.|subject|such|bounds?|gen|generals?|integers?|bin|binary|binaries|semis?|sos[12]?|end|free|inf.*|nan|undefined|null|e\d.*)$/i;

/** Names that LP text can hold, one for each name given: unlike characters become `_`, and doubles get a number. */
function legalNames(names: readonly string[], prefix: string): string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    let legal = name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 200);
    if (!/^[A-Za-z_]/.test(legal) || reserved.test(legal)) legal = `${prefix}_${legal}`;
    if (taken.has(legal)) legal = `${legal}_${index}`;
    while (taken.has(legal)) legal += '_';
    taken.add(legal);
    return legal;
  });
}

/** `+ 2 x - y`, without the leading plus; zero coefficients are left out. */
function expression(columns: readonly number[], coefficients: readonly number[], names: readonly string[]): string {
  let text = '';
  for (const [k, column] of columns.entries()) {
    const coefficient = coefficients[k] ?? 0;
    if (coefficient === 0) continue;
    const size = Math.abs(coefficient);
    const sign = coefficient < 0 ? '- ' : text === '' ? '' : '+ ';
    text += `${text === '' ? '' : ' '}${sign}${size === 1 ? '' : `${size} `}${names[column]}`;
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

/** A row's lines: LP text has no row between two numbers, so that one becomes two rows. */
function rowLines(row: Constraint, terms: string, label: string): string[] {
  const lower = solverBound(row.lower);
  const upper = solverBound(row.upper);
  if (lower === upper) return [`${label}${terms} = ${lower}`];
  const lines: string[] = [];
  if (lower !== -Infinity) lines.push(`${label}${terms} >= ${lower}`);
  if (upper !== Infinity) lines.push(`${lines.length > 0 ? label.replace(':', '_upper:') : label}${terms} <= ${upper}`);
  return lines;
}

/**
 * A model as CPLEX LP text that `readLp` reads back as the same model, up to names and the order of variables.
 *
 * Names that LP text cannot hold are changed: unlike characters become `_`. Rows with two different finite bounds become two
 * rows; rows without a finite bound are left out.
 *
 * @param model a model that `modelFault` finds no fault with.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { writeLp } from 'evom';
 * const variables = [{ name: 'x', lower: 0, upper: Infinity, integer: true, cost: 3 }, { name: 'y', lower: 0, upper: 4, integer: false, cost: 1 }];
 * const constraints = [{ name: 'c', lower: -Infinity, upper: 8, columns: [0, 1], coefficients: [2, -1] }];
 * const text = writeLp({ sense: 'max', offset: 0, variables, constraints }, { compact: true });
 * assert.equal(text, 'max\n3 x + y\nst\n2 x - y <= 8\nbounds\ny <= 4\ngen\nx\nend\n');
 * ```
 */
export function writeLp(model: LinearModel, { compact = false }: LpFormatOptions = {}): string {
  const { variables, constraints } = model;
  const names = legalNames(
    variables.map((v) => v.name),
    'v',
  );
  const labels = legalNames(
    constraints.map((c) => c.name),
    'r',
  );
  const indent = compact ? '' : ' ';
  const rows = constraints.flatMap((row, i) => {
    // A row without terms still needs a variable to be a row.
    const terms = expression(row.columns, row.coefficients, names) || `0 ${names[0]}`;
    return rowLines(row, terms, compact ? '' : `${labels[i]}: `);
  });
  const bounds = variables.flatMap((v, j) => (isBinary(v) ? [] : (boundLine(v, names[j] ?? '') ?? [])));
  const pick = (wanted: (variable: Variable) => boolean): string[] => names.filter((_, j) => wanted(variables[j] as Variable));
  const generals = pick((v) => v.integer && !isBinary(v));
  const binaries = pick(isBinary);

  // A variable that no other section names would not exist for the reader.
  const named = new Set<number>(constraints.flatMap((c) => c.columns.filter((_, k) => c.coefficients[k] !== 0)));
  const silent = variables.flatMap((v, j) =>
    v.cost === 0 && !named.has(j) && !v.integer && boundLine(v, '') === null ? [`0 ${names[j]}`] : [],
  );
  const costs = expression(
    variables.map((_, j) => j),
    variables.map((v) => v.cost),
    names,
  );
  const constant = model.offset === 0 ? [] : [`${model.offset < 0 ? '-' : '+'} ${Math.abs(model.offset)}`];
  const objective =
    [costs, ...(silent.length > 0 && costs !== '' ? ['+'] : []), silent.join(' + '), ...constant].filter((part) => part !== '').join(' ') ||
    '0';

  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [title, ...lines.map((line) => indent + line)];
  return [
    model.sense,
    `${indent}${compact ? '' : 'obj: '}${objective.replace(/^\+ /, '')}`,
    'st',
    ...rows.map((line) => indent + line),
    ...section('bounds', bounds),
    ...section('gen', compact && generals.length > 0 ? [generals.join(' ')] : generals),
    ...section('bin', compact && binaries.length > 0 ? [binaries.join(' ')] : binaries),
    'end',
    '',
  ].join('\n');
}
