/**
 * A whole GRPO step beside TRL's GRPOTrainer: checkpoints/tiny, the same problems in the same order, group size, batch, tokens,
 * temperature, learning rate, loss (grpo, no KL, one update a batch) and number of threads, on the CPU in float32; the two take turns.
 * `npm run build` first; Python with scripts/bench/requirements.txt by --python, else ours alone.
 *
 *   node scripts/bench/grpo-step.mjs [--python PATH] [--threads 1] [--rounds 3] [--groups 8] [--group-size 8] [--micro-rows 16] [--rewards length,verified] [--json]
 *
 * --rewards length    1 for an even number of tokens, computed in the process: only sampling and gradient differ
 * --rewards verified  ours runs and judges every program; TRL cannot run JavaScript, so there its reward starts a Python process a
 *                     completion on the problem's reference program against gurobipy (`processes`), or calls `evom verify` (`evom`)
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { dialectByName } from '../../dist/dialects/registry.js';
import { readProblems } from '../../dist/problems/sets/jsonl.js';

const root = join(import.meta.dirname, '..', '..');
const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.EVOM_BENCH_PYTHON ?? '' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    groups: { type: 'string', default: '8' },
    'group-size': { type: 'string', default: '8' },
    'micro-rows': { type: 'string', default: '16' }, // of TRL: the faster of 16 and the whole batch
    rewards: { type: 'string', default: 'length,verified' },
    json: { type: 'boolean', default: false },
  },
});
const [threads, rounds, groups, groupSize] = [options.threads, options.rounds, options.groups, options['group-size']].map(Number);
const evom = [process.execPath, join(root, 'dist', 'cli', 'main.js')];
const scratch = mkdtempSync(join(tmpdir(), 'evom-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const at = (name) => join(scratch, name);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** A process that takes a step for each line it is sent. */
function contender(name, command, settings) {
  writeFileSync(at(`${name}.json`), JSON.stringify(settings));
  const child = spawn(command[0], [...command.slice(1), at(`${name}.json`)], { stdio: ['pipe', 'pipe', 'pipe'], cwd: root });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.on('close', resolve));
  return {
    name,
    steps: [],
    ask: async (what) => {
      child.stdin.write(`${what}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended: ${said}`);
      return JSON.parse(value);
    },
    close: () => {
      child.stdin.end();
      return ended;
    },
    kill: () => child.kill(),
  };
}

const [generate, ...main] = [
  evom[0],
  evom[1],
  'data',
  'generate',
  '--count',
  '64',
  '--seed',
  '1',
  '--quiet',
  '--out',
  at('problems.jsonl'),
];
const kind = ['--families', 'production,farming,diet,blending,trips', '--difficulties', '1', '--wordings', 'held_out'];
execFileSync(generate, [...main, ...kind], { stdio: ['ignore', 'ignore', 'inherit'] });
mkdirSync(at('programs'));
for (const [i, problem] of (await readProblems(at('problems.jsonl'))).entries()) {
  writeFileSync(join(at('programs'), `${i}.py`), dialectByName('gurobipy').render(problem.model));
}
const settings = {
  model: join(root, 'checkpoints', 'tiny'),
  problems: at('problems.jsonl'),
  prompts: at('prompts.jsonl'),
  programs: at('programs'),
  scratch,
  evom,
  threads,
  groups,
  groupSize,
  microRows: Math.min(Number(options['micro-rows']), groups * groupSize),
  maxTokens: 120,
  temperature: 1.2,
  learningRate: 1e-6,
};
const ours = (name, reward) => contender(name, [evom[0], join(import.meta.dirname, 'grpo-step-evom.mjs')], { ...settings, reward });
const trl = (name, reward) => contender(name, [options.python, join(import.meta.dirname, 'grpo_step.py')], { ...settings, reward });
const rivals = {
  length: () => [['trl', 'length']],
  verified: () => [
    ['trl, a Python process a program', 'processes'],
    ['trl, evom verify', 'evom'],
  ],
};

const results = [];
for (const reward of options.rewards.split(',')) {
  const evomStep = ours(`evom-${reward}`, reward);
  const prompts = await evomStep.ask('prompts');
  writeFileSync(settings.prompts, prompts.map((prompt) => `${JSON.stringify(prompt)}\n`).join(''));
  const contenders = [{ what: 'evom', ...evomStep }];
  if (options.python !== '') for (const [what, kind] of rivals[reward]()) contenders.push({ what, ...trl(`trl-${kind}`, kind) });
  try {
    for (let round = -1; round < rounds; round++) {
      for (const one of contenders) {
        const step = await one.ask('step');
        if (round >= 0) one.steps.push(step); // the first is warm-up
      }
    }
    await Promise.all(contenders.map((one) => one.close()));
  } finally {
    for (const one of contenders) one.kill();
  }
  const of = (one, key) => median(one.steps.map((step) => step[key]));
  for (const one of contenders) {
    const tokens = of(one, 'meanTokens') * groups * groupSize;
    results.push({
      reward,
      what: one.what,
      threads,
      stepS: Number(of(one, 'wallS').toFixed(2)),
      stepCpuS: Number(of(one, 'cpuS').toFixed(2)),
      meanTokens: Number(of(one, 'meanTokens').toFixed(1)),
      tokensPerCpuSecond: Math.round(tokens / of(one, 'cpuS')),
      evomIsFaster: Number((of(one, 'wallS') / of(contenders[0], 'wallS')).toFixed(2)),
      evomIsFasterByCpu: Number((of(one, 'cpuS') / of(contenders[0], 'cpuS')).toFixed(2)),
      peakRssMb: Math.round(one.steps.reduce((most, step) => Math.max(most, step.rssMb), 0)),
      load: Number(loadavg()[0].toFixed(1)),
    });
  }
}
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else console.table(results);
if (options.python === '')
  process.stderr.write('TRL was left out: pass --python PATH (an environment with scripts/bench/requirements.txt)\n');
