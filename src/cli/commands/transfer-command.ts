/** `evom transfer`: what its command line says. */
import { basename } from 'node:path';
import type { Argv } from 'yargs';
import type { Override } from '../../config/load/overrides.ts';
import type { EvalSetConfig } from '../../config/schema/schema.ts';
import { EvomError } from '../../lib/errors.ts';
import { type Choose, configOptions, loadNamed, namesOf, ofKind, outputOptions, policyOptions, policyOverrides } from '../arguments.ts';
import { wholeNumber } from '../number-flags.ts';
import { benchmarkOptions, checkpointOverrides, datasetOverrides, judgeRulesOf } from './evaluate-command.ts';

const transferOptions = {
  ...configOptions,
  prompt: policyOptions.prompt,
  'max-tokens': policyOptions['max-tokens'],
  host: policyOptions.host,
  checkpoint: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'a policy: folder of a model or run, or a JSONL file of recorded completions; NAME=PATH names it; repeatable',
  },
  backends: {
    type: 'string',
    demandOption: true,
    describe: 'with commas: backends (highs), dialects (glpk-js), or both (highs/glpk-js); the first is what the others are compared with',
  },
  ...benchmarkOptions,
  samples: { type: 'number', describe: 'completions a problem' },
  greedy: { type: 'boolean', describe: 'take the likeliest token every time' },
  published: { type: 'string', describe: 'JSON file of published results to lay beside; known takes the one that comes with evom' },
  out: { type: 'string', alias: ['o', 'output'], describe: 'folder for transfer.md, transfer.json, transfer.svg and outcomes.jsonl' },
  ...outputOptions,
} as const;

export const transferOptionNames = namesOf(transferOptions);

/** `name=path`, or a path that names itself. */
function namedCheckpoint(text: string): { readonly name: string; readonly path: string } {
  const at = /^([\w.-]+)=(.+)$/.exec(text);
  const path = at?.[2] ?? text;
  return { name: at?.[1] ?? (basename(path.replace(/\/latest$/, '')) || path), path };
}

export function transferCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'transfer',
    'policies under several backends, zero-shot: a table with intervals and paired tests',
    (command) =>
      command
        .options(transferOptions)
        .example(
          '$0 transfer --checkpoint checkpoints/tiny --backends highs-js,glpk-js --out transfer',
          'two dialects, each with its solver',
        )
        .example(
          '$0 transfer --checkpoint base=runs/a --checkpoint tuned=runs/b --backends highs,gurobi,copt --dataset NL4OPT.jsonl',
          'on solver hosts',
        )
        .example(
          '$0 transfer --checkpoint orlm=executed.jsonl --backends copt,gurobi --dataset nl4opt@orlm --judge orlm,sirl',
          'recorded programs',
        ),
    (args) =>
      choose('close', async (run) => {
        const [judge, ...judges] = judgeRulesOf(args.judge);
        const { targetsOf, runTransfer } = await import('./run-transfer.ts');
        const targets = targetsOf(args.backends);
        const dataset = await datasetOverrides(args.dataset, args.dataDir, run.io.cwd);
        const shared: (string | Override)[] = [
          ...args.set,
          ...policyOverrides({ ...args, samples: undefined }),
          ...dataset,
          ...(judge === undefined ? [] : [{ assignment: `judge.rule=${judge}`, flag: `--judge ${args.judge}` }]),
        ];
        if (args.greedy && (args.samples ?? 1) > 1)
          throw new EvomError('E_USAGE', '--greedy gives the same completion every time; take --samples 1');
        const samples = args.greedy ? 1 : args.samples === undefined ? null : wholeNumber(args.samples, '--samples');
        const policies = args.checkpoint === undefined || args.checkpoint.length === 0 ? [null] : args.checkpoint.map(namedCheckpoint);
        const cells = [];
        for (const policy of policies) {
          for (const { backend, dialect } of targets) {
            const overrides = [
              ...shared,
              ...checkpointOverrides(policy?.path, run.io.cwd),
              { assignment: `backend=${JSON.stringify(backend)}`, flag: `--backends ${args.backends}` },
              { assignment: `dialect=${JSON.stringify(dialect)}`, flag: `--backends ${args.backends}` },
            ];
            const { config } = ofKind(await loadNamed(args.config ?? 'evaluate.yaml', run.io.cwd, overrides), 'train', 'evom transfer');
            if (config.dataset.eval.length === 0) throw new EvomError('E_CONFIG', 'dataset.eval is empty; name a set with --dataset');
            const sets = withoutRepeats(config.dataset.eval).map(({ dialect: _, ...set }) => ({
              ...set,
              ...(samples === null ? {} : { samples }),
              ...(args.greedy === undefined ? {} : { greedy: args.greedy }),
            }));
            const name = policy?.name ?? namedCheckpoint(config.policy.checkpoint).name;
            cells.push({ policy: name, config: { ...config, dataset: { ...config.dataset, eval: sets } } });
          }
        }
        await runTransfer({
          ...run,
          cells,
          judges,
          outcomes: args.outcomes ?? null,
          published: args.published ?? null,
          out: args.out ?? null,
        });
        return 0;
      }),
  );
}

/** Every row has one dialect: a set that only asks the problems of an earlier one in another dialect is left out. */
function withoutRepeats(sets: readonly EvalSetConfig[]): EvalSetConfig[] {
  const asked = new Map<string, string | undefined>();
  return sets.filter(({ name: _name, samples: _samples, temperature: _temperature, dialect, ...set }) => {
    const key = JSON.stringify(set);
    const isRepeat = asked.has(key) && asked.get(key) !== dialect;
    if (!isRepeat) asked.set(key, dialect);
    return !isRepeat;
  });
}
