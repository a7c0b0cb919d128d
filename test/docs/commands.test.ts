/**
 * Runs every command line of the README and of docs/reference/commands.md as pasted, in a folder that has the repository's examples, configurations
 * and checkpoints. Those that train are shortened, and those that need something from elsewhere are left out: both lists are here.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Line {
  readonly page: string;
  readonly command: string;
}

function commandsOf(page: string): Line[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => ({ page, command: line.replace(/ +#.*$/, '') })),
  );
}

/** In this order: a later line may look at what an earlier one wrote. A line that stands in both pages runs once. */
const lines = [...commandsOf('docs/reference/commands.md'), ...commandsOf('README.md')];

/** Begin of a command, and why this test does not run it. */
const leftOut: readonly (readonly [RegExp, string])[] = [
  [/^npm ci/, 'installs, trains for minutes or runs these tests; .ci/run and a release do'],
  [/^npm run bench/, 'takes minutes'],
  [/^scripts\/setup-torch\.sh|^pip install|^hf download/, 'installs from elsewhere'],
  [/^npm run evom -- solver-host/, 'installs, or serves until it is stopped: test/solver-host'],
  [/^npm run evom -- verify examples\/bakery\.py/, 'needs a solver host: test/docs/examples-folder.test.ts'],
  [/^npm run evom -- (?:serve|dashboard) /, 'serves until it is stopped: test/serve, test/report'],
  [/^npm run evom -- model import /, 'needs a model file: test/gguf'],
  [/^npm run evom -- solve .* --policy http/, 'needs a model server: test/e2e/solve-served.test.ts'],
  [/^npm run evom -- sweep /, 'trains several runs: test/cli/sweep.test.ts'],
  [/^npm run evom -- portfolio experiment /, 'samples for minutes: test/evaluate/portfolio-experiment.test.ts'],
  [/^npm run evom -- cluster (?!.*--dry-run)/, 'needs a Ray cluster, or runs until it is stopped: test/e2e/ray-run.test.ts'],
  [/--config grpo-1gpu/, 'needs a GPU and a downloaded model: test/config'],
];

const short = '--set run.steps=2 --set algorithm.groups_per_step=2 --set sampling.group_size=4 --set run.checkpoint_every=1';
const evaluated = `--set 'dataset.eval=[{name: few, type: generated, seed: 57, count: 4, wordings: held_out, split: test, difficulties: [1]}]'`;
/** Begin of a command, and what is added so that it ends within seconds. */
const shortened: readonly (readonly [RegExp, string])[] = [
  [/^npm run evom -- train --config (?:quickstart|tiny-adapt-glpk)(?! --dry)/, `${short} --set dataset.train.count=16 ${evaluated}`],
  [/^npm run evom -- train --config examples\/train\.yaml/, short],
  [/^npm run evom -- sft /, `--set run.steps=1 ${evaluated}`],
  [/^npm run evom -- evaluate --config quickstart$/, evaluated],
  [/^npm run evom -- portfolio simulate/, '--seeds 2'],
];

const found = (list: readonly (readonly [RegExp, string])[], command: string): string | undefined =>
  list.find(([pattern]) => pattern.test(command))?.[1];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-commands-'));
  for (const name of ['configs', 'checkpoints', 'datasets', 'examples']) symlinkSync(join(root, name), join(folder, name));
  // `npm run evom -- ARGS` is node on the built command line; npm itself would look for a package here.
  writeFileSync(
    join(folder, 'npm.sh'),
    `npm() { shift; [ "$1" = --silent ] && shift; while [ "$1" != -- ]; do shift; done; shift; "${process.execPath}" "${root}dist/cli/main.js" "$@"; }\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string): Promise<{ readonly code: number; readonly said: string }> {
  const added = found(shortened, command);
  const line = command.replace('npm run --silent evom', 'npm run evom').replace('--step 100', '--step 2');
  const script = `. ./npm.sh; ${line} ${added ?? ''}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { cwd: folder, timeout: 240_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), said: `${out}\n${err}` }),
    );
  });
}

describe('command lines that the pages name', () => {
  const pasted = [...new Set(lines.map(({ command }) => command))].filter((command) => found(leftOut, command) === undefined);
  it.each(pasted)(
    '%s',
    async (command) => {
      const { code, said } = await run(command);
      const wanted = /^npm run evom -- (?:solve|portfolio build) /.test(command) ? 5 : 0; // the tiny policy is out of its depth, and says so
      expect({ code, said: code === wanted ? '' : said }).toEqual({ code: wanted, said: '' });
    },
    300_000,
  );

  it('are all run, but for those that this test gives a reason for', () => {
    expect(pasted.length).toBeGreaterThan(30);
    for (const [pattern] of [...leftOut, ...shortened])
      expect(
        lines.filter(({ command }) => pattern.test(command)),
        String(pattern),
      ).not.toEqual([]);
  });
});
