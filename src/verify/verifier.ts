/** Program in, outcome out: by dialect, sandbox and solver backend, with a cache for equal programs. */
import { createHash } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Outcome } from '../core/outcome.ts';
import { type Program, programHash } from '../core/program.ts';
import { compiledEntry } from '../lib/compiled.ts';
import { EvomError } from '../lib/errors.ts';
import type { GuestSource } from '../sandbox/guest.ts';
import { resolveLimits, type SandboxLimits } from '../sandbox/limits.ts';
import { createWorkerSandbox, type Sandbox, type SandboxStats } from '../sandbox/worker-sandbox.ts';
import { compileHighs } from '../solvers/highs.ts';
import { createBackend } from '../solvers/registry.ts';
import type { GuestData } from './guests/backends.ts';
import { OutcomeMemory, type OutcomeMemoryStats } from './outcome-memory.ts';

/** Dialects whose programs run in the JavaScript sandbox, with their guests' compiled entries. */
const guestEntries: Readonly<Record<string, string>> = {
  'highs-js': './guests/highs-js.js',
  'glpk-js': './guests/glpk-js.js',
  'simulator-js': './guests/simulator-js.js',
};

export interface VerifierOptions {
  /** Solver that executes the models, whatever the dialect: `highs` (default), `glpk` or the path of a module that creates one. */
  readonly backend?: string;
  /** Where relative paths of backends begin; default the working directory. */
  readonly directory?: string;
  /** Default: all that run in the JavaScript sandbox. */
  readonly dialects?: readonly string[];
  /** Worker threads; default 2. */
  readonly workers?: number;
  readonly limits?: Partial<SandboxLimits>;
  /** Outcomes kept in memory; default 10,000; 0 keeps none. */
  readonly cacheSize?: number;
  /** Programs a worker takes at once; default 16. */
  readonly batchSize?: number;
}

export interface VerifierStats extends SandboxStats, OutcomeMemoryStats {}

export interface Verifier {
  readonly backend: string;
  readonly dialects: readonly string[];
  /**
   * The outcome of a program.
   *
   * Never rejects for anything a program does. `wallMs`, `cpuMs` and each solve's `ms` are 0, so that equal programs give equal
   * outcomes whether they were run or remembered; times are in `stats()`.
   *
   * @throws {EvomError} E_CONFIG for a dialect that this verifier was not made for, E_SANDBOX once closed.
   */
  verify(program: Program): Promise<Outcome>;
  stats(): VerifierStats;
  close(): Promise<void>;
}

/**
 * Starts the sandbox with one solver backend behind all dialects.
 *
 * @throws {EvomError} E_CONFIG for an unknown dialect, backend or limit, E_SANDBOX if the workers do not start.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createVerifier } from 'evom';
 * const verifier = await createVerifier({ backend: 'highs', workers: 1 });
 * const code = 'const h = await require("highs")();\nreport(h.solve(`Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd`).ObjectiveValue);';
 * const { status, objective, reported } = await verifier.verify({ dialect: 'highs-js', code });
 * assert.deepEqual({ status, objective, reported }, { status: 'optimal', objective: 3.5, reported: 3.5 });
 * await verifier.close();
 * ```
 */
export async function createVerifier(options: VerifierOptions = {}): Promise<Verifier> {
  const backend = options.backend ?? 'highs';
  const dialects = options.dialects ?? Object.keys(guestEntries);
  // Where a name or path is wrong, say so here and not as a worker that does not start.
  if (backend !== 'highs' && backend !== 'glpk') (await createBackend(backend, { directory: options.directory ?? process.cwd() })).close();
  const { solverMemoryMb } = resolveLimits(options.limits);
  const data: GuestData = {
    backend,
    directory: options.directory ?? process.cwd(),
    highs: await compileHighs(solverMemoryMb),
    memoryMb: solverMemoryMb,
  };
  const guests = Object.fromEntries(dialects.map((dialect) => [dialect, guestSource(dialect, data)]));
  const sandbox = await createWorkerSandbox({
    guests,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  return new SandboxVerifier(sandbox, backend, dialects, options.cacheSize ?? 10_000);
}

function guestSource(dialect: string, data: GuestData): GuestSource {
  const entry = Object.hasOwn(guestEntries, dialect) ? guestEntries[dialect] : undefined;
  if (entry === undefined) {
    const known = Object.keys(guestEntries).join(', ');
    throw new EvomError('E_CONFIG', `dialect "${dialect}" does not run in the JavaScript sandbox; it runs ${known}`);
  }
  return { url: pathToFileURL(compiledEntry(import.meta.url, entry)).href, data };
}

class SandboxVerifier implements Verifier {
  readonly backend: string;
  readonly dialects: readonly string[];
  readonly #sandbox: Sandbox;
  readonly #memory: OutcomeMemory;
  /** What an outcome depends on besides the program. */
  readonly #context: string;

  constructor(sandbox: Sandbox, backend: string, dialects: readonly string[], cacheSize: number) {
    this.#sandbox = sandbox;
    this.backend = backend;
    this.dialects = dialects;
    this.#memory = new OutcomeMemory(cacheSize);
    this.#context = createHash('sha256')
      .update(JSON.stringify([backend, sandbox.limits]))
      .digest('hex');
  }

  async verify(program: Program): Promise<Outcome> {
    if (!this.dialects.includes(program.dialect)) {
      throw new EvomError('E_CONFIG', `dialect "${program.dialect}" is not one of this verifier's: ${this.dialects.join(', ')}`);
    }
    return this.#memory.outcome(`${programHash(program)}/${this.#context}`, () => this.#run(program));
  }

  async #run(program: Program): Promise<Outcome> {
    let outcome = await this.#sandbox.execute(program);
    // On a machine with more to do than cores the clock may have decided too early.
    const isStarved = outcome.wallLimited && (loadavg()[0] ?? 0) > availableParallelism();
    if (outcome.status === 'infra_error' || isStarved) outcome = await this.#sandbox.execute(program);
    return outcome.backend === '' ? { ...outcome, backend: this.backend } : outcome;
  }

  stats(): VerifierStats {
    return { ...this.#memory.stats(), ...this.#sandbox.stats() };
  }

  close(): Promise<void> {
    return this.#sandbox.close();
  }
}
