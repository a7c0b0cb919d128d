/** `evom data` with `import`, `audit`, `overlap` and `split`: what their command lines say. */
import type { Argv } from 'yargs';
import { folderFormats } from '../../benchmarks/folders.ts';
import { formats } from '../../benchmarks/formats.ts';
import { EvomError } from '../../lib/errors.ts';
import { addressesOf, type Choose, hostOption, outputOptions } from '../arguments.ts';
import { overwriteOption } from '../new-file.ts';

const fieldOptions = {
  'question-field': { type: 'string', describe: 'field of the text, where no known format fits; a path such as meta.text is allowed' },
  'answer-field': { type: 'string', describe: 'field of the answer' },
  'id-field': { type: 'string', describe: 'field of the id' },
} as const;

const importOptions = {
  out: { type: 'string', alias: ['o', 'output'], describe: 'JSONL file to write; stdout when left out' },
  overwrite: overwriteOption,
  format: { type: 'string', default: 'auto', describe: 'auto tells it from the records; a name forces it' },
  name: { type: 'string', describe: 'name of the label version, kept in source and id; a published file knows its own' },
  ...fieldOptions,
  texts: { type: 'string', describe: 'file with the questions of instances that come without text, joined by their data' },
  'keep-sentinels': {
    type: 'boolean',
    default: false,
    describe: 'leave -99999 and -9999 the numbers that they are, to repeat published scores',
  },
  'whole-numbers': {
    type: 'boolean',
    default: false,
    describe: 'take the variables of declared models (NL4OPT) for whole numbers, which the declarations do not say',
  },
  'skip-faulty': { type: 'boolean', default: false, describe: 'write what can be read although some records cannot' },
  ...outputOptions,
} as const;

const auditOptions = {
  examples: { type: 'number', default: 5, describe: 'differences listed for each pair; --json lists all' },
  outcomes: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'outcomes of programs by the ids of the problems, as evom verify --output writes them: which problems no program can earn',
  },
  ...outputOptions,
} as const;

const overlapOptions = {
  threshold: { type: 'number', default: 0.5, describe: 'share of an item’s 8-grams that one item of the other file must hold' },
  fail: { type: 'boolean', default: false, describe: 'exit code 3 when any benchmark item is in the training file' },
  examples: { type: 'number', default: 5, describe: 'pairs listed for each benchmark; --json lists all' },
  ...outputOptions,
} as const;

const splitOptions = {
  out: { type: 'string', alias: ['o', 'output'], demandOption: true, describe: 'folder for train.jsonl, validation.jsonl and test.jsonl' },
  overwrite: overwriteOption,
  train: { type: 'number', default: 0.8, describe: 'share of the problems' },
  validation: { type: 'number', default: 0.1, describe: 'share of the problems' },
  test: { type: 'number', default: 0.1, describe: 'share of the problems' },
  seed: { type: 'string', default: '0', describe: 'another seed makes another split' },
  near: { type: 'number', default: 0.5, describe: 'texts that share this part of their 8-grams stay together' },
  ...outputOptions,
} as const;

const labelOptions = {
  out: { type: 'string', alias: ['o', 'output'], demandOption: true, describe: 'JSONL file to write' },
  overwrite: overwriteOption,
  host: hostOption,
  workers: { type: 'number', describe: 'programs run at once; one a processor core when left out' },
  ...outputOptions,
} as const;

export const dataFilesOptionNames = Object.keys({
  ...importOptions,
  ...auditOptions,
  ...overlapOptions,
  ...splitOptions,
  ...labelOptions,
});

/** The fields that the flags name. */
export const fieldsOf = (args: {
  readonly questionField?: string | undefined;
  readonly answerField?: string | undefined;
  readonly idField?: string | undefined;
}): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ question: args.questionField, answer: args.answerField, id: args.idField }).flatMap(([name, field]) =>
      field === undefined ? [] : [[name, field]],
    ),
  );

export function dataFilesCommands(data: Argv, choose: Choose): Argv {
  return data
    .command(
      'import <files..>',
      'read published benchmarks and any JSON, JSONL, CSV, Parquet or Arrow file into one problem file',
      (command) =>
        command
          .positional('files', { type: 'string', array: true, demandOption: true, describe: 'files, or folders that are searched' })
          .options(importOptions)
          .epilogue(
            `Formats, told by content:\n${[...formats, ...folderFormats].map(({ name, description }) => `  ${name}: ${description}`).join('\n')}`,
          )
          .example(
            '$0 data import MAMO_EasyLP_fixed.jsonl --out mamo-easy.jsonl',
            'a published file; format and label version are told by content',
          )
          .example('$0 data import rows.parquet --question-field text --answer-field label --out mine.jsonl', 'any other file'),
      (args) =>
        choose('end', async (run) => {
          if (args.format !== 'auto' && Object.keys(fieldsOf(args)).length > 0)
            throw new EvomError('E_USAGE', '--format and --question-field, --answer-field, --id-field exclude each other');
          const { runDataImport } = await import('./run-data-import.ts');
          await runDataImport({
            ...run,
            files: args.files,
            format: args.format,
            fields: fieldsOf(args),
            name: args.name ?? null,
            texts: args.texts ?? null,
            keepSentinels: args.keepSentinels,
            wholeNumbers: args.wholeNumbers,
            skipFaulty: args.skipFaulty,
            out: args.out ?? null,
            overwrite: args.overwrite,
          });
          return 0;
        }),
    )
    .command(
      'audit <files..>',
      'compare the labels of several versions of a benchmark; find labels that no right program reaches, and models that cannot be verified',
      (command) =>
        command
          .positional('files', {
            type: 'string',
            array: true,
            demandOption: true,
            describe: 'files of one benchmark, as published or imported',
          })
          .options(auditOptions)
          .example('$0 data audit mamo_easy_lp.jsonl MAMO_EasyLP_fixed.jsonl', 'what the correction changed')
          .example('$0 data audit OptiBench.json --outcomes outcomes.jsonl', 'how many problems are nonlinear beyond what is verified'),
      (args) =>
        choose('end', async (run) => {
          const { runDataAudit } = await import('./run-data-audit.ts');
          await runDataAudit({ ...run, files: args.files, examples: args.examples, outcomes: args.outcomes });
          return 0;
        }),
    )
    .command(
      'overlap <training> <benchmarks..>',
      'find benchmark items in a training file of any kind, by 8-grams of words',
      (command) =>
        command
          .positional('training', { type: 'string', demandOption: true, describe: 'file or folder; streamed, so it may be large' })
          .positional('benchmarks', { type: 'string', array: true, demandOption: true, describe: 'files' })
          .options(overlapOptions)
          .example('$0 data overlap train.parquet NL4OPT.jsonl OptiBench.json --fail', 'no test problem in the training data'),
      (args) =>
        choose('end', async (run) => {
          if (!(args.threshold > 0 && args.threshold <= 1)) throw new EvomError('E_USAGE', '--threshold is a share, above 0 and at most 1');
          const { runDataOverlap } = await import('./run-data-overlap.ts');
          await runDataOverlap({
            ...run,
            training: args.training,
            benchmarks: args.benchmarks,
            threshold: args.threshold,
            fail: args.fail,
            examples: args.examples,
          });
          return 0;
        }),
    )
    .command(
      'label <files..>',
      'give problems that come with a program and no answer the optimum that their program proves',
      (command) =>
        command
          .positional('files', { type: 'string', array: true, demandOption: true, describe: 'files, as published or imported' })
          .options(labelOptions)
          .example('$0 data label OR-Instruct.json --host http://127.0.0.1:8650 --out train.jsonl', 'coptpy programs, on a solver host'),
      (args) =>
        choose('end', async (run) => {
          const { verifySettings } = await import('../../config/build/verify-settings.ts');
          const settings = verifySettings({ backend: 'highs', workers: args.workers ?? null, hosts: addressesOf(args.host), set: [] });
          const { runDataLabel } = await import('./run-data-label.ts');
          await runDataLabel({ ...run, files: args.files, settings, out: args.out, overwrite: args.overwrite });
          return 0;
        }),
    )
    .command(
      'split <files..>',
      'split problems into train, validation and test without a copy or near-copy on two sides',
      (command) =>
        command
          .positional('files', { type: 'string', array: true, demandOption: true, describe: 'files, as published or imported' })
          .options(splitOptions)
          .example('$0 data split problems.jsonl --out splits --test 0.2 --train 0.7', 'train.jsonl, validation.jsonl and test.jsonl'),
      (args) =>
        choose('end', async (run) => {
          const shares = { train: args.train, validation: args.validation, test: args.test };
          const total = shares.train + shares.validation + shares.test;
          if (Math.abs(total - 1) > 1e-9 || Object.values(shares).some((share) => !(share >= 0)))
            throw new EvomError('E_USAGE', `--train, --validation and --test are shares that sum to 1, not ${total}`);
          const { runDataSplit } = await import('./run-data-split.ts');
          await runDataSplit({
            ...run,
            files: args.files,
            out: args.out,
            overwrite: args.overwrite,
            shares,
            seed: args.seed,
            near: args.near,
          });
          return 0;
        }),
    );
}
