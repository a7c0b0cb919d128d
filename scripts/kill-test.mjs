/**
 * Kills a run at random moments, resumes it each time, and compares it bit by bit with the same run left alone.
 *
 *   node scripts/kill-test.mjs --config tiny-grpo --kills 10 --dir /tmp/kill-test --set run.steps=12
 *
 * Prints a Markdown table of the kills and the comparison; exits 1 where anything differs. A whole run that is already
 * in the directory is used again.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfig } from '../dist/config/load/load.js';
import { randomStream } from '../dist/lib/random.js';
import { readMetrics, replayableMetrics } from '../dist/runs/metrics.js';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const { values: args } = parseArgs({
  options: {
    config: { type: 'string', short: 'c' },
    kills: { type: 'string', default: '10' },
    dir: { type: 'string' },
    seed: { type: 'string', default: '1' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
if (args.config === undefined) {
  process.stderr.write('usage: node scripts/kill-test.mjs --config X [--kills 10] [--dir DIR] [--seed 1] [--set key=value ...]\n');
  process.exit(2);
}
const kills = Number(args.kills);
const root = args.dir === undefined ? mkdtempSync(join(tmpdir(), 'evom-kill-test-')) : resolve(args.dir);
const { kind } = loadConfig(args.config, { cwd: process.cwd(), overrides: args.set });
const random = randomStream('kill-test', args.seed);
const say = (text) => process.stderr.write(`${text}\n`);

/** One life of the run in `root/which/run`: starts or resumes it; `onStart` gets the process once its loop begins. */
function live(which, { onSpawn = () => {}, onLoop = () => {} } = {}) {
  const run = join(root, which, 'run');
  const overrides = [...args.set, 'run.name=run', `run.dir=${join(root, which)}`].flatMap((one) => ['--set', one]);
  const resume = existsSync(join(run, 'config.resolved.yaml')) ? ['--resume'] : [];
  const began = performance.now();
  const child = spawn(process.execPath, [main, kind, '--config', args.config, ...overrides, ...resume], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let [err, loopAt, line] = ['', null, ''];
  onSpawn(child);
  child.stderr.on('data', (chunk) => {
    err = (err + chunk).slice(-4000);
    line = err.trimEnd().split('\n').at(-1) ?? '';
    // The loop has begun: `train` says so, `sft` with its first step.
    if (loopAt === null && /^set-up took|^step +\d+\//m.test(String(chunk))) {
      loopAt = performance.now();
      onLoop(child, run);
    }
  });
  return new Promise((done) =>
    child.on('close', (code, signal) => {
      const end = performance.now();
      done({
        run,
        code,
        signal,
        err,
        line,
        setUpMs: (loopAt ?? end) - began,
        loopMs: loopAt === null ? 0 : end - loopAt,
        inLoop: loopAt !== null,
      });
    }),
  );
}

/** Files of a run with their times, newest first. */
function newestFiles(run) {
  return readdirSync(run, { recursive: true, encoding: 'utf8' })
    .flatMap((name) => {
      const stat = statSync(join(run, name), { bigint: true, throwIfNoEntry: false });
      return stat?.isFile() ? [{ name, time: stat.mtimeNs }] : [];
    })
    .sort((a, b) => (a.time < b.time ? 1 : -1))
    .map(({ name }) => name);
}

/** What a run was doing when it was killed, as its newest file tells. */
function doingWhat(run, inLoop) {
  const [newest = ''] = existsSync(run) ? newestFiles(run) : [];
  const step = Number(/steps\/(\d+)/.exec(newest)?.[1]);
  const openCheckpoint =
    existsSync(join(run, 'checkpoints')) && readdirSync(join(run, 'checkpoints')).some((name) => name.endsWith('.tmp'));
  const steps = join(run, 'steps');
  const openStep = existsSync(steps) ? readdirSync(steps).find((name) => !existsSync(join(steps, name, 'manifest.json'))) : undefined;
  const doing = () => {
    if (!inLoop) return 'set-up';
    if (openCheckpoint) return 'writing a checkpoint';
    if (openStep !== undefined) return `writing rollouts and batches of step ${Number(openStep)}`;
    if (newest.endsWith('manifest.json') && !Number.isNaN(step)) return `gradient step ${step}`;
    if (newest.startsWith('evaluations/') && !newest.includes('/000000')) return 'between an evaluation and its line of metrics';
    return 'sampling and verifying';
  };
  return { doing: doing(), newest };
}

const kill = (child) => child.kill('SIGKILL');
const killIn = (child, ms) => setTimeout(() => kill(child), ms);

/** Kills when an entry of a folder of the run appears that the condition accepts, looked at for as long as the process lives. */
function killAt(child, folder, accepts, afterMs) {
  const watcher = watch(folder, (_event, name) => {
    if (name === null || !accepts(name)) return;
    watcher.close();
    const wait = setInterval(() => {
      if (!afterMs.ready(name)) return;
      clearInterval(wait);
      killIn(child, afterMs.ms);
    }, 1);
    child.on('close', () => clearInterval(wait));
  });
  child.on('close', () => watcher.close());
}

/** Ways to choose the moment: anywhere in time, or aimed at what takes so little time that chance would miss it. */
function aim(way, { setUpMs, loopMs }) {
  const someTime = random.next() * Math.min(loopMs * 0.9, (2 * loopMs) / kills);
  const shortly = random.int(0, 8);
  const later = (child, then) => {
    const timer = setTimeout(then, someTime);
    child.on('close', () => clearTimeout(timer));
  };
  switch (way) {
    case 'set-up':
      return { onSpawn: (child) => killIn(child, random.next() * setUpMs) };
    case 'writing':
      return {
        onLoop: (child, run) => later(child, () => killAt(child, join(run, 'steps'), () => true, { ready: () => true, ms: shortly })),
      };
    case 'gradient':
      return {
        onLoop: (child, run) =>
          later(child, () =>
            killAt(child, join(run, 'steps'), () => true, {
              ready: (name) => existsSync(join(run, 'steps', name, 'manifest.json')),
              ms: shortly * 4,
            }),
          ),
      };
    case 'checkpointing':
      return {
        onLoop: (child, run) =>
          later(child, () => killAt(child, join(run, 'checkpoints'), (name) => name.endsWith('.tmp'), { ready: () => true, ms: shortly })),
      };
    default:
      return { onLoop: (child) => later(child, () => kill(child)) };
  }
}

const ways =
  kind === 'train' ? ['any', 'writing', 'gradient', 'checkpointing', 'any', 'set-up'] : ['any', 'checkpointing', 'any', 'set-up'];

say('the run left alone');
const whole = await live('whole');
if (whole.code !== 0) {
  say(whole.err);
  process.exit(1);
}
// Resumed after its end it took no time; the killed runs then go by what its metrics say.
const lines = await readMetrics(whole.run);
const recorded = 1000 * lines.reduce((sum, line) => sum + Number(line['time/step_s'] ?? 0), 0);
const expected = { setUpMs: whole.setUpMs, loopMs: Math.max(whole.loopMs, recorded) };
say(`set-up ${(expected.setUpMs / 1000).toFixed(1)} s, loop ${(expected.loopMs / 1000).toFixed(1)} s, ${lines.length} steps`);

rmSync(join(root, 'killed'), { recursive: true, force: true });
const rows = [];
let last = null;
for (let number = 1; number <= kills; number++) {
  const way = ways[(number - 1) % ways.length];
  const life = await live('killed', aim(way, expected));
  if (life.signal !== 'SIGKILL') {
    if (life.code !== 0) {
      say(life.err);
      process.exit(1);
    }
    say(`the run ended before kill ${number}`);
    last = life;
    break;
  }
  const { doing, newest } = doingWhat(life.run, life.inLoop);
  const metrics = existsSync(life.run) ? await readMetrics(life.run) : [];
  const checkpoints = existsSync(join(life.run, 'checkpoints'))
    ? readdirSync(join(life.run, 'checkpoints')).filter((name) => /^\d+$/.test(name))
    : [];
  rows.push([
    number,
    ((life.setUpMs + life.loopMs) / 1000).toFixed(2),
    doing,
    metrics.at(-1)?.step ?? 0,
    Number(checkpoints.sort().at(-1) ?? 0),
    newest,
  ]);
  say(`kill ${number}: ${doing} (${newest})`);
}
last ??= await live('killed');
if (last.code !== 0) {
  say(last.err);
  process.exit(1);
}

const hash = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
const finalFiles = (run) => {
  const directory = join(run, readFileSync(join(run, 'latest'), 'utf8').trim());
  const names = ['model.safetensors', ...readdirSync(join(directory, 'evom_state')).map((name) => `evom_state/${name}`)].sort();
  return new Map(names.map((name) => [name, hash(join(directory, name))]));
};
const [left, right] = [finalFiles(whole.run), finalFiles(last.run)];
const [linesA, linesB] = await Promise.all(
  [whole.run, last.run].map(async (run) => (await readMetrics(run)).map((line) => JSON.stringify(replayableMetrics(line)))),
);
const compared = [...new Set([...left.keys(), ...right.keys()])].map((name) => [
  name,
  left.get(name) === right.get(name),
  (left.get(name) ?? 'missing').slice(0, 16),
]);
compared.push([
  `metrics.jsonl, ${linesA.length} lines without time/`,
  linesA.join('\n') === linesB.join('\n'),
  createHash('sha256').update(linesA.join('\n')).digest('hex').slice(0, 16),
]);

const table = (head, body) => [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
process.stdout.write(`${table(['kill', 'after s', 'doing', 'steps done', 'last checkpoint', 'newest file'], rows)}\n\n`);
process.stdout.write(
  `${table(
    ['after the last step', 'bits', 'sha256'],
    compared.map(([name, same, sum]) => [name, same ? 'equal' : 'DIFFERENT', sum]),
  )}\n`,
);
if (args.dir === undefined) rmSync(root, { recursive: true, force: true });
process.exit(compared.every(([, same]) => same) ? 0 : 1);
