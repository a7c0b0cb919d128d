// The outcomes that ORLM stored (results/*/executed.jsonl of its repository) as outcomes that `evom judge` reads.
//
//   node scripts/orlm-outcomes.mjs NL4OPT.executed.jsonl > outcomes.jsonl
//   npm run --silent evom -- judge outcomes.jsonl
//
// The answer stands beside each outcome as ORLM's own evaluation reads it: -99999 is a number. With --settle it is "infeasible".
import { createReadStream } from 'node:fs';
import { answerFromLabel, emptyOutcome, jsonObjects, outcomeToJson } from '../dist/index.js';

const args = process.argv.slice(2);
const settle = args.includes('--settle');
const file = args.find((arg) => !arg.startsWith('--'));
if (file === undefined) {
  process.stderr.write('usage: node scripts/orlm-outcomes.mjs FILE.executed.jsonl [--settle] > outcomes.jsonl\n');
  process.exit(2);
}

/** COPT's last word on a model without an optimum. */
function statusOf(log) {
  const words = [...log.matchAll(/[Ss]tatus\s*: *(infeasible|unbounded|inf_or_unb)/gi)].map(([, word]) => word.toLowerCase());
  const last = words.at(-1);
  return last === 'infeasible' || last === 'unbounded' ? last : 'infeasible_or_unbounded';
}

function outcomeOf(record) {
  const { execution_state: state, execution_best_solution: value, execution_result: log } = record;
  const about = { dialect: 'coptpy', backend: 'copt' };
  if (state.startsWith('Execution Failed')) return emptyOutcome('runtime_error', about);
  const optimal = value !== null && value !== 'No Best Solution';
  const status = optimal ? 'optimal' : statusOf(log);
  const objective = optimal ? Number(value) : null;
  const solve = { status, objective, modelHash: '', numVariables: 0, numIntegers: 0, numConstraints: 0, ms: 0 };
  return { ...emptyOutcome(status, about), objective, solverVersion: '7.1', solves: [solve] };
}

let index = 0;
for await (const item of jsonObjects(createReadStream(file, 'utf8'))) {
  if (item.kind === 'fault') {
    process.stderr.write(`${file}:${item.line}: ${item.message}\n`);
    process.exit(3);
  }
  const { en_question: question, en_answer: label } = item.value;
  const numeric = Number(label);
  const answer = settle || Number.isNaN(numeric) ? answerFromLabel(label) : numeric;
  process.stdout.write(`${JSON.stringify({ id: String(index++), question, answer, ...outcomeToJson(outcomeOf(item.value)) })}\n`);
}
