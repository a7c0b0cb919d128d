/** A sweep in words and as a picture. */
import { lineChart } from '../lib/line-chart.ts';
import type { PairedDifference, Pooled, SweepReport } from './sweep.ts';
import { markdownTable, percentText } from './transfer-text.ts';

const points = (share: number): string => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(1)}`;
const pText = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));
const rateText = (rate: Pooled | null): string => (rate === null ? '-' : percentText(rate.mean));
const intervalText = (rate: Pooled, text: (share: number) => string): string =>
  rate.interval === null ? '-' : `[${text(rate.interval[0])}, ${text(rate.interval[1])}]`;
const percentPoints = (share: number): string => (100 * share).toFixed(1);
const differenceCells = (difference: PairedDifference | null): string[] =>
  difference === null
    ? ['-', '-', '-', '-']
    : [points(difference.mean), intervalText(difference, points), pText(difference.pProblems), pText(difference.pSeeds)];

/** [R][C] cells: each arm on each set, over its seeds. */
export function sweepTable({ rows }: SweepReport): string[][] {
  return [
    [
      'arm',
      'set',
      'judge',
      'T',
      'of',
      'seeds',
      'before',
      'after',
      '95 % over seeds',
      'gain',
      '95 % over seeds',
      'p, problems',
      'p, seeds',
      'identical',
      'executed',
    ],
    ...rows.map(({ arm, set, judge, temperature, problems, samples, before, after, gain, identical, executed }) => [
      ...[arm, set, judge, temperature === 0 ? 'greedy' : `${temperature}`, samples === 1 ? `${problems}` : `${problems} x ${samples}`],
      ...[`${after.values.length}`, rateText(before), rateText(after), intervalText(after, percentPoints)],
      ...differenceCells(gain),
      ...[rateText(identical), rateText(executed)],
    ]),
  ];
}

/** [R][C] cells: each arm against the first, after training. */
export function sweepComparisonTable({ comparisons }: SweepReport): string[][] {
  return [
    ['from', 'to', 'set', 'seeds', 'difference', '95 % over seeds', 'p, problems', 'p, seeds'],
    ...comparisons.map((comparison) => [
      ...[comparison.from, comparison.to, comparison.set, `${comparison.values.length}`],
      ...differenceCells(comparison),
    ]),
  ];
}

/** What so many seeds can say at best. */
const leastP = (count: number): string =>
  count === 1
    ? 'One seed has no interval, and says nothing about another.'
    : `${count} seeds can give no p below ${pText(2 / 2 ** count)}.`;

/** The whole report as Markdown. */
export function sweepMarkdown(report: SweepReport): string {
  const { seeds, comparisons } = report;
  return [
    '# Sweep',
    `pass@1 over the ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}: Student's 95 % intervals with seeds as trials, sign flips over problems (each with its mean over seeds) and over seeds. ${leastP(seeds.length)}`,
    markdownTable(sweepTable(report)),
    ...(comparisons.length > 0
      ? ['## After training, seed by seed and problem by problem', markdownTable(sweepComparisonTable(report))]
      : []),
    '',
  ].join('\n\n');
}

/** pass@1 over steps, a panel for each set, a line for each arm, its band the interval over seeds; null where nothing was measured twice. */
export function sweepPicture({ curves, arms, seeds }: SweepReport): string | null {
  const sets = [...new Set(curves.map(({ set }) => set))];
  if (sets.length === 0) return null;
  const panels = sets.map((set) => ({
    title: set,
    series: arms.map((arm) => ({
      label: arm,
      points: (curves.find((curve) => curve.set === set && curve.arm === arm)?.points ?? []).map(({ step, mean, interval }) => ({
        x: step,
        y: mean,
        halfWidth: interval === null ? 0 : (interval[1] - interval[0]) / 2,
      })),
    })),
  }));
  return lineChart(panels, {
    xLabel: 'step',
    yLabel: `pass@1, mean of ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}, 95 %`,
    yMax: 1,
    columns: panels.length === 1 ? 1 : 2,
  });
}
