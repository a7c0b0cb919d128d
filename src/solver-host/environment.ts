/** The Python environment of a solver host: a virtual environment with the libraries at the versions of `requirements.txt`. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';

/** The Python of an environment. */
export const pythonOf = (directory: string): string => join(directory, 'bin', 'python');

/** Written last, with the requirements that are installed: an environment without it, or with others, is made again. */
const marker = (directory: string): string => join(directory, 'evom-requirements.txt');

/** Whether an environment holds what `requirements` asks for. */
export async function isEnvironmentCurrent(directory: string, requirements: string): Promise<boolean> {
  if (!existsSync(marker(directory)) || !existsSync(pythonOf(directory))) return false;
  return (await readFile(marker(directory), 'utf8')) === (await readFile(requirements, 'utf8'));
}

/**
 * Makes or completes an environment; does nothing when it is there already.
 *
 * @param python the interpreter to make it from, e.g. `python3`.
 * @param onLine takes what venv and pip say.
 * @throws {EvomError} E_CONFIG when there is no such Python, when venv fails or a package cannot be installed.
 */
export async function setUpEnvironment(
  directory: string,
  { requirements, python, onLine }: { readonly requirements: string; readonly python: string; readonly onLine: (line: string) => void },
): Promise<'made' | 'current'> {
  if (await isEnvironmentCurrent(directory, requirements)) return 'current';
  await execute(python, ['-m', 'venv', directory], onLine);
  await execute(pythonOf(directory), ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-r', requirements], onLine);
  await writeFileAtomically(marker(directory), await readFile(requirements, 'utf8'));
  return 'made';
}

function execute(command: string, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = '';
    const take = (chunk: Buffer): void => {
      for (const line of chunk.toString().split('\n')) {
        if (line.trim() === '') continue;
        last = line.trim();
        onLine(line.trimEnd());
      }
    };
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (cause) =>
      reject(
        new EvomError('E_CONFIG', `${command} cannot be run (${cause.message}); install Python 3.11 or name one with --python`, { cause }),
      ),
    );
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new EvomError('E_CONFIG', `"${command} ${args.join(' ')}" ended with code ${code}: ${last}`));
    });
  });
}
