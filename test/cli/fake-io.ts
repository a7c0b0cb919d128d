/** A `CommandIo` that keeps what is printed, with a clock and an interrupt of the test's own. */
import type { CommandIo } from '../../src/cli/io.ts';

export interface FakeIo extends CommandIo {
  readonly out: () => string;
  readonly err: () => string;
  readonly exits: number[];
  /** Presses Ctrl-C. */
  interrupt(): void;
  /** Lets time pass, in milliseconds. */
  wait(ms: number): void;
}

export function fakeIo(about: Partial<Pick<CommandIo, 'isTerminal' | 'columns' | 'useColor' | 'cwd'>> = {}): FakeIo {
  let [out, err, time] = ['', '', 0];
  const listeners = new Set<() => void>();
  const exits: number[] = [];
  return {
    isTerminal: false,
    columns: 100,
    useColor: false,
    cwd: process.cwd(),
    ...about,
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    now: () => time,
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exit: (code) => exits.push(code),
    out: () => out,
    err: () => err,
    exits,
    interrupt: () => {
      for (const listener of listeners) listener();
    },
    wait: (ms) => {
      time += ms;
    },
  };
}
