/** A transfer report as Markdown, and as rows of text for a terminal. */
import type { TransferReport, TransferRow } from './transfer.ts';

/** What the policy had been trained for when it was measured under a backend: nothing, that backend, another one, or another and then that one. */
export const publishedStages = ['untrained', 'trained', 'zero-shot', 'adapted'] as const;

/** A number that somebody published, with all that is needed to compare it. */
export interface PublishedResult {
  readonly system: string;
  /** Benchmark without its label version, e.g. `nl4opt`. */
  readonly benchmark: string;
  /** Solver that executed the programs; null where the source does not say. */
  readonly backend: string | null;
  /** In percent, as published. */
  readonly percent: number;
  readonly metric: string;
  /** How answers were judged. */
  readonly rule: string;
  /** Left out where the source is not about solvers. */
  readonly stage?: (typeof publishedStages)[number];
  readonly source: string;
  readonly note?: string;
}

export const percentText = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(1)} %`);

const intervalText = (interval: readonly [number, number] | null): string =>
  interval === null ? '-' : `[${(100 * interval[0]).toFixed(1)}, ${(100 * interval[1]).toFixed(1)}]`;

/** `optimal 12, syntax_error 3`, the most frequent first; a dash for none. */
export const countText = (counts: Readonly<Record<string, number>>, separator = ', '): string =>
  Object.entries(counts)
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => `${name} ${count}`)
    .join(separator) || '-';

const targetText = ({ backend, dialect }: { readonly backend: string; readonly dialect: string }): string => `${backend} (${dialect})`;

const pText = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** [R][C] cells of the main table, the header first. */
export function transferTable(rows: readonly TransferRow[]): string[][] {
  const rules = [...new Set(rows.flatMap((row) => Object.keys(row.by_judge)))];
  return [
    [
      'policy',
      'backend (dialect)',
      'set',
      'judge',
      'pass@1',
      '95 % Wilson',
      ...rules.map((rule) => `${rule} pass@1`),
      'identical',
      'executed',
      'of',
      'samples',
    ],
    ...rows.map((row) => [
      row.policy,
      targetText(row),
      row.set,
      row.judge,
      percentText(row.pass_at_1),
      intervalText(row.interval),
      ...rules.map((rule) => percentText(row.by_judge[rule]?.pass_at_1 ?? null)),
      percentText(row.identical),
      percentText(row.execution_rate),
      row.denominator === row.problems ? `${row.problems}` : `${row.denominator} of ${row.problems}`,
      `${row.samples}`,
    ]),
  ];
}

/** [R][C] cells of how programs ended. */
export function endingsTable(rows: readonly TransferRow[]): string[][] {
  const diagnosed = rows.some(({ diagnosis }) => diagnosis !== null && Object.keys(diagnosis).length > 0);
  return [
    ['policy', 'backend (dialect)', 'set', 'outcomes', 'audit flags', ...(diagnosed ? ['wrong models differ from the reference in'] : [])],
    ...rows.map((row) => [
      row.policy,
      targetText(row),
      row.set,
      countText(row.taxonomy),
      countText(row.flags),
      ...(diagnosed ? [row.diagnosis === null ? '-' : countText(row.diagnosis)] : []),
    ]),
  ];
}

/** [R][C] cells of the paired comparisons. */
export function comparisonTable({ comparisons }: TransferReport): string[][] {
  return [
    ['from', 'to', 'set', 'problems', 'pass@1 difference', 'p, paired sign flips', 'gained / lost, p by McNemar'],
    ...comparisons.map(({ from, to, set, problems, difference, p_value, mcnemar }) => [
      `${from.policy} on ${targetText(from)}`,
      `${to.policy} on ${targetText(to)}`,
      set,
      `${problems}`,
      `${difference >= 0 ? '+' : ''}${(100 * difference).toFixed(1)} points`,
      pText(p_value),
      mcnemar === null ? '-' : `${mcnemar.gained} / ${mcnemar.lost}, ${pText(mcnemar.p_value)}`,
    ]),
  ];
}

/** [R][C] cells of published numbers. */
export function publishedTable(results: readonly PublishedResult[]): string[][] {
  return [
    ['published: system', 'benchmark', 'backend', 'percent', 'metric', 'rule', 'stage', 'source'],
    ...results.map(({ system, benchmark, backend, percent, metric, rule, stage, source, note }) => [
      system,
      benchmark,
      backend ?? 'not said',
      `${percent}`,
      metric,
      rule,
      stage ?? '-',
      note === undefined ? source : `${source} (${note})`,
    ]),
  ];
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A Markdown table. */
export function markdownTable([header = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(header), `|${' --- |'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}

/** The whole report as Markdown. */
export function transferMarkdown(report: TransferReport, published: readonly PublishedResult[]): string {
  const labels = Object.entries(report.labels).map(([set, names]) => `- ${set}: ${names.join(', ')}`);
  return [
    '# Transfer',
    'pass@1 of each policy under each backend, zero-shot: the same problems, drawn from the same random streams.',
    markdownTable(transferTable(report.rows)),
    'Labels:',
    labels.join('\n'),
    '## How programs ended',
    markdownTable(endingsTable(report.rows)),
    ...(report.comparisons.length > 0 ? ['## Compared, problem by problem', markdownTable(comparisonTable(report))] : []),
    ...(published.length > 0
      ? [
          '## Published numbers',
          'Other labels, rules, prompts and denominators: beside ours, not under one heading with them.',
          markdownTable(publishedTable(published)),
        ]
      : []),
    '',
  ].join('\n\n');
}
