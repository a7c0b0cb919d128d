/** How many problems of a set a right program can be verified on: what a solver solves again, and what is a library's word. */
import type { Outcome } from '../../core/outcome.ts';
import type { Problem } from '../../core/problem.ts';

/** An outcome of some program about a problem. */
export interface KnownOutcome {
  readonly id: string;
  readonly outcome: Pick<Outcome, 'model' | 'quadratic' | 'library'>;
  /** Whether it has the problem's answer; what a wrong program needs says nothing of the problem. */
  readonly isRight: boolean;
}

/** Numbers of problems, each counted once. */
export interface ReachAudit {
  readonly name: string;
  readonly problems: number;
  /** A linear model: known by a right outcome, a reference model or the kind. */
  readonly linear: number;
  /** A quadratic model, which a solver host solves again. */
  readonly quadratic: number;
  /** Called nonlinear and with no right outcome: in reach where products of two variables are enough to write it. */
  readonly nonlinear: number;
  /** All right outcomes rest on a library's word: no answer reward can be earned. */
  readonly outOfReach: number;
  /** Nothing is known. */
  readonly unsaid: number;
}

type Reach = keyof Omit<ReachAudit, 'name' | 'problems'>;

function reachOfOutcome({ model, quadratic, library }: KnownOutcome['outcome']): Reach | null {
  if (model !== null) return 'linear';
  if (quadratic !== undefined) return 'quadratic';
  return library?.resolved === false ? 'outOfReach' : null;
}

function reachOfProblem({ model, kind, meta }: Problem): Reach {
  if (model !== undefined) return 'linear';
  switch (kind) {
    case 'lp':
    case 'ilp':
    case 'milp':
      return 'linear';
    case 'qp':
      return 'quadratic';
    case 'nlp':
      return 'nonlinear';
    case undefined:
      // OptiBench says of a problem "linear-table", not which kind of linear.
      return typeof meta?.type === 'string' && meta.type.startsWith('linear') ? 'linear' : 'unsaid';
    default:
      return kind satisfies never;
  }
}

/**
 * Counts by what is known: right outcomes first, the easiest model of several, then reference model and kind.
 *
 * @param outcomes by the ids of the problems, of any version.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { auditReach } from 'evom/problems';
 * const problem = (id: string) => ({ id, question: id, answer: 1, source: 'x', kind: 'nlp' }) as const;
 * const library = { status: 'optimal', objective: 1, resolved: false } as const;
 * const [set] = auditReach({ set: [problem('a'), problem('b')] }, [{ id: 'b', outcome: { model: null, library }, isRight: true }]);
 * assert.deepEqual([set?.nonlinear, set?.outOfReach], [1, 1]);
 * ```
 */
export function auditReach(versions: Readonly<Record<string, readonly Problem[]>>, outcomes: readonly KnownOutcome[]): ReachAudit[] {
  const known = new Map<string, Set<Reach>>();
  for (const { id, outcome, isRight } of outcomes) {
    const reach = isRight ? reachOfOutcome(outcome) : null;
    if (reach !== null) known.set(id, (known.get(id) ?? new Set()).add(reach));
  }
  const easiest = (reaches: ReadonlySet<Reach>): Reach | undefined =>
    (['linear', 'quadratic', 'outOfReach'] as const).find((reach) => reaches.has(reach));
  return Object.entries(versions).map(([name, problems]) => {
    const counts = { linear: 0, quadratic: 0, nonlinear: 0, outOfReach: 0, unsaid: 0 };
    for (const problem of problems) counts[easiest(known.get(problem.id) ?? new Set()) ?? reachOfProblem(problem)] += 1;
    return { name, problems: problems.length, ...counts };
  });
}
