/** `evom portfolio simulate` and `evom portfolio build`: what their command lines say. */
import type { Argv } from 'yargs';
import { EvomError } from '../core/errors.ts';
import { type Choose, outputOptions } from './arguments.ts';

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
  out: { type: 'string', alias: 'o', describe: 'folder for pictures (SVG) and simulation.json' },
  ...outputOptions,
} as const;

export const portfolioOptionNames = Object.keys({ ...simulateOptions });

const listOf = (text: string, flag: string): string[] => {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '')) throw new EvomError('E_USAGE', `${flag} is a list such as a,b; got "${text}"`);
  return [...new Set(items)];
};

const numbersOf = (text: string, flag: string, accept: (value: number) => boolean, what: string): number[] =>
  listOf(text, flag).map((item) => {
    const value = Number(item);
    if (!accept(value)) throw new EvomError('E_USAGE', `${flag}: "${item}" is not ${what}`);
    return value;
  });

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
          choose(async (run) => {
            const { generatorKinds, paperSettings } = await import('../decode/portfolio-simulation.ts');
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
      .demandCommand(1, 'evom portfolio needs simulate or build'),
  );
}

function wholeNumber(value: number, flag: string, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new EvomError('E_USAGE', `${flag} must be a whole number, at least ${least}`);
}
