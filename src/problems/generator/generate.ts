/** The seeded generator: instances whose answers a solver found, a second confirmed, and whose numbers all matter. */
import { createHash } from 'node:crypto';
import type { LinearModel } from '../../core/linear-model.ts';
import type { Answer, Problem, Split } from '../../core/problem.ts';
import { randomStream } from '../../lib/random.ts';
import { families, familyNamed } from '../families/index.ts';
import { discriminate, numMutationsOf, type Solve } from './discriminate.ts';
import { type Difficulty, type Draft, type Family, kindOf } from './family.ts';
import { withRowOrder } from './model-draft.ts';
import type { NumberForms } from './number-text.ts';
import { numbersKeyOf, splitOfNumbers } from './split.ts';
import { type Telling, tell, type Wordings } from './tell.ts';

export const generatorSource = 'evom-generator@1';

export interface ProblemSpec {
  readonly family: string;
  readonly seed: number;
  readonly index: number;
  readonly difficulty: Difficulty;
  readonly wordings: Wordings;
  /** @default 0.5 */
  readonly heldOutShare?: number;
  /** Chance of an instance without a feasible point, where the family can make one. @default 0.06 */
  readonly infeasibleShare?: number;
  /** Chance of a sentence that does not matter. @default 0.2, 0.4, 0.6 by difficulty */
  readonly distractorShare?: number;
  /** @default by_difficulty */
  readonly numberForms?: NumberForms | 'by_difficulty';
  /** Only instances whose numbers belong to this split. @default any */
  readonly split?: Split | 'any';
  /** `full`: keep only instances that notice mistakes; `none`: the first that solves. @default full */
  readonly check?: 'full' | 'none';
  /** Draws of numbers before giving up. @default 400 */
  readonly maxDraws?: number;
}

export interface Solvers {
  readonly solve: Solve;
  /** A second solver that must agree on status and optimum. */
  readonly crossCheck?: Solve;
}

/** Why a draw was not kept. */
export type Rejection = 'other_split' | 'not_optimal' | 'silent_change' | 'duplicate' | 'solvers_disagree' | 'gave_up';
export type GenerationCounts = Record<Rejection | 'kept', number>;
export const noCounts = (): GenerationCounts => ({
  kept: 0,
  other_split: 0,
  not_optimal: 0,
  silent_change: 0,
  duplicate: 0,
  solvers_disagree: 0,
  gave_up: 0,
});

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));

/** The answer of a model, or null when the solver leaves it open. */
export function answerOf(model: LinearModel, solve: Solve): Exclude<Answer, null> | null {
  const { status, objective } = solve(model);
  if (status === 'infeasible' || status === 'unbounded') return status;
  if (status !== 'optimal' || objective === null) return null;
  const rounded = Number(objective.toPrecision(12));
  return Number.isInteger(Math.round(rounded * 1e6) / 1e6) ? Math.round(rounded) : rounded;
}

const agree = (a: Answer, b: Answer): boolean => (typeof a === 'number' && typeof b === 'number' ? close(a, b) : a === b);

/** An infeasible instance is kept when dropping some row makes it feasible: the text is at fault, not the family. */
function becomesFeasible(model: LinearModel, solve: Solve): boolean {
  return model.constraints.some((_, i) => {
    const { status } = solve({ ...model, constraints: model.constraints.filter((_row, k) => k !== i) });
    return status === 'optimal';
  });
}

function judge(family: Family, { model, exempt = family.exempt }: Draft, spec: ProblemSpec, solvers: Solvers): Answer | Rejection {
  const answer = answerOf(model, solvers.solve);
  if (answer === null || answer === 'unbounded' || answer === 0) return 'not_optimal';
  if (spec.check !== 'none') {
    if (answer === 'infeasible') {
      if (!becomesFeasible(model, solvers.solve)) return 'not_optimal';
    } else {
      const allowed = Math.floor((exempt.silentShare?.share ?? 0) * numMutationsOf(model, exempt) + 1e-9);
      const { silent } = discriminate(model, answer, solvers.solve, { exempt, maxSilent: allowed });
      if (silent.length > allowed) return 'silent_change';
    }
  }
  if (solvers.crossCheck && !agree(answer, answerOf(model, solvers.crossCheck))) return 'solvers_disagree';
  return answer;
}

const rejections: ReadonlySet<unknown> = new Set<Rejection>([
  'other_split',
  'not_optimal',
  'silent_change',
  'duplicate',
  'solvers_disagree',
  'gave_up',
]);
const isRejection = (verdict: Answer | Rejection): verdict is Rejection => rejections.has(verdict);

function problemOf(family: Family, spec: ProblemSpec, draft: Draft, answer: Answer, numbersKey: string, telling: Telling): Problem {
  const split = splitOfNumbers(numbersKey);
  const wanted = spec.split === undefined || spec.split === 'any' ? 'any' : spec.split;
  return {
    id: `gen-${family.name}-d${spec.difficulty}-${spec.wordings}-${wanted}-${spec.seed}-${spec.index}`,
    question: telling.text,
    answer,
    source: generatorSource,
    split,
    kind: kindOf(draft.model),
    model: withRowOrder(draft.model, telling.rowOrder),
    data: draft.data,
    meta: {
      family: family.name,
      difficulty: spec.difficulty,
      wordingIds: telling.wordingIds,
      wordings: telling.wordings,
      distractor: telling.distractor,
      numberForms: telling.numberForms,
      layout: telling.layout,
      templateKey: shortHash(JSON.stringify([family.name, telling.layout, telling.wordingIds])),
      numbersKey,
    },
  };
}

/**
 * One problem, the same for the same spec and solver; null when no draw of numbers passed.
 *
 * @param solvers without them the answer stays null and nothing is checked (for reading texts).
 * @throws {EvomError} `E_CONFIG` for a family that does not exist.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { generateProblem } from 'evom';
 * const problem = generateProblem({ family: 'diet', seed: 1, index: 0, difficulty: 1, wordings: 'seen' });
 * assert.equal(problem?.model?.sense, 'min');
 * assert.equal(problem?.answer, null); // a solver as the second argument would have found it
 * ```
 */
export function generateProblem(spec: ProblemSpec, solvers?: Solvers, counts: GenerationCounts = noCounts()): Problem | null {
  const family = familyNamed(spec.family);
  const key = [spec.seed, 'problem', spec.family, spec.difficulty, spec.wordings, spec.split ?? 'any', spec.index] as const;
  const random = randomStream(...key);
  const infeasible = family.canBeInfeasible && random.next() < (spec.infeasibleShare ?? 0.06);
  const maxDraws = spec.maxDraws ?? 400;
  let draws = 0;
  // Draws for another split cost nothing but a hash, so they have a bound of their own.
  for (let attempt = 0; draws < maxDraws && attempt < 40 * maxDraws; attempt++) {
    const draft = family.draw({ random, difficulty: spec.difficulty, infeasible });
    const numbersKey = numbersKeyOf(family.name, draft.model);
    if (spec.split !== undefined && spec.split !== 'any' && splitOfNumbers(numbersKey) !== spec.split) {
      counts.other_split++;
      continue;
    }
    draws++;
    const verdict = solvers ? judge(family, draft, spec, solvers) : null;
    if (infeasible && solvers && verdict !== 'infeasible') {
      counts.not_optimal++;
      continue;
    }
    if (!infeasible && verdict === 'infeasible') {
      counts.not_optimal++;
      continue;
    }
    if (isRejection(verdict)) {
      counts[verdict]++;
      continue;
    }
    const telling = tell(draft, {
      seed: [...key, attempt],
      difficulty: spec.difficulty,
      wordings: spec.wordings,
      heldOutShare: spec.heldOutShare ?? 0.5,
      distractorShare: spec.distractorShare ?? [0.2, 0.4, 0.6][spec.difficulty - 1] ?? 0.4,
      numberForms: spec.numberForms ?? 'by_difficulty',
    });
    counts.kept++;
    return problemOf(family, spec, draft, verdict, numbersKey, telling);
  }
  counts.gave_up++;
  return null;
}

export interface GenerateOptions extends Omit<ProblemSpec, 'family' | 'index' | 'difficulty'> {
  readonly count: number;
  /** @default all families */
  readonly families?: readonly string[];
  /** @default [1, 2, 3] */
  readonly difficulties?: readonly Difficulty[];
  /** Index of the first problem, so that two calls do not repeat one another. @default 0 */
  readonly start?: number;
}

/**
 * A stream of problems: families in random turns, difficulties drawn evenly from those asked for. No two have equal
 * family and numbers.
 *
 * @param counts is added to while the stream runs.
 */
export function* generateProblems(
  options: GenerateOptions,
  solvers: Solvers,
  counts: GenerationCounts = noCounts(),
): Generator<Problem, GenerationCounts> {
  const { count, families: names, difficulties = [1, 2, 3], start = 0, ...rest } = options;
  const chosen = (names ?? families.map((f) => f.name)).map(familyNamed);
  const pairs = chosen.flatMap((family) =>
    family.difficulties.filter((d) => difficulties.includes(d)).map((d) => ({ family, difficulty: d })),
  );
  const byFamily = chosen.map((family) => pairs.filter((p) => p.family === family)).filter((list) => list.length > 0);
  const numbers = new Set<string>();
  let made = 0;
  for (let index = start; made < count && byFamily.length > 0 && index < start + 20 * count + 100; index++) {
    const turn = Math.floor(index / byFamily.length);
    const order = randomStream(options.seed, 'families', turn).shuffle(byFamily);
    const { family, difficulty } = randomStream(options.seed, 'difficulty', index).pick(order[index % byFamily.length] ?? []);
    const problem = generateProblem({ ...rest, family: family.name, index, difficulty }, solvers, counts);
    if (problem === null) continue;
    const key = String(problem.meta?.numbersKey);
    if (numbers.has(key)) {
      counts.duplicate++;
      continue;
    }
    numbers.add(key);
    made++;
    yield problem;
  }
  return counts;
}
