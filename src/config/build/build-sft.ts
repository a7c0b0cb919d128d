/** SFT dataset configuration -> weighted sources, each problem found by its index. */

import type { Problem } from '../../core/problem.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { EvomError } from '../../lib/errors.ts';
import { randomStream } from '../../lib/random.ts';
import { familyNamed, familyNames } from '../../problems/families/index.ts';
import type { Difficulty } from '../../problems/generator/family.ts';
import { generateProblem } from '../../problems/generator/generate.ts';
import { readProblems } from '../../problems/sets/jsonl.ts';
import type { FieldMap } from '../../problems/sets/record.ts';
import type { SftSource } from '../../train/sft-stream.ts';
import type { SftConfig, SftPartConfig } from '../schema/schema.ts';
import { generateOptionsOf, generatorSolvers, given } from './build-problems.ts';

export interface BuiltSftSources {
  readonly sources: SftSource[];
  /** Texts that the vocabulary is counted on: the questions and programs of the first `count` problems. */
  readonly corpus: (count: number) => Generator<string>;
}

/** Opens every part of `dataset.train`. */
export async function sftSources(config: SftConfig): Promise<BuiltSftSources> {
  const sources: SftSource[] = [];
  for (const part of config.dataset.train) {
    sources.push({ weight: part.weight, problem: await problemsOf(part), dialects: part.dialects, examples: part.examples });
  }
  return {
    sources,
    *corpus(count) {
      for (let index = 0; index < count; index++) {
        for (const [i, source] of sources.entries()) {
          const problem = source.problem(index);
          if (problem === null) continue;
          yield problem.question;
          for (const { name } of source.dialects) {
            yield `[${name}]`;
            const program = problem.programs?.[name] ?? (problem.model ? dialectByName(name).render(problem.model) : null);
            if (program !== null) yield program;
          }
          // The words of held-out wordings are in the vocabulary, their programs in no example.
          const part = config.dataset.train[i];
          const unseen = part?.type === 'generated' ? heldOutProblem(part, index) : null;
          if (unseen !== null) yield unseen.question;
        }
      }
    },
  };
}

function heldOutProblem(part: Extract<SftPartConfig, { type: 'generated' }>, index: number): Problem | null {
  return generateProblem({ ...specOf({ ...part, wordings: 'held_out', families: 'all' }, index) });
}

async function problemsOf(part: SftPartConfig): Promise<(index: number) => Problem | null> {
  if (part.type === 'jsonl') {
    const problems = await readProblems(part.path, { fields: sftFields(part), ...(part.limit === undefined ? {} : { limit: part.limit }) });
    if (problems.length === 0) throw new EvomError('E_DATA', `${part.path} holds no problem`);
    return (index) => problems[index % problems.length] ?? null;
  }
  const solvers = part.check === 'full' ? await generatorSolvers() : undefined;
  return (index) => generateProblem(specOf(part, index), solvers);
}

function sftFields({ fields, dialects }: Extract<SftPartConfig, { type: 'jsonl' }>): FieldMap {
  const { program, ...named } = fields;
  return { ...given(named), ...(program === undefined ? {} : { program: { field: program, dialect: dialects[0]?.name ?? 'highs-js' } }) };
}

/** Family and difficulty of an index are drawn, so that any stretch of the stream holds all of them. */
function specOf(part: Extract<SftPartConfig, { type: 'generated' }>, index: number) {
  const { families: _families, difficulties: _difficulties, count, ...options } = generateOptionsOf(part);
  const random = randomStream(part.seed, 'sft-family', index);
  const family = familyNamed(random.pick(familyNames(part.families)));
  const wanted = family.difficulties.filter((difficulty) => part.difficulties.includes(difficulty));
  const difficulty = random.pick(wanted.length > 0 ? wanted : family.difficulties) as Difficulty;
  return { ...options, family: family.name, difficulty, index: index % count };
}
