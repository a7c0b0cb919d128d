/** `evom prompts`: what a policy would be asked, for people who sample elsewhere. */
import type { Argv } from 'yargs';
import { type Choose, configOptions, loadNamed, namesOf, ofKind, outputOptions, policyOptions, policyOverrides } from '../arguments.ts';
import { askedIn, benchmarkOptions, checkpointOverrides, datasetOverrides, solverOverrides } from './evaluate-command.ts';

const exportOptions = {
  ...configOptions,
  checkpoint: {
    type: 'string',
    describe: 'folder of a checkpoint that the prompts are for; without one they are those of a model of chats',
  },
  prompt: policyOptions.prompt,
  dataset: benchmarkOptions.dataset,
  'data-dir': benchmarkOptions['data-dir'],
  backend: { type: 'string', describe: 'solver that will execute the programs' },
  dialect: { type: 'string', describe: 'API that programs are to be written against, or several with commas' },
  out: { type: 'string', alias: ['o', 'output'], demandOption: true, describe: 'JSONL file to write, one prompt a line' },
  ...outputOptions,
} as const;

export const promptsOptionNames = namesOf(exportOptions);

export function promptsCommand(cli: Argv, choose: Choose): Argv {
  return cli.command('prompts', 'what a policy is asked', (group) =>
    group
      .command(
        'export',
        'write the prompts of evaluation sets, to be answered by any model elsewhere',
        (command) =>
          command
            .options(exportOptions)
            .epilogue(
              'Answer each line with {"id": ..., "question": ..., "completion": "the text"} and score the file by evom evaluate --checkpoint FILE.',
            )
            .example('$0 prompts export --dataset nl4opt@sirl --dialect gurobipy --out prompts.jsonl', 'of a published benchmark')
            .example('$0 prompts export -c mine.yaml --out prompts.jsonl', 'of the evaluation sets of a configuration'),
        (args) =>
          choose('end', async (run) => {
            const overrides = [
              ...args.set,
              ...policyOverrides({ prompt: args.prompt }),
              ...checkpointOverrides(args.checkpoint, run.io.cwd),
              ...(await datasetOverrides(args.dataset, args.dataDir, run.io.cwd)),
              ...solverOverrides(args),
            ];
            const { config: said, source } = ofKind(
              await loadNamed(args.config ?? 'evaluate.yaml', run.io.cwd, overrides),
              'train',
              'evom prompts export',
            );
            const config = { ...said, dataset: { ...said.dataset, eval: askedIn(args.dialect, said.dataset.eval) } };
            const { runPromptsExport } = await import('./run-prompts-export.ts');
            const forChat = args.checkpoint === undefined && args.config === undefined;
            await runPromptsExport({ ...run, config, source, forChat, out: args.out });
            return 0;
          }),
      )
      .demandCommand(1, 'which one? evom prompts export'),
  );
}
