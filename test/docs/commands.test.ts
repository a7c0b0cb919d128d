/**
 * Runs the command lines of the README, of the guide and of docs/reference/commands.md as pasted, in a folder that has the repository's examples,
 * configurations and checkpoints, and a part of its problems. Those that train are shortened. Those that need a GPU, a server, a file from elsewhere or hours are not run, for
 * the reason that `leftOut` gives; of these, and of all other pages, verbs, options, configurations, keys and files are checked.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load/load.ts';
import { commandsOf, faultsOf, type Line, root } from './pasted.ts';

const pagesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .toSorted();

const guide = pagesIn('docs/guide');
/** In this order: a later line may look at what an earlier one wrote. A line that stands in two pages runs once. */
const runPages = [...new Set(['docs/guide/own-data.md', 'docs/reference/commands.md', 'README.md', ...guide])];
const otherPages = ['docs/reference', 'docs/lab', 'recipes', 'examples'].flatMap(pagesIn).filter((page) => !runPages.includes(page));
const lines: readonly Line[] = runPages.flatMap(commandsOf);

/** Begin of a command, and why this test does not run it. */
const leftOut: readonly (readonly [RegExp, string])[] = [
  [/^npm ci/, 'installs, trains for minutes or runs these tests; .ci/run and a release do'],
  [/^npm run bench/, 'takes minutes'],
  [/^scripts\/setup-|^pip |^hf download|npm install/, 'installs from elsewhere'],
  [/^export /, 'says which Python later lines use'],
  [/^npm run evom -- solver-host/, 'installs, or serves until it is stopped: test/solver-host'],
  [/^npm run evom -- (?:serve|dashboard) /, 'serves until it is stopped: test/serve, test/report'],
  [/vllm serve|^curl /, 'needs a model server or a reward server: test/servers, test/serve'],
  [/bakery\.py|--host http|--backend gurobi|--backends copt/, 'needs a solver host: test/solver-host, test/docs/examples-folder.test.ts'],
  [/^npm run evom -- model import /, 'needs a model file: test/gguf'],
  [/models\/SmolLM2|--config smollm2/, 'needs a model that is imported first: test/gguf, test/learner'],
  [/--policy http|policy\.chat\.url|gpu1:8000/, 'needs a model server: test/e2e/solve-served.test.ts, test/policy'],
  [/^npm run evom -- data import (?:MAMO|benchmarks|rows|complexor)/, 'needs published files: test/benchmarks'],
  [/^npm run evom -- sweep /, 'trains several runs: test/cli/sweep.test.ts'],
  [/^npm run evom -- portfolio experiment /, 'samples for minutes: test/evaluate/portfolio-experiment.test.ts'],
  [/^\.venv-ray\/bin\/ray |--config cluster\.yaml(?!.*--dry-run)/, 'needs a Ray cluster: test/e2e/ray-run.test.ts'],
  [/^(?:docker|kubectl|sbatch) /, 'needs a cluster: test/deploy'],
  [/^scripts\/gpu-check\.sh/, 'measures for minutes: test/servers/gpu-check.test.ts'],
  [/^npm run evom -- cluster (?!.*--dry-run)/, 'needs a Ray cluster, or runs until it is stopped: test/e2e/ray-run.test.ts'],
  [/--config (?:evom-paper|grpo)/, 'needs a GPU and a downloaded model: test/config'],
  [/--config consistency/, 'trains for half an hour: test/reward/consistency.test.ts'],
];

/** Of examples/problems.jsonl: what holds for the first is asked of them alone. */
const fewProblems = 14;
const few = '[{name: few, type: generated, seed: 57, count: 4, wordings: held_out, split: test, difficulties: [1]}]';
const evaluated = `--set 'dataset.eval=${few}'`;
const short = '--set run.steps=2 --set algorithm.groups_per_step=2 --set sampling.group_size=4 --set run.checkpoint_every=1';
/** Begin of a command, and what is added so that it ends within seconds. */
const shortened: readonly (readonly [RegExp, string])[] = [
  [
    /^npm run evom -- train --config (?:quickstart|tiny-adapt-glpk|tiny-grpo)(?! --dry)/,
    `${short} --set dataset.train.count=16 ${evaluated}`,
  ],
  [/^npm run evom -- train --config examples\/train\.yaml/, short],
  [/^npm run evom -- sft --config tiny-sft/, `--set run.steps=1 --set tokenizer.sample_problems=200 --set batch_tokens=1000 ${evaluated}`],
  [/^npm run evom -- sft --config tiny-simulators/, `--set run.steps=1 --set batch_tokens=1000 ${evaluated}`],
  [/^npm run evom -- evaluate --config quickstart$/, evaluated],
  [/^npm run evom -- transfer (?!.*--dataset)/, evaluated],
  [/^npm run evom -- portfolio simulate/, '--seeds 2'],
];

const found = (list: readonly (readonly [RegExp, string])[], command: string): string | undefined =>
  list.find(([pattern]) => pattern.test(command))?.[1];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-commands-'));
  for (const name of ['configs', 'checkpoints', 'datasets', 'recipes']) symlinkSync(join(root, name), join(folder, name));
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  const problems = readFileSync(join(root, 'examples/problems.jsonl'), 'utf8').split('\n', fewProblems);
  writeFileSync(join(folder, 'examples/problems.jsonl'), `${problems.join('\n')}\n`);
  // `npm run evom -- ARGS` is node on the built command line; npm itself would look for a package here.
  writeFileSync(
    join(folder, 'npm.sh'),
    `npm() { shift; [ "$1" = --silent ] && shift; while [ "$1" != -- ]; do shift; done; shift; "${process.execPath}" "${root}dist/cli/main.js" "$@"; }\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string): Promise<{ readonly code: number; readonly said: string }> {
  const line = command.replace(/--step 10+/, '--step 2');
  const script = `. ./npm.sh; set -o pipefail; ${line} ${found(shortened, command) ?? ''}`;
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
      // The tiny policy is out of its depth, and says so.
      const isRefused = / solve (?:examples|-)|portfolio build (?!.*--candidates)/.test(command);
      const wanted = isRefused ? 5 : 0;
      expect({ code, said: code === wanted ? '' : said }).toEqual({ code: wanted, said: '' });
    },
    300_000,
  );

  it('are all run, but for those that this test gives a reason for', () => {
    expect(pasted.length).toBeGreaterThan(45);
    for (const [pattern] of [...leftOut, ...shortened])
      expect(
        lines.filter(({ command }) => pattern.test(command)),
        String(pattern),
      ).not.toEqual([]);
  });
});

describe('command lines that are not run', () => {
  const checked = [...lines.filter(({ command }) => found(leftOut, command) !== undefined), ...otherPages.flatMap(commandsOf)];
  it.each(checked)('$page: $command', async ({ command }) => {
    expect(await faultsOf(command)).toEqual([]);
  });

  it.each([
    ['npm run evom -- trian --config quickstart', 'unknown command'],
    ['npm run evom -- train --config quickstart --stepz 3', 'unknown option or argument: stepz'],
    ['npm run evom -- train --config quickstrat', 'no configuration quickstrat'],
    ['npm run evom -- train --config quickstart --set run.stepz=3', 'run.stepz'],
    ['npm run evom -- evaluate --checkpoint models/x --backend gurobbi', 'gurobbi'],
    ['npm run evom -- verify examples/gone.py --host http://127.0.0.1:8650', 'no file examples/gone.py'],
    ['scripts/setup-nothing.sh', 'no file scripts/setup-nothing.sh'],
  ])('%s is caught', async (command, what) => {
    expect((await faultsOf(command)).join('\n')).toContain(what);
  });
});

describe('configurations that the guide shows', () => {
  const shown = guide.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/^```yaml\n(extends:[\s\S]*?)^```$/gm)].map(([, text = '']) => ({ page, text })),
  );
  it.each(shown)('$page', ({ text }) => {
    writeFileSync(join(folder, 'shown.yaml'), text);
    expect(() => loadConfig('shown.yaml', { cwd: folder, checkFiles: false })).not.toThrow();
  });

  it('the one of the page on own problems is examples/train.yaml', () => {
    const example = readFileSync(join(root, 'examples/train.yaml'), 'utf8').replace(/^#.*\n/gm, '');
    expect(shown.map(({ text }) => text)).toContain(example);
  });
});
