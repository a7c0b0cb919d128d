/** What the scripts share that try solver hosts on this machine: a host as a process of its own, and programs whose answer is known. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dialectByName } from '../dist/dialects/registry.js';

/**
 * Starts `evom solver-host` on a free port, and returns once it listens.
 *
 * @param options more of its flags.
 * @throws {Error} when the process ends before.
 */
export async function startHost(dialect, environment, options = []) {
  const command = [join(import.meta.dirname, '../dist/cli/main.js'), 'solver-host', '--dialects', dialect, '--environment', environment];
  const child = spawn(process.execPath, [...command, '--port', '0', '--json', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) return { child, url: JSON.parse(line).url };
  throw new Error('a solver host ended before it served');
}

/** A program for max x + y with x + 2 y <= 10 + k, y <= 1, x <= 8 + k: its optimum is `optimumOf(k)`. */
export const programOf = (k, dialect) =>
  dialectByName(dialect).render({
    sense: 'max',
    offset: 0,
    variables: [
      { name: 'x', lower: 0, upper: 8 + k, integer: true, cost: 1 },
      { name: 'y', lower: 0, upper: 1, integer: true, cost: 1 },
    ],
    constraints: [{ name: 'c', lower: -Infinity, upper: 10 + k, columns: [0, 1], coefficients: [1, 2] }],
  });
export const optimumOf = (k) => 9 + k;
