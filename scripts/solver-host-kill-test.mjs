/**
 * Two solver hosts, one killed with -9 in the middle: every program must still get the outcome that it gets undisturbed.
 *
 *   node scripts/solver-host-kill-test.mjs [--programs 2000] [--environment .venv-solvers] [--dialect gurobipy]
 *
 * Prints what became of the programs as one JSON line; exits 1 when one is lost, wrong or a fault of ours.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRemoteVerifier } from '../dist/solver-host/remote-verifier.js';
import { optimumOf, programOf, startHost } from './local-hosts.mjs';

const root = join(import.meta.dirname, '..');
const { values: args } = parseArgs({
  options: {
    programs: { type: 'string', default: '2000' },
    environment: { type: 'string', default: join(root, '.venv-solvers') },
    dialect: { type: 'string', default: 'gurobipy' },
  },
});
const count = Number(args.programs);

const start = () => startHost(args.dialect, args.environment);
const hosts = [await start(), await start()];
const verifier = await createRemoteVerifier({ hosts: hosts.map(({ url }) => url), dialects: [args.dialect] });
let answered = 0;
const began = performance.now();
const outcomes = await Promise.all(
  Array.from({ length: count }, async (_, k) => {
    const outcome = await verifier.verify({ dialect: args.dialect, code: programOf(k, args.dialect) });
    answered += 1;
    if (answered === count >> 1) hosts[0].child.kill('SIGKILL');
    return outcome;
  }),
);
const right = outcomes.filter((outcome, k) => outcome.status === 'optimal' && outcome.objective === optimumOf(k)).length;
const { requeued, executed, infraErrors } = verifier.stats();
await verifier.close();
hosts[1].child.kill('SIGINT');
const isKilled = hosts[0].child.signalCode === 'SIGKILL';
console.log(
  JSON.stringify({ programs: count, right, infraErrors, requeued, executed, isKilled, seconds: (performance.now() - began) / 1000 }),
);
process.exitCode = right === count && isKilled ? 0 : 1;
