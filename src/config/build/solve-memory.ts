/** The memory of solved problems: which of a file's are shown beside a new one. */
import { join } from 'node:path';
import type { Problem } from '../../core/problem.ts';
import { extractionOfModel } from '../../decode/extraction.ts';
import { embeddingSimilarity, lexicalSimilarity, type RetrieveOptions, retrieve } from '../../decode/memory.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { embedTexts } from '../../embedded/sampler/text-embedding.ts';
import { EvomError } from '../../lib/errors.ts';
import { readProblems } from '../../problems/sets/jsonl.ts';
import type { Example } from '../../solve/solve-parts.ts';
import { packageRoot } from '../load/find-file.ts';

/** A problem of each generated family, with its model: what is shown where no other memory is named. */
export const ownMemory = join(packageRoot, 'datasets', 'solve-memory.jsonl');

export interface MemorySetup extends RetrieveOptions {
  /** JSON Lines file of solved problems, with programs or models. */
  readonly path: string;
  /** Folder of an embedding model; null: by words. */
  readonly embedding: string | null;
}

/** @throws {EvomError} `E_DATA` for a file without a problem that has a program in the dialect, or a model to render one from. */
export async function openMemory(setup: MemorySetup, dialect: string): Promise<(question: string) => Promise<Example[]>> {
  const memory = (await readProblems(setup.path)).flatMap(({ question, programs, model }: Problem): Example[] => {
    const program = programs?.[dialect] ?? (model === undefined ? null : dialectByName(dialect).render(model));
    return program === null ? [] : [{ question, program, ...(model === undefined ? {} : { record: extractionOfModel(model) }) }];
  });
  if (memory.length === 0)
    throw new EvomError('E_DATA', `${setup.path} holds no problem with a program in ${dialect} or a model to render one from`);
  return (question) => recall(memory, question, setup);
}

async function recall(memory: readonly Example[], question: string, { embedding, ...options }: MemorySetup): Promise<Example[]> {
  // A problem of the memory itself would be no example but the answer.
  const others = memory.filter((solved) => solved.question.trim() !== question.trim());
  const texts = others.map((solved) => solved.question);
  const similarity =
    embedding === null ? lexicalSimilarity(texts, question) : embeddingSimilarity(await embedTexts(embedding, [...texts, question]));
  return retrieve(others.length, similarity, options).flatMap((i) => others[i] ?? []);
}
