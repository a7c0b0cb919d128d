/**
 * Measures the parts of `evom solve`, as docs/guide/solve.md reports them.
 *
 *   node scripts/measure-solve.mjs simulator [--problems 120] [--models FILE.jsonl] [--dialect simulator-python --environment .venv-solvers]
 *   node scripts/measure-solve.mjs written   [--problems 100] [--checks 4]   [--policy checkpoints/tiny] [--wordings held_out] [--families a,b]
 *   node scripts/measure-solve.mjs decoding  [--problems 200] [--samples 16] [--checks 8] [--policy checkpoints/tiny] [--wordings seen] [--families a,b]
 *   node scripts/measure-solve.mjs recorded  --outcomes A.csv --outcomes B.csv ... [--questions FILE.jsonl --executed FILE.jsonl]
 *   node scripts/measure-solve.mjs latency   [--problems 20]  [--policy checkpoints/tiny]
 *   node scripts/measure-solve.mjs noise     [--problems 30]
 *
 * `simulator`: detection of injected errors and false alarms, with reference simulators. FILE.jsonl holds models as LP text under `lp`.
 * `written`: simulators that a policy writes, against the reference models: how many run, and at how many points they say the same.
 * `decoding`: one sample against self-consistency and minimum Bayes risk on the same samples, with paired tests; with --checks, against the
 * policy's own simulators as well, and against as many more programs as those cost tokens.
 * `recorded`: what several systems have published for the same problems as several samples: their vote against each of them. CSV files have the
 * columns `index`, `obj_value`, `ground_truth` and `status` or `gurobi_status`; --executed is ORLM's format, matched to --questions by text.
 * `noise`: a scripted policy whose simulators are wrong by themselves, or as its programs are: the loop against no simulators and discarding.
 * `latency`: milliseconds of each part of a solve. Run `npm run build` first.
 */
import { parseArgs } from 'node:util';
import { glpk, highs } from './measure-solve/common.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    problems: { type: 'string' },
    samples: { type: 'string', default: '16' },
    policy: { type: 'string', default: 'checkpoints/tiny' },
    wordings: { type: 'string', default: 'seen' },
    difficulties: { type: 'string', default: '1' },
    families: { type: 'string' },
    models: { type: 'string' },
    checks: { type: 'string' },
    outcomes: { type: 'string', multiple: true, default: [] },
    executed: { type: 'string', multiple: true, default: [] },
    questions: { type: 'string' },
    seed: { type: 'string', default: '101' },
    dialect: { type: 'string', default: 'simulator-js' },
    environment: { type: 'string', default: '.venv-solvers' },
  },
});

const measures = ['simulator', 'written', 'decoding', 'recorded', 'latency', 'noise'];
const [name] = positionals;
if (!measures.includes(name)) {
  process.stderr.write(`usage: node scripts/measure-solve.mjs ${measures.join('|')} [options]\n`);
  process.exit(2);
}
const measure = Object.values(await import(`./measure-solve/${name}.mjs`))[0];
await measure(values);
highs.close();
glpk.close();
