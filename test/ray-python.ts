/** The Python with Ray that tests of `evom cluster` run on: EVOM_RAY, where it can import it; and clusters of raylets on this machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const found = ((): { python: string } | { reason: string } => {
  const python = process.env.EVOM_RAY;
  if (!python) return { reason: 'EVOM_RAY names no Python with Ray (scripts/setup-ray.sh makes one)' };
  try {
    execFileSync(python, ['-c', 'import ray'], { stdio: 'pipe', timeout: 120_000 });
    return { python };
  } catch (error) {
    return { reason: `EVOM_RAY: ${python} cannot import ray: ${String(error).split('\n').at(-1)}` };
  }
})();

export const rayPython = 'python' in found ? found.python : '';
/** Why tests are skipped; null where they run. */
export const noRay = 'reason' in found ? found.reason : null;

export interface Raylets {
  readonly address: string;
  /** kill -9 of the raylet of a node, or of all that runs there, as a machine is lost; another one takes its place. */
  kill(node: string, what: 'raylet' | 'all'): Promise<void>;
  close(): Promise<void>;
}

/**
 * A head without room for parts, and so many raylets with so many CPUs each.
 *
 * @param gpus what each claims to have, though there are none.
 */
export async function startRaylets(count: number, cpus: number, gpus = 0): Promise<Raylets> {
  const script = fileURLToPath(new URL('../scripts/ray_host/tests/raylets.py', import.meta.url));
  const child: ChildProcess = spawn(rayPython, [script, ...[count, cpus, gpus].map(String)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, string>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the raylets ended');
      if (String(value).startsWith('{')) return JSON.parse(String(value)) as Record<string, string>;
    }
  };
  const { address } = await next();
  return {
    address: address as string,
    kill: async (node, what) => {
      child.stdin?.write(`${what === 'all' ? 'lose' : 'kill'} ${node}\n`);
      const answer = await next();
      if (answer.killed !== node) throw new Error(JSON.stringify(answer));
    },
    close: async () => {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.stdin?.end();
      await closed;
    },
  };
}
