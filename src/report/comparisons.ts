/** Evaluations that are held against one another: of one run before and after, and of two runs. Pure. */
import { type Comparison, compareEvaluations } from '../evaluate/compare.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { EvomError } from '../lib/errors.ts';
import type { RunView } from './run-view.ts';

export interface SetData {
  readonly set: string;
  readonly problems: number;
  readonly samples: number;
  readonly pass: number | null;
  readonly interval: readonly [number, number] | null;
  readonly identical: number | null;
  readonly executed: number | null;
}

/** One set before and after training. */
export interface BeforeAfter extends Comparison {
  readonly set: string;
  readonly before: SetData;
  readonly after: SetData;
}

export interface BetweenRuns {
  readonly set: string;
  /** Places in `runs`. */
  readonly first: number;
  readonly second: number;
  readonly before: SetData;
  readonly after: SetData;
  /** Null where the two evaluated other problems. */
  readonly comparison: Comparison | null;
}

export const setData = ({ summary }: Evaluation): SetData => ({
  set: summary.name,
  problems: summary.problems,
  samples: summary.samples,
  pass: summary.pass_at_1,
  interval: summary.pass_at_1_ci95,
  identical: summary.identical,
  executed: summary.execution_rate,
});

/** The first evaluation of each set against the last. */
export function beforeAfter({ evaluations, config }: RunView): BeforeAfter[] {
  const [first, last] = [evaluations[0], evaluations.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  return last.sets.flatMap((after) => {
    const before = first.sets.find((one) => one.summary.name === after.summary.name);
    const comparison = before === undefined ? null : compared(before, after, Number(config['run.seed'] ?? 0));
    return before === undefined || comparison === null
      ? []
      : [{ ...comparison, set: after.summary.name, before: setData(before), after: setData(after) }];
  });
}

/** The last evaluation of each run against that of the first, by set. */
export function betweenRuns(views: readonly RunView[]): BetweenRuns[] {
  const [first, ...others] = views;
  const base = first?.evaluations.at(-1)?.sets ?? [];
  return others.flatMap((view, i) =>
    base.flatMap((before) => {
      const after = view.evaluations.at(-1)?.sets.find((one) => one.summary.name === before.summary.name);
      if (after === undefined) return [];
      return [
        {
          set: before.summary.name,
          first: 0,
          second: i + 1,
          before: setData(before),
          after: setData(after),
          comparison: compared(before, after, 0),
        },
      ];
    }),
  );
}

/** Null for other problems, which no paired test compares. */
function compared(before: Evaluation, after: Evaluation, seed: number): Comparison | null {
  try {
    return compareEvaluations(before, after, seed);
  } catch (error) {
    if (error instanceof EvomError && error.code === 'E_DATA') return null;
    throw error;
  }
}
