/** `README.md` of a published model: YAML header for the Hub, then what a reader must know. */

export interface ModelCard {
  readonly name: string;
  /** One or two sentences. */
  readonly summary: string;
  readonly license?: string;
  readonly baseModel?: string;
  readonly datasets?: readonly string[];
  readonly tags?: readonly string[];
  /** Scores with what they mean, for example `{ 'pass@1 (judge sirl, validation)': '0.52' }`. */
  readonly results?: Readonly<Record<string, string>>;
  /** The command that made it. */
  readonly command?: string;
  /** Further sections in Markdown, by heading. */
  readonly sections?: Readonly<Record<string, string>>;
}

const yamlList = (key: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [`${key}:`, ...items.map((item) => `  - ${JSON.stringify(item)}`)];

/** Renders a model card. */
export function modelCard(card: ModelCard): string {
  const header = [
    '---',
    'library_name: transformers',
    'pipeline_tag: text-generation',
    `license: ${JSON.stringify(card.license ?? 'apache-2.0')}`,
    ...(card.baseModel === undefined ? [] : [`base_model: ${JSON.stringify(card.baseModel)}`]),
    ...yamlList('datasets', card.datasets ?? []),
    ...yamlList('tags', ['evom', 'optimization', 'reinforcement-learning', ...(card.tags ?? [])]),
    '---',
  ];
  const body = [`# ${card.name}`, card.summary];
  const results = Object.entries(card.results ?? {});
  if (results.length > 0)
    body.push('## Results', ['| measure | value |', '|---|---|', ...results.map(([key, value]) => `| ${key} | ${value} |`)].join('\n'));
  if (card.command !== undefined) body.push('## Made by', `\`\`\`sh\n${card.command}\n\`\`\``);
  for (const [heading, text] of Object.entries(card.sections ?? {})) body.push(`## ${heading}`, text.trim());
  return `${header.join('\n')}\n\n${body.join('\n\n')}\n`;
}
