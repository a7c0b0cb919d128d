/** `evom evaluate` and `evom rollout`: what their command lines say. */
import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { Override } from '../../config/load/overrides.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import { backendOfDialect, isHosted } from '../../config/schema/vocabulary.ts';
import { EvomError } from '../../lib/errors.ts';
import { type JudgeRuleName, judgeRuleNames } from '../../reward/judge-rules.ts';
import {
  type Choose,
  configOptions,
  groupOption,
  loadNamed,
  namesOf,
  ofKind,
  outputOptions,
  policyOptions,
  policyOverrides,
  startOverrides,
} from '../arguments.ts';
import { wholeNumber } from '../number-flags.ts';

/** What several commands say about data, backend and judge. */
export const benchmarkOptions = {
  dataset: {
    type: 'string',
    describe: 'problems instead of the sets in the configuration: any file that evom data import reads, or a name such as nl4opt@sirl',
  },
  'data-dir': { type: 'string', describe: 'folder in which a dataset name is looked up; default EVOM_DATA' },
  judge: { type: 'string', describe: 'rule, or several such as sirl,orlm: the first is the judge, the others score the same outcomes' },
  outcomes: { type: 'string', describe: 'JSONL file of outcomes: what is in it is not run again, what is missing is added' },
} as const;

const evaluateOptions = {
  ...configOptions,
  ...policyOptions,
  ...benchmarkOptions,
  checkpoint: {
    ...policyOptions.checkpoint,
    describe: 'folder of a checkpoint or a run to sample with (policy.checkpoint); a JSONL file is a recording that is replayed',
  },
  backend: { type: 'string', describe: 'solver that executes programs' },
  dialect: { type: 'string', describe: 'API that programs are written against, or several with commas' },
  samples: { type: 'number', describe: 'completions a problem' },
  greedy: { type: 'boolean', describe: 'take the likeliest token every time' },
  out: { type: 'string', alias: ['o', 'output'], describe: 'write the score of each problem to this JSONL file' },
  ...outputOptions,
} as const;

const rolloutOptions = {
  ...configOptions,
  ...policyOptions,
  ...groupOption,
  problems: { type: 'number', default: 4, describe: 'problems to sample' },
  from: { type: 'string', describe: 'name of the evaluation set to draw from, instead of the training problems' },
  out: { type: 'string', alias: ['o', 'output'], describe: 'write rollouts to this Arrow file' },
  ...outputOptions,
} as const;

export const evaluateOptionNames = [...namesOf(evaluateOptions), ...namesOf(rolloutOptions)];

/** The set of one file, under the name that was asked for. */
export const fileSet = (asked: string, file: string): Override[] => {
  const name =
    basename(asked)
      .replace(/\.(?:jsonl?|csv|parquet|arrow|gz)$/, '')
      .toLowerCase()
      .replace(/[^a-z0-9_.-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '') || 'file';
  return [{ assignment: `dataset.eval=${JSON.stringify([{ name, type: 'file', path: file }])}`, flag: `--dataset ${asked}` }];
};

/** `--dataset NAME|FILE` as the evaluation set; nothing without it. */
export async function datasetOverrides(dataset: string | undefined, dataDir: string | undefined, cwd: string): Promise<Override[]> {
  if (dataset === undefined) return [];
  const { findDataset } = await import('../../benchmarks/find-dataset.ts');
  return fileSet(dataset, await findDataset(dataset, { cwd, dataDir: dataDir ?? process.env.EVOM_DATA ?? null }));
}

/** `--checkpoint`: a folder of a model or a run, or a file of recorded completions. */
export function checkpointOverrides(checkpoint: string | undefined, cwd: string): Override[] {
  if (checkpoint === undefined) return [];
  const path = resolve(cwd, checkpoint);
  const isRecording = existsSync(path) && statSync(path).isFile() && basename(path) !== 'latest';
  return [
    { assignment: `policy.checkpoint=${JSON.stringify(checkpoint)}`, flag: `--checkpoint ${checkpoint}` },
    ...(isRecording ? [{ assignment: 'policy.type=recorded', flag: `--checkpoint ${checkpoint}` }] : []),
  ];
}

/** The rules of `--judge a,b`. */
export function judgeRulesOf(judge: string | undefined): JudgeRuleName[] {
  if (judge === undefined) return [];
  return judge.split(',').map((name) => {
    const rule = judgeRuleNames.find((known) => known === name.trim());
    if (rule === undefined) throw new EvomError('E_USAGE', `--judge ${name}: no such rule; known are ${judgeRuleNames.join(', ')}`);
    return rule;
  });
}

/** A flag of one name or several with commas. */
export const listOverride = (key: string, flag: string, value: string | undefined): Override[] => {
  if (value === undefined) return [];
  const names = value.split(',').map((name) => name.trim());
  const given = names.length === 1 ? names[0] : names.map((name) => ({ name }));
  return [{ assignment: `${key}=${JSON.stringify(given)}`, flag: `--${flag} ${value}` }];
};

/** Evaluation sets where `--dialect` goes before the dialects that they name. */
export const askedIn = (dialect: string | undefined, sets: TrainConfig['dataset']['eval']): TrainConfig['dataset']['eval'] =>
  dialect === undefined ? sets : sets.map(({ dialect: _, ...set }) => set);

/** `--backend` and `--dialect`. A Python dialect brings its solver along, so it says which backend is meant. */
export function solverOverrides({
  backend,
  dialect,
}: {
  readonly backend?: string | undefined;
  readonly dialect?: string | undefined;
}): Override[] {
  const flag = `--dialect ${dialect}`;
  const implied =
    backend === undefined && dialect !== undefined && isHosted(dialect)
      ? [{ assignment: `backend=${JSON.stringify(backendOfDialect(dialect, 'highs'))}`, flag }]
      : listOverride('backend', 'backend', backend);
  return [...implied, ...listOverride('dialect', 'dialect', dialect)];
}

export function evaluateCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'evaluate',
    'pass@1, pass@k, identical models and outcomes of a policy on problem sets',
    (command) =>
      command
        .options(evaluateOptions)
        .example('$0 evaluate -c quickstart.yaml', 'the checkpoint and sets of a configuration')
        .example('$0 evaluate -c quickstart.yaml --checkpoint runs/quickstart/latest --json', 'a trained policy, for a script')
        .example('$0 evaluate -c quickstart.yaml --dataset problems.jsonl --samples 8', 'problems of your own')
        .example(
          '$0 evaluate --checkpoint runs/mine --dataset nl4opt@sirl --data-dir benchmarks --judge sirl,orlm',
          'a published benchmark',
        )
        .example('$0 evaluate --checkpoint completions.jsonl --dataset NL4OPT.jsonl', 'recorded completions of any model'),
    (args) =>
      choose('close', async (run) => {
        const [judge, ...judges] = judgeRulesOf(args.judge);
        const overrides = [
          ...args.set,
          ...policyOverrides({ ...args, samples: undefined }),
          ...startOverrides({ initFrom: args.initFrom }, 'policy.checkpoint'),
          ...checkpointOverrides(args.checkpoint, run.io.cwd),
          ...(await datasetOverrides(args.dataset, args.dataDir, run.io.cwd)),
          ...solverOverrides(args),
          ...(judge === undefined ? [] : [{ assignment: `judge.rule=${judge}`, flag: `--judge ${args.judge}` }]),
        ];
        // A checkpoint and a dataset say all that has to be said; the rest of evaluate.yaml are defaults.
        const named = args.config ?? (args.checkpoint !== undefined || args.dataset !== undefined ? 'evaluate.yaml' : undefined);
        const { config, source } = ofKind(await loadNamed(named, run.io.cwd, overrides), 'train', 'evom evaluate');
        if (config.dataset.eval.length === 0) {
          throw new EvomError('E_CONFIG', `${source.path}: dataset.eval is empty; add a set, or name a file with --dataset problems.jsonl`);
        }
        if (args.greedy && (args.samples ?? 1) > 1) {
          throw new EvomError('E_USAGE', '--greedy gives the same completion every time; take --samples 1');
        }
        const sets = askedIn(args.dialect, config.dataset.eval).map((set) => ({
          ...set,
          ...(args.samples === undefined ? {} : { samples: wholeNumber(args.samples, '--samples') }),
          ...(args.greedy === undefined ? {} : { greedy: args.greedy, ...(args.greedy ? { samples: 1 } : {}) }),
        }));
        const { runEvaluate } = await import('./run-evaluate.ts');
        await runEvaluate({
          ...run,
          config: { ...config, dataset: { ...config.dataset, eval: sets } },
          source,
          judges,
          outcomes: args.outcomes ?? null,
          out: args.out ?? null,
        });
        return 0;
      }),
  );
}

export function rolloutCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'rollout',
    'sample and score a few problems without training',
    (command) =>
      command
        .options(rolloutOptions)
        .example('$0 rollout -c quickstart.yaml --problems 2', 'read what the policy writes, and what came of it')
        .example('$0 rollout -c quickstart.yaml --from held_out --problems 50 --out rollouts.arrow', 'keep them for analysis'),
    (args) =>
      choose('close', async (run) => {
        const overrides = [...args.set, ...startOverrides(args, 'policy.checkpoint'), ...policyOverrides(args)];
        const { config, source } = ofKind(await loadNamed(args.config, run.io.cwd, overrides), 'train', 'evom rollout');
        const names = config.dataset.eval.map((set) => set.name);
        if (args.from !== undefined && !names.includes(args.from)) {
          throw new EvomError(
            'E_USAGE',
            `--from ${args.from}: no such evaluation set in ${source.path}; it has ${names.join(', ') || 'none'}`,
          );
        }
        const { runRollout } = await import('./run-rollout.ts');
        await runRollout({
          ...run,
          config,
          source,
          problems: wholeNumber(args.problems, '--problems'),
          set: args.from ?? null,
          out: args.out ?? null,
        });
        return 0;
      }),
  );
}
