/** Outcomes as JSON: what JSON has no word for (infinities, NaN) is kept by name, so that a stored outcome is judged as the live one. */
import { EvomError } from '../lib/errors.ts';
import type { Constraint, LinearModel } from './linear-model.ts';
import { type Certificate, certificates, emptyOutcome, type Outcome, outcomeStatuses, type SolveRecord, solveStatuses } from './outcome.ts';
import type { Product, QuadraticModel } from './quadratic-model.ts';

/** A number, and -0 is 0; one that JSON cannot hold is its name. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';
type Bound = JsonNumber | null;

interface JsonModel {
  readonly sense: 'min' | 'max';
  readonly offset: JsonNumber;
  /** An infinite bound on its own side is null, as in files of problems. */
  readonly variables: readonly { name: string; lower: Bound; upper: Bound; integer: boolean; cost: JsonNumber }[];
  readonly constraints: readonly JsonConstraint[];
}

interface JsonConstraint {
  readonly name: string;
  readonly lower: Bound;
  readonly upper: Bound;
  readonly columns: readonly number[];
  readonly coefficients: readonly JsonNumber[];
}

interface JsonQuadratic {
  readonly linear: JsonModel;
  readonly products: readonly JsonProduct[];
  readonly rows: readonly (JsonConstraint & { readonly products: readonly JsonProduct[] })[];
}

type JsonProduct = readonly [first: number, second: number, coefficient: JsonNumber];

/** An `Outcome` as JSON can hold it; one a line makes a file of outcomes. */
export type OutcomeJson = Omit<Outcome, 'objective' | 'reported' | 'solution' | 'solves' | 'model' | 'quadratic' | 'options'> & {
  readonly objective: JsonNumber | null;
  readonly reported: JsonNumber | null;
  readonly solution: Readonly<Record<string, JsonNumber>> | null;
  readonly solves: readonly (Omit<SolveRecord, 'objective'> & { readonly objective: JsonNumber | null })[];
  readonly model: JsonModel | null;
  readonly quadratic?: JsonQuadratic;
  /** A number that JSON cannot hold is `{"number": name}`, to tell it from an option's text. */
  readonly options: Readonly<Record<string, number | string | boolean | { readonly number: JsonNumber }>>;
};

// Adding 0 makes 0 of -0.
const toJson = (value: number): JsonNumber => (Number.isFinite(value) ? value + 0 : (String(value) as JsonNumber));
const orNull = (value: number | null): JsonNumber | null => (value === null ? null : toJson(value));
const bound = (value: number, open: number): Bound => (value === open ? null : toJson(value));
// fromEntries also takes a name such as __proto__.
const mapRecord = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

const sidesToJson = ({ lower, upper }: { lower: number; upper: number }) => ({
  lower: bound(lower, -Infinity),
  upper: bound(upper, Infinity),
});

const constraintToJson = (c: Constraint): JsonConstraint => ({
  name: c.name,
  ...sidesToJson(c),
  columns: c.columns,
  coefficients: c.coefficients.map(toJson),
});

function modelToJson({ sense, offset, variables, constraints }: LinearModel): JsonModel {
  return {
    sense,
    offset: toJson(offset),
    variables: variables.map((v) => ({ name: v.name, ...sidesToJson(v), integer: v.integer, cost: toJson(v.cost) })),
    constraints: constraints.map(constraintToJson),
  };
}

function quadraticToJson({ linear, products, rows }: QuadraticModel): JsonQuadratic {
  const toJsonProducts = (terms: readonly Product[]): JsonProduct[] => terms.map(([i, j, coefficient]) => [i, j, toJson(coefficient)]);
  return {
    linear: modelToJson(linear),
    products: toJsonProducts(products),
    rows: rows.map((row) => ({ ...constraintToJson(row), products: toJsonProducts(row.products) })),
  };
}

/**
 * The JSON form of an outcome.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome, outcomeFromJson, outcomeToJson } from 'evom';
 * const outcome = { ...emptyOutcome('no_solve', { dialect: 'highs-js', backend: 'highs' }), reported: Infinity };
 * const line = JSON.stringify(outcomeToJson(outcome));
 * assert.deepEqual(outcomeFromJson(JSON.parse(line)), outcome);
 * ```
 */
export function outcomeToJson({ quadratic, ...outcome }: Outcome): OutcomeJson {
  return {
    ...outcome,
    ...(quadratic === undefined ? {} : { quadratic: quadraticToJson(quadratic) }),
    objective: orNull(outcome.objective),
    reported: orNull(outcome.reported),
    solution: outcome.solution && mapRecord(outcome.solution, toJson),
    solves: outcome.solves.map((solve) => ({ ...solve, objective: orNull(solve.objective) })),
    model: outcome.model && modelToJson(outcome.model),
    options: mapRecord(outcome.options, (value) =>
      typeof value === 'number' && !Number.isFinite(value) ? { number: toJson(value) } : value,
    ),
  };
}

/** A value inside the JSON with the keys that lead to it, so that a fault can be named. */
class Node {
  readonly value: unknown;
  readonly path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  fail(wanted: string): never {
    const found = this.value === undefined ? 'missing' : JSON.stringify(this.value).slice(0, 60);
    throw new EvomError('E_DATA', `outcome: ${this.path || 'the record'} is ${found}; it has to be ${wanted}`);
  }
  get(key: string): Node {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail('an object');
    return new Node(
      Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined,
      this.path ? `${this.path}.${key}` : key,
    );
  }
  orNull<T>(read: (node: Node) => T): T | null {
    return this.value === null || this.value === undefined ? null : read(this);
  }
  or<T>(fallback: T, read: (node: Node) => T): T {
    return this.value === undefined ? fallback : read(this);
  }
  list<T>(read: (node: Node) => T): T[] {
    return Array.isArray(this.value) ? this.value.map((item, i) => read(new Node(item, `${this.path}[${i}]`))) : this.fail('a list');
  }
  record<T>(read: (node: Node) => T): Record<string, T> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) return this.fail('an object');
    return Object.fromEntries(Object.keys(this.value).map((key) => [key, read(this.get(key))]));
  }
  text(): string {
    return typeof this.value === 'string' ? this.value : this.fail('text');
  }
  truth(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail('true or false');
  }
  number(): number {
    const { value } = this;
    if (typeof value === 'number') return value;
    // Files of before hold -0 by name.
    return value === 'NaN' || value === 'Infinity' || value === '-Infinity' || value === '-0' ? Number(value) : this.fail('a number');
  }
  word<Word extends string>(words: readonly Word[]): Word {
    const { value } = this;
    return words.find((word) => word === value) ?? this.fail(`one of ${words.join(', ')}`);
  }
}

const numberOf = (node: Node): number => node.number();

const sides = (of: Node): { lower: number; upper: number } => ({
  lower: of.get('lower').orNull(numberOf) ?? -Infinity,
  upper: of.get('upper').orNull(numberOf) ?? Infinity,
});

const constraintOf = (node: Node): Constraint => ({
  name: node.get('name').text(),
  ...sides(node),
  columns: node.get('columns').list(numberOf),
  coefficients: node.get('coefficients').list(numberOf),
});

function modelOf(node: Node): LinearModel {
  return {
    sense: node.get('sense').word(['min', 'max']),
    offset: node.get('offset').or(0, numberOf),
    variables: node
      .get('variables')
      .list((v) => ({ name: v.get('name').text(), ...sides(v), integer: v.get('integer').truth(), cost: v.get('cost').number() })),
    constraints: node.get('constraints').list(constraintOf),
  };
}

/** Outcomes of before there were certificates, and of other harnesses, have none. */
const certificateOf = (node: Node): Certificate => node.get('certificate').or<Certificate>('none', (value) => value.word(certificates));

const productOf = (node: Node): Product => {
  const [first, second, coefficient, ...more] = node.list(numberOf);
  return first === undefined || second === undefined || coefficient === undefined || more.length > 0
    ? node.fail('two places of variables and a coefficient')
    : [first, second, coefficient];
};

const quadraticOf = (node: Node): QuadraticModel => ({
  linear: modelOf(node.get('linear')),
  products: node.get('products').list(productOf),
  rows: node.get('rows').list((row) => ({ ...constraintOf(row), products: row.get('products').list(productOf) })),
});

function solveOf(node: Node): SolveRecord {
  const count = (key: string): number => node.get(key).or(0, numberOf);
  return {
    status: node.get('status').word(solveStatuses),
    objective: node.get('objective').orNull(numberOf),
    certificate: certificateOf(node),
    modelHash: node.get('modelHash').or('', (hash) => hash.text()),
    numVariables: count('numVariables'),
    numIntegers: count('numIntegers'),
    numConstraints: count('numConstraints'),
    ms: count('ms'),
  };
}

const optionOf = (node: Node): number | string | boolean => {
  const { value } = node;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return typeof value === 'number' ? value : node.get('number').number();
};

/**
 * An outcome read back, equal to what was written. Fields beside an outcome's own are passed over, and all but `status` may be
 * missing, so that outcomes of other harnesses can be stored and judged too.
 *
 * @param json what `JSON.parse` gave.
 * @throws {EvomError} E_DATA for a value of another type, naming its key.
 */
export function outcomeFromJson(json: unknown): Outcome {
  const node = new Node(json, '');
  const words = (key: string): string => node.get(key).or('', (value) => value.text());
  const amount = (key: string): number => node.get(key).or(0, numberOf);
  const library = node.get('library').orNull((said) => ({
    status: said.get('status').word(solveStatuses),
    objective: said.get('objective').orNull(numberOf),
    resolved: said.get('resolved').truth(),
  }));
  const quadratic = node.get('quadratic').orNull(quadraticOf);
  return {
    ...emptyOutcome(node.get('status').word(outcomeStatuses), { dialect: words('dialect'), backend: words('backend') }),
    objective: node.get('objective').orNull(numberOf),
    certificate: certificateOf(node),
    reported: node.get('reported').orNull(numberOf),
    solution: node.get('solution').orNull((values) => values.record(numberOf)),
    solves: node.get('solves').or([], (solves) => solves.list(solveOf)),
    model: node.get('model').orNull(modelOf),
    ...(quadratic === null ? {} : { quadratic }),
    stdout: words('stdout'),
    error: node.get('error').orNull((error) => ({
      type: error.get('type').text(),
      message: error.get('message').text(),
      line: error.get('line').orNull(numberOf),
    })),
    solverVersion: words('solverVersion'),
    options: node.get('options').or({}, (options) => options.record(optionOf)),
    wallLimited: node.get('wallLimited').or(false, (value) => value.truth()),
    wallMs: amount('wallMs'),
    cpuMs: amount('cpuMs'),
    ...(library === null ? {} : { library }),
  };
}
