/** `evom data` with `generate` and `check`: what their command lines say. */
import type { Argv } from 'yargs';
import type { Override } from '../../config/load/overrides.ts';
import { type Choose, outputOptions } from '../arguments.ts';
import { overwriteOption } from '../new-file.ts';
import { dataFilesCommands, dataFilesOptionNames } from './data-files-command.ts';

/** Flags that are keys of a generated dataset; values are checked by its schema. */
const datasetOptions = {
  seed: { type: 'string', describe: 'whole number; the same seed makes the same problems' },
  count: { type: 'string', alias: 'n', describe: 'number of problems' },
  families: { type: 'string', describe: 'all, wide, or a list such as diet,knapsack' },
  difficulties: { type: 'string', describe: 'grades from 1 to 3, e.g. 1,2' },
  wordings: { type: 'string', describe: 'seen, held_out or any' },
  split: { type: 'string', describe: 'train, validation or test' },
  check: { type: 'string', describe: 'full: keep an instance only if changing its model changes the optimum; none' },
} as const;

const generateOptions = {
  ...datasetOptions,
  out: { type: 'string', alias: ['o', 'output'], describe: 'JSONL file to write; stdout when left out' },
  overwrite: overwriteOption,
  ...outputOptions,
} as const;

export const dataOptionNames = [...Object.keys(generateOptions), ...dataFilesOptionNames];

const lists: ReadonlySet<string> = new Set(['families', 'difficulties']);

function flagsOf(args: Readonly<Record<string, unknown>>): Override[] {
  return Object.keys(datasetOptions).flatMap((key) => {
    const value = args[key];
    if (typeof value !== 'string') return [];
    const isList = lists.has(key) && value !== 'all' && value !== 'wide' && !value.startsWith('[');
    return [{ assignment: `${key}=${isList ? `[${value}]` : value}`, flag: `--${key} ${value}` }];
  });
}

export function dataCommand(cli: Argv, choose: Choose): Argv {
  return cli.command('data', 'make, import and check problem files', (data) =>
    dataFilesCommands(data, choose)
      .command(
        'generate',
        'write generated problems with answers, reference models and programs',
        (command) =>
          command
            .options(generateOptions)
            .example('$0 data generate --count 1000 --seed 7 --out problems.jsonl', 'a file of problems')
            .example('$0 data generate -n 3 --families diet,knapsack', 'a look at some'),
        (args) =>
          choose('end', async (run) => {
            const { generatedFromFlags } = await import('../../config/build/load-generated.ts');
            const dataset = generatedFromFlags(flagsOf(args));
            const { runDataGenerate } = await import('./run-data.ts');
            await runDataGenerate({ ...run, dataset, out: args.out ?? null, overwrite: args.overwrite });
            return 0;
          }),
      )
      .command(
        'check <files..>',
        'validate problem files and find leaks and near-duplicates between them',
        (command) =>
          command
            .positional('files', { type: 'string', array: true, demandOption: true, describe: 'JSON Lines, CSV, Parquet or Arrow files' })
            .options(outputOptions)
            .example('$0 data check train.jsonl test.jsonl', 'no problem of one file is in the other'),
        (args) =>
          choose('end', async (run) => {
            const { runDataCheck } = await import('./run-data.ts');
            await runDataCheck({ ...run, files: args.files });
            return 0;
          }),
      )
      .demandCommand(1, 'evom data needs import, generate, check, audit, overlap or split'),
  );
}
