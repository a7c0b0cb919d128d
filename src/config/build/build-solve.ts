/** A policy's folder and a backend's name -> the live parts of `evom solve` and `evom portfolio build`. */
import { availableParallelism } from 'node:os';
import type { Problem } from '../../core/problem.ts';
import { embeddingSimilarity, lexicalSimilarity, retrieve } from '../../decode/memory.ts';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import { embedTexts } from '../../embedded/sampler/text-embedding.ts';
import { EvomError } from '../../lib/errors.ts';
import { readProblems } from '../../problems/sets/jsonl.ts';
import type { SolveParts } from '../../solve/solve-parts.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import { backendNames, createBackend } from '../../solvers/registry.ts';
import { loadTokenizer } from '../../tokenizer/chat-tokenizer.ts';
import { createVerifier, type Verifier } from '../../verify/verifier.ts';
import { dialectsOfBackend, isHosted, isModulePath, backends as knownBackends } from '../schema/vocabulary.ts';
import { buildEmbeddedPolicy } from './build-policy.ts';
import { chooseTemplate, speaksChat } from './prompt-template.ts';
import { resolveCheckpoint } from './resolve-checkpoint.ts';

export interface SolveSetup {
  /** Folder of a checkpoint or a run. */
  readonly policy: string;
  readonly backend: string;
  /** Addresses of solver hosts, for Python dialects; empty: the one on this machine. */
  readonly solverHosts: readonly string[];
  /** Null: the backend's first. */
  readonly dialect: string | null;
  /** Null: chosen by the checkpoint, as `prompt.template: auto`. */
  readonly template: PromptTemplate | null;
  /** JSON Lines file of solved problems with programs; null for none. */
  readonly memory: string | null;
  /** Folder of an embedding model for the memory; null: by words. */
  readonly embedding: string | null;
  readonly examples: number;
  /** What simulators are written in; null to ask for none. */
  readonly simulatorDialect: string | null;
  /** Programs that will be asked for, so that no more workers start than they need. */
  readonly samples: number;
  readonly now: () => number;
}

export interface BuiltSolve {
  readonly parts: SolveParts;
  close(): Promise<void>;
}

/** @throws {EvomError} `E_CHECKPOINT`, `E_CONFIG` or `E_DATA` for what is missing or unknown. */
export async function buildSolve(setup: SolveSetup): Promise<BuiltSolve> {
  const directory = resolveCheckpoint(setup.policy);
  const dialect = dialectByName(setup.dialect ?? dialectOfBackend(setup.backend));
  const simulatorDialect = setup.simulatorDialect === null ? null : dialectByName(setup.simulatorDialect);
  const threads = Math.max(1, availableParallelism());
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  const opened = <T extends { close(): Promise<void> | void }>(part: T): T => {
    closing.push(() => part.close());
    return part;
  };
  const opening = [
    loadTokenizer(directory),
    buildEmbeddedPolicy(directory, { threads, batchRows: 64, version: 0 }).then(opened),
    verifierOf(setup, [dialect.name, ...(simulatorDialect === null ? [] : [simulatorDialect.name])]).then(opened),
    offeredBackends(setup.backend).then((all) => all.map(opened)),
  ] as const;
  try {
    const [tokenizer, policy, verifier, backends] = await Promise.all(opening);
    const memory = setup.memory === null ? null : await readMemory(setup.memory, dialect.name);
    return {
      parts: {
        policy,
        decode: (ids) => tokenizer.decode(ids),
        encode: (messages) => tokenizer.encodeChat(messages),
        verify: (program) => verifier.verify(program),
        template: chooseTemplate(setup.template ?? 'auto', speaksChat(tokenizer)).template,
        dialect,
        simulatorDialect,
        backend: setup.backend,
        backends,
        recall: memory === null ? null : (question) => recall(memory, question, setup),
        now: setup.now,
      },
      close,
    };
  } catch (error) {
    await Promise.allSettled(opening); // a thread that is stopped while it loads its library takes the process down
    await close();
    throw error;
  }
}

/** @throws {EvomError} `E_CONFIG` for a name that is neither a backend nor a module's path. */
function dialectOfBackend(backend: string): string {
  const known: Readonly<Record<string, readonly string[]>> = dialectsOfBackend;
  const spoken = Object.hasOwn(known, backend) ? known[backend]?.[0] : undefined;
  if (spoken === undefined && !isModulePath(backend))
    throw new EvomError(
      'E_CONFIG',
      `unknown solver backend "${backend}"; known are ${knownBackends.join(', ')}, or the path of a module such as ./my-backend.js`,
    );
  return spoken ?? 'highs-js';
}

const isLocal = (backend: string): boolean => backendNames.includes(backend) || isModulePath(backend);

/** A worker of the sandbox runs this many of a policy's programs before a second one has started. */
const programsPerWorker = 32;

/** A verifier of some dialects, with the limits and solver hosts that a configuration has by default. */
export async function verifierOf(
  { backend: chosen, solverHosts: urls, samples }: Pick<SolveSetup, 'backend' | 'solverHosts' | 'samples'>,
  dialects: readonly string[],
): Promise<Verifier> {
  if (!dialects.some(isHosted) && !isLocal(chosen)) dialectOfBackend(chosen);
  // A hosted backend solves on its host; what runs here beside it needs one that is here.
  const backend = isLocal(chosen) ? chosen : 'highs';
  const workers = Math.min(Math.max(1, availableParallelism()), Math.ceil(samples / programsPerWorker));
  if (!dialects.some(isHosted)) return createVerifier({ backend, dialects, workers });
  // The configuration's schema takes as long to load as a policy of a million weights: only where its defaults are needed.
  const [{ buildVerifier }, { sandbox, solverHosts }] = await Promise.all([
    import('./build-verifier.ts'),
    import('../schema/train-schema.ts'),
  ]);
  return buildVerifier(dialects, {
    backend,
    sandbox: sandbox.parse({ workers }),
    solver_hosts: solverHosts.parse(urls.length === 0 ? {} : { urls }),
  });
}

/** The chosen backend first, if it is one of this machine, then the other built-in ones that are installed. */
async function offeredBackends(chosen: string): Promise<SolverBackend[]> {
  const backends = isLocal(chosen) ? [await createBackend(chosen)] : [];
  for (const name of backendNames.filter((one) => one !== chosen)) {
    try {
      backends.push(await createBackend(name));
    } catch (error) {
      if (!(error instanceof EvomError && error.code === 'E_SOLVER')) throw error; // an optional package is missing
    }
  }
  return backends;
}

interface Solved {
  readonly question: string;
  readonly program: string;
}

/** Problems with a reference program in the dialect, or with a model that one is rendered from. */
async function readMemory(path: string, dialect: string): Promise<Solved[]> {
  const solved = (await readProblems(path)).flatMap(({ question, programs, model }: Problem): Solved[] => {
    const program = programs?.[dialect] ?? (model === undefined ? null : dialectByName(dialect).render(model));
    return program === null ? [] : [{ question, program }];
  });
  if (solved.length === 0)
    throw new EvomError('E_DATA', `${path} holds no problem with a program in ${dialect} or a model to render one from`);
  return solved;
}

async function recall(memory: readonly Solved[], question: string, { embedding, examples }: SolveSetup): Promise<Solved[]> {
  const texts = memory.map((solved) => solved.question);
  const similarity =
    embedding === null ? lexicalSimilarity(texts, question) : embeddingSimilarity(await embedTexts(embedding, [...texts, question]));
  // A problem of the memory itself would be no example but the answer.
  const others = texts.map((text, i) => (text === question ? -1 : i)).filter((i) => i !== -1);
  const chosen = retrieve(others.length, (a, b) => similarity(others[a] ?? 0, b === 'query' ? b : (others[b] ?? 0)), { count: examples });
  return chosen.flatMap((i) => memory[others[i] ?? -1] ?? []);
}
