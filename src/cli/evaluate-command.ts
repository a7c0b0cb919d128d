/** `evom evaluate` and `evom rollout`: what their command lines say. */
import { basename } from 'node:path';
import type { Argv } from 'yargs';
import type { Override } from '../config/overrides.ts';
import { EvomError } from '../core/errors.ts';
import { type Choose, configOptions, initFromOverrides, loadNamed, ofKind, outputOptions } from './arguments.ts';

const shared = { ...configOptions, 'init-from': { type: 'string', describe: 'the checkpoint to sample with' } } as const;

const evaluateOptions = {
  ...shared,
  dataset: { type: 'string', describe: 'JSONL file of problems, instead of the sets in the configuration' },
  samples: { type: 'number', describe: 'completions a problem' },
  greedy: { type: 'boolean', describe: 'take the likeliest token every time' },
  out: { type: 'string', describe: 'write the score of each problem to this JSONL file' },
  ...outputOptions,
} as const;

const rolloutOptions = {
  ...shared,
  problems: { type: 'number', default: 4, describe: 'problems to sample' },
  from: { type: 'string', describe: 'name of the evaluation set to draw from, instead of the training problems' },
  out: { type: 'string', describe: 'write rollouts to this Arrow file' },
  ...outputOptions,
} as const;

export const evaluateOptionNames = Object.keys({ ...evaluateOptions, ...rolloutOptions });

const fileSet = (file: string | undefined): Override[] => {
  if (file === undefined) return [];
  const name =
    basename(file)
      .replace(/\.[^.]*$/, '')
      .toLowerCase()
      .replace(/[^a-z0-9_.-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '') || 'file';
  return [{ assignment: `dataset.eval=${JSON.stringify([{ name, type: 'jsonl', path: file }])}`, flag: `--dataset ${file}` }];
};

export function evaluateCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'evaluate',
    'pass@1, pass@k, identical models and outcomes of a policy on problem sets',
    (command) =>
      command
        .options(evaluateOptions)
        .example('$0 evaluate -c quickstart.yaml', 'the checkpoint and sets of a configuration')
        .example('$0 evaluate -c quickstart.yaml --init-from runs/quickstart/latest --json', 'a trained policy, for a script')
        .example('$0 evaluate -c quickstart.yaml --dataset problems.jsonl --samples 8', 'problems of your own'),
    (args) =>
      choose(async (run) => {
        const first = [...args.set, ...initFromOverrides(args.initFrom, 'policy.checkpoint'), ...fileSet(args.dataset)];
        const { config, source } = ofKind(await loadNamed(args.config, run.io.cwd, first), 'train', 'evom evaluate');
        if (config.dataset.eval.length === 0) {
          throw new EvomError('E_CONFIG', `${source.path}: dataset.eval is empty; add a set, or name a file with --dataset problems.jsonl`);
        }
        if (args.greedy && (args.samples ?? 1) > 1) {
          throw new EvomError('E_USAGE', '--greedy gives the same completion every time; take --samples 1');
        }
        const sets = config.dataset.eval.map((set) => ({
          ...set,
          ...(args.samples === undefined ? {} : { samples: wholeNumber(args.samples, '--samples') }),
          ...(args.greedy === undefined ? {} : { greedy: args.greedy, ...(args.greedy ? { samples: 1 } : {}) }),
        }));
        const { runEvaluate } = await import('./run-evaluate.ts');
        await runEvaluate({ ...run, config: { ...config, dataset: { ...config.dataset, eval: sets } }, source, out: args.out ?? null });
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
      choose(async (run) => {
        const overrides = [...args.set, ...initFromOverrides(args.initFrom, 'policy.checkpoint')];
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

function wholeNumber(value: number, flag: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new EvomError('E_USAGE', `${flag} must be a whole number, at least 1`);
}
