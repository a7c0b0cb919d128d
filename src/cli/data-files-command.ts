/** `evom data import`, `audit`, `overlap` and `split`: what their command lines say. */
import type { Argv } from 'yargs';
import { EvomError } from '../core/errors.ts';
import { folderFormats } from '../problems/import/folders.ts';
import { formats } from '../problems/import/formats.ts';
import { type Choose, outputOptions } from './arguments.ts';

const fieldOptions = {
  'question-field': { type: 'string', describe: 'field of the text, where no known format fits; a path such as meta.text is allowed' },
  'answer-field': { type: 'string', describe: 'field of the answer' },
  'id-field': { type: 'string', describe: 'field of the id' },
} as const;

const importOptions = {
  out: { type: 'string', alias: 'o', describe: 'JSONL file to write; stdout when left out' },
  format: { type: 'string', default: 'auto', describe: 'auto tells it from the records; a name forces it' },
  name: { type: 'string', describe: 'name of the label version, kept in source and id; a published file knows its own' },
  ...fieldOptions,
  texts: { type: 'string', describe: 'file with the questions of instances that come without text, joined by their data' },
  'skip-faulty': { type: 'boolean', default: false, describe: 'write what can be read although some records cannot' },
  ...outputOptions,
} as const;

export const dataFilesOptionNames = Object.keys(importOptions);

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
  return data.command(
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
      choose(async (run) => {
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
          skipFaulty: args.skipFaulty,
          out: args.out ?? null,
        });
        return 0;
      }),
  );
}
