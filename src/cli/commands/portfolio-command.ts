/** `evom portfolio`: what its command lines say. */
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, namesOf, outputOptions } from '../arguments.ts';
import { listOf, numbersOf, wholeNumber } from '../number-flags.ts';
import { experimentOptions, portfolioExperiment } from './portfolio-experiment-command.ts';
import { askOptions } from './solve-command.ts';

const simulateOptions = {
  candidates: { type: 'string', default: '10,20,50,100', describe: 'numbers of candidates K' },
  errors: {
    type: 'string',
    default: '0,0.3,0.5,0.7,1',
    describe: 'shares of candidates that the evaluator places wrongly; 1 reverses its ranking',
  },
  generators: { type: 'string', default: 'aligned,weakly_aligned,uniform,misaligned', describe: 'generators to simulate' },
  seeds: { type: 'number', default: 40, describe: 'runs of each combination' },
  seed: { type: 'number', default: 1, describe: 'whole number that names the random draws' },
  out: { type: 'string', alias: ['o', 'output'], describe: 'folder for pictures (SVG) and simulation.json' },
  ...outputOptions,
} as const;

const evaluators = ['execution', 'probability', 'judge', 'scores'] as const;

const buildOptions = {
  ...askOptions,
  samples: { ...askOptions.samples, default: 50 },
  candidates: { type: 'string', describe: 'JSONL file of candidates with log-probabilities, instead of samples of the policy' },
  alpha: { type: 'number', default: 0.2, describe: 'the portfolio has probability 1 - alpha, from 0 to 1' },
  evaluator: {
    type: 'string',
    choices: evaluators,
    describe: 'what ranks: judge with --judge, scores where the file has them, else execution',
  },
  judge: { type: 'string', describe: 'policy that scores each candidate from 1 to 100, as --policy' },
  repeats: { type: 'number', default: 4, describe: 'scores of the judge that are averaged' },
  'judge-tokens': { type: 'number', default: 1024, describe: 'longest judgement, in tokens' },
  ...outputOptions,
} as const;

export const portfolioOptionNames = [...namesOf(simulateOptions), ...namesOf(buildOptions), ...namesOf(experimentOptions)];

export function portfolioCommand(cli: Argv, choose: Choose): Argv {
  return cli.command('portfolio', 'robust portfolios of candidate models', (portfolio) =>
    portfolio
      .command(
        'simulate',
        'coverage and size of portfolios under aligned and misaligned generators and evaluators',
        (command) =>
          command
            .options(simulateOptions)
            .example('$0 portfolio simulate --out pictures', "the paper's settings, with pictures")
            .example('$0 portfolio simulate --candidates 20 --errors 1', 'the worst evaluator alone'),
        (args) =>
          choose('close', async (run) => {
            const { generatorKinds, paperSettings } = await import('../../decode/portfolio-simulation.ts');
            const unit = (value: number): boolean => value >= 0 && value <= 1;
            const generators = listOf(args.generators, '--generators').map((name) => {
              const kind = generatorKinds.find((known) => known === name);
              if (kind === undefined)
                throw new EvomError('E_USAGE', `--generators: "${name}" is not known; known are ${generatorKinds.join(', ')}`);
              return kind;
            });
            const { runPortfolioSimulate } = await import('./run-portfolio-simulate.ts');
            await runPortfolioSimulate({
              ...run,
              simulation: {
                generators,
                alphas: paperSettings.alphas,
                errors: numbersOf(args.errors, '--errors', unit, 'a share from 0 to 1'),
                sizes: numbersOf(
                  args.candidates,
                  '--candidates',
                  (k) => Number.isInteger(k) && k >= 2 && k <= 1000,
                  'a whole number from 2 to 1000',
                ),
                seeds: wholeNumber(args.seeds, '--seeds', 2),
                seed: wholeNumber(args.seed, '--seed', 0),
              },
              out: args.out ?? null,
            });
            return 0;
          }),
      )
      .command(
        'build <file>',
        'the candidates of a problem worth keeping, with what that guarantees',
        (command) =>
          command
            .positional('file', { type: 'string', demandOption: true, describe: 'text file of the problem, or - for stdin' })
            .options(buildOptions)
            .example('$0 portfolio build problem.md --alpha 0.2', 'from samples of the policy that comes with evom')
            .example('$0 portfolio build problem.md --candidates candidates.jsonl', "from another model's candidates"),
        (args) =>
          choose('close', async (run) => {
            if (!(args.alpha >= 0 && args.alpha <= 1)) throw new EvomError('E_USAGE', `--alpha must be from 0 to 1, not ${args.alpha}`);
            const { askedPolicy, otherPolicy } = await import('./solve-policies.ts');
            const { setup, samples, seed, sampling } = await askedPolicy(args, run.io.cwd);
            const { runPortfolioBuild } = await import('./run-portfolio-build.ts');
            return runPortfolioBuild({
              ...run,
              ...{ setup, samples, seed, sampling },
              file: args.file,
              candidates: args.candidates ?? null,
              judge: args.judge === undefined ? null : await otherPolicy(args.judge, '--judge', run.io.cwd),
              evaluator: args.evaluator ?? null,
              alpha: args.alpha,
              repeats: wholeNumber(args.repeats, '--repeats', 1),
              judgeTokens: wholeNumber(args.judgeTokens, '--judge-tokens', 8),
            });
          }),
      )
      .command(
        'experiment',
        'the worst candidate of portfolios by each evaluator and of random ones, over a problem set',
        (command) => command.options(experimentOptions),
        (args) => choose('close', (run) => portfolioExperiment(args, run)),
      )
      .demandCommand(1, 'evom portfolio needs simulate, build or experiment'),
  );
}
