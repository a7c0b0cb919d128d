/** A tree against a schema: zod's issues in our words, each at the place where its key was written. */
import type { z } from 'zod';
import { nearestName } from '../../lib/nearest.ts';
import type { ConfigIssue } from './issues.ts';
import { type KeyPath, locate, plainOf, type Tree } from './tree.ts';

type Issue = z.core.$ZodIssue;

export type Validated<Value> = { readonly value: Value | null; readonly issues: ConfigIssue[] };

/**
 * Checks a tree against a schema and collects every issue.
 *
 * Where keys are wrong, `value` is still what the rest says (wrong keys left out, defaults or the skeleton in their
 * place), so that checks across keys run in the same go. It is null when even that does not add up.
 *
 * @param jsonSchema the same schema as JSON Schema, asked for when keys are unknown.
 * @param skeleton the least that the schema takes: stands in for required keys that are wrong or missing.
 */
export function validate<Schema extends z.ZodType>(
  tree: Tree,
  schema: Schema,
  jsonSchema: () => unknown,
  skeleton: unknown,
): Validated<z.output<Schema>> {
  const first = schema.safeParse(plainOf(tree));
  if (first.success) return { value: first.data, issues: [] };
  const issues = first.error.issues.flatMap((issue) => explain(issue, tree, jsonSchema));
  const faulty = new Set(issues.map((issue) => issue.key.join('.')));
  const second = schema.safeParse(laidOver(skeleton, plainOf(tree, faulty)));
  if (second.success) return { value: second.data, issues };
  // What is left of a faulty section may be wrong without its faulty key, so the whole section goes.
  for (const { path } of second.error.issues) faulty.add(String(path[0]));
  const third = schema.safeParse(laidOver(skeleton, plainOf(tree, faulty)));
  return { value: third.success ? third.data : null, issues };
}

function explain(issue: Issue, tree: Tree, jsonSchema: () => unknown, below: KeyPath = []): ConfigIssue[] {
  const path: KeyPath = [...below, ...(issue.path as KeyPath)];
  if (issue.code === 'invalid_union') {
    // Of several shapes, the one that fits the value on the outside is the one that was meant.
    const meant = issue.errors.find((branch) => branch.length > 0 && branch.every((inner) => inner.path.length > 0));
    if (meant) return meant.flatMap((inner) => explain(inner, tree, jsonSchema, path));
  }
  if (issue.code !== 'unrecognized_keys') {
    const { node, origin } = locate(tree, path);
    return [{ origin, key: path, message: describe(issue, node) }];
  }
  const known = knownKeys(jsonSchema(), tree, path);
  return issue.keys.map((key) => ({
    origin: locate(tree, [...path, key]).keyOrigin,
    key: [...path, key],
    message: unknownKey(key, known),
  }));
}

type Section = Readonly<Record<string, unknown>>;
const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null && !Array.isArray(value);

function laidOver(base: unknown, over: unknown): unknown {
  if (!isSection(base) || !isSection(over)) return over === undefined ? base : over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, laidOver(base[key], over[key])]));
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  if (nearest !== null) return `unknown key; did you mean ${nearest}?`;
  return known.length > 0 ? `unknown key; known here: ${known.join(', ')}` : 'unknown key';
}

function describe(issue: Issue, node: Tree | null): string {
  if (node === null) return issue.code === 'invalid_union' && 'options' in issue ? missing(issue.options) : 'is missing';
  const got = node.type === 'scalar' ? `, not ${shown(node.value)}` : `, not a ${node.type === 'map' ? 'section' : 'list'}`;
  if (node.type === 'scalar' && node.value === null && issue.code === 'invalid_type')
    return `is empty; write ${typeName(issue.expected)} or remove it`;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeName(issue.expected)}${got}`;
    case 'too_small':
      if (issue.origin === 'array') return `needs at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`;
      if (issue.origin === 'string') return 'must not be empty';
      return `must be ${issue.inclusive ? 'at least' : 'greater than'} ${issue.minimum}${got}`;
    case 'too_big':
      if (issue.origin === 'array') return `takes at most ${issue.maximum} entries`;
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${got}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String), node);
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) return oneOf(given(issue.options), node);
      return issue.message === 'Invalid input' ? `is not understood${got}` : `${issue.message}${got}`;
    case 'custom':
      // Of a list or a section, a rule says what is wrong with it by itself.
      return node.type === 'scalar' ? `${issue.message}${got}` : issue.message;
    default:
      return `${issue.message}${got}`;
  }
}

/** The values of a discriminator; undefined stands for its default. */
const given = (options: unknown): string[] => (Array.isArray(options) ? options.filter((option) => option !== undefined).map(String) : []);

const missing = (options: unknown): string => `is missing; one of ${given(options).join(', ')}`;

function oneOf(options: readonly string[], node: Tree): string {
  const value = node.type === 'scalar' ? node.value : null;
  const nearest = typeof value === 'string' ? nearestName(value, options) : null;
  const expected = options.length === 1 ? options[0] : `one of ${options.join(', ')}`;
  return `must be ${expected}, not ${node.type === 'scalar' ? shown(value) : `a ${node.type}`}${nearest === null ? '' : `; did you mean ${nearest}?`}`;
}

const shown = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : String(value));

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a section of keys',
};
const typeName = (expected: string): string => typeNames[expected] ?? expected;

type JsonNode = { properties?: Record<string, JsonNode>; oneOf?: JsonNode[]; anyOf?: JsonNode[]; items?: JsonNode; const?: unknown };

/** Keys that the schema knows at a path; of a choice, those of the branch that `type` picks. */
function knownKeys(jsonSchema: unknown, tree: Tree, path: KeyPath): string[] {
  let node: JsonNode | undefined = jsonSchema as JsonNode;
  for (let depth = 0; depth <= path.length; depth++) {
    const here: JsonNode | undefined = branchOf(node, locate(tree, path.slice(0, depth)).node);
    const key = path[depth];
    if (key === undefined) return Object.keys(here?.properties ?? {});
    node = typeof key === 'number' ? here?.items : here?.properties?.[key];
  }
  return [];
}

function branchOf(node: JsonNode | undefined, tree: Tree | null): JsonNode | undefined {
  const branches = node?.oneOf ?? node?.anyOf;
  if (!branches) return node;
  const type = tree?.type === 'map' ? tree.entries.get('type')?.value : undefined;
  const chosen = branches.find((branch) => type?.type === 'scalar' && branch.properties?.type?.const === type.value);
  return chosen ?? branches.find((branch) => branch.properties) ?? branches.find((branch) => branch.items);
}
