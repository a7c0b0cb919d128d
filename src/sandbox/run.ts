/** What one running program has used and shown so far, and what stops it. */
import type { OutcomeStatus } from '../core/outcome.ts';
import type { ProgramError } from './describe-error.ts';
import type { Guest, GuestSession } from './guest.ts';
import type { SandboxLimits } from './limits.ts';

/** How a program ended when its last solve does not say. */
export interface Ending {
  readonly status: OutcomeStatus;
  readonly error: ProgramError | null;
  readonly wallLimited: boolean;
}

export interface Run {
  readonly guest: Guest;
  readonly session: GuestSession;
  readonly limits: SandboxLimits;
  /** Milliseconds of processor time of this thread. */
  readonly cpuClock: () => number;
  /** Called when the session is entered and when it is left. */
  readonly atSession: () => void;
  readonly cpuStart: number;
  /** Processor time of calls into the session: the solver's budget, not the program's. */
  sessionCpuMs: number;
  ticks: number;
  /** Set once; from then on the interpreter is interrupted at every chance. */
  stop: Ending | null;
  /** The parser has the program's text and has not come back. A module's first statements run before it does. */
  parsing: boolean;
  readonly stdout: string[];
  outputChars: number;
  reported: number | null;
  /** Calls of the host, and timers run. */
  hostCalls: number;
}

/** Calls between the interpreter and the host that take as long as one tick. */
const CALLS_PER_TICK = 100;

export function beginRun(guest: Guest, limits: SandboxLimits, cpuClock: () => number, atSession: () => void): Run {
  return {
    guest,
    session: guest.begin(limits),
    limits,
    cpuClock,
    atSession,
    cpuStart: cpuClock(),
    sessionCpuMs: 0,
    ticks: 0,
    stop: null,
    parsing: false,
    stdout: [],
    outputChars: 0,
    reported: null,
    hostCalls: 0,
  };
}

export function failed(status: OutcomeStatus, type: string, message: string, wallLimited = false): Ending {
  return { status, error: { type, message, line: null }, wallLimited };
}

/** Counts ticks and stops the run where its budget ends. @returns whether it is stopped */
export function spendTicks(run: Run, ticks: number): boolean {
  run.ticks += ticks;
  if (run.stop !== null) return true;
  const { limits } = run;
  if (run.ticks > limits.ticks) {
    run.stop = failed('deadline', 'TickLimit', `the program used its ${limits.ticks} interpreter ticks`);
  } else if (run.cpuClock() - run.cpuStart - run.sessionCpuMs > limits.cpuMs) {
    run.stop = failed('deadline', 'ClockLimit', `the program used more than ${limits.cpuMs} ms`, true);
  }
  return run.stop !== null;
}

/** A call of the host takes as long as this share of a tick. @returns whether the run is stopped */
export function countHostCall(run: Run): boolean {
  run.hostCalls += 1;
  return spendTicks(run, run.hostCalls % CALLS_PER_TICK === 0 ? 1 : 0);
}
