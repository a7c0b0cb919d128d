/** Compiles src/ to dist/ when dist/ is missing or older; needs nothing but what `npm ci` installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));
const stamp = join(root, 'dist/.built');
const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

/** Newest change below a file or folder, in milliseconds; folders count, so that a deleted file is seen. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

/** Whether anything was saved after the last build, be it this script's or `npm run build`. */
export function isStale() {
  const builds = [stamp, join(root, 'dist/.tsbuildinfo')].filter((path) => existsSync(path)).map((path) => statSync(path).mtimeMs);
  if (builds.length === 0 || !existsSync(join(root, 'dist/cli/main.js'))) return true;
  return sources.some((name) => builds.every((built) => newest(join(root, name)) > built));
}

/** Ends the process with a message when dependencies are missing or the code does not compile. */
export function buildIfNeeded() {
  const compiler = join(root, 'node_modules/@typescript/native/bin/tsc');
  const hasDependencies = ['yargs', 'yaml', 'zod', 'highs'].every((name) => existsSync(join(root, 'node_modules', name)));
  if (!hasDependencies) stop('The dependencies are not installed. Run this first:\n\n  npm ci\n');
  if (!isStale()) return;
  if (!existsSync(compiler)) {
    // Installed without development dependencies: the published dist/ serves.
    if (existsSync(join(root, 'dist/cli/main.js'))) return;
    stop('dist/ is missing and the compiler is not installed. Run this first:\n\n  npm ci --include=dev\n');
  }
  const started = Date.now();
  process.stderr.write('Building ... ');
  // The build's own record would make it skip files that somebody deleted from dist/.
  if (!existsSync(join(root, 'dist/cli/main.js'))) rmSync(join(root, 'dist/.tsbuildinfo'), { force: true });
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (error || status !== 0) stop(`failed\n${error?.message ?? ''}${stdout}${stderr}`);
  writeFileSync(stamp, '');
  const builtFrom = new Date(started);
  // A source saved while the compiler ran is newer than what it read.
  utimesSync(stamp, builtFrom, builtFrom);
  process.stderr.write(`done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
