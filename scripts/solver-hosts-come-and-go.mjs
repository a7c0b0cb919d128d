/**
 * Solver hosts that come, go, die and are named by nobody while programs run: every program must still get the outcome that it gets undisturbed.
 *
 *   node scripts/solver-hosts-come-and-go.mjs [--programs 5000] [--by file|dns] [--environment .venv-solvers] [--dialect highspy]
 *
 * Hosts are processes of `evom solver-host` on this machine. They are named by a file that is replaced, or by the SRV records of a resolver on
 * loopback. Prints what became of the programs, and the seconds until a newcomer had work and until one that left had none, as one JSON line;
 * exits 1 when a program is lost, wrong or a fault of ours, or when a host waited longer than --within seconds.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import dns2 from 'dns2';
import { createRemoteVerifier } from '../dist/solver-host/remote-verifier.js';
import { optimumOf, programOf, startHost } from './local-hosts.mjs';

const root = join(import.meta.dirname, '..');
const { values: args } = parseArgs({
  options: {
    programs: { type: 'string', default: '5000' },
    by: { type: 'string', default: 'file' },
    environment: { type: 'string', default: join(root, '.venv-solvers') },
    dialect: { type: 'string', default: 'highspy' },
    concurrency: { type: 'string', default: '2' },
    within: { type: 'string', default: '60' },
  },
});
const count = Number(args.programs);
const { dialect } = args;
/** Programs that are asked for at once. */
const window = 200;

async function start() {
  const { child, url } = await startHost(dialect, args.environment, ['--concurrency', `${dialect}=${args.concurrency}`]);
  // The address of a proxy that counts nothing would be another host: its own word is asked for.
  const running = async () => {
    const answer = await fetch(`${url}/v1/health`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
    return answer === null ? null : (await answer.json()).running;
  };
  return { child, url, running };
}

/** Who is named, as hosts; how that is told is the choice of --by. */
async function openList() {
  if (args.by === 'file') {
    const folder = mkdtempSync(join(tmpdir(), 'evom-hosts-'));
    const path = join(folder, 'hosts.txt');
    const name = (hosts) => {
      writeFileSync(`${path}.new`, `# solver hosts\n${hosts.map(({ url }) => `${url}\n`).join('')}`);
      renameSync(`${path}.new`, path);
    };
    return { from: `file:${path}`, name, close: () => rmSync(folder, { recursive: true }) };
  }
  const { Packet } = dns2;
  const service = '_evom._tcp.hosts.test';
  let ports = [];
  const server = dns2.createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request);
      const [{ name, type }] = request.questions;
      const about = { name, type, class: Packet.CLASS.IN, ttl: 0 };
      if (name === service && type === Packet.TYPE.SRV)
        for (const port of ports) response.answers.push({ ...about, priority: 1, weight: 1, target: 'here.test', port });
      else if (name === 'here.test' && type === Packet.TYPE.A) response.answers.push({ ...about, address: '127.0.0.1' });
      send(response);
    },
  });
  const { udp } = await server.listen({ udp: { port: 0, address: '127.0.0.1' } });
  const name = (hosts) => {
    ports = hosts.map(({ url }) => Number(new URL(url).port));
  };
  return { from: `dns://${service}?server=127.0.0.1:${udp.port}`, name, close: () => server.close() };
}

/** Seconds until something is so, at most a little more than --within. */
const seconds = async (until) => {
  const began = performance.now();
  const passed = () => (performance.now() - began) / 1000;
  while (!(await until()) && passed() <= Number(args.within)) await sleep(50);
  return Number(passed().toFixed(1));
};
const untilAtWork = (host) => seconds(async () => (await host.running()) > 0);
const untilIdle = (host) => seconds(async () => !((await host.running()) > 0));

const notices = [];
const times = { untilAtWork: [], untilIdle: [] };
const all = await Promise.all([start(), start(), start(), start()]);
const [a, b, c, d] = all;
const list = await openList();
list.name([a]);
const verifier = await createRemoteVerifier({
  hosts: [],
  discover: { from: list.from, everyMs: 1000, waitMs: 60_000 },
  dialects: [dialect],
  deadlineMs: 1_800_000,
  onNotice: (text) => notices.push(text),
});

/** What happens, each when so large a share of the programs has been answered. */
const events = [
  [
    0.1,
    async () => {
      list.name([a, b]);
      times.untilAtWork.push(await untilAtWork(b));
    },
  ],
  [
    0.25,
    async () => {
      list.name([b, c]);
      times.untilAtWork.push(await untilAtWork(c));
      times.untilIdle.push(await untilIdle(a));
    },
  ],
  [
    0.4,
    async () => {
      b.child.kill('SIGKILL'); // still named for two seconds
      await sleep(2000);
      list.name([c, d]);
      times.untilAtWork.push(await untilAtWork(d));
    },
  ],
  [
    0.55,
    async () => {
      list.name([]);
      times.untilIdle.push(await untilIdle(c), await untilIdle(d));
      list.name([d]); // back, after a second in which it is held
      times.untilAtWork.push(await untilAtWork(d));
    },
  ],
  [
    0.7,
    async () => {
      d.child.kill('SIGINT'); // stopped in peace before the list says so
      await sleep(1000);
      list.name([a, c]);
      times.untilAtWork.push(await untilAtWork(a), await untilAtWork(c));
    },
  ],
];

let asked = 0;
let answered = 0;
let isOver = false;
const outcomes = [];
const began = performance.now();
/** One after the other: whoever is named last by one must not be named by the one before. */
const happen = async () => {
  for (const [share, event] of events) {
    while (answered < share * count) await sleep(20);
    await event();
  }
  isOver = true;
};
/** However quick the machine is, there is work until all has happened. */
const askOn = async () => {
  while (asked < count || !isOver) {
    const k = asked++;
    outcomes[k] = await verifier.verify({ dialect, code: programOf(k, dialect) });
    answered += 1;
  }
};
await Promise.all([happen(), ...Array.from({ length: window }, askOn)]);
const tookS = (performance.now() - began) / 1000;
const right = outcomes.filter((outcome, k) => outcome.status === 'optimal' && outcome.objective === optimumOf(k)).length;
const { requeued, executed, infraErrors } = verifier.stats();
await verifier.close();
await list.close();
for (const { child } of all) if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
const longest = [...times.untilAtWork, ...times.untilIdle].reduce((most, one) => Math.max(most, one), 0);
console.log(
  JSON.stringify({
    programs: asked,
    by: args.by,
    right,
    infraErrors,
    requeued,
    executed,
    ...times,
    seconds: tookS,
    load: loadavg()[0],
    notices,
  }),
);
process.exitCode = right === asked && infraErrors === 0 && longest <= Number(args.within) ? 0 : 1;
