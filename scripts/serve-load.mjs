// Load on `evom serve`: 64 clients at once, 2,000 distinct right programs of highspy on a solver host, one of the host's processes killed
// with -9 on the way. Ends with 1 unless every program earned its whole reward. Beside it, with --compare N, a reward function that starts
// a Python process a program.
//   node scripts/serve-load.mjs --environment .venv-solvers [--requests 2000] [--clients 64] [--compare 200]
import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({
  options: {
    environment: { type: 'string', default: '.venv-solvers' },
    requests: { type: 'string', default: '2000' },
    clients: { type: 'string', default: '64' },
    compare: { type: 'string', default: '0' },
  },
});
const [requests, clients, compared] = [Number(values.requests), Number(values.clients), Number(values.compare)];

const code = (i) =>
  `import highspy\nh = highspy.Highs()\nh.setOptionValue("output_flag", False)\nx = h.addVariable(ub=3)\ny = h.addVariable()\nh.addConstr(x + 2 * y <= 4)\nh.maximize(x + y)  # ${i}\nprint(h.getObjectiveValue())`;

/** Starts a command of evom that serves; its first line of JSON and its process. */
async function serve(...args) {
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args, '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, ...JSON.parse(line) };
  throw new Error(`${args[0]} did not start`);
}

/** Processes below one, from /proc. */
function below(pid) {
  const parents = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [[Number(name), Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1])]];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const children = (of) => parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...children(child)]);
  return children(pid);
}

/** `work` over 0..n-1, `width` at once. */
async function all(n, width, work) {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < n) {
        const i = next;
        next += 1;
        await work(i);
      }
    }),
  );
}

const host = await serve('solver-host', '--dialects', 'highspy', '--environment', values.environment);
const server = await serve('serve', '--backend', 'highspy', '--host', host.url);
const seen = new Map();
let killed = 0;
try {
  const began = performance.now();
  let done = 0;
  await all(requests, clients, async (i) => {
    const body = JSON.stringify({ question: 'Maximize.', answer: 3.5, completions: [`\`\`\`python\n${code(i)}\n\`\`\``] });
    const response = await fetch(`${server.url}/v1/score`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const said = await response.json();
    const what = said.rewards?.[0] ?? `${response.status} ${said.error ?? JSON.stringify(said.outcomes[0].unscorable)}`;
    seen.set(what, (seen.get(what) ?? 0) + 1);
    done += 1;
    if (done % 100 === 0) console.error(`${done}/${requests}`);
    if (done === Math.floor(requests / 3)) {
      killed = below(host.child.pid)[0] ?? 0;
      if (killed > 0) process.kill(killed, 'SIGKILL');
    }
  });
  const seconds = (performance.now() - began) / 1000;
  const { scored, unscorable } = await (await fetch(`${server.url}/v1/health`)).json();
  console.log(
    JSON.stringify({
      requests,
      clients,
      seconds,
      perSecond: requests / seconds,
      killed: killed > 0,
      rewards: Object.fromEntries(seen),
      scored,
      unscorable,
    }),
  );
  if (compared > 0) {
    const python = resolve(values.environment, 'bin/python');
    const start = performance.now();
    await all(compared, availableParallelism(), async (i) => {
      const { stdout } = await promisify(execFile)(python, ['-c', code(i)]);
      if (!stdout.includes('3.5')) throw new Error(`a process printed ${stdout}`);
    });
    const took = (performance.now() - start) / 1000;
    console.log(JSON.stringify({ processes: compared, seconds: took, perSecond: compared / took }));
  }
} finally {
  server.child.kill('SIGINT');
  host.child.kill('SIGINT');
}
process.exitCode = killed > 0 && seen.size === 1 && seen.get(1.1) === requests ? 0 : 1;
