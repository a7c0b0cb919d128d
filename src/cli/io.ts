/** What a command may touch of the process: given as an argument, so that commands are tested in process. */

export interface CommandIo {
  /** Results: what a pipe reads. */
  stdout(text: string): void;
  /** Talk: progress, warnings, errors. */
  stderr(text: string): void;
  /** Whether stderr is a terminal that lines can be redrawn on. */
  readonly isTerminal: boolean;
  /** Width of that terminal in characters. */
  readonly columns: number;
  /** Whether text may be coloured. */
  readonly useColor: boolean;
  readonly cwd: string;
  /** Milliseconds; for display and for times in metrics, never for results. */
  now(): number;
  /** Calls back on Ctrl-C or a request to end; the returned function stops listening. */
  onInterrupt(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Colours follow NO_COLOR and FORCE_COLOR (no-color.org), else whether stderr is a terminal. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return isTerminal && env.TERM !== 'dumb';
}

/** The running process. */
export function processIo(): CommandIo {
  const isTerminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal,
    get columns() {
      return process.stderr.columns || 80;
    },
    useColor: wantsColor(process.env, isTerminal),
    cwd: process.cwd(),
    now: () => performance.now(),
    onInterrupt: (listener) => {
      process.on('SIGINT', listener);
      process.on('SIGTERM', listener);
      return () => {
        process.off('SIGINT', listener);
        process.off('SIGTERM', listener);
      };
    },
    exit: (code) => process.exit(code),
  };
}
