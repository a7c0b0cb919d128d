/** What a solver host and its clients say to each other over HTTP: `POST /v1/execute` and `GET /v1/health`. */
import type { OutcomeJson } from '../core/outcome-json.ts';
import type { Program } from '../core/program.ts';
import type { HostLimits } from './host-limits.ts';

/** Body of `POST /v1/execute`. No problem, no answer: the host cannot tell a right program from a wrong one. */
export interface ExecuteRequest {
  readonly programs: readonly Program[];
}

/** One line of the answer, in the order that programs end; `index` counts in the request. */
export interface ExecuteLine {
  readonly index: number;
  readonly outcome: OutcomeJson;
}

/** What keeps a dialect's programs from the machine, as its fork server found the kernel. */
export interface Isolation {
  /** User, network, IPC and mount namespaces of its own. */
  readonly namespaces: boolean;
  /** A scratch file system of 16 MiB for each running program. */
  readonly private_scratch: boolean;
  /** ABI version of Landlock; 0 without it. */
  readonly landlock: number;
  readonly seccomp: boolean;
  readonly rlimits: boolean;
  readonly no_new_privs: boolean;
}

export interface DialectHealth {
  readonly dialect: string;
  /** `unavailable`: its library does not load here; `message` says why. */
  readonly state: 'ready' | 'unavailable';
  readonly message: string | null;
  /** Solver backend that its programs use, e.g. `gurobi`. */
  readonly backend: string;
  readonly library: string;
  readonly solver: string;
  /** The licence in words, e.g. `size-limited (2000 variables, 2000 constraints)`. */
  readonly licence: string;
  /** Programs at once: what the licence and the cores allow. */
  readonly concurrency: number;
  readonly isolation: Isolation | null;
  /** Packages that published programs import and this host lacks: a program that asks for one is `infra_error`, `MissingLibrary`. */
  readonly missingLibraries: readonly string[];
}

/** Answer of `GET /v1/health`. */
export interface Health {
  readonly service: 'evom-solver-host';
  readonly version: string;
  readonly dialects: readonly DialectHealth[];
  /** Whether programs may run without some protection, because the operator said so. */
  readonly unjailed: boolean;
  readonly running: number;
  readonly queued: number;
  /** Solver that solves each captured model again. */
  readonly resolver: string;
  /** What one program may use. */
  readonly limits: HostLimits;
  /** How often an import of a program found no package, by the package's name; the first names, at most 200. */
  readonly notFound: Readonly<Record<string, number>>;
}

/** Most programs of one request. */
export const maxPrograms = 4096;

/** Largest body of a request, in bytes. */
export const maxRequestBytes = 64 * 1024 * 1024;
