/** `evom judge`: what its command line says. */
import type { Argv } from 'yargs';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, namesOf, outputOptions } from '../arguments.ts';

const judgeOptions = {
  labels: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'files of problems with the labels to judge by, one column each; by default the answers that stand beside the outcomes',
  },
  rules: { type: 'string', alias: 'judge', default: 'all', describe: 'judging rules, separated by commas' },
  match: {
    type: 'string',
    choices: ['id', 'question'],
    default: 'question',
    describe: 'how an outcome finds its label: by id, or by the letters and digits of the question',
  },
  denominator: { type: 'string', choices: ['labelled', 'all'], default: 'labelled', describe: 'what a score divides by' },
  ...outputOptions,
} as const;

export const judgeOptionNames = namesOf(judgeOptions);

export function judgeCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'judge <outcomes>',
    'judge stored outcomes by any published rule and label version, without running anything',
    (command) =>
      command
        .positional('outcomes', {
          type: 'string',
          demandOption: true,
          describe: 'JSONL file, as evom verify --output writes it, or a rollouts.arrow',
        })
        .options(judgeOptions)
        .example('$0 judge outcomes.jsonl', 'all rules, by the answers that the outcomes were verified with')
        .example('$0 judge runs/mine/steps/000010/rollouts.arrow --rules sirl,evom', 'what a training step sampled')
        .example('$0 judge outcomes.jsonl --labels a.jsonl --labels b.jsonl --rules sirl,orlm', 'two label versions, two rules'),
    (args) =>
      choose('end', async (run) => {
        const { judgeRuleNames } = await import('../../reward/judge-rules.ts');
        const names = args.rules === 'all' ? judgeRuleNames : args.rules.split(',').map((name) => name.trim());
        const rules = names.map((name) => {
          const rule = judgeRuleNames.find((known) => known === name);
          if (rule === undefined) throw new EvomError('E_USAGE', `--rules: "${name}" is not known; known are ${judgeRuleNames.join(', ')}`);
          return rule;
        });
        const { runJudge } = await import('./run-judge.ts');
        return runJudge({
          ...run,
          outcomes: args.outcomes,
          labels: args.labels,
          rules,
          match: args.match as 'id' | 'question',
          denominator: args.denominator as 'labelled' | 'all',
        });
      }),
  );
}
