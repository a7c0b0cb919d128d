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
  readonly cpuStart: number;
  /** Processor time of calls into the session: the solver's budget, not the program's. */
  sessionCpuMs: number;
  ticks: number;
  /** Set once; from then on the interpreter is interrupted at every chance. */
  stop: Ending | null;
  readonly stdout: string[];
  outputChars: number;
  reported: number | null;
  randomState: number;
}

/** Seed of every program's `Math.random`. */
const RANDOM_SEED = 20250101;

export function beginRun(guest: Guest, limits: SandboxLimits, cpuClock: () => number): Run {
  return {
    guest,
    session: guest.begin(limits),
    limits,
    cpuClock,
    cpuStart: cpuClock(),
    sessionCpuMs: 0,
    ticks: 0,
    stop: null,
    stdout: [],
    outputChars: 0,
    reported: null,
    randomState: RANDOM_SEED,
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

/** The next of the program's random numbers by mulberry32: small, and good enough to shuffle or sample. */
export function nextRandom(run: Run): number {
  run.randomState = (run.randomState + 0x6d2b79f5) | 0;
  let t = run.randomState;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
