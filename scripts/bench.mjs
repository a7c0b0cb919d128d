/**
 * `npm run bench`: how fast each stage is and what it takes, beside the usual way of doing the same where that can run here.
 *
 *   npm run bench [-- --quick --python PATH --environment DIR --parts sampling,gradient,verification,host,grpo --json]
 *   npm run bench -- --models s1,s3 --threads 1,2 --rounds 5
 *
 * | part         | ours                                           | beside                                                    |
 * |---|---|---|
 * | sampling     | the embedded sampler                           | a hand-written PyTorch loop, Hugging Face `generate`      |
 * | gradient     | the embedded learner's step                    | PyTorch's                                                 |
 * | verification | programs in the sandbox, bare and audited      | the bare solve, a fresh Python process with scipy         |
 * | host         | Python programs on a solver host               | a fresh Python process with the library                   |
 * | grpo         | a whole GRPO step                              | TRL's GRPOTrainer                                         |
 *
 * Python lives in its own environment: `python3 -m venv .venv-bench && .venv-bench/bin/pip install -r scripts/bench/requirements.txt`;
 * the solver host's is made by `evom solver-host --setup .venv-solvers`. What is missing is a skipped row that says so. A part that fails
 * leaves the others running and ends the command with 1. `--quick` takes two minutes of processor time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfNeeded } from './build-if-needed.mjs';

const root = join(import.meta.dirname, '..');
const usual = join(root, '.venv-bench', 'bin', 'python');
const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.EVOM_BENCH_PYTHON ?? (existsSync(usual) ? usual : '') },
    environment: { type: 'string', default: process.env.EVOM_SOLVER_ENVIRONMENT ?? join(root, '.venv-solvers') },
    parts: { type: 'string', default: 'sampling,gradient,verification,host,grpo' },
    models: { type: 'string' },
    threads: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
if (options.python.includes('/')) options.python = resolve(options.python);
const { quick } = options;
const models = options.models ?? (quick ? 's1' : 's3');
const threads = options.threads ?? (quick ? '1' : String(Math.min(2, cpus().length)));
const rounds = options.rounds ?? (quick ? '1' : '3');

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const load = () => Number(loadavg()[0].toFixed(1));
const about = (value) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

/** A command's stdout as JSON; what it says on stderr is in the error when it fails. */
function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args.map(String), { encoding: 'utf8', cwd: root, maxBuffer: 1 << 28 });
  if (status !== 0) {
    const lines = stderr.trim().split('\n');
    const said = error?.message ?? lines.findLast((line) => /Error\b/.test(line)) ?? lines.at(-1);
    throw new Error(`${said.trim()} (${command} ${args.join(' ')})`);
  }
  return JSON.parse(stdout);
}
const script = (name, args) => run(process.execPath, [join(root, 'scripts', 'bench', name), ...args]);

/** Whether the Python given has these packages; looked up once. */
const found = new Map();
function hasPackages(names) {
  if (options.python === '') return false;
  const key = names.join(', ');
  if (!found.has(key)) found.set(key, spawnSync(options.python, ['-c', `import ${key}`]).status === 0);
  return found.get(key);
}
const without = (what, names) =>
  hasPackages(names) ? [] : [{ what, skipped: `no Python with ${names.join(', ')}: pass --python PATH (scripts/bench/requirements.txt)` }];

const parts = {
  sampling() {
    const python = hasPackages(['torch', 'transformers']) ? options.python : '';
    const args = ['--json', '--python', python, '--models', models, '--threads', threads, '--rounds', rounds];
    const names = {
      evom: 'evom',
      int8: 'evom, policy.precision: int8',
      loop: 'PyTorch loop with a KV cache',
      generate: 'Hugging Face generate',
    };
    return [
      ...script('sampling.mjs', args).map((row) => ({
        setting: `${row.model}, ${row.threads} threads`,
        what: names[row.what],
        value: row.tokensPerSecond,
        unit: 'tokens/s',
        evomIsFaster: row.evomIsFaster,
        evomIsFasterByCpu: row.evomIsFasterByCpu,
      })),
      ...without('PyTorch loop, Hugging Face generate', ['torch', 'transformers']),
    ];
  },

  gradient() {
    const hasTorch = hasPackages(['torch', 'transformers']);
    const names = { unshared_adamw: 'evom, nothing shared', shared_adamw: 'evom, groups share prompts', shared_muon: 'evom, Muon, shared' };
    const rows = [];
    for (const model of models.split(',')) {
      for (const count of threads.split(',')) {
        const times = new Map();
        const note = (what, ms, cpuMs, rssMb) => {
          const one = times.get(what) ?? { ms: [], cpuMs: [], rssMb: 0 };
          times.set(what, { ms: [...one.ms, ...ms], cpuMs: [...one.cpuMs, ...cpuMs], rssMb: Math.max(one.rssMb, rssMb) });
        };
        for (let round = 0; round < Number(rounds); round++) {
          const ours = script('train-step.mjs', [count, 1, 2048, model]);
          for (const [key, what] of Object.entries(names)) note(what, ours[key], ours[`${key}_cpu`], ours.rss_mb);
          if (!hasTorch) continue;
          const torch = run(options.python, [join(root, 'scripts/bench/train_step.py'), count, 1, count === '1' ? 8 : 16, model]);
          note('PyTorch, sdpa, fused AdamW', torch.torch_fp32, torch.torch_fp32_cpu, torch.rss_mb);
        }
        const base = times.get(names.shared_adamw);
        for (const [what, one] of times) {
          rows.push({
            setting: `${model}, ${count} threads`,
            what,
            value: about(median(one.ms)),
            unit: 'ms a step',
            evomIsFaster: about(median(one.ms) / median(base.ms)),
            evomIsFasterByCpu: about(median(one.cpuMs) / median(base.cpuMs)),
            peakRssMb: one.rssMb,
          });
        }
      }
    }
    return [...rows, ...without('PyTorch', ['torch', 'transformers'])];
  },

  verification() {
    const size = quick ? ['--count', '60', '--processes', '2'] : ['--count', '200', '--processes', '3'];
    const python = hasPackages(['scipy']) ? options.python : '';
    const rows = script('verify.mjs', ['--rounds', rounds, '--python', python, ...size]);
    const base = (row) => rows.find((one) => one.model === row.model && one.backend === row.backend && one.what === 'highs-js, audited');
    return [
      ...rows.map((row) => ({
        setting: `${row.model}, ${row.backend}`,
        what: row.what === 'python process' ? 'fresh Python process, scipy' : row.what,
        value: row.cpuMs,
        unit: 'CPU ms a program',
        evomIsFasterByCpu: about(row.cpuMs / base(row).cpuMs),
      })),
      ...without('fresh Python process', ['scipy']),
    ];
  },

  host() {
    const python = join(resolve(options.environment), 'bin', 'python');
    if (!existsSync(python)) {
      const skipped = `no ${python}: make it with "evom solver-host --setup DIR" and pass --environment DIR`;
      return [{ what: 'solver host', skipped }];
    }
    const size = quick ? ['--programs', '40', '--fresh', '3'] : ['--programs', '100', '--fresh', '5'];
    const dialects = quick ? 'gurobipy,ortools' : 'gurobipy,coptpy,ortools,highspy,pyscipopt,pulp';
    const rows = script('solver-host.mjs', ['--environment', options.environment, '--dialects', dialects, '--rounds', rounds, ...size]);
    return rows.flatMap((row) => [
      { setting: row.dialect, what: 'evom solver-host', value: about(row.hostMs), unit: 'CPU ms a program', evomIsFasterByCpu: 1 },
      {
        setting: row.dialect,
        what: 'fresh Python process',
        value: about(row.freshMs),
        unit: 'CPU ms a program',
        evomIsFasterByCpu: about(row.timesLess),
      },
    ]);
  },

  grpo() {
    const packages = ['torch', 'trl', 'datasets', 'gurobipy'];
    const python = hasPackages(packages) ? options.python : '';
    const rows = threads
      .split(',')
      .flatMap((count) => script('grpo-step.mjs', ['--json', '--python', python, '--threads', count, '--rounds', rounds]));
    return [
      ...rows.map((row) => ({
        setting: `${row.reward} reward, ${row.threads} threads`,
        what: row.what,
        value: row.stepS,
        unit: 's a step',
        evomIsFaster: row.evomIsFaster,
        evomIsFasterByCpu: row.evomIsFasterByCpu,
        peakRssMb: row.peakRssMb,
      })),
      ...without('TRL', packages),
    ];
  },
};

const chosen = options.parts.split(',');
for (const [what, given, known] of [
  ['part', chosen, Object.keys(parts)],
  ['model', models.split(','), ['s1', 's3']],
]) {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) usage(`there is no ${what} "${unknown}"; known: ${known.join(', ')}`);
}
for (const [name, value] of Object.entries({ threads, rounds })) {
  if (!value.split(',').every((one) => /^[1-9]\d*$/.test(one))) usage(`--${name} must be whole numbers from 1, not "${value}"`);
}
buildIfNeeded();
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
const results = [];
for (const part of chosen) {
  const begun = performance.now();
  let rows;
  try {
    rows = parts[part]();
  } catch (error) {
    rows = [{ what: part, failed: error.message }];
    process.exitCode = 1;
  }
  const seconds = Math.round((performance.now() - begun) / 1000);
  process.stderr.write(`${part}: ${seconds} s, load ${load()}\n`);
  for (const row of rows) results.push({ part, ...row, load: load() });
}

if (options.json) process.stdout.write(`${JSON.stringify({ machine, rounds: Number(rounds), results })}\n`);
else process.stdout.write(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; medians of ${rounds} rounds\n\n${table(results)}`);

function usage(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** Fixed columns; a row without a figure says why. */
function table(rows) {
  const head = ['part', 'setting', 'what', 'figure', 'faster: wall', 'CPU', 'peak MB', 'load'];
  const cells = rows.map((row) => [
    row.part,
    row.setting ?? '',
    row.what,
    row.value === undefined ? '' : `${row.value} ${row.unit}`,
    ...[row.evomIsFaster, row.evomIsFasterByCpu, row.peakRssMb, row.load].map((value) => (value === undefined ? '' : String(value))),
  ]);
  const width = head.map((title, j) => cells.reduce((most, row) => Math.max(most, row[j].length), title.length));
  const line = (row) =>
    row
      .map((cell, j) => (j < 4 ? cell.padEnd(width[j]) : cell.padStart(width[j])))
      .join('  ')
      .trimEnd();
  const notes = rows.flatMap((row) =>
    row.skipped !== undefined
      ? [`skipped: ${row.part}, ${row.what}: ${row.skipped}`]
      : row.failed !== undefined
        ? [`FAILED: ${row.part}: ${row.failed}`]
        : [],
  );
  const shown = cells.filter((_, i) => rows[i].value !== undefined);
  return `${[line(head), ...shown.map(line), ...notes].join('\n')}\n`;
}
