/** One `kind` of configuration as Markdown: a table for each section, a row for each key, in the order of the schema. */

const code = (value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** What a value may be, in words. */
function values(schema, definitions) {
  if (schema.$ref !== undefined) return values(definitions[schema.$ref.split('/').at(-1)] ?? {}, {});
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map((choice) => values(choice, definitions)))].join(', ');
  if (schema.type === 'array') {
    const items = schema.items === undefined ? '' : ` of ${values(schema.items, definitions)}`;
    return `list${items}`;
  }
  if (schema.type === 'object') {
    const type = schema.properties?.type?.const;
    const keys = Object.keys(schema.properties ?? {});
    return keys.length === 0 ? 'keys and values' : `{ ${keys.map((key) => (key === 'type' && type ? `type: ${type}` : key)).join(', ')} }`;
  }
  if (schema.type === 'string') return schema.format === 'uri' ? 'address' : 'text';
  if (schema.type === 'integer' || schema.type === 'number')
    return `${schema.type === 'integer' ? 'whole number' : 'number'}${range(schema)}`;
  if (schema.type === 'boolean') return '`true`, `false`';
  return schema.type === undefined ? 'anything' : code(schema.type);
}

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const bounds = [];
  if (minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER) bounds.push(`from ${minimum}`);
  if (exclusiveMinimum !== undefined) bounds.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) bounds.push(`to ${maximum}`);
  if (exclusiveMaximum !== undefined) bounds.push(`below ${exclusiveMaximum}`);
  return bounds.length === 0 ? '' : ` ${bounds.join(' ')}`;
}

const cell = (text) =>
  text.replaceAll('|', '\\|').replaceAll('{', '&#123;').replaceAll('}', '&#125;').replaceAll('<', '&lt;').replaceAll('\n', ' ');

function row(path, schema, isRequired, definitions) {
  const plain =
    schema.default !== undefined && !(typeof schema.default === 'object' && !Array.isArray(schema.default) && schema.default !== null);
  const standard = isRequired && schema.default === undefined ? 'required' : plain ? code(schema.default) : '';
  return `| \`${path}\` | ${cell(values(schema, definitions))} | ${cell(standard)} | ${cell(schema.description ?? '')} |`;
}

/** Rows of a key and of all below it. A key with several forms has a row for each key of each form. */
function rows(path, schema, isRequired, definitions) {
  const forms = (schema.anyOf ?? schema.oneOf ?? [schema]).filter((form) => form.properties !== undefined);
  const below = forms.flatMap((form) =>
    Object.entries(form.properties)
      .filter(([key]) => key !== 'type' || forms.length === 1)
      .flatMap(([key, child]) => {
        const type = forms.length > 1 ? form.properties.type?.const : undefined;
        return rows(`${path}.${key}${type === undefined ? '' : ` (${type})`}`, child, (form.required ?? []).includes(key), definitions);
      }),
  );
  return forms.length === 1 && schema.properties !== undefined && below.length > 0
    ? below
    : [row(path, schema, isRequired, definitions), ...below];
}

/** Markdown of one member of the schema's `oneOf`. */
export function configurationPage(schema) {
  const definitions = schema.$defs ?? {};
  const head = ['| key | values | default | |', '|---|---|---|---|'];
  const sections = Object.entries(schema.properties).map(([key, child]) => {
    const table = [...head, ...rows(key, child, (schema.required ?? []).includes(key), definitions)].join('\n');
    return `## ${key}\n\n${child.description === undefined ? '' : `${child.description}\n\n`}${table}\n`;
  });
  return `The build of this site made this page from the JSON Schema that \`evom schema\` prints. [Configuration](../../docs/reference/configuration.md) explains the keys.\n\n${sections.join('\n')}`;
}
