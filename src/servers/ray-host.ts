/** The Python that speaks to Ray (scripts/ray_host): one word, the plan on its standard input, lines of JSON back. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EvomError } from '../lib/errors.ts';

const rayHostDirectory = fileURLToPath(new URL('../../scripts/ray_host', import.meta.url));

export interface PartStatus {
  readonly name: string;
  readonly phase: 'being placed' | 'starting' | 'ready' | 'ended' | 'leaving';
  readonly address: string | null;
  /** Address of its machine and Ray's name of its node, under Ray. */
  readonly machine?: string;
  readonly node?: string;
  /** How it last ended, with the end of its log; null where it never did. */
  readonly fault: string | null;
}

export interface ClusterStatus {
  readonly name: string;
  /** Whether all parts serve, and the learner has its machines. */
  readonly up: boolean;
  /** What the controller itself could not do. */
  readonly fault: string | null;
  readonly parts: readonly PartStatus[];
  readonly learner: {
    readonly phase: string;
    readonly hosts: readonly (string | null)[];
    /** Ray's names of their nodes. */
    readonly nodes: readonly (string | null)[];
    /** How often its processes were begun. */
    readonly starts: number;
    readonly fault: string | null;
  } | null;
  readonly machines: readonly { readonly address: string; readonly alive: boolean; readonly cpus: number; readonly gpus: number }[];
}

export type ClusterWord = 'up' | 'status' | 'down' | 'local';

type Line = { readonly status: ClusterStatus; readonly done?: true } | { readonly error: string };

export interface AskRayOptions {
  /** Interpreter that has Ray; `local` does without. */
  readonly python: string;
  readonly plan: unknown;
  /** Aborted: `local` ends its parts, and other words are given up. */
  readonly signal: AbortSignal;
  readonly onStatus: (status: ClusterStatus) => void;
}

/**
 * Has Python do one thing with a cluster.
 *
 * @returns how the cluster stands then.
 * @throws {EvomError} `E_SETUP` with what Python says, or when it cannot be started.
 */
export async function askRay(word: ClusterWord, { python, plan, signal, onStatus }: AskRayOptions): Promise<ClusterStatus> {
  const child = spawn(python, ['-m', 'evom_ray', word], {
    detached: true, // Ctrl-C is for this process, which then tells the other
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: rayHostDirectory, PYTHONUNBUFFERED: '1' },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-4000);
  });
  child.stdin.on('error', () => undefined); // it has ended, which is told below
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => reject(new EvomError('E_SETUP', `${python} cannot be started (${cause.message}); ${hint}`, { cause })));
    child.on('close', resolve);
  });
  const end = (): void => {
    if (word === 'local') child.stdin.end();
    else child.kill('SIGTERM');
  };
  signal.addEventListener('abort', end, { once: true });
  let last: Line | null = null;
  try {
    child.stdin.write(`${JSON.stringify(plan)}\n`);
    if (word !== 'local') child.stdin.end();
    for await (const text of createInterface({ input: child.stdout })) {
      if (!text.startsWith('{')) continue;
      last = JSON.parse(text) as Line;
      if ('status' in last && last.done !== true) onStatus(last.status);
    }
    const code = await closed;
    if (last !== null && 'error' in last) throw new EvomError('E_SETUP', last.error);
    if (signal.aborted && word !== 'local') throw signal.reason;
    if (last?.done !== true)
      throw new EvomError(
        'E_SETUP',
        `${python} -m evom_ray ${word} ended with exit code ${code}: ${said.trim().split('\n').slice(-4).join('\n')}`,
      );
    return last.status;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

const hint = 'scripts/setup-ray.sh installs Ray, and EVOM_RAY names its Python';
