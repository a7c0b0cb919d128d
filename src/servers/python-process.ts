/** A Python process of ours: started with the package on its path, its output in a log, its death told with the log's last lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EvomError } from '../lib/errors.ts';

/** The folder that holds the Python package `evom_torch`. */
export const torchHostDirectory = fileURLToPath(new URL('../../scripts/torch_host', import.meta.url));

/** The Python to run when the configuration names none. */
export const defaultPython = (): string => process.env.EVOM_PYTHON ?? 'python3';

/** What every Python process of ours is told: to write its lines at once, and no bars of progress. */
export const pythonEnvironment: Readonly<Record<string, string>> = {
  PYTHONUNBUFFERED: '1',
  TRANSFORMERS_VERBOSITY: 'error',
  HF_HUB_DISABLE_PROGRESS_BARS: '1',
  TQDM_DISABLE: '1',
};

export interface PythonProcessOptions {
  /** What it is, for messages: `learner`, `host`. */
  readonly name: string;
  readonly python: string;
  /** Arguments after the interpreter, e.g. `['-m', 'evom_torch.learn', ...]`. */
  readonly args: readonly string[];
  /** Both output streams are appended here. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface PythonProcess {
  readonly pid: number;
  /** Rejects with E_LEARNER when the process ends before `stop`. */
  readonly ended: Promise<never>;
  /** Ends it: SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/** @throws {EvomError} `E_LEARNER` (through `ended`) when the interpreter is missing or the process ends by itself. */
export function startPython({ name, python, args, logFile, env = {} }: PythonProcessOptions): PythonProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child: ChildProcess = spawn(python, [...args], {
    // A group of its own: Ctrl-C is for the trainer, which still needs it for the checkpoint that it then writes.
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      PYTHONPATH: [torchHostDirectory, process.env.PYTHONPATH].filter(Boolean).join(':'),
      ...pythonEnvironment,
      ...env,
    },
  });
  closeSync(log);
  let stopping = false;
  const closed = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`${python} cannot be started (${error.message})`));
    child.on('exit', (code, signal) => resolve(`it ended with ${code === null ? signal : `exit code ${code}`}`));
  });
  const ended = closed.then((how): Promise<never> => {
    if (stopping) return new Promise(() => {}); // asked for
    const tail = lastLines(logFile, 6);
    const hint = /No module named|cannot be started/.test(`${how}\n${tail}`)
      ? `; scripts/setup-torch.sh installs what it needs, and EVOM_PYTHON or the configuration's python names the interpreter`
      : '';
    throw new EvomError('E_LEARNER', `the ${name} process stopped: ${how}; its log is ${logFile}${hint}${tail === '' ? '' : `\n${tail}`}`);
  });
  ended.catch(() => undefined); // whoever waits for an answer races it
  return {
    pid: child.pid ?? -1,
    ended,
    stop: async (graceMs = 5000) => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function lastLines(path: string, count: number): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

/** How torchrun begins the processes of a learner. */
export interface ProcessLayout {
  /** On a machine. */
  readonly processes: number;
  /** Machines; default 1. */
  readonly nodes?: number;
  /** Where the machines meet, `HOST:PORT`; needed for several. */
  readonly rendezvous?: string;
  /** Names the meeting: who comes with another id is not let in. */
  readonly id?: string;
  /** How often processes begin again when one of them died; default 0. */
  readonly restarts?: number;
}

/** The arguments of a module on one process, or on many by torchrun, here or on each of several machines. */
export function launchArguments(module: string, layout: number | ProcessLayout, args: readonly string[]): string[] {
  const { processes, nodes = 1, rendezvous, id, restarts = 0 } = typeof layout === 'number' ? { processes: layout } : layout;
  if (processes === 1 && nodes === 1 && restarts === 0) return ['-m', module, ...args];
  const meeting = ['--rdzv-backend', 'c10d', '--rdzv-endpoint', rendezvous ?? 'localhost:0', '--rdzv-id', id ?? 'evom'];
  const where = nodes === 1 ? ['--standalone'] : ['--nnodes', String(nodes), ...meeting];
  const torchrun = ['-m', 'torch.distributed.run', ...where, '--nproc-per-node', String(processes)];
  return [...torchrun, ...(restarts > 0 ? ['--max-restarts', String(restarts)] : []), '-m', module, ...args];
}

/** Where a run keeps the output of a process. */
export const logFileOf = (runDirectory: string, name: string): string => join(runDirectory, 'logs', `${name}.log`);
