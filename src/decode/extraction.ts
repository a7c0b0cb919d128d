/** The decision process of a problem as a structured record: what is decided, what is given, what is wanted, what limits it. */
import type { Constraint, LinearModel, Variable } from '../core/linear-model.ts';
import { type LinearExpression, parseLinear, parseRelation } from './linear-expression.ts';

export interface ExtractedVariable {
  readonly name: string;
  readonly type: 'continuous' | 'integer' | 'binary';
  /** Default 0. */
  readonly lower?: number | null;
  /** Default none. */
  readonly upper?: number | null;
  readonly description?: string;
}

export interface ExtractedParameter {
  readonly name: string;
  readonly value: number;
  readonly description?: string;
}

/** Expressions are text over the names of variables and parameters. */
export interface Extraction {
  readonly variables: readonly ExtractedVariable[];
  readonly parameters: readonly ExtractedParameter[];
  readonly objective: { readonly sense: 'min' | 'max'; readonly expression: string };
  readonly constraints: readonly { readonly name?: string; readonly expression: string }[];
}

export const extractionInstructions = `Write down the decision process of the problem as one JSON object in a \`\`\`json block, and nothing else:
{"variables": [{"name": "boots", "type": "integer", "lower": 0, "description": "pairs made"}],
 "parameters": [{"name": "profit_boots", "value": 68}],
 "objective": {"sense": "max", "expression": "profit_boots * boots + 62 * mugs"},
 "constraints": [{"name": "leather", "expression": "17 boots + 22 mugs <= 488"}]}
Types are continuous, integer and binary. Expressions are sums of products of numbers, parameters and one variable each. State every constraint once.`;

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A record, or what is wrong with it, one fault a line. */
export type ExtractionResult = { readonly extraction: Extraction } | { readonly faults: readonly string[] };

/**
 * Reads and checks an extractor's completion: the last fenced block, or all of it, as JSON.
 *
 * Besides types it checks that names are distinct, that every name in an expression is declared, and that no variable is left out of
 * objective and constraints.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { parseExtraction } from 'evom';
 * const record = { variables: [{ name: 'x', type: 'integer' }], objective: { sense: 'max', expression: '2 x' }, constraints: [{ expression: 'x <= z' }] };
 * assert.deepEqual(parseExtraction(JSON.stringify(record)), { faults: ['constraints[0]: "z" is neither a variable nor a parameter'] });
 * ```
 */
export function parseExtraction(completion: string): ExtractionResult {
  const block = [...completion.matchAll(/```[a-z]*\n([\s\S]*?)(?:```|$)/g)].at(-1)?.[1] ?? completion;
  let value: unknown;
  try {
    value = JSON.parse(block);
  } catch (error) {
    return { faults: [`no JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  return checkExtraction(value);
}

/** Checks a value against the schema of an extraction. */
export function checkExtraction(value: unknown): ExtractionResult {
  const faults: string[] = [];
  const fault = (where: string, what: string): undefined => {
    faults.push(`${where}: ${what}`);
    return undefined;
  };
  if (!isObject(value)) return { faults: ['an extraction is an object with variables, parameters, objective and constraints'] };
  const list = (key: string, required: boolean): readonly unknown[] => {
    const items = value[key];
    if (Array.isArray(items)) return items;
    if (items !== undefined || required) fault(key, 'must be a list');
    return [];
  };
  const nameOf = (item: Json, where: string): string => {
    if (typeof item.name === 'string' && /^[A-Za-z_][\w.]*(\[[\w, ]*\])?$/.test(item.name)) return item.name;
    fault(where, `name must be a word such as boots or x[1], not ${JSON.stringify(item.name) ?? 'missing'}`);
    return '';
  };
  const bound = (item: Json, key: string, where: string): number | null => {
    const given = item[key];
    if (given === undefined || given === null || (typeof given === 'number' && Number.isFinite(given))) return given ?? null;
    fault(where, `${key} must be a number or null`);
    return null;
  };
  const described = (item: Json) => (typeof item.description === 'string' ? { description: item.description } : {});

  const variables = list('variables', true).flatMap((item, i): ExtractedVariable[] => {
    const where = `variables[${i}]`;
    if (!isObject(item)) return fault(where, 'must be an object') ?? [];
    const { type } = item;
    if (type !== 'continuous' && type !== 'integer' && type !== 'binary')
      return fault(where, 'type must be continuous, integer or binary') ?? [];
    const lower = 'lower' in item ? bound(item, 'lower', where) : 0;
    return [{ name: nameOf(item, where), type, lower, upper: bound(item, 'upper', where), ...described(item) }];
  });
  const parameters = list('parameters', false).flatMap((item, i): ExtractedParameter[] => {
    const where = `parameters[${i}]`;
    if (!isObject(item)) return fault(where, 'must be an object') ?? [];
    if (typeof item.value !== 'number' || !Number.isFinite(item.value)) return fault(where, 'value must be a number') ?? [];
    return [{ name: nameOf(item, where), value: item.value, ...described(item) }];
  });
  const constraints = list('constraints', true).flatMap((item, i): { name?: string; expression: string }[] => {
    const where = `constraints[${i}]`;
    if (!isObject(item) || typeof item.expression !== 'string') return fault(where, 'expression must be text') ?? [];
    return [{ ...(typeof item.name === 'string' ? { name: item.name } : {}), expression: item.expression }];
  });
  const { objective } = value;
  const sense = isObject(objective) ? objective.sense : undefined;
  const expression = isObject(objective) ? objective.expression : undefined;
  if ((sense !== 'min' && sense !== 'max') || typeof expression !== 'string') {
    fault('objective', 'must have sense min or max and an expression');
    return { faults };
  }
  const extraction: Extraction = { variables, parameters, objective: { sense, expression }, constraints };
  for (const fault of nameFaults(extraction)) faults.push(fault);
  return faults.length === 0 ? { extraction } : { faults };
}

/** Names in expressions against those declared. */
function nameFaults({ variables, parameters, objective, constraints }: Extraction): string[] {
  const faults: string[] = [];
  const declared = new Set<string>();
  for (const { name } of [...variables, ...parameters]) {
    if (declared.has(name)) faults.push(`"${name}" is declared twice`);
    declared.add(name);
  }
  const used = new Set<string>();
  const take = (where: string, expression: string): void => {
    for (const name of namesIn(expression)) {
      used.add(name);
      if (!declared.has(name)) faults.push(`${where}: "${name}" is neither a variable nor a parameter`);
    }
  };
  take('objective', objective.expression);
  for (const [i, { expression }] of constraints.entries()) take(`constraints[${i}]`, expression);
  for (const { name } of variables) if (!used.has(name)) faults.push(`variable "${name}" is in no expression`);
  return faults;
}

export const namesIn = (expression: string): string[] => [...new Set(expression.match(/(?<![\w.])[A-Za-z_][\w.]*(?:\[[\w, ]*\])?/g) ?? [])];

/** The values of the parameters by name. */
export const parameterValues = ({ parameters }: Pick<Extraction, 'parameters'>): ReadonlyMap<string, number> =>
  new Map(parameters.map(({ name, value }) => [name, value]));

/**
 * The linear model that an extraction says.
 *
 * @returns null where objective or a constraint is not linear.
 */
export function modelOfExtraction(extraction: Extraction): LinearModel | null {
  const values = parameterValues(extraction);
  const index = new Map(extraction.variables.map(({ name }, j) => [name, j]));
  const terms = (expression: LinearExpression) => {
    const entries = [...expression.coefficients].map(([name, coefficient]) => ({ column: index.get(name) ?? -1, coefficient }));
    return entries.some(({ column }) => column === -1) ? null : entries;
  };
  const objective = parseLinear(extraction.objective.expression, values);
  const costs = objective && terms(objective);
  if (!objective || !costs) return null;
  const constraints: Constraint[] = [];
  for (const [i, { name, expression }] of extraction.constraints.entries()) {
    const relation = parseRelation(expression, values);
    const entries = relation && terms(relation.left);
    if (!relation || !entries) return null;
    constraints.push({
      name: name ?? `c${i + 1}`,
      lower: relation.relation === '<=' ? Number.NEGATIVE_INFINITY : relation.right,
      upper: relation.relation === '>=' ? Number.POSITIVE_INFINITY : relation.right,
      columns: entries.map(({ column }) => column),
      coefficients: entries.map(({ coefficient }) => coefficient),
    });
  }
  const cost = new Map(costs.map(({ column, coefficient }) => [column, coefficient]));
  const variables = extraction.variables.map(
    ({ name, type, lower, upper }, j): Variable => ({
      name,
      lower: type === 'binary' ? Math.max(0, lower ?? 0) : lower === undefined ? 0 : (lower ?? Number.NEGATIVE_INFINITY),
      upper: type === 'binary' ? Math.min(1, upper ?? 1) : (upper ?? Number.POSITIVE_INFINITY),
      integer: type !== 'continuous',
      cost: cost.get(j) ?? 0,
    }),
  );
  return { sense: extraction.objective.sense, offset: objective.constant, variables, constraints };
}

/** A model written down as an extraction: the record of a program whose author wrote none. Parameters are put in as numbers. */
export function extractionOfModel(model: LinearModel): Extraction {
  const names = model.variables.map(({ name }) => name);
  const sum = (columns: readonly number[], coefficients: readonly number[]): string =>
    columns
      .flatMap((column, k) => ((coefficients[k] ?? 0) === 0 ? [] : [{ column, coefficient: coefficients[k] ?? 0 }]))
      .sort((a, b) => a.column - b.column)
      .map(({ column, coefficient }) => `${coefficient} ${names[column]}`)
      .join(' + ') || '0';
  const costs = sum(
    model.variables.map((_, j) => j),
    model.variables.map(({ cost }) => cost),
  );
  return {
    variables: model.variables.map(({ name, lower, upper, integer }) => ({
      name,
      type: integer ? (lower === 0 && upper === 1 ? 'binary' : 'integer') : 'continuous',
      lower: Number.isFinite(lower) ? lower : null,
      upper: Number.isFinite(upper) ? upper : null,
    })),
    parameters: [],
    objective: { sense: model.sense, expression: model.offset === 0 ? costs : `${costs} + ${model.offset}` },
    constraints: model.constraints.flatMap(({ name, lower, upper, columns, coefficients }) => {
      const left = sum(columns, coefficients);
      if (lower === upper) return [{ name, expression: `${left} = ${upper}` }];
      return [
        ...(Number.isFinite(upper) ? [{ name, expression: `${left} <= ${upper}` }] : []),
        ...(Number.isFinite(lower) ? [{ name, expression: `${left} >= ${lower}` }] : []),
      ];
    }),
  };
}
