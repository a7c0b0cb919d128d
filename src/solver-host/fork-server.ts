/** The Python process of one dialect: starts a jailed child a program and tells how each ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EvomError } from '../lib/errors.ts';
import type { Preload } from './preload.ts';
import type { Isolation } from './wire.ts';

/** A program for a child; the paths are files of the host's that only this child opens. */
export interface Job {
  readonly id: number;
  readonly slot: number;
  readonly input: string;
  readonly result: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly max_solves: number;
  readonly solver_s: number;
  readonly wall_s: number;
  readonly limits: { readonly cpu_s: number; readonly memory_bytes: number; readonly file_bytes: number };
}

/** How a child ended. */
export interface JobEnd {
  readonly id: number;
  /** Exit code, or minus the number of the signal that ended it. */
  readonly exit: number;
  /** Whether the program itself began: what goes wrong before that is ours. */
  readonly started: boolean;
  /** It was ended because its wall time was up. */
  readonly overdue: boolean;
  /** Milliseconds that its first thread waited for a processor, of one that was overdue. */
  readonly queued_ms: number;
  readonly cpu_ms: number;
  readonly wall_ms: number;
  readonly rss_mb: number;
  /** What our own part could not do after it. */
  readonly fault: string | null;
}

/** First line of a fork server. */
export interface ForkServerHello {
  readonly backend: string;
  readonly library: string;
  readonly solver: string;
  readonly licence: string;
  readonly python: string;
  readonly features: Isolation;
  readonly missing: readonly string[];
  /** Packages of `companions.py` that its environment does not have. */
  readonly absent: readonly string[];
}

export interface ForkServerOptions {
  readonly python: string;
  readonly script: string;
  readonly dialect: string;
  readonly preload: Preload;
  readonly slots: number;
  readonly scratch: string;
  /** Licence files and folders that programs may read. */
  readonly readable: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Loading a library takes about a second; a minute is for a machine under load. */
const startLimitMs = 60_000;

/** The object of a line of JSON; null where it is none. */
function objectOf(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** A running fork server. After it ended, `run` rejects and `ended` is true: the host makes another. */
export class ForkServer {
  readonly hello: ForkServerHello;
  readonly #child: ChildProcess;
  readonly #jobs = new Map<number, { readonly resolve: (end: JobEnd) => void; readonly reject: (error: Error) => void }>();
  #ended = false;

  private constructor(child: ChildProcess, hello: ForkServerHello) {
    this.#child = child;
    this.hello = hello;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Process id, for accounting. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {EvomError} E_SANDBOX when the library does not load or the server does not start in a minute. */
  static async start(options: ForkServerOptions): Promise<ForkServer> {
    const readable = options.readable.flatMap((path) => ['--readable', path]);
    const child = spawn(
      options.python,
      [
        ...['-I', '-B', options.script, '--dialect', options.dialect, '--preload', options.preload],
        ...['--slots', `${options.slots}`, '--scratch', options.scratch, ...readable],
      ],
      { env: { ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    let said = '';
    child.stderr?.on('data', (text: Buffer) => {
      said = `${said}${text.toString()}`.slice(-4000);
    });
    child.stdin?.on('error', () => undefined); // a server that ended; its exit tells
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
    const fail = (what: string): EvomError =>
      new EvomError(
        'E_SANDBOX',
        `the fork server of ${options.dialect} ${what}${said === '' ? '' : `: ${said.trim().split('\n').at(-1)}`}`,
      );
    const first = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(fail('did not start within a minute'));
      }, startLimitMs);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        act();
      };
      lines.once('line', (line) => settle(() => resolve(line)));
      child.once('error', (error) => settle(() => reject(fail(`cannot be started (${error.message})`))));
      child.once('exit', (code) => settle(() => reject(fail(`ended with code ${code} before it was ready`))));
    });
    const hello = objectOf(first) as (ForkServerHello & { ready: boolean; message?: string }) | null;
    if (hello === null) {
      child.kill('SIGKILL');
      throw fail(`does not speak its protocol: ${JSON.stringify(first.slice(0, 200))}`);
    }
    if (!hello.ready) throw new EvomError('E_SANDBOX', `${options.dialect} does not load: ${hello.message ?? 'no reason given'}`);
    const server = new ForkServer(child, hello);
    lines.on('line', (line) => {
      const end = objectOf(line) as JobEnd | null;
      if (end !== null && server.#jobs.has(end.id)) return server.#finish(end);
      // A broken line may have been the end of a job: the jobs go to a new server.
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      server.#end(fail(`wrote what is not of its protocol: ${JSON.stringify(line.slice(0, 200))}`));
    });
    child.removeAllListeners('exit');
    child.once('exit', () => server.#end(fail('ended')));
    return server;
  }

  /** Runs one job; the caller keeps each slot to one job at a time. Rejects when the server ends meanwhile. */
  run(job: Job): Promise<JobEnd> {
    if (this.#ended) return Promise.reject(new EvomError('E_SANDBOX', 'this fork server has ended'));
    return new Promise((resolve, reject) => {
      this.#jobs.set(job.id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify(job)}\n`);
    });
  }

  close(): void {
    this.#ended = true;
    this.#child.removeAllListeners('exit');
    this.#child.kill('SIGKILL'); // its children die with it
    this.#end(new EvomError('E_SANDBOX', 'the solver host was closed'));
  }

  #finish(end: JobEnd): void {
    this.#jobs.get(end.id)?.resolve(end);
    this.#jobs.delete(end.id);
  }

  #end(error: Error): void {
    this.#ended = true;
    for (const { reject } of this.#jobs.values()) reject(error);
    this.#jobs.clear();
  }
}
