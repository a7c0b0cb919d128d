/** What the measures of `measure-solve.mjs` share: problems, solvers, a policy and its samples, and how results are said. */
import { cpus } from 'node:os';
import * as evom from '../../dist/index.js';

export const limits = { timeLimitMs: 5000 };
export const highs = await evom.createHighs();
export const glpk = await evom.createGlpk();
export const say = (line) => process.stdout.write(`${line}\n`);
export const percent = (part, whole) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);
export const sum = (list) => list.reduce((total, x) => total + x, 0);
export const mean = (list) => sum(list) / list.length;

/** Generated problems by the flags. */
export const problemsOf = (values, count) => [
  ...evom.generateProblems(
    {
      count,
      seed: Number(values.seed),
      wordings: values.wordings,
      ...(values.families ? { families: values.families.split(',') } : {}),
      difficulties: values.difficulties.split(',').map(Number),
      split: 'test',
      infeasibleShare: 0,
    },
    { solve: (model) => glpk.solve(model, limits), crossCheck: (model) => highs.solve(model, limits) },
  ),
];

/** An optimizer's outcome on a model, without the program around it. */
export function solvedOutcome(model) {
  const { status, objective, values: point } = highs.solve(model, limits);
  const solution = point === null ? null : Object.fromEntries(model.variables.map((v, j) => [v.name, point[j]]));
  return {
    ...evom.emptyOutcome(status === 'error' ? 'runtime_error' : status, { dialect: 'highs-js', backend: 'highs' }),
    objective,
    solution,
    model,
  };
}

/** What a policy writes when asked `count` times, by problem, in the order of the seeds. */
export async function sampledTexts({ tokenizer, policy }, problems, dialect, count, first = 0) {
  const requests = problems.map(({ id, question }) => ({
    promptIds: tokenizer.encodeChat(evom.buildPrompt('bare', question, dialect)).tokenIds,
    seeds: Array.from({ length: count }, (_, k) => `measure/${id}/${dialect.name === 'highs-js' ? '' : `${dialect.name}/`}${first + k}`),
  }));
  const completions = await policy.sample(requests, { temperature: 1, topK: 0, topP: 1, maxTokens: dialect.isSimulator ? 200 : 160 });
  return completions.map((group) => group.map(({ tokenIds }) => ({ text: tokenizer.decode(tokenIds), numTokens: tokenIds.length })));
}

/** The policy of the flags, with its tokenizer and a sandbox. */
export async function openPolicy(values) {
  const [tokenizer, policy, verifier] = await Promise.all([
    evom.loadTokenizer(values.policy),
    evom.createOnnxPolicy({ directory: values.policy, threads: Math.min(2, cpus().length) }),
    evom.createVerifier({ dialects: ['highs-js', 'simulator-js'], workers: 1 }),
  ]);
  return { tokenizer, policy, verifier };
}
