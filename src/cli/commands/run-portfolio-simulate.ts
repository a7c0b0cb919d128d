/** The work behind `evom portfolio simulate`: the coverage simulation as a table, JSON and pictures. */

import { join, resolve } from 'node:path';
import {
  type Mean,
  type SimulationCurve,
  type SimulationOptions,
  type SimulationResult,
  simulatePortfolios,
} from '../../decode/portfolio-simulation.ts';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { EvomError } from '../../lib/errors.ts';
import { largest } from '../../lib/extremes.ts';
import { type ChartPanel, lineChart } from '../../lib/line-chart.ts';
import type { RunOptions } from '../run-options.ts';
import { textTable } from '../view/terminal-text.ts';

export interface RunPortfolioSimulateOptions extends RunOptions {
  readonly simulation: SimulationOptions;
  /** Folder for the pictures and `simulation.json`; null for none. */
  readonly out: string | null;
}

/** @throws {EvomError} `E_INTERNAL` when a guarantee is broken; the report is printed first. */
export async function runPortfolioSimulate({ simulation, out, io, json }: RunPortfolioSimulateOptions): Promise<void> {
  const result = simulatePortfolios(simulation);
  if (out !== null) {
    const folder = resolve(io.cwd, out);
    for (const [name, svg] of Object.entries(picturesOf(result))) await writeFileAtomically(join(folder, name), svg);
    await writeFileAtomically(join(folder, 'simulation.json'), `${JSON.stringify(result)}\n`);
  }
  io.stdout(json ? `${JSON.stringify(result)}\n` : `${reportText(result)}\n`);
  if (result.violations.length > 0)
    throw new EvomError('E_INTERNAL', `${result.violations.length} guarantees were broken, the first: ${result.violations[0]}`);
}

const shown = ({ mean, halfWidth }: Mean | undefined = { mean: Number.NaN, halfWidth: Number.NaN }, digits: number): string =>
  `${mean.toFixed(digits)} ±${halfWidth.toFixed(digits)}`;

function reportText({ options, curves, checked, violations }: SimulationResult): string {
  const { alphas } = options;
  const columns = [0.1, 0.2, 0.3, 0.4].map((alpha) => nearestIndex(alphas, alpha)).filter((a, i, all) => all.indexOf(a) === i);
  const header = columns.map((a) => `alpha ${alphas[a]}`);
  const below = alphas.flatMap((alpha, a) => (alpha < 0.5 ? [a] : []));
  const table = textTable([
    ['K  generator  error', ...header.map((h) => `coverage, ${h}`), ...header.map((h) => `size, ${h}`), 'above 1 - alpha'],
    ...curves.map((curve) => [
      `${curve.candidates}  ${curve.generator}  ${curve.error}`,
      ...columns.map((a) => shown(curve.coverage[a], 3)),
      ...columns.map((a) => shown(curve.size[a], 1)),
      `${below.filter((a) => (curve.coverage[a]?.mean ?? 0) >= 1 - (alphas[a] ?? 0) - 1e-9).length}/${below.length}`,
    ]),
  ]);
  return [
    `coverage c(P) and size of the portfolio, mean and 95 % interval over ${options.seeds} seeds`,
    ...table,
    '',
    'above 1 - alpha: at how many of the alphas below 1/2 mean coverage is at least 1 - alpha',
    `aligned evaluator => coverage 1: checked on ${checked.corollary} portfolios`,
    `aligned generator => coverage > (1 - 2 alpha) / k: checked on ${checked.proposition} portfolios`,
    violations.length === 0 ? 'no violation' : `VIOLATED ${violations.length} times; first: ${violations[0]}`,
  ].join('\n');
}

const nearestIndex = (values: readonly number[], wanted: number): number =>
  values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs((values[best] ?? 0) - wanted) ? i : best), 0);

/** The paper's Figures 1 to 4 over `1 - alpha`, the probability asked for, and those of its appendix for all numbers of candidates. */
function picturesOf({ options, curves }: SimulationResult): Record<string, string> {
  const { alphas, generators, errors, sizes } = options;
  const most = largest(sizes);
  const hardest = largest(errors);
  const main = generators.includes('weakly_aligned') ? 'weakly_aligned' : generators[0];
  const asked = (alpha: number): number => 1 - alpha;
  type Quantity = 'coverage' | 'size';
  const series = (quantity: Quantity, label: (curve: SimulationCurve) => string) => (curve: SimulationCurve) => ({
    label: label(curve),
    points: curve[quantity].map(({ mean, halfWidth }, a) => ({ x: asked(alphas[a] ?? 0), y: mean, halfWidth })),
  });
  const reference = { label: '1 - alpha', points: alphas.map((alpha) => ({ x: asked(alpha), y: asked(alpha) })) };
  const panel = (quantity: Quantity, size: number, by: 'error' | 'generator', fixed: unknown): ChartPanel => ({
    title: by === 'error' ? `${String(fixed)} generator, K = ${size}` : `evaluator error ${String(fixed)}, K = ${size}`,
    series: curves
      .filter((curve) => curve.candidates === size && (by === 'error' ? curve.generator === fixed : curve.error === fixed))
      .map(series(quantity, (curve) => (by === 'error' ? `error ${curve.error}` : curve.generator))),
    ...(quantity === 'coverage' ? { reference } : {}),
  });
  const pictures: Record<string, string> = {};
  for (const quantity of ['coverage', 'size'] as const) {
    const axes = {
      xLabel: '1 - alpha',
      yLabel: quantity === 'coverage' ? 'coverage' : 'portfolio size',
      ...(quantity === 'coverage' ? { yMax: 1 } : {}),
    };
    pictures[`${quantity}-by-error.svg`] = lineChart([panel(quantity, most, 'error', main)], axes);
    pictures[`${quantity}-by-generator.svg`] = lineChart([panel(quantity, most, 'generator', hardest)], axes);
    pictures[`${quantity}-all-by-error.svg`] = lineChart(
      sizes.flatMap((size) => generators.map((generator) => panel(quantity, size, 'error', generator))),
      { ...axes, columns: generators.length },
    );
    pictures[`${quantity}-all-by-generator.svg`] = lineChart(
      sizes.flatMap((size) => errors.map((error) => panel(quantity, size, 'generator', error))),
      { ...axes, columns: errors.length },
    );
  }
  return pictures;
}
