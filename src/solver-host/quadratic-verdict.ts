/** What the host makes of a quadratic model: the library's word beside one look of the host's own, or two where they differ. */
import type { Certificate, SolveStatus } from '../core/outcome.ts';
import type { QuadraticModel } from '../core/quadratic-model.ts';
import { checkedQuadraticPoint, type QuadraticPoint } from '../solvers/quadratic.ts';
import type { LibrarySolve } from './program-record.ts';
import type { Look, LookOptions } from './quadratic-look.ts';

export type QuadraticVerdict =
  | {
      readonly type: 'certified';
      readonly status: Exclude<Look['status'], 'undecided'>;
      readonly values: readonly number[] | null;
      readonly objective: number | null;
      readonly certificate: Certificate;
    }
  /** The library stopped at a point that is not the optimum, and said so. */
  | { readonly type: 'local'; readonly values: readonly number[]; readonly objective: number }
  | { readonly type: 'unresolved'; readonly message: string }
  /** A feasible point, or another look, speaks against what SCIP found. */
  | { readonly type: 'refuted'; readonly message: string };

/** Tolerances add up along rows with products: two solvers' optima of one model are this near to each other, relative. */
const nearness = 1e-5;

const scale = (x: number, y: number): number => nearness * Math.max(1, Math.abs(x), Math.abs(y));

/** The share of the time that the first look may take: a hard model leaves some for the second. */
const firstShare = 0.6;

/**
 * Solves a captured quadratic model again and compares.
 *
 * The library's word alone settles nothing. What SCIP finds stands where the library says the same; where it does not, SCIP looks once more
 * on another way, beginning at the library's point if that is feasible: then both looks must agree, or the second with the library.
 * A feasible point of the library that is better than what SCIP calls the optimum refutes it.
 *
 * @param isSameSolver the library is SCIP itself: then the host's solve is a second look, not a second solver.
 */
export async function verifyQuadratic(
  solve: LibrarySolve & { readonly quadratic: QuadraticModel },
  look: (model: QuadraticModel, options: LookOptions) => Promise<Look>,
  { timeLimitMs, isSameSolver }: { readonly timeLimitMs: number; readonly isSameSolver: boolean },
): Promise<QuadraticVerdict & { readonly ms: number }> {
  const model = solve.quadratic;
  const own = libraryPoint(solve);
  if (isUnlike(solve, own))
    return {
      type: 'refuted',
      message: `the library's point is worth ${own?.objective} in the captured model, and ${solve.objective} to the library`,
      ms: 0,
    };
  const looks: Look[] = [];
  let ms = 0;
  // Where the library is SCIP the way unlike its own comes first.
  for (const [i, isOther] of [isSameSolver, !isSameSolver].entries()) {
    const start = i === 0 ? null : (own?.values ?? null);
    const found = await look(model, { isOther, start, timeLimitMs: i === 0 ? firstShare * timeLimitMs : timeLimitMs - ms });
    looks.push(found);
    ms += found.ms;
    const isRefuted = refutes(model, own, found);
    if (isDecided(found) && !isRefuted && agrees(found, solve, own?.objective ?? solve.objective))
      return {
        type: 'certified',
        ...found,
        ...nearerToOptimum(model, own, found),
        certificate: isSameSolver ? 'second_look' : 'second_solver',
        ms,
      };
    // The library stopped short of the optimum, and claims no more.
    if (solve.status === 'feasible' && own !== null && found.status === 'optimal' && !isRefuted) return { type: 'local', ...own, ms };
  }
  return { ...unlikeTheLibrary(model, own, looks), ms };
}

/** The verdict of two looks of which neither is what the library says. */
function unlikeTheLibrary(model: QuadraticModel, own: QuadraticPoint | null, looks: readonly Look[]): QuadraticVerdict {
  const [first, second] = looks.filter(isDecided);
  const refuted = looks.find((found) => refutes(model, own, found));
  if (refuted !== undefined)
    return { type: 'refuted', message: `SCIP says ${said(refuted)}, but the library's feasible point is worth ${own?.objective}` };
  if (first === undefined || second === undefined) {
    const message = looks.map((found) => found.message).find((text) => text !== null);
    return { type: 'unresolved', message: message ?? 'SCIP reached no verdict' };
  }
  if (!alike(first, second)) return { type: 'refuted', message: `SCIP says ${said(first)} at first and ${said(second)} at second sight` };
  return { type: 'certified', ...first, certificate: 'second_look' };
}

const isDecided = (found: Look): found is Look & { readonly status: Exclude<Look['status'], 'undecided'> } => found.status !== 'undecided';

const said = ({ status, objective }: Look): string => (objective === null ? status : `${status} ${objective}`);

/** The library's own point, checked by us; null where it gave none that holds. */
export function libraryPoint({ quadratic, values }: LibrarySolve & { readonly quadratic: QuadraticModel }): QuadraticPoint | null {
  if (values === null) return null;
  return checkedQuadraticPoint(
    quadratic,
    quadratic.linear.variables.map(({ name }) => (Object.hasOwn(values, name) ? (values[name] ?? Number.NaN) : Number.NaN)),
  );
}

/** Whether the captured model cannot be the one that the library solved: its own point is worth another amount there. */
function isUnlike({ objective }: LibrarySolve, own: QuadraticPoint | null): boolean {
  return own !== null && objective !== null && Math.abs(own.objective - objective) > 10 * scale(own.objective, objective);
}

/** Of two checked points of one optimum the library's, where it is better and no less feasible: solvers stop a little short. */
function nearerToOptimum(model: QuadraticModel, own: QuadraticPoint | null, found: Look): Pick<Look, 'values' | 'objective'> {
  const isOwn = own !== null && found.objective !== null && own.violation <= Math.max(found.violation, 1e-9);
  return isOwn && advantage(model, own.objective, found.objective) > 0
    ? { values: own.values, objective: own.objective }
    : { values: found.values, objective: found.objective };
}

/** By how much a point is better than an objective, in the model's sense. */
const advantage = ({ linear }: QuadraticModel, point: number, objective: number): number =>
  linear.sense === 'max' ? point - objective : objective - point;

function refutes(model: QuadraticModel, own: QuadraticPoint | null, { status, objective }: Look): boolean {
  if (own === null) return false;
  if (status === 'infeasible') return true;
  return status === 'optimal' && objective !== null && advantage(model, own.objective, objective) > scale(own.objective, objective);
}

/** Whether the library says of a solve what a look found. */
function agrees(found: Look, { status }: LibrarySolve, objective: number | null): boolean {
  if (found.status === 'undecided') return false;
  if (found.status !== 'optimal')
    return found.status === status || ([found.status, status].includes('infeasible_or_unbounded') && none.has(status));
  if (status !== 'optimal' && status !== 'feasible') return false;
  return objective !== null && found.objective !== null && Math.abs(found.objective - objective) <= scale(found.objective, objective);
}

const none: ReadonlySet<SolveStatus> = new Set(['infeasible', 'unbounded', 'infeasible_or_unbounded']);

function alike(a: Look, b: Look): boolean {
  if (a.status !== b.status) return false;
  return a.objective === null || b.objective === null || Math.abs(a.objective - b.objective) <= scale(a.objective, b.objective);
}
