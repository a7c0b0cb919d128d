/** Policies and a backend's name -> the live parts of `evom solve` and `evom portfolio build`. */
import { availableParallelism } from 'node:os';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import { dialectByName } from '../../dialects/registry.ts';
import type { Following } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import type { SolveParts } from '../../solve/solve-parts.ts';
import type { SolverBackend } from '../../solvers/backend.ts';
import { backendNames, createBackend } from '../../solvers/registry.ts';
import { createVerifier, type Verifier } from '../../verify/verifier.ts';
import { hostKeys } from '../load/host-overrides.ts';
import type { TrainConfig } from '../schema/schema.ts';
import { dialectsOfBackend, isHosted, isModulePath, backends as knownBackends } from '../schema/vocabulary.ts';
import { type OpenSpeaker, openSpeaker, type PolicySource } from './open-speaker.ts';
import { type MemorySetup, openMemory, ownMemory } from './solve-memory.ts';

export interface SolveSetup {
  readonly policy: PolicySource;
  /** Who picks between records; null: the policy. */
  readonly judge?: PolicySource | null;
  /** Who writes simulators; null: the policy. */
  readonly simulatorPolicy?: PolicySource | null;
  readonly backend: string;
  /** Addresses of solver hosts, for Python dialects; empty: the one on this machine. */
  readonly solverHosts: readonly string[];
  /** How programs are run, where a configuration says it; null: limits and hosts by default. */
  readonly running?: Pick<TrainConfig, 'sandbox' | 'solver_hosts'> | null;
  /** Null: the backend's first. */
  readonly dialect: string | null;
  /** Null: as the policy's configuration says, else chosen by the checkpoint. */
  readonly template: PromptTemplate | null;
  /** JSON Lines file of solved problems with programs or models; `own`: the one that comes with evom; null for none. */
  readonly memory: string | 'own' | null;
  /** Folder of an embedding model for the memory; null: by words. */
  readonly embedding: string | null;
  readonly examples: number;
  /** How examples are picked, where it is not as NEMO does. */
  readonly retrieval?: Omit<MemorySetup, 'path' | 'embedding' | 'count'>;
  /** What simulators are written in; null to ask for none. */
  readonly simulatorDialect: string | null;
  /** Programs that will be asked for, so that no more workers start than they need. */
  readonly samples: number;
  readonly now: () => number;
  /** Of solver hosts and model servers that are looked up. */
  readonly following?: Following;
}

export interface BuiltSolve {
  readonly parts: SolveParts;
  close(): Promise<void>;
}

/** NEMO's: of 9 candidates more alike than 0.6 by embeddings. Likeness by words is lower throughout. */
const retrievalOf = (embedding: string | null) => ({ pool: 9, lambda: 0.5, threshold: embedding === null ? 0.1 : 0.6 });

/**
 * Opens all that `solveProblem` needs.
 *
 * @throws {EvomError} `E_CHECKPOINT`, `E_CONFIG` or `E_DATA` for what is missing or unknown; `E_POLICY` for a server that cannot be reached.
 */
export async function buildSolve(setup: SolveSetup): Promise<BuiltSolve> {
  const dialect = dialectByName(setup.dialect ?? dialectOfBackend(setup.backend));
  const simulatorDialect = setup.simulatorDialect === null ? null : dialectByName(setup.simulatorDialect);
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  const opened = <T extends { close(): Promise<void> | void }>(part: T): T => {
    closing.push(() => part.close());
    return part;
  };
  const speakerOf = async (source: PolicySource | null | undefined, template: PromptTemplate | null): Promise<OpenSpeaker | null> =>
    source === null || source === undefined ? null : opened(await openSpeaker(source, template, setup.following));
  const opening = [
    speakerOf(setup.policy, setup.template),
    speakerOf(setup.judge, null),
    speakerOf(setup.simulatorPolicy, null),
    verifierOf(setup, [dialect.name, ...(simulatorDialect === null ? [] : [simulatorDialect.name])]).then(opened),
    offeredBackends(setup.backend).then((all) => all.map(opened)),
  ] as const;
  try {
    const [policy, judge, simulators, verifier, backends] = await Promise.all(opening);
    const { speaker } = policy as OpenSpeaker;
    return {
      parts: {
        ...speaker,
        ...(judge === null ? {} : { judge: judge.speaker }),
        ...(simulators === null ? {} : { simulators: simulators.speaker }),
        verify: (program) => verifier.verify(program),
        dialect,
        simulatorDialect,
        backend: setup.backend,
        backends,
        recall: await recallOf(setup, speaker.template, dialect.name),
        now: setup.now,
      },
      close,
    };
  } catch (error) {
    await Promise.allSettled(opening); // what is still being opened has to be closed too
    await close();
    throw error;
  }
}

/** The memory that comes with evom is for policies that can be shown examples; one that is named is read in any case. */
async function recallOf(
  { memory, embedding, examples, retrieval }: SolveSetup,
  template: PromptTemplate,
  dialect: string,
): Promise<SolveParts['recall']> {
  if (memory === null || (memory === 'own' && template === 'bare')) return null;
  const path = memory === 'own' ? ownMemory : memory;
  return openMemory({ ...retrievalOf(embedding), ...retrieval, path, embedding, count: examples }, dialect);
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

/** A verifier of some dialects, with the limits and solver hosts of `running`, or those that a configuration has by default. */
export async function verifierOf(
  {
    backend: chosen,
    solverHosts: urls,
    samples,
    running = null,
    following,
  }: Pick<SolveSetup, 'backend' | 'solverHosts' | 'samples' | 'running' | 'following'>,
  dialects: readonly string[],
): Promise<Verifier> {
  if (!dialects.some(isHosted) && !isLocal(chosen)) dialectOfBackend(chosen);
  // A hosted backend solves on its host; what runs here beside it needs one that is here.
  const backend = isLocal(chosen) ? chosen : 'highs';
  const workers = Math.min(Math.max(1, availableParallelism()), Math.ceil(samples / programsPerWorker));
  if (running !== null) {
    const { buildVerifier } = await import('./build-verifier.ts');
    const own = running.sandbox.workers === 'auto' ? { ...running.sandbox, workers } : running.sandbox;
    return buildVerifier(dialects, { backend, sandbox: own, solver_hosts: running.solver_hosts }, following);
  }
  if (!dialects.some(isHosted)) return createVerifier({ backend, dialects, workers });
  // The configuration's schema takes as long to load as a policy of a million weights: only where its defaults are needed.
  const [{ buildVerifier }, { sandbox, solverHosts }] = await Promise.all([
    import('./build-verifier.ts'),
    import('../schema/train-schema.ts'),
  ]);
  const settings = { backend, sandbox: sandbox.parse({ workers }), solver_hosts: solverHosts.parse(hostKeys(urls)) };
  return buildVerifier(dialects, settings, following);
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
