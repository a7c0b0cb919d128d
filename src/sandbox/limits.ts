/** What one program may use. Counted budgets decide first, so that a verdict replays; clocks stand behind them. */
import { EvomError } from '../lib/errors.ts';

export interface SandboxLimits {
  /** Interpreter ticks; one is 10,000 polls (loop back-edges and calls), about 1.4 ms on a 2020s core. */
  readonly ticks: number;
  /** Backstop in milliseconds of processor time for what ticks do not count (sorting a huge array); solver time not included. */
  readonly cpuMs: number;
  /** Milliseconds of solver time of the whole program; the solver's own counted limits should be reached first. */
  readonly solverMs: number;
  /** Simplex iterations of one solve. */
  readonly simplexIterations: number;
  /** Branch-and-bound nodes of one solve. */
  readonly nodes: number;
  /** Calls of a solver, refused models included. */
  readonly maxSolves: number;
  /** Characters of one model handed over. */
  readonly maxModelChars: number;
  /** Characters printed, one more for each line. */
  readonly maxOutputChars: number;
  /** Characters of the program itself. */
  readonly maxCodeChars: number;
  /** Ceiling of the interpreter's memory, in MiB (the WebAssembly memory's maximum). */
  readonly memoryMb: number;
  /** Ceiling of each solver's memory in MiB, in the same way; a solver takes at least 21. */
  readonly solverMemoryMb: number;
  /**
   * Milliseconds of processor time, and where that cannot be told of wall time, after which the parent ends the worker: for programs
   * inside one call that nothing else can interrupt.
   */
  readonly hardMs: number;
}

export const defaultLimits: SandboxLimits = {
  ticks: 1000,
  cpuMs: 4000,
  solverMs: 4000,
  simplexIterations: 100_000,
  nodes: 10_000,
  maxSolves: 16,
  maxModelChars: 2_000_000,
  maxOutputChars: 65_536,
  maxCodeChars: 262_144,
  memoryMb: 64,
  solverMemoryMb: 256,
  hardMs: 10_000,
};

/**
 * The default limits with some replaced.
 *
 * @throws {EvomError} E_CONFIG if a limit is unknown, not a positive number, or if a memory is below what its owner starts with.
 */
export function resolveLimits(changes: Partial<SandboxLimits> = {}): SandboxLimits {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new EvomError('E_CONFIG', `sandbox limit "${name}" is not known; known: ${Object.keys(defaultLimits).join(', ')}`);
    }
    if (!(typeof value === 'number' && value > 0 && Number.isFinite(value))) {
      throw new EvomError('E_CONFIG', `sandbox limit "${name}" must be a positive number, not ${String(value)}`);
    }
  }
  const limits = { ...defaultLimits, ...changes };
  for (const [name, least] of [
    ['memoryMb', 16],
    ['solverMemoryMb', 32],
  ] as const) {
    if (limits[name] >= least && limits[name] <= 2048) continue;
    throw new EvomError('E_CONFIG', `sandbox limit "${name}" must be between ${least} and 2048, not ${limits[name]}`);
  }
  return limits;
}
