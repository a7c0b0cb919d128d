/** The lines of `solveSet` as a table: what is right by variant against everything together, with tests, trust, latency and tokens. */
import { pairedPermutationTest, wilsonInterval } from '../lib/statistics.ts';
import type { Fault } from '../solve/attribution.ts';
import type { SolvedLine, Variant } from './solve-set.ts';

export interface VariantSummary {
  readonly variant: Variant;
  /** Problems with a label: what shares divide by. */
  readonly problems: number;
  /** Share of right answers, trusted or not. */
  readonly right: number;
  readonly right_ci95: readonly [number, number];
  /** Against `full` on the same problems: in shares of 1, with the p-value of a paired sign-flip test; null for `full` itself. */
  readonly change: number | null;
  readonly p: number | null;
  /** Share of the answers that are trusted, and of those the right ones; null where none is. */
  readonly trusted: number;
  readonly right_of_trusted: number | null;
  readonly median_ms: number;
  readonly mean_requests: number;
  readonly mean_tokens: number;
  readonly mean_rounds: number;
  /** Wrong answers by where they come from. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

/** One summary a variant, in the order asked for; problems without a label are left out. */
export function summarizeSolved(lines: readonly SolvedLine[], variants: readonly Variant[], seed: string | number): VariantSummary[] {
  const labelled = lines.filter(({ correct }) => correct !== null);
  const full = new Map(labelled.filter(({ variant }) => variant === 'full').map((line) => [line.id, Number(line.correct)]));
  return variants.map((variant): VariantSummary => {
    const of = labelled.filter((line) => line.variant === variant);
    const right = of.filter(({ correct }) => correct);
    const trusted = of.filter((line) => line.trusted);
    const paired = of.filter(({ id }) => full.has(id));
    const test =
      variant === 'full' || paired.length === 0
        ? null
        : pairedPermutationTest(
            paired.map(({ correct }) => Number(correct)),
            paired.map(({ id }) => full.get(id) ?? 0),
            { seed },
          );
    const { low, high } = of.length === 0 ? { low: 0, high: 1 } : wilsonInterval(right.length, of.length);
    const faults: Partial<Record<Fault, number>> = {};
    for (const { fault, correct } of of) if (!correct) faults[fault] = (faults[fault] ?? 0) + 1;
    return {
      variant,
      problems: of.length,
      right: mean(of.map(({ correct }) => Number(correct))),
      right_ci95: [low, high],
      change: test?.meanDifference ?? null,
      p: test?.pValue ?? null,
      trusted: mean(of.map((line) => Number(line.trusted))),
      right_of_trusted: trusted.length === 0 ? null : trusted.filter(({ correct }) => correct).length / trusted.length,
      median_ms: median(of.map(({ ms }) => ms)),
      mean_requests: mean(of.map(({ requests }) => requests)),
      mean_tokens: mean(of.map((line) => line.prompt_tokens + line.completion_tokens)),
      mean_rounds: mean(of.map(({ rounds }) => rounds)),
      faults,
    };
  });
}
