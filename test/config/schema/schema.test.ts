import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../../src/config/load/load.ts';
import { readLayers } from '../../../src/config/load/read-layers.ts';
import { plainOf } from '../../../src/config/load/tree.ts';
import { configJsonSchema, kindJsonSchema } from '../../../src/config/schema/schema.ts';
import { backends, dialectsOfBackend } from '../../../src/config/schema/vocabulary.ts';

const configs = fileURLToPath(new URL('../../../configs/', import.meta.url));
const files = readdirSync(configs).filter((file) => file.endsWith('.yaml'));

type Node = {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Node>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Node;
  prefixItems?: Node[];
  oneOf?: Node[];
  anyOf?: Node[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  minLength?: number;
  pattern?: string;
};

/** Faults of a value by the part of JSON Schema that `evom schema` prints: a second reader, independent of zod. */
function faults(schema: Node, value: unknown, at = '$'): string[] {
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches) {
    const tried = branches.map((branch) => faults(branch, value, at));
    if (!tried.some((found) => found.length === 0)) return [`${at}: no branch fits`, ...(tried[0] ?? [])];
  }
  const wrong: string[] = [];
  for (const key of schema.required ?? []) if (!Object.hasOwn(Object(value), key)) wrong.push(`${at}: lacks ${key}`);
  const expectThat = (holds: boolean, what: string) => holds || wrong.push(`${at}: ${what}`);
  if (schema.const !== undefined) expectThat(value === schema.const, `is not ${String(schema.const)}`);
  if (schema.enum) expectThat(schema.enum.includes(value), `is none of ${schema.enum.join(', ')}`);
  if (schema.type === 'null') expectThat(value === null, 'is not null');
  if (schema.type === 'boolean') expectThat(typeof value === 'boolean', 'is not a boolean');
  if (schema.type === 'integer') expectThat(Number.isInteger(value), 'is not an integer');
  if (schema.type === 'number' || schema.type === 'integer') {
    const number = typeof value === 'number' ? value : Number.NaN;
    expectThat(number >= (schema.minimum ?? -Infinity) && number <= (schema.maximum ?? Infinity), 'is out of range');
    expectThat(number > (schema.exclusiveMinimum ?? -Infinity) && number < (schema.exclusiveMaximum ?? Infinity), 'is out of range');
  }
  if (schema.type === 'string') {
    expectThat(typeof value === 'string' && value.length >= (schema.minLength ?? 0), 'is not text');
    if (schema.pattern) expectThat(new RegExp(schema.pattern).test(String(value)), `does not match ${schema.pattern}`);
  }
  if (schema.type === 'array') {
    const items = Array.isArray(value) ? value : null;
    expectThat(items !== null && items.length >= (schema.minItems ?? 0), 'is not a list, or too short');
    const each = (items ?? []).flatMap((item, i) => faults(schema.prefixItems?.[i] ?? schema.items ?? {}, item, `${at}[${i}]`));
    wrong.push(...each);
  }
  if (schema.type === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at}: is not an object`];
    for (const [key, child] of Object.entries(value)) {
      const known = schema.properties?.[key];
      if (known) wrong.push(...faults(known, child, `${at}.${key}`));
      else expectThat(schema.additionalProperties !== false, `has an unknown key ${key}`);
    }
  }
  return wrong;
}

describe.each(files)('configs/%s', (file) => {
  it('loads', () => {
    expect(() => loadConfig(file, { cwd: configs, checkFiles: false })).not.toThrow();
  });

  it('fits the JSON Schema that evom schema prints', () => {
    const issues: never[] = [];
    const value = plainOf(readLayers(configs + file, configs, issues));
    expect(issues).toEqual([]);
    expect(faults(configJsonSchema() as Node, value)).toEqual([]);
  });

  it('fits it as it stands, before what it extends', () => {
    expect(faults(configJsonSchema() as Node, parse(readFileSync(configs + file, 'utf8')))).toEqual([]);
  });

  it('no longer fits with a key that does not exist', () => {
    const value = plainOf(readLayers(configs + file, configs, [])) as Record<string, unknown>;
    expect(faults(configJsonSchema() as Node, { ...value, algoritm: {} })).not.toEqual([]);
  });
});

describe('the JSON Schema', () => {
  it('takes sections without their optional keys, and refuses keys that do not exist', () => {
    for (const kind of ['train', 'sft'] as const) {
      const schema = kindJsonSchema(kind) as Node;
      expect(schema.additionalProperties).toBe(false);
      expect(schema.required).not.toContain('sampling');
      for (const [name, section] of Object.entries(schema.properties ?? {})) {
        if (section.type === 'object') expect(section.additionalProperties, name).toBe(false);
      }
    }
    expect((kindJsonSchema('train') as Node).required?.toSorted()).toEqual(['dataset', 'policy']);
  });

  it('asks for what a file without extends must say', () => {
    expect(faults(configJsonSchema() as Node, { run: { steps: 3 } })).toContain('$: lacks extends');
    expect(faults(configJsonSchema() as Node, { policy: { checkpoint: 'm' }, dataset: { train: { type: 'generated' } } })).toEqual([]);
    expect(faults(configJsonSchema() as Node, { run: { steps: 3 }, extends: ['base.yaml'] })).toEqual([]);
  });

  it('agrees with zod about values that are out of range', () => {
    const { sampling } = (kindJsonSchema('train') as Node).properties ?? {};
    for (const value of [{ top_k: -1 }, { top_p: 0 }, { temperature: 'hot' }, { group_size: 1.5 }]) {
      expect(faults(sampling ?? {}, value)).not.toEqual([]);
    }
    expect(faults(sampling ?? {}, { top_k: 5, top_p: 0.9 })).toEqual([]);
  });

  it('names every backend that has dialects', () => {
    const names = z.toJSONSchema(z.enum(backends as [string, ...string[]])).enum;
    expect(names).toEqual(Object.keys(dialectsOfBackend));
  });
});
