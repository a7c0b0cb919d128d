/** `evom portfolio experiment`: what its command line says. */
import type { ArgumentsCamelCase, InferredOptionTypes } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { judgeRuleNames } from '../../reward/judge-rules.ts';
import { outputOptions } from '../arguments.ts';
import { listOf, numbersOf, wholeNumber } from '../number-flags.ts';
import type { RunOptions } from '../run-options.ts';
import { askOptions } from './solve-command.ts';

export const experimentOptions = {
  ...askOptions,
  samples: { ...askOptions.samples, default: 50, describe: 'candidates of each problem' },
  dataset: {
    type: 'string',
    demandOption: true,
    describe: 'problems: a file that evom data import reads, or a name such as nl4opt@sirl',
  },
  'data-dir': { type: 'string', describe: 'folder in which a dataset name is looked up; default EVOM_DATA' },
  limit: { type: 'number', default: 25, describe: 'the first so many problems' },
  judge: {
    type: 'string',
    default: 'sirl',
    describe:
      'who scores each candidate with the label in view: a policy, as --policy; a rule such as sirl (right 100, wrong 1); reference: likeness to the reference model, 1 to 100',
  },
  evaluators: {
    type: 'string',
    describe: 'what ranks without the label: some of scores,probability,execution; all that the policy can when left out',
  },
  'evaluator-policy': { type: 'string', describe: 'policy that writes the scores, as --policy; the generator itself when left out' },
  repeats: { type: 'number', default: 4, describe: 'scores of the evaluator that are averaged' },
  'judge-repeats': { type: 'number', default: 1, describe: 'scores of the judge that are averaged' },
  'judge-tokens': { type: 'number', default: 1024, describe: 'longest judgement, in tokens' },
  sizes: { type: 'string', default: '2,4,6,8', describe: 'numbers of candidates in a portfolio' },
  draws: { type: 'number', default: 30, describe: 'random portfolios of each size and problem' },
  out: {
    type: 'string',
    alias: ['o', 'output'],
    describe: 'folder for experiment.json, experiment.svg and the log of finished problems, gone on with if it is there',
  },
  ...outputOptions,
} as const;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof experimentOptions>>;

export async function portfolioExperiment(args: Flags, run: RunOptions): Promise<number> {
  const { evaluatorKinds } = await import('../../evaluate/portfolio-experiment.ts');
  const evaluators =
    args.evaluators === undefined
      ? null
      : listOf(args.evaluators, '--evaluators').map((name) => {
          const kind = evaluatorKinds.find((known) => known === name);
          if (kind === undefined)
            throw new EvomError('E_USAGE', `--evaluators: "${name}" is not known; known are ${evaluatorKinds.join(', ')}`);
          return kind;
        });
  const samples = wholeNumber(args.samples, '--samples', 1);
  const isSize = (size: number): boolean => Number.isInteger(size) && size >= 1 && size <= samples;
  const sizes = numbersOf(args.sizes, '--sizes', isSize, `a whole number from 1 to the ${samples} of --samples`).sort((a, b) => a - b);
  const { askedPolicy, otherPolicy } = await import('./solve-policies.ts');
  const { setup, seed, sampling } = await askedPolicy(args, run.io.cwd);
  const rule = judgeRuleNames.find((name) => name === args.judge);
  const { runPortfolioExperiment } = await import('./run-portfolio-experiment.ts');
  await runPortfolioExperiment({
    ...run,
    ...{ setup, evaluators, sizes },
    dataset: args.dataset,
    dataDir: args.dataDir ?? process.env.EVOM_DATA ?? null,
    limit: wholeNumber(args.limit, '--limit', 1),
    judge:
      args.judge === 'reference'
        ? { type: 'reference' }
        : rule === undefined
          ? { type: 'policy', source: await otherPolicy(args.judge, '--judge', run.io.cwd) }
          : { type: 'rule', rule },
    evaluatorPolicy: args.evaluatorPolicy === undefined ? null : await otherPolicy(args.evaluatorPolicy, '--evaluator-policy', run.io.cwd),
    asking: {
      ...{ samples, seed, sampling },
      repeats: wholeNumber(args.repeats, '--repeats', 1),
      judgeRepeats: wholeNumber(args.judgeRepeats, '--judge-repeats', 1),
      judgeTokens: wholeNumber(args.judgeTokens, '--judge-tokens', 8),
    },
    draws: wholeNumber(args.draws, '--draws', 1),
    out: args.out ?? null,
  });
  return 0;
}
