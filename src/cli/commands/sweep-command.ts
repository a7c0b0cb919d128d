/** `evom sweep`: what its command line says. */
import { basename } from 'node:path';
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, configOptions, namesOf, outputOptions } from '../arguments.ts';

const sweepOptions = {
  ...configOptions,
  seeds: { type: 'string', demandOption: true, describe: 'run.seed of the runs of an arm, e.g. 1,2,3' },
  arm: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'NAME=CONFIG: a configuration to compare, of either kind; repeatable, the first is what the others are compared with',
  },
  collect: { type: 'boolean', default: false, describe: 'run nothing: pool the runs that are finished' },
  out: { type: 'string', alias: ['o', 'output'], default: 'sweep', describe: 'folder for sweep.md, sweep.json and sweep.svg' },
  ...outputOptions,
} as const;

export const sweepOptionNames = namesOf(sweepOptions);

export function sweepCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'sweep',
    'train configurations over several seeds, pool the runs and test the differences; the same command goes on after a stop',
    (command) =>
      command
        .options(sweepOptions)
        .example('$0 sweep --config tiny-grpo.yaml --seeds 1,2,3', 'one configuration: before and after, over three seeds')
        .example('$0 sweep --arm plain=a.yaml --arm mixed=b.yaml --seeds 1,2,3 --out mixing', 'two, seed by seed and problem by problem'),
    (args) =>
      choose('checkpoint', async (run) => {
        const { runSweep } = await import('./run-sweep.ts');
        await runSweep({
          ...run,
          arms: armsOf(args.config, args.arm),
          seeds: seedsOf(args.seeds),
          overrides: args.set,
          collect: args.collect,
          out: args.out,
        });
        return 0;
      }),
  );
}

const armName = /^[A-Za-z0-9][\w.-]*$/;

/** @throws {EvomError} E_USAGE */
function armsOf(config: string | undefined, arms: readonly string[]): { name: string; config: string }[] {
  if ((config === undefined) === (arms.length === 0))
    throw new EvomError('E_USAGE', 'evom sweep takes one configuration with --config, or several with --arm NAME=CONFIG');
  const named =
    config !== undefined
      ? [{ name: basename(config).replace(/\.ya?ml$/, ''), config }]
      : arms.map((arm) => ({ name: arm.slice(0, Math.max(0, arm.indexOf('='))), config: arm.slice(arm.indexOf('=') + 1) }));
  for (const [i, { name, config: path }] of named.entries()) {
    if (!armName.test(name) || path === '')
      throw new EvomError('E_USAGE', `--arm ${arms[i] ?? name}: give NAME=CONFIG, the name of letters, digits, _ . -`);
    if (named.findIndex((other) => other.name === name) < i) throw new EvomError('E_USAGE', `--arm ${name}: two arms have this name`);
  }
  return named;
}

/** @throws {EvomError} E_USAGE */
function seedsOf(text: string): number[] {
  const seeds = text.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (!seeds.every(Number.isSafeInteger) || new Set(seeds).size < seeds.length)
    throw new EvomError('E_USAGE', `--seeds ${text}: give different whole numbers with commas, e.g. 1,2,3`);
  return seeds;
}
