/** The Python client as a user installs it: by path and as a wheel, into an environment that has nothing else. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageVersion } from '../../src/cli/package-version.ts';
import { packageRoot } from '../../src/config/load/find-file.ts';

const version = packageVersion();
const folder = mkdtempSync(join(tmpdir(), 'evom-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Offline: all that is installed below is ours. */
const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnSync(command, args, { encoding: 'utf8', timeout: 200_000, env: { ...process.env, PIP_NO_INDEX: '1', ...env } });

/** An environment with what builds a package and nothing else; null where there is no venv, or pip cannot fetch these. */
function emptyEnvironment(name: string): string | null {
  const path = join(folder, name);
  if (run('python3', ['-m', 'venv', path]).status !== 0) return null;
  const python = join(path, 'bin', 'python');
  const tools = ['-m', 'pip', 'install', '--quiet', '--retries', '1', 'setuptools>=68', 'wheel'];
  return spawnSync(python, tools, { timeout: 200_000 }).status === 0 ? python : null;
}

const python = emptyEnvironment('one');
const reason = python === null ? 'no python3 with venv, or pip cannot fetch setuptools and wheel' : null;
// Building writes beside the sources.
const copy = join(folder, 'source', 'python', 'evom_client');
cpSync(join(packageRoot, 'python/evom_client'), copy, { recursive: true });
cpSync(join(packageRoot, 'scripts/build-client.sh'), join(folder, 'source', 'scripts', 'build-client.sh'));

const imports = 'import evom_client, evom_client.trl, evom_client.verl, importlib.metadata as m; print(m.version("evom-client"))';

describe.skipIf(reason !== null)(`the Python client${reason === null ? '' : ` (${reason})`}`, { timeout: 400_000 }, () => {
  it('installs by its path, and imports without any other package', () => {
    const installed = run(python as string, ['-m', 'pip', 'install', '--quiet', '--no-build-isolation', copy]);
    expect(installed.stderr).not.toMatch(/error/i);
    const imported = run(python as string, ['-I', '-c', imports]);
    expect([imported.stdout.trim(), imported.stderr]).toEqual([version, '']);
  });

  it('is built as a wheel by its script, which holds every module', () => {
    const out = join(folder, 'wheels');
    const other = emptyEnvironment('two') as string;
    const built = run('sh', [join(folder, 'source', 'scripts', 'build-client.sh'), out], { PYTHON: other, PIP_NO_BUILD_ISOLATION: '0' });
    expect(built.stderr).not.toMatch(/error/i);
    const [wheel] = readdirSync(out);
    expect(wheel).toBe(`evom_client-${version}-py3-none-any.whl`);
    expect(run(other, ['-m', 'pip', 'install', '--quiet', join(out, wheel as string)]).status).toBe(0);
    const listed = run(other, [
      '-I',
      '-c',
      'import evom_client, os, pathlib; print(*sorted(os.listdir(pathlib.Path(evom_client.__file__).parent)))',
    ]);
    for (const module of ['client.py', 'skyrl.py', 'trl.py', 'verifiers_taskset.py', 'verl.py']) expect(listed.stdout).toContain(module);
  });
});
