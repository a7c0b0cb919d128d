/** The lines of `judgeCandidates` as the paper's comparison: the worst candidate of portfolios by each evaluator, and of random ones. */
import { evaluatorOrder } from '../decode/portfolio.ts';
import { gaussianDensity } from '../lib/density.ts';
import { smallest } from '../lib/extremes.ts';
import { randomStream } from '../lib/random.ts';
import { bootstrapMeanInterval, pairedPermutationTest } from '../lib/statistics.ts';
import { candidateProbabilities, type EvaluatorKind, type JudgedLine } from './portfolio-experiment.ts';

export type Ranking = EvaluatorKind | 'random';

export interface TableOptions {
  readonly evaluators: readonly EvaluatorKind[];
  /** Numbers of candidates in a portfolio, ascending. */
  readonly sizes: readonly number[];
  /** Random portfolios a problem. */
  readonly draws: number;
  readonly seed: number;
}

/** Portfolios of one size, ranked in one way. */
export interface PortfolioSummary {
  readonly size: number;
  readonly ranked_by: Ranking;
  /** Mean over problems of the lowest judged score; of random portfolios first over their draws. */
  readonly mean_minimum: number;
  /** Of that mean, by the bootstrap over problems. */
  readonly ci95: readonly [number, number];
  /** Against the random portfolios of the same problems, by a paired sign-flip test; null for those themselves. */
  readonly p: number | null;
  /** Mean probability of the portfolio: the `1 - alpha` for which Equation 2 keeps so many; null where it is not known. */
  readonly one_minus_alpha: number | null;
  /** [problems], of random portfolios [problems x draws]. */
  readonly minima: readonly number[];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * One summary for each size and ranking, the random ones last.
 *
 * @param lines of problems with at least as many candidates as the largest size.
 * @throws {RangeError} for a line with fewer.
 */
export function summarizePortfolios(lines: readonly JudgedLine[], options: TableOptions): PortfolioSummary[] {
  const { evaluators, sizes, draws, seed } = options;
  for (const { id, candidates } of lines) {
    const short = sizes.find((size) => size > candidates.length);
    if (short !== undefined) throw new RangeError(`${id} has ${candidates.length} candidates, too few for a portfolio of ${short}`);
  }
  return sizes.flatMap((size) => {
    const random = lines.map((line) => randomMinima(line, size, draws, seed));
    const rows = evaluators.map((kind): PortfolioSummary => {
      const portfolios = lines.map((line) => orderBy(line, kind, seed).slice(0, size));
      const minima = lines.map((line, l) => minimumOf(line, portfolios[l] ?? []));
      const test = pairedPermutationTest(minima, random.map(mean), { seed });
      return { size, ranked_by: kind, ...meanOf(minima, seed), p: test.pValue, one_minus_alpha: massOf(lines, portfolios), minima };
    });
    return [
      ...rows,
      { size, ranked_by: 'random', ...meanOf(random.map(mean), seed), p: null, one_minus_alpha: null, minima: random.flat() },
    ];
  });
}

const meanOf = (values: readonly number[], seed: number): Pick<PortfolioSummary, 'mean_minimum' | 'ci95'> => ({
  mean_minimum: mean(values),
  ci95: bootstrapMeanInterval(values, { seed }),
});

function orderBy({ id, candidates }: JudgedLine, kind: EvaluatorKind, seed: number): number[] {
  return evaluatorOrder(
    candidates.map(({ scores }) => {
      const score = scores[kind];
      return score === undefined ? [] : [score];
    }),
    `${seed}/${id}/${kind}`,
  );
}

const minimumOf = ({ candidates }: JudgedLine, members: readonly number[]): number =>
  smallest(members.map((i) => candidates[i]?.judged ?? Number.NaN));

const randomMinima = (line: JudgedLine, size: number, draws: number, seed: number): number[] =>
  Array.from({ length: draws }, (_, draw) =>
    minimumOf(
      line,
      randomStream(seed, 'random portfolio', line.id, size, draw)
        .shuffle([...line.candidates.keys()])
        .slice(0, size),
    ),
  );

function massOf(lines: readonly JudgedLine[], portfolios: readonly (readonly number[])[]): number | null {
  const masses = lines.map(({ candidates }, l) => {
    const p = candidateProbabilities(candidates.map(({ logprob }) => logprob));
    return p === null ? null : (portfolios[l] ?? []).reduce((sum, i) => sum + (p[i] ?? 0), 0);
  });
  const known = masses.filter((mass) => mass !== null);
  return known.length < masses.length || known.length === 0 ? null : mean(known);
}

/** Points of the densities of minima: judged scores run from 1 to 100. */
const grid = Array.from({ length: 101 }, (_, x) => x);

/** The kernel density of one summary's minima over scores from 0 to 100: a curve of the paper's figure. */
export function densityOf({ minima }: PortfolioSummary): { readonly x: number; readonly y: number }[] {
  return gaussianDensity(minima, grid).map((y, i) => ({ x: grid[i] ?? 0, y }));
}
