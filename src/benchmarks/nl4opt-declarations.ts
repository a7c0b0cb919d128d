/** The NL4OPT competition's declarations as linear models: annotated spans of a text, not a model language. */
import type { LinearModel } from '../core/linear-model.ts';
import { spokenNumber } from '../lib/spoken-number.ts';
import { modelOf, type Row, type Term } from '../problems/generator/model-draft.ts';
import type { Draft, Fields, Format } from './format.ts';
import { has, isFields } from './format.ts';

/** What makes a declaration unreadable: the field and why. */
class DeclarationFault extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

const senses: readonly (readonly [RegExp, LinearModel['sense']])[] = [
  [/^(?:maxim|highest|most|largest|greatest|increase)/i, 'max'],
  [/^(?:minim|reduc|decreas|lowest|least|smallest|fewest)/i, 'min'],
];

function senseOf(direction: unknown): LinearModel['sense'] {
  const found = senses.find(([pattern]) => pattern.test(String(direction).trim()));
  if (found === undefined)
    throw new DeclarationFault('obj_declaration.direction', `is ${JSON.stringify(direction)}, neither maximize nor minimize`);
  return found[1];
}

function numberAt(field: string, value: unknown): number {
  const number = typeof value === 'number' ? value : typeof value === 'string' ? spokenNumber(value) : undefined;
  if (number === undefined || !Number.isFinite(number))
    throw new DeclarationFault(field, `is ${JSON.stringify(value)}, which is not a number`);
  return number;
}

/**
 * Columns by mention in lower case, as `order_mapping {mention: column}` says; empty where there is none.
 *
 * Copies without `vars` have their variables from it, so a mapping that says two things is a fault there.
 */
function columnsOf({ order_mapping: mapping, vars }: Fields): ReadonlyMap<string, number> {
  const columns = new Map<string, number>();
  for (const [mention, column] of isFields(mapping) ? Object.entries(mapping) : []) {
    const key = mention.toLowerCase();
    const isColumn = typeof column === 'number' && Number.isInteger(column) && column >= 0;
    if (isColumn && (columns.get(key) ?? column) === column) columns.set(key, column);
    else if (vars != null) return new Map();
    else {
      const why = isColumn ? `column ${column}, and another in another case` : `${JSON.stringify(column)}, which is not a column`;
      throw new DeclarationFault('order_mapping', `gives ${JSON.stringify(mention)} ${why}`);
    }
  }
  return columns;
}

/** Names of the variables: `vars`, or the first mention of each column of `order_mapping`, in the order of the columns. */
function variableNames(record: Fields, columns: ReadonlyMap<string, number>): readonly string[] {
  const names = record.vars ?? (isFields(record.order_mapping) ? firstMentions(Object.keys(record.order_mapping), columns) : undefined);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string') || names.length === 0)
    throw new DeclarationFault('vars', 'is not a list of names');
  return [...new Set<string>(names)];
}

function firstMentions(mentions: readonly string[], columns: ReadonlyMap<string, number>): readonly string[] {
  const first = new Map<number, string>();
  for (const mention of mentions) {
    const column = columns.get(mention.toLowerCase());
    if (column !== undefined && !first.has(column)) first.set(column, mention);
  }
  return [...first].sort(([a], [b]) => a - b).map(([, mention]) => mention);
}

/** Finds the variable that a mention stands for: itself, the annotators' maps, then either without regard to case. */
function variableFinder(
  record: Fields,
  names: readonly string[],
  columns: ReadonlyMap<string, number>,
): (field: string, mention: unknown) => string {
  const known = new Map<string, string>();
  for (const [mention, column] of columns) {
    const name = names.find((candidate) => columns.get(candidate.toLowerCase()) === column);
    if (name !== undefined) known.set(mention, name);
  }
  const mentions = isFields(record.var_mention_to_first_var) ? record.var_mention_to_first_var : {};
  for (const [mention, first] of Object.entries(mentions)) if (typeof first === 'string') known.set(mention.toLowerCase(), first);
  for (const name of names) known.set(name.toLowerCase(), name);
  return (field, mention) => {
    const name = known.get(String(mention).toLowerCase());
    const column = name === undefined ? undefined : names.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (column === undefined)
      throw new DeclarationFault(field, `names ${JSON.stringify(mention)}, which is none of the variables ${names.join(', ')}`);
    return column;
  };
}

/** `x op b` of one declaration, with every variable on the left. */
function rowOf(declaration: Fields, field: string, names: readonly string[], variable: (field: string, mention: unknown) => string): Row {
  const { operator, type } = declaration;
  const op = operator === 'LESS_OR_EQUAL' ? '<=' : operator === 'GREATER_OR_EQUAL' ? '>=' : operator === 'EQUAL' ? '=' : null;
  if (op === null) throw new DeclarationFault(`${field}.operator`, `is ${JSON.stringify(operator)}`);
  const limit = (): number => numberAt(`${field}.limit`, declaration.limit);
  const x = (name: 'var' | 'x_var' | 'y_var'): string => variable(`${field}.${name}`, declaration[name]);
  switch (type) {
    case 'linear':
      return { terms: termsOf(declaration.terms, `${field}.terms`, variable), op, rhs: limit() };
    case 'sum':
      return { terms: names.map((name): Term => [name, 1]), op, rhs: limit() };
    case 'lowerbound':
    case 'upperbound':
      return { terms: [[x('var'), 1]], op, rhs: limit() };
    case 'ratio': {
      const share = limit();
      if (share < 0 || share > 1)
        throw new DeclarationFault(`${field}.limit`, `is ${JSON.stringify(declaration.limit)}, which is not a share of a whole`);
      const of = x('var');
      return { terms: names.map((name): Term => [name, (name === of ? 1 : 0) - share]), op, rhs: 0 };
    }
    case 'xy':
    case 'xby': {
      const factor = type === 'xy' ? 1 : numberAt(`${field}.param`, declaration.param);
      const [left, right] = [x('x_var'), x('y_var')];
      if (left === right) throw new DeclarationFault(field, `compares ${left} with itself`);
      return {
        terms: [
          [left, 1],
          [right, -factor],
        ],
        op,
        rhs: 0,
      };
    }
    default:
      throw new DeclarationFault(`${field}.type`, `is ${JSON.stringify(type)}, which is not known`);
  }
}

function termsOf(terms: unknown, field: string, variable: (field: string, mention: unknown) => string): Term[] {
  if (!isFields(terms)) throw new DeclarationFault(field, 'is not an object from variables to numbers');
  const sums = new Map<string, number>();
  for (const [mention, value] of Object.entries(terms)) {
    const name = variable(field, mention);
    sums.set(name, (sums.get(name) ?? 0) + numberAt(`${field}.${mention}`, value));
  }
  return [...sums];
}

/** The linear program that a record declares; variables are at least 0 and, as in the competition, not whole. */
export function declaredModel(record: Fields): LinearModel {
  const places = columnsOf(record);
  const names = variableNames(record, places);
  const variable = variableFinder(record, names, places);
  const objective = record.obj_declaration;
  if (!isFields(objective)) throw new DeclarationFault('obj_declaration', 'is missing');
  const costs =
    objective.type === 'objvar'
      ? new Map((objective.vars as readonly unknown[]).map((name) => [variable('obj_declaration.vars', name), 1]))
      : new Map(termsOf(objective.terms, 'obj_declaration.terms', variable));
  const declarations = record.const_declarations;
  if (!Array.isArray(declarations)) throw new DeclarationFault('const_declarations', 'is not a list');
  const rows = declarations.map((declaration: unknown, i) => {
    const field = `const_declarations[${i}]`;
    if (!isFields(declaration)) throw new DeclarationFault(field, 'is not an object');
    return rowOf(declaration, field, names, variable);
  });
  const columns = names.map((name) => ({ name, lower: 0, upper: Infinity, integer: false, cost: costs.get(name) ?? 0 }));
  const sense = senseOf(objective.direction);
  if (isFields(record.canonical)) {
    const place = ({ name }: { readonly name: string }): number => places.get(name.toLowerCase()) ?? columns.length;
    checkCanonical(
      record.canonical,
      sense,
      columns.toSorted((a, b) => place(a) - place(b)),
      rows,
    );
  }
  return modelOf(sense, columns, rows);
}

/**
 * Holds the declarations to `canonical {objective, constraints}`, which corrected copies have beside them: minimize `objective`, and
 * `[coefficients..., limit]` of each row is at most. Declarations say a loss of 5 as "5"; such a record has no model.
 */
function checkCanonical(
  canonical: Fields,
  sense: LinearModel['sense'],
  columns: readonly { name: string; cost: number }[],
  rows: readonly Row[],
): void {
  const text = (numbers: readonly number[]): string => numbers.map((number) => String(Number(number.toPrecision(6)) + 0)).join(' ');
  const told = columns.map(({ cost }) => (sense === 'max' ? -cost : cost));
  const atMost = rows.flatMap(({ terms, op, rhs }) => {
    const coefficients = new Map(terms);
    const row = [...columns.map(({ name }) => coefficients.get(name) ?? 0), rhs];
    const turned = row.map((number) => -number);
    return op === '<=' ? [row] : op === '>=' ? [turned] : [row, turned];
  });
  const { objective, constraints } = canonical as { readonly objective?: unknown; readonly constraints?: unknown };
  const isRow = (row: unknown): row is number[] => Array.isArray(row) && row.every((number) => typeof number === 'number');
  if (!isRow(objective) || text(objective) !== text(told))
    throw new DeclarationFault('obj_declaration', 'differs from canonical.objective');
  const isSame =
    Array.isArray(constraints) && constraints.every(isRow) && constraints.map(text).sort().join() === atMost.map(text).sort().join();
  if (!isSame) throw new DeclarationFault('const_declarations', 'differ from canonical.constraints');
}

function draftOf(key: string, record: Fields): Draft {
  const question = record.document;
  if (typeof question !== 'string' || question.trim() === '') return { field: `${key}.document`, message: 'is missing or empty' };
  try {
    return { key, question, answer: null, kind: 'lp', model: declaredModel(record) };
  } catch (error) {
    if (error instanceof DeclarationFault) {
      return {
        key,
        question,
        answer: null,
        kind: 'lp',
        doubt: { field: `${key}.${error.field}`, message: `${error.message}; no model, no answer` },
      };
    }
    throw error;
  }
}

const isDeclared = (value: unknown): value is Fields => isFields(value) && has(value, 'document', 'obj_declaration');

export const nl4optDeclarationsFormat: Format = {
  name: 'nl4opt-declarations',
  description: 'NL4OPT competition: {id: {document, vars, obj_declaration, const_declarations}}; the answer is solved',
  matches: (record) => isDeclared(record) || (Object.keys(record).length > 0 && Object.values(record).every(isDeclared)),
  read: (record) => {
    if (isDeclared(record)) return [draftOf(String(record.id ?? record.doc_id ?? record._input_hash ?? ''), record)];
    return Object.entries(record).map(([key, value]) => draftOf(key, value as Fields));
  },
};
