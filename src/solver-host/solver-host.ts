/** A solver host without its HTTP: programs of Python dialects in, outcomes out. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { emptyOutcome, type Outcome } from '../core/outcome.ts';
import { type Program, programHash } from '../core/program.ts';
import type { QuadraticModel } from '../core/quadratic-model.ts';
import { EvomError } from '../lib/errors.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { endingOf, endingWithoutRecord, isClaimed, isKilled, libraryValues, type Verdict, verdictOf } from './conclude.ts';
import { quadraticVerdictOf } from './conclude-quadratic.ts';
import { DialectServer, type Ran } from './dialect-server.ts';
import { defaultHostLimits, type HostLimits } from './host-limits.ts';
import { faultInFiles } from './program-files.ts';
import type { LibrarySolve, ProgramRecord } from './program-record.ts';
import { QuadraticSolver, scipResolve } from './quadratic-look.ts';
import { verifyQuadratic } from './quadratic-verdict.ts';
import { Resolver } from './resolver.ts';
import { folderPrefix, removeLeftBehind } from './scratch-folders.ts';
import type { DialectHealth, Health } from './wire.ts';

/** Dialects that a solver host can serve. */
export const hostDialects = ['gurobipy', 'coptpy', 'ortools', 'highspy', 'pyscipopt', 'pulp', 'simulator-python'] as const;

export interface SolverHostOptions {
  readonly dialects: readonly string[];
  /** Python of the environment that holds the libraries, e.g. `.venv-solvers/bin/python`. */
  readonly python: string;
  /** Folder of `fork_server.py`. */
  readonly scripts: string;
  readonly version: string;
  /** Programs of each dialect at once; default one a core. A licence that allows fewer is told here. */
  readonly concurrency?: Readonly<Record<string, number>>;
  readonly limits?: Partial<HostLimits>;
  /** Licence files and folders that programs may read. */
  readonly licences?: readonly string[];
  /** Runs programs although the kernel lacks some protection. */
  readonly allowUnjailed?: boolean;
}

/** Environment variables that fork servers see: licences and nothing else of the operator's. */
const licenceVariables = ['GRB_LICENSE_FILE', 'COPT_LICENSE_DIR', 'COPT_LICENSE_FILE', 'COPT_HOME'];

export class SolverHost {
  readonly limits: HostLimits;
  readonly #options: SolverHostOptions;
  readonly #directory: string;
  readonly #resolver: Resolver;
  /** Solves quadratic models again. */
  readonly #quadratic: QuadraticSolver;
  readonly #servers: ReadonlyMap<string, DialectServer>;
  readonly #unavailable: ReadonlyMap<string, string>;
  /** How often a program was ended by -9, by its hash. */
  readonly #kills = new LruCache<number>(1000);
  readonly #notFound = new Map<string, number>();

  private constructor(
    options: SolverHostOptions,
    directory: string,
    resolver: Resolver,
    servers: ReadonlyMap<string, DialectServer>,
    unavailable: ReadonlyMap<string, string>,
  ) {
    this.limits = { ...defaultHostLimits, ...options.limits };
    this.#options = options;
    this.#directory = directory;
    this.#resolver = resolver;
    this.#quadratic = new QuadraticSolver(() => startJailed(scipResolve, options, join(directory, scipResolve)), this.limits);
    this.#servers = servers;
    this.#unavailable = unavailable;
  }

  /**
   * Loads each dialect's library in a fork server of its own.
   *
   * A library that does not load leaves its dialect unavailable, which health reports.
   *
   * @throws {EvomError} E_CONFIG for an unknown dialect or a missing Python, E_SANDBOX when the kernel lacks a protection and
   * `allowUnjailed` is not set, or when no library loads.
   */
  static async create(options: SolverHostOptions): Promise<SolverHost> {
    const known: readonly string[] = hostDialects;
    const unknown = options.dialects.find((dialect) => !known.includes(dialect));
    if (unknown !== undefined) throw new EvomError('E_CONFIG', `no solver host serves dialect "${unknown}"; known: ${known.join(', ')}`);
    if (!existsSync(options.python)) {
      throw new EvomError(
        'E_CONFIG',
        `there is no Python at ${options.python}; make it with "evom solver-host --setup DIR", or name the folder where it is with --environment DIR`,
      );
    }
    await removeLeftBehind();
    const directory = await mkdtemp(await folderPrefix());
    const servers = new Map<string, DialectServer>();
    const unavailable = new Map<string, string>();
    const resolver = await Resolver.create(Math.min(2, availableParallelism()));
    await Promise.all(
      options.dialects.map(async (dialect) => {
        try {
          servers.set(dialect, await startServer(dialect, options, join(directory, dialect)));
        } catch (error) {
          if (!(error instanceof EvomError)) throw error;
          unavailable.set(dialect, error.message);
        }
      }),
    );
    const host = new SolverHost(options, directory, resolver, servers, unavailable);
    try {
      for (const [dialect, server] of servers) refuseUnjailed(dialect, server, options);
      if (servers.size === 0) throw new EvomError('E_SANDBOX', `no dialect can be served: ${[...unavailable.values()].join('; ')}`);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  /** Process ids of the fork servers, for accounting. */
  get pids(): readonly number[] {
    return [...[...this.#servers.values()].flatMap((server) => server.pids), ...this.#quadratic.pids];
  }

  /**
   * The outcome of a program; a fault of ours is `infra_error`, never an exception.
   *
   * @param limits replaces some of the host's limits for this program; none can be raised.
   * @param signal aborted when nobody waits for the outcome: a program that has not begun is then not run.
   */
  async execute(program: Program, limits: Partial<HostLimits> = {}, signal?: AbortSignal): Promise<Outcome> {
    const ran = await this.run(program, limits, signal);
    if ('status' in ran) return ran;
    try {
      return await this.#conclude(program, ran.ran, ran.limits);
    } catch (error) {
      return hostFault(program.dialect, 'HostFault', error instanceof Error ? error.message : String(error));
    }
  }

  /** Runs a program without solving its models again; an outcome only where there was nothing to run. */
  async run(
    program: Program,
    limits: Partial<HostLimits> = {},
    signal?: AbortSignal,
  ): Promise<Outcome | { readonly ran: Ran; readonly limits: HostLimits }> {
    const { dialect, code } = program;
    const fault = (type: string, message: string): Outcome => hostFault(dialect, type, message);
    const server = this.#servers.get(dialect);
    if (server === undefined) {
      return fault(
        'NoSuchDialect',
        this.#unavailable.get(dialect) ?? `this host serves ${[...this.#servers.keys()].join(', ')}, not ${dialect}`,
      );
    }
    const chars = Object.values(program.files ?? {}).reduce((sum, text) => sum + text.length, code.length);
    if (chars > this.limits.maxCodeChars) {
      const message = `program and files have ${chars} characters; the limit is ${this.limits.maxCodeChars}`;
      return { ...this.#about(program, server), status: 'syntax_error', error: { type: 'CodeTooLong', message, line: null } };
    }
    const badFile = faultInFiles(program.files ?? {});
    if (badFile !== null) return fault('BadFiles', badFile);
    const lowered = lowerLimits(this.limits, limits);
    try {
      return { ran: await server.run(program, lowered, signal), limits: lowered };
    } catch (error) {
      return fault('HostFault', error instanceof Error ? error.message : String(error));
    }
  }

  health(): Health {
    const dialects = this.#options.dialects.map((dialect): DialectHealth => {
      const server = this.#servers.get(dialect);
      if (server === undefined) {
        const none = { backend: '', library: '', solver: '', licence: '', concurrency: 0, isolation: null, missingLibraries: [] };
        return { dialect, state: 'unavailable', message: this.#unavailable.get(dialect) ?? null, ...none };
      }
      const { backend, library, solver, licence, features, absent } = server.hello;
      const known = { backend, library, solver, licence, concurrency: server.slots, isolation: features, missingLibraries: absent };
      return { dialect, state: 'ready', message: null, ...known };
    });
    const servers = [...this.#servers.values()];
    return {
      service: 'evom-solver-host',
      version: this.#options.version,
      dialects,
      unjailed: servers.some((server) => server.missing.length > 0),
      running: servers.reduce((sum, server) => sum + server.running, 0),
      queued: servers.reduce((sum, server) => sum + server.queued, 0),
      resolver: `${this.#resolver.version}, ${this.#quadratic.version}`,
      limits: this.limits,
      notFound: Object.fromEntries(this.#notFound),
    };
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) server.close();
    await Promise.all([this.#resolver.close(), this.#quadratic.close()]);
    await rm(this.#directory, { recursive: true, force: true });
  }

  #about(program: Program, server: DialectServer): Outcome {
    const { backend, library, solver } = server.hello;
    return { ...emptyOutcome('no_solve', { dialect: program.dialect, backend }), solverVersion: `${solver} (${library})` };
  }

  async #conclude(program: Program, ran: Ran, limits: HostLimits): Promise<Outcome> {
    const server = this.#servers.get(program.dialect) as DialectServer;
    const about = { ...this.#about(program, server), stdout: ran.stdout, wallMs: ran.end.wall_ms, cpuMs: ran.end.cpu_ms };
    if (ran.end.fault !== null)
      return { ...about, status: 'infra_error', error: { type: 'HostFault', message: ran.end.fault, line: null } };
    const early = endingWithoutRecord(ran, limits, isKilled(ran, limits) ? this.#countKill(program) : 0);
    if (early !== null || ran.record === null) return { ...about, ...early };
    const { record } = ran;
    this.#countNotFound(record.error?.module ?? null);
    const verdicts = await this.#verdicts(record, program.dialect, limits);
    const last = verdicts.at(-1) ?? null;
    const library = record.solves.at(-1);
    return {
      ...about,
      ...endingOf(record, last, ran.isOutputCut, limits, server.hello.absent),
      objective: last?.objective ?? null,
      certificate: last?.record.certificate ?? 'none',
      solution: last?.solution ?? null,
      reported: record.reported,
      solves: verdicts.map((verdict) => verdict.record),
      model: library?.model ?? null,
      ...(library?.quadratic === undefined ? {} : { quadratic: library.quadratic }),
      options: record.options,
      ...(last === null || library === undefined
        ? {}
        : { library: { status: library.status, objective: library.objective, resolved: last.isResolved } }),
    };
  }

  #countNotFound(name: string | null): void {
    const isCounted = name !== null && (this.#notFound.has(name) || this.#notFound.size < mostNames);
    if (isCounted) this.#notFound.set(name, (this.#notFound.get(name) ?? 0) + 1);
  }

  #countKill(program: Program): number {
    const key = programHash(program);
    const kills = (this.#kills.get(key) ?? 0) + 1;
    this.#kills.set(key, kills);
    return kills;
  }

  /**
   * What the host makes of each solve. Solved again are those that an answer can rest on, the last one first: it, and those whose
   * objective the program reported, all within one budget as large as the program's own.
   */
  async #verdicts(record: ProgramRecord, dialect: string, limits: HostLimits): Promise<Verdict[]> {
    const solves = record.solves.slice(0, limits.maxSolves);
    let leftMs = limits.solverS * 1000;
    const verdicts: Verdict[] = [];
    for (const [i, solve] of [...solves.entries()].reverse()) {
      const isWanted = i === solves.length - 1 || isNear(solve.objective, record.reported);
      if (hasProducts(solve)) {
        const isAgain = isWanted && leftMs > 0 && (isClaimed(solve) || solve.status === 'feasible');
        const found = isAgain ? await this.#verifyQuadratic(solve, dialect, leftMs) : null;
        leftMs -= found?.ms ?? 0;
        verdicts.unshift(quadraticVerdictOf(solve, found));
        continue;
      }
      const isAgain = isWanted && leftMs > 0 && isClaimed(solve) && solve.model !== null;
      const resolved = isAgain ? await this.#resolver.solve(solve.model, { timeLimitMs: leftMs }, libraryValues(solve)) : null;
      leftMs -= resolved?.solution.ms ?? 0;
      verdicts.unshift(verdictOf(solve, resolved));
    }
    return verdicts;
  }

  #verifyQuadratic(solve: LibrarySolve & { readonly quadratic: QuadraticModel }, dialect: string, timeLimitMs: number) {
    const isSameSolver = scipDialects.has(dialect);
    return verifyQuadratic(solve, (model, options) => this.#quadratic.look(model, options), { timeLimitMs, isSameSolver });
  }
}

/** Whose quadratic models SCIP solves in the program's process too; of MathOpt's solvers only it takes them. */
const scipDialects: ReadonlySet<string> = new Set(['pyscipopt', 'ortools']);

const hasProducts = (solve: LibrarySolve): solve is LibrarySolve & { readonly quadratic: QuadraticModel } => solve.quadratic !== undefined;

const hostFault = (dialect: string, type: string, message: string): Outcome =>
  emptyOutcome('infra_error', { dialect, backend: '', error: { type, message, line: null } });

const isNear = (x: number | null, y: number | null): boolean =>
  x !== null && y !== null && Math.abs(x - y) <= 1e-6 * Math.max(1, Math.abs(x), Math.abs(y));

/** Programs invent package names. */
const mostNames = 200;

function startServer(dialect: string, options: SolverHostOptions, directory: string): Promise<DialectServer> {
  const licences = licenceVariables.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]]));
  return DialectServer.start(
    {
      python: options.python,
      script: join(options.scripts, 'fork_server.py'),
      dialect,
      slots: options.concurrency?.[dialect] ?? availableParallelism(),
      readable: options.licences ?? [],
      // One thread a program; no home, no path to anything of the operator's.
      env: {
        PATH: '/usr/bin:/bin',
        HOME: '/nonexistent',
        LANG: 'C.UTF-8',
        OMP_NUM_THREADS: '1',
        OPENBLAS_NUM_THREADS: '1',
        ...Object.fromEntries(licences),
      },
    },
    directory,
  );
}

/** A server for jobs of the host's own, which are jailed as programs are. */
async function startJailed(dialect: string, options: SolverHostOptions, directory: string): Promise<DialectServer> {
  const server = await startServer(dialect, options, directory);
  try {
    refuseUnjailed(dialect, server, options);
    return server;
  } catch (error) {
    server.close();
    throw error;
  }
}

function refuseUnjailed(dialect: string, { missing }: DialectServer, { allowUnjailed }: SolverHostOptions): void {
  if (allowUnjailed === true || missing.length === 0) return;
  throw new EvomError(
    'E_SANDBOX',
    `this machine cannot jail the programs of ${dialect}: it lacks ${missing.join(', ')}. Run the host on a kernel that has them (Linux 6.2 or newer with Landlock and unprivileged user namespaces), or, for programs that you trust, give --unsafe-no-jail`,
  );
}

function lowerLimits(own: HostLimits, asked: Partial<HostLimits>): HostLimits {
  const entries = Object.entries(own).map(([name, value]) => [name, Math.min(value, asked[name as keyof HostLimits] ?? value)]);
  return Object.fromEntries(entries) as unknown as HostLimits;
}
