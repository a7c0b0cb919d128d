/** `evom solve`: what its command line says. */
import type { Argv } from 'yargs';
import type { SolveSetup } from '../../config/build/build-solve.ts';
import type { Ablation } from '../../evaluate/solve-set.ts';
import { EvomError } from '../../lib/errors.ts';
import { type JudgeRuleName, judgeRuleNames } from '../../reward/judge-rules.ts';
import type { SolveOptions } from '../../solve/solve-parts.ts';
import { type Choose, configOptions, hostOption, namesOf, outputOptions } from '../arguments.ts';
import { atLeast, wholeNumber } from '../number-flags.ts';

/** How a policy is opened and asked: shared with `evom portfolio`. */
export const askOptions = {
  ...configOptions,
  checkpoint: {
    type: 'string',
    alias: ['policy', 'p'],
    describe:
      'folder of a checkpoint or a run, address of a model server (http://gpu1:8000, https://api.example.com/v1#MODEL), or configuration; the tiny checkpoint when left out',
  },
  backend: { type: 'string', alias: 'b', describe: 'solver that executes the programs; highs when left out' },
  dialect: { type: 'string', describe: "API to ask for; the backend's own when left out" },
  host: hostOption,
  prompt: {
    type: 'string',
    choices: ['bare', 'brief', 'instruct', 'evom', 'sirl'] as const,
    describe: 'how the policy is asked (prompt.template); by the size of its vocabulary when left out',
  },
  samples: { type: 'number', default: 16, describe: 'programs sampled' },
  temperature: { type: 'number', describe: 'sampling temperature; 1 when left out' },
  'max-tokens': { type: 'number', describe: 'longest program, in tokens; 200 for bare prompts, else 2048' },
  seed: { type: 'number', default: 1, describe: 'whole number; the same seed samples the same programs' },
} as const;

const solveOptions = {
  ...askOptions,
  judge: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'policy that picks between records, as --policy; with --dataset also the rule that judges answers, such as sirl; repeatable',
  },
  'simulator-policy': { type: 'string', describe: 'policy that writes the simulators, as --policy; the same when left out' },
  'simulator-record': {
    type: 'string',
    choices: ['whole', 'names'] as const,
    default: 'whole',
    describe: 'what simulators are told of the record: all, or the names of the variables alone',
  },
  checks: { type: 'number', default: 4, describe: 'simulators and records sampled, each' },
  rounds: { type: 'number', default: 2, describe: 'most turns of repair after failures and disagreement' },
  memory: {
    type: 'string',
    describe: 'JSONL file of solved problems to show as examples; the one that comes with evom when left out; --no-memory',
  },
  embedding: { type: 'string', describe: 'folder of a local embedding model for the memory; by words when left out' },
  examples: { type: 'number', default: 3, describe: 'examples shown from the memory' },
  'memory-pool': { type: 'number', default: 9, describe: 'the most similar problems that examples are picked from' },
  'memory-threshold': { type: 'number', describe: 'least similarity of an example; 0.6 with --embedding, else 0.1' },
  'memory-lambda': { type: 'number', default: 0.5, describe: 'weight of the variety among examples' },
  simulator: {
    type: 'boolean',
    default: true,
    describe: 'ask for simulators, and repair what they refute; --no-simulator leaves them out',
  },
  'simulator-dialect': {
    type: 'string',
    choices: ['simulator-js', 'simulator-python'] as const,
    default: 'simulator-js',
    describe: 'what simulators are written in; those in Python run on a solver host',
  },
  record: { type: 'boolean', default: true, describe: 'write a decision record first, and programs from it; --no-record' },
  mbr: {
    type: 'boolean',
    default: true,
    describe: 'pick between several records by minimum Bayes risk and a judge; --no-mbr takes the first',
  },
  'self-consistency': { type: 'boolean', default: true, describe: 'the consensus of the samples; --no-self-consistency takes one' },
  dataset: {
    type: 'string',
    describe: 'solve every problem of this set: a file that evom data import reads, or a name such as nl4opt@sirl',
  },
  'data-dir': { type: 'string', describe: 'folder in which a dataset name is looked up; default EVOM_DATA' },
  limit: { type: 'number', describe: 'with --dataset: the first so many problems' },
  ablate: {
    type: 'string',
    describe: 'with --dataset: solve again without each of simulator,memory,mbr,self-consistency,record,repair, or all of them by "all"',
  },
  'at-once': { type: 'number', default: 1, describe: 'with --dataset: problems side by side' },
  out: { type: 'string', alias: ['o', 'output'], describe: 'with --dataset: JSONL log of finished problems, gone on with if it is there' },
  ...outputOptions,
} as const;

export const solveOptionNames = namesOf(solveOptions);

/** `--judge` names a rule, a policy, or both in turn. */
function judgesOf(given: readonly string[]): { readonly rule: JudgeRuleName | null; readonly policy: string | null } {
  const rules = given.flatMap((value) => judgeRuleNames.find((name) => name === value) ?? []);
  const policies = given.filter((value) => !judgeRuleNames.some((name) => name === value));
  if (rules.length > 1 || policies.length > 1)
    throw new EvomError('E_USAGE', `--judge takes one rule and one policy; got ${given.join(', ')}`);
  return { rule: rules[0] ?? null, policy: policies[0] ?? null };
}

async function ablationsOf(given: string | undefined): Promise<Ablation[]> {
  if (given === undefined) return [];
  const { ablations } = await import('../../evaluate/solve-set.ts');
  if (given === 'all') return [...ablations];
  return given.split(',').map((text) => {
    const found = ablations.find((name) => name === text.trim());
    if (found === undefined)
      throw new EvomError('E_USAGE', `--ablate: "${text.trim()}" is no component; known are ${ablations.join(', ')}, or all`);
    return found;
  });
}

export function solveCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'solve [file]',
    'an answer to a problem in words, with its evidence; or a set of problems, with what each component is worth',
    (command) =>
      command
        .positional('file', { type: 'string', describe: 'text file, or - for stdin' })
        .options(solveOptions)
        .example('$0 solve problem.md', 'by the policy that comes with evom')
        .example('$0 solve problem.md --policy http://gpu1:8000', 'by the model that vLLM or SGLang serves there')
        .example(
          '$0 solve --dataset nl4opt@sirl --judge sirl --ablate all --out log.jsonl --policy http://gpu1:8000',
          'a table by component',
        ),
    (args) =>
      choose('close', async (run) => {
        const { rule, policy: judge } = judgesOf(args.judge);
        const isSet = args.dataset !== undefined;
        if (isSet === (args.file !== undefined))
          throw new EvomError(
            'E_USAGE',
            `evom solve takes a file or --dataset${isSet ? ', not both' : ''}; for example evom solve problem.md`,
          );
        if (!isSet && (rule !== null || args.ablate !== undefined || args.out !== undefined || args.limit !== undefined))
          throw new EvomError('E_USAGE', '--ablate, --out, --limit and a rule as --judge need --dataset');
        const ablate = await ablationsOf(args.ablate);
        const { askedPolicy, otherPolicy } = await import('./solve-policies.ts');
        const { setup: asked, config, samples, seed, sampling } = await askedPolicy(args, run.io.cwd);
        const setup: Omit<SolveSetup, 'now'> = {
          ...asked,
          judge: judge === null ? null : await otherPolicy(judge, '--judge', run.io.cwd),
          simulatorPolicy:
            args.simulatorPolicy === undefined ? null : await otherPolicy(args.simulatorPolicy, '--simulator-policy', run.io.cwd),
          memory: args.memory === undefined ? 'own' : args.memory || null,
          embedding: args.embedding ?? null,
          examples: wholeNumber(args.examples, '--examples', 1),
          retrieval: {
            pool: wholeNumber(args.memoryPool, '--memory-pool', 1),
            lambda: atLeast(args.memoryLambda, '--memory-lambda', 0),
            ...(args.memoryThreshold === undefined ? {} : { threshold: atLeast(args.memoryThreshold, '--memory-threshold', -1) }),
          },
          simulatorDialect: args.simulator && args.checks > 0 ? args.simulatorDialect : null,
        };
        const options: Omit<SolveOptions, 'question' | 'signal'> = {
          samples,
          checks: wholeNumber(args.checks, '--checks', 0),
          rounds: wholeNumber(args.rounds, '--rounds', 0),
          seed,
          simulatorRecord: args.simulatorRecord,
          sampling,
          components: {
            simulator: args.simulator,
            memory: true,
            bayesRisk: args.mbr,
            selfConsistency: args.selfConsistency,
            record: args.record,
          },
        };
        if (args.dataset === undefined) {
          const { runSolve } = await import('./run-solve.ts');
          return runSolve({ ...run, file: args.file ?? '-', setup, options });
        }
        const { runSolveSet } = await import('./run-solve-set.ts');
        await runSolveSet({
          ...run,
          ...{ setup, options, ablate },
          dataset: args.dataset,
          dataDir: args.dataDir ?? process.env.EVOM_DATA ?? null,
          limit: args.limit === undefined ? null : wholeNumber(args.limit, '--limit', 1),
          rule: rule ?? config?.judge.rule ?? 'sirl',
          atOnce: wholeNumber(args.atOnce, '--at-once', 1),
          out: args.out ?? null,
        });
        return 0;
      }),
  );
}
