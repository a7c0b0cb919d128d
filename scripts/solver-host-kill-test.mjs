/**
 * Two solver hosts, one killed with -9 in the middle: every program must still get the outcome that it gets undisturbed.
 *
 *   node scripts/solver-host-kill-test.mjs [--programs 2000] [--environment .venv-solvers] [--dialect gurobipy]
 *
 * Prints what became of the programs as one JSON line; exits 1 when one is lost, wrong or a fault of ours.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dialectByName } from '../dist/dialects/registry.js';
import { createRemoteVerifier } from '../dist/solver-host/remote-verifier.js';

const root = join(import.meta.dirname, '..');
const { values: args } = parseArgs({
  options: {
    programs: { type: 'string', default: '2000' },
    environment: { type: 'string', default: join(root, '.venv-solvers') },
    dialect: { type: 'string', default: 'gurobipy' },
  },
});
const count = Number(args.programs);

async function startHost() {
  const options = ['solver-host', '--dialects', args.dialect, '--environment', args.environment, '--port', '0', '--json'];
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { child, url: JSON.parse(String(line)).url };
}

/** max x + y with x + 2 y <= k, y <= 1, x <= k - 2: the optimum is k - 1. */
const model = (k) => ({
  sense: 'max',
  offset: 0,
  variables: [
    { name: 'x', lower: 0, upper: k - 2, integer: true, cost: 1 },
    { name: 'y', lower: 0, upper: 1, integer: true, cost: 1 },
  ],
  constraints: [{ name: 'c', lower: -Infinity, upper: k, columns: [0, 1], coefficients: [1, 2] }],
});

const hosts = [await startHost(), await startHost()];
const verifier = await createRemoteVerifier({ hosts: hosts.map(({ url }) => url), dialects: [args.dialect] });
let answered = 0;
const began = performance.now();
const outcomes = await Promise.all(
  Array.from({ length: count }, async (_, k) => {
    const outcome = await verifier.verify({ dialect: args.dialect, code: dialectByName(args.dialect).render(model(10 + k)) });
    answered += 1;
    if (answered === count >> 1) hosts[0].child.kill('SIGKILL');
    return outcome;
  }),
);
const right = outcomes.filter((outcome, k) => outcome.status === 'optimal' && outcome.objective === 9 + k).length;
const { requeued, executed, infraErrors } = verifier.stats();
await verifier.close();
hosts[1].child.kill('SIGINT');
const isKilled = hosts[0].child.signalCode === 'SIGKILL';
console.log(
  JSON.stringify({ programs: count, right, infraErrors, requeued, executed, isKilled, seconds: (performance.now() - began) / 1000 }),
);
process.exitCode = right === count && isKilled ? 0 : 1;
