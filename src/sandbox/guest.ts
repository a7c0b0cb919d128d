/** The contract between the sandbox, which knows no solver, and what a program finds inside it. */
import type { LinearModel } from '../core/linear-model.ts';
import type { Certificate, Outcome, SolveRecord, SolveStatus } from '../core/outcome.ts';
import type { SandboxLimits } from './limits.ts';

/** What the host recorded of one program's solves. */
export interface GuestRecord {
  /** How the last solve ended; null when there was none. */
  readonly status: SolveStatus | null;
  readonly objective: number | null;
  /** How the last verdict is known. */
  readonly certificate: Certificate;
  readonly solution: Outcome['solution'];
  readonly model: LinearModel | null;
  readonly solves: readonly SolveRecord[];
  readonly options: Outcome['options'];
  /** Why the last model was refused, when `status` is `error`. */
  readonly message: string | null;
  /** A clock, not a counted budget, ended a solve. */
  readonly wallLimited: boolean;
}

/** Host side of one program. */
export interface GuestSession {
  /**
   * Serves one call of the library code inside the sandbox.
   *
   * @throws {GuestRefusal} becomes an Error that the program can catch.
   * @throws {GuestStop} ends the program.
   * @throws {GuestFault} or anything else: a fault of ours, and the outcome is `infra_error`.
   */
  call(method: string, payload: string): string;
  record(): GuestRecord;
}

/** A library that programs can `require` or import, as source evaluated inside the sandbox. */
export interface GuestLibrary {
  /** `(module, call) => {...}`: sets `module.exports`; `call(method, payload)` reaches the session. */
  readonly source: string;
  /** Names that `import { name }` can ask for, besides the default export. */
  readonly named: readonly string[];
}

/** What programs of one dialect find inside the sandbox; lives as long as its worker. */
export interface Guest {
  readonly backend: string;
  readonly solverVersion: string;
  readonly libraries: Readonly<Record<string, GuestLibrary>>;
  begin(limits: SandboxLimits): GuestSession;
  /** Called between programs: replaces solver instances that a program may have harmed. */
  maintain(): Promise<void>;
  close(): void;
}

/** What a guest module exports as `createGuest`; `data` is what its pool was given, structured-cloned. */
export type CreateGuest = (data: unknown) => Promise<Guest>;

/** Where a dialect's guest is found: the URL of a compiled module that exports `createGuest`. */
export interface GuestSource {
  readonly url: string;
  readonly data: unknown;
}

/** An error that the program sees, and may catch. */
export class GuestRefusal extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Ends the program, whatever it catches. */
export class GuestStop extends Error {
  readonly status: 'deadline' | 'output_limit';
  readonly wallLimited: boolean;
  override readonly name: string;

  constructor(status: 'deadline' | 'output_limit', name: string, message: string, wallLimited = false) {
    super(message);
    this.status = status;
    this.name = name;
    this.wallLimited = wallLimited;
  }
}

/** A fault of ours, or of the user's choices: no verdict on the program can be given. */
export class GuestFault extends Error {
  /** What `Outcome.error` has as its type. */
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}
