/**
 * `npm run mutation -- FOLDER`: how much of a folder of src/ its tests hold. Stryker changes the code in one place at a time and runs
 * the tests that reach the place; a change that no test notices survives.
 *
 *   npm run mutation -- rl                    # one folder of src/, with the tests of test/rl
 *   npm run mutation -- rl/kl.ts reward       # files of src/, and several folders one after the other
 *   npm run mutation -- rl --concurrency 2 --all   # two at a time; judge anew what an earlier run has judged
 *   npm run mutation -- solvers --sample 0.05      # the changes within one line in twenty, drawn by --seed
 *
 * The score by file and the survivors are printed; reports/mutation/NAME.{json,html} hold them with their source. What is
 * ignored: the words of error messages, branches that the compiler proves unreachable, and code that runs once while a module loads.
 * docs/lab/mutation.md says how to read it.
 * Worker threads run dist/, which is not changed: what runs in them alone counts as reached by no test.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { buildIfNeeded, root } from './build-if-needed.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    concurrency: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    sample: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
});

if (positionals.length === 0) {
  process.stderr.write('name a folder or a file of src/: npm run mutation -- rl\n');
  process.exit(2);
}
for (const name of positionals) {
  if (!existsSync(join(root, 'src', name))) {
    process.stderr.write(`src/${name} does not exist; name a folder or a file of src/, for example rl or rl/kl.ts\n`);
    process.exit(2);
  }
}
const share = Number(values.sample);
if (!(share > 0 && share <= 1)) {
  process.stderr.write(`--sample ${values.sample}: give a share of the lines above 0, and at most 1\n`);
  process.exit(2);
}

/** Lines of a folder's files, each drawn with the same chance; a change that spans several lines is not among theirs. */
function sampledLines(name) {
  const files = name.endsWith('.ts')
    ? [`src/${name}`]
    : readdirSync(join(root, 'src', name), { recursive: true })
        .filter((path) => path.endsWith('.ts'))
        .map((path) => `src/${name}/${path}`)
        .sort();
  const isDrawn = (key) => createHash('sha256').update(`${values.seed} ${key}`).digest().readUInt32BE() < share * 2 ** 32;
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((_, i) => (isDrawn(`${file}:${i + 1}`) ? [`${file}:${i + 1}-${i + 1}`] : [])),
  );
}

/** Runs Stryker over one folder or file and prints its score and its survivors. */
async function mutate(name) {
  const folder = name.split('/')[0];
  const report = join(root, 'reports/mutation', `${name.replaceAll('/', '-')}${share < 1 ? `-sample-${values.seed}` : ''}`);
  process.env.EVOM_MUTATION_TESTS = JSON.stringify(testFiles(join(root, 'test', folder)));
  process.env.EVOM_MUTATION_JOURNAL = `${report}.jsonl`;
  process.env.EVOM_MUTATION_DIST = join(root, 'dist');
  const stryker = new Stryker({
    mutate: share < 1 ? sampledLines(name) : [name.endsWith('.ts') ? `src/${name}` : `src/${name}/**/*.ts`],
    ignorePatterns: ['/runs', '/.venv*', '/reports', '/dist'],
    disableTypeChecks: false,
    plugins: ['ignore', 'journal', 'warm-runner'].map((name) => join(root, `scripts/mutation/${name}.mjs`)),
    ignorers: ['words-and-unreachable'],
    ignoreStatic: true,
    testRunner: 'warm',
    coverageAnalysis: 'perTest',
    concurrency: Number(values.concurrency),
    incremental: true,
    incrementalFile: `${report}.incremental.json`,
    force: values.all,
    reporters: ['journal', 'json', 'html', 'progress-append-only'],
    jsonReporter: { fileName: `${report}.json` },
    htmlReporter: { fileName: `${report}.html` },
    tempDirName: join(tmpdir(), 'evom-mutation'),
    timeoutMS: 300_000,
    dryRunTimeoutMinutes: 30,
    allowConsoleColors: false,
    logLevel: 'warn',
  });
  await stryker.runMutationTest();
  print(name, JSON.parse(readFileSync(`${report}.json`, 'utf8')));
}

/** Test files under a folder, from the root. */
const testFiles = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => relative(root, join(folder, path)))
    .sort();

function print(name, { files }) {
  const found = (mutants) => {
    const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
    const noticed = count('Killed', 'Timeout');
    const unreached = count('NoCoverage');
    const all = noticed + unreached + count('Survived');
    const share = `${noticed} of ${all} noticed (${((100 * noticed) / Math.max(1, all)).toFixed(0)} %)`;
    return unreached === 0 ? share : `${share}; ${unreached} are reached by no test in this process`;
  };
  for (const [file, { mutants, source }] of Object.entries(files)) {
    console.log(`${file}: ${found(mutants)}`);
    const lines = source.split('\n');
    for (const { status, location, mutatorName, replacement } of mutants) {
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const { line, column } = location.start;
      const after = (replacement ?? '').replaceAll(/\s+/g, ' ').slice(0, 80);
      console.log(`  ${line}:${column} ${status} ${mutatorName}: ${(lines[line - 1] ?? '').trim()}  ->  ${after}`);
    }
  }
  console.log(`${name}: ${found(Object.values(files).flatMap(({ mutants }) => mutants))}`);
}

buildIfNeeded();
for (const name of positionals) await mutate(name);
