/** Dataset configuration -> problems. */

import { importProblems } from '../../benchmarks/import-problems.ts';
import type { LinearModel } from '../../core/linear-model.ts';
import type { Problem, Split } from '../../core/problem.ts';
import { camelKeys } from '../../lib/camel-keys.ts';
import { EvomError } from '../../lib/errors.ts';
import { randomStream } from '../../lib/random.ts';
import { familyNames } from '../../problems/families/index.ts';
import type { Solve } from '../../problems/generator/discriminate.ts';
import type { Difficulty } from '../../problems/generator/family.ts';
import { type GenerationCounts, generateProblems, noCounts, type Solvers } from '../../problems/generator/generate.ts';
import { readProblems } from '../../problems/sets/jsonl.ts';
import { createGlpk } from '../../solvers/glpk.ts';
import { createHighs } from '../../solvers/highs.ts';
import { pickWeighted } from '../../train/sft-stream.ts';
import type { EvalSetConfig, TrainDatasetConfig } from '../schema/schema.ts';

type SourceConfig = TrainDatasetConfig | EvalSetConfig;
type GeneratedSource = Extract<SourceConfig, { type: 'generated' }>;

export interface BuiltProblems {
  readonly problems: Problem[];
  /** Draws of the generator, kept and rejected; null for files. */
  readonly counts: GenerationCounts | null;
}

const limits = { timeLimitMs: 5000 };

/** Answers by HiGHS, checked by GLPK where it is installed; the many solves of the discrimination check by the faster GLPK. */
export async function generatorSolvers(): Promise<Solvers> {
  const highs = await createHighs();
  const byHighs = (model: LinearModel) => highs.solve(model, limits);
  try {
    const glpk = await createGlpk();
    return { solve: (model) => glpk.solve(model, limits), crossCheck: byHighs };
  } catch (error) {
    if (error instanceof EvomError && error.code === 'E_SOLVER') return { solve: byHighs }; // glpk.js is optional
    throw error;
  }
}

/** Answers to models that a file declares, by HiGHS; where it cannot tell infeasible from unbounded, by GLPK. */
export async function declaredSolver(): Promise<Solve> {
  const { solve, crossCheck } = await generatorSolvers();
  return (model) => {
    const solution = (crossCheck ?? solve)(model);
    return solution.status === 'infeasible_or_unbounded' ? solve(model) : solution;
  };
}

/** The generator's options for one configured source. */
export function generateOptionsOf(config: GeneratedSource) {
  const { seed, count, families, difficulties, wordings, split, check, infeasibleShare, distractorShare, heldOutShare } = camelKeys(config);
  return {
    seed,
    count,
    families: familyNames(families),
    difficulties: difficulties as Difficulty[],
    wordings,
    split: split as Split,
    check,
    infeasibleShare,
    ...(distractorShare === null ? {} : { distractorShare }),
    heldOutShare,
  };
}

/** The fields that a file names; the others are looked for under their usual names. */
export const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

/**
 * All problems of a configured set, in a fixed order.
 *
 * @throws {EvomError} `E_DATA` when a file cannot be read, holds no problem, or the generator cannot make enough of them.
 */
export async function buildProblems(
  config: SourceConfig,
  onProgress: (made: number, wanted: number) => void = () => {},
): Promise<BuiltProblems> {
  switch (config.type) {
    case 'generated': {
      const counts = noCounts();
      const problems: Problem[] = [];
      for (const problem of generateProblems(generateOptionsOf(config), await generatorSolvers(), counts)) {
        problems.push(problem);
        if (problems.length % 50 === 0) {
          onProgress(problems.length, config.count);
          await new Promise(setImmediate); // the terminal and Ctrl-C stay alive
        }
      }
      if (problems.length < config.count) {
        throw new EvomError(
          'E_DATA',
          `the generator made ${problems.length} of ${config.count} problems; ask for fewer, or for more families or difficulties`,
        );
      }
      return { problems, counts };
    }
    case 'jsonl': {
      const problems = await readProblems(config.path, {
        fields: given(config.fields),
        ...(config.limit === undefined ? {} : { limit: config.limit }),
      });
      if (problems.length === 0) throw new EvomError('E_DATA', `${config.path} holds no problem`);
      return { problems, counts: null };
    }
    case 'file': {
      const problems = await importProblems(config.path, {
        solve: await declaredSolver(),
        ...(Object.keys(given(config.fields)).length > 0 ? { fields: given(config.fields) } : { format: config.format }),
        ...(config.limit === undefined ? {} : { limit: config.limit }),
      });
      return { problems, counts: null };
    }
    case 'mixture': {
      const parts = [];
      for (const part of config.parts) parts.push({ weight: part.weight, problems: (await buildProblems(part, onProgress)).problems });
      return { problems: interleave(parts), counts: null };
    }
    default:
      return config satisfies never;
  }
}

/** Every problem of every part once, each place drawn by weight among the parts that have some left. */
function interleave(parts: readonly { readonly weight: number; readonly problems: readonly Problem[] }[]): Problem[] {
  const random = randomStream('mixture', parts.map((part) => `${part.weight}x${part.problems.length}`).join('/'));
  const queues = parts.map((part) => ({ weight: part.weight, rest: part.problems.values(), left: part.problems.length }));
  const out: Problem[] = [];
  for (let open = queues.filter((queue) => queue.left > 0); open.length > 0; open = open.filter((queue) => queue.left > 0)) {
    const chosen = pickWeighted(open, random.next());
    chosen.left -= 1;
    out.push(chosen.rest.next().value as Problem);
  }
  return out;
}
