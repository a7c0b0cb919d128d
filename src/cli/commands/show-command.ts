/** `evom runs` and `evom show`: what their command lines say. */
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, namesOf, outputOptions } from '../arguments.ts';
import { wholeNumber } from '../number-flags.ts';

const showOptions = {
  step: { type: 'number', describe: 'training step; the last one that is on disk when left out' },
  problem: { type: 'string', describe: 'only samples of this problem' },
  best: { type: 'number', describe: 'so many of the highest rewards; among equal ones the largest advantages' },
  worst: { type: 'number', describe: 'so many of the lowest rewards' },
  ...outputOptions,
} as const;

export const showOptionNames = namesOf(showOptions);

export function runsCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'runs [directory]',
    'list the runs of a directory: how far they are, what they earn',
    (command) =>
      command
        .positional('directory', { type: 'string', default: 'runs', describe: 'folder that holds run directories' })
        .options(outputOptions)
        .example('$0 runs', 'those in runs/'),
    (args) =>
      choose('end', async (run) => {
        const { runRuns } = await import('./run-show.ts');
        await runRuns({ ...run, directory: args.directory });
        return 0;
      }),
  );
}

export function compareCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'compare <runs..>',
    'whether each run beats the first: last evaluations with paired tests, and what differs in the configurations',
    (command) =>
      command
        .positional('runs', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'directories of runs, or their names below runs/',
        })
        .options(outputOptions)
        .example('$0 compare runs/a runs/b', 'did b beat a?'),
    (args) =>
      choose('end', async (run) => {
        const { runCompare } = await import('./run-show.ts');
        await runCompare({ ...run, runs: args.runs ?? [] });
        return 0;
      }),
  );
}

export function showCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'show <run>',
    'did a run learn, did its entropy collapse, what was alarming; what a step sampled, what it earned and why',
    (command) =>
      command
        .positional('run', { type: 'string', demandOption: true, describe: 'directory of a run, or its name below runs/' })
        .options(showOptions)
        .example(
          '$0 show quickstart-001',
          'did it learn, did entropy collapse, what was alarming; the last step, its best and its worst sample',
        )
        .example('$0 show quickstart-001 --step 100 --best 1', 'which program of step 100 earned most, and why')
        .example('$0 show quickstart-001 --step 100 --problem farming-17 --json', 'all samples of one problem, as JSON'),
    (args) =>
      choose('end', async (run) => {
        if (args.run === undefined) throw new EvomError('E_USAGE', 'which run?');
        const { runShow } = await import('./run-show.ts');
        await runShow({
          ...run,
          name: args.run,
          step: args.step === undefined ? null : wholeNumber(args.step, '--step'),
          choice: {
            ...(args.problem === undefined ? {} : { problem: args.problem }),
            ...(args.best === undefined ? {} : { best: wholeNumber(args.best, '--best', 0) }),
            ...(args.worst === undefined ? {} : { worst: wholeNumber(args.worst, '--worst', 0) }),
          },
        });
        return 0;
      }),
  );
}
