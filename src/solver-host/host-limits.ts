/** What one program may use on a solver host. Libraries of native code have no counted budgets: these are clocks and sizes. */
export interface HostLimits {
  /** Seconds of solver time of the whole program; the library is told what is left of it as its time limit. */
  readonly solverS: number;
  /** Seconds of processor time. */
  readonly cpuS: number;
  /** Seconds until the program is ended. */
  readonly wallS: number;
  /** MiB that the program may allocate beyond what its library had when loaded. */
  readonly memoryMb: number;
  readonly maxSolves: number;
  /** Characters printed; more are cut off, and end in `output_limit`. */
  readonly maxOutputChars: number;
  /** Characters of the program and of the files beside it. */
  readonly maxCodeChars: number;
  /** Largest record of models and solutions, in bytes; also the largest file that a program may write. */
  readonly maxRecordBytes: number;
}

export const defaultHostLimits: HostLimits = {
  solverS: 10,
  cpuS: 15,
  wallS: 30,
  memoryMb: 2048,
  maxSolves: 64,
  maxOutputChars: 1_000_000,
  maxCodeChars: 2_000_000,
  maxRecordBytes: 16 * 1024 * 1024,
};
