/** The options that several commands share, and what a parsed command line asks for. */
import type { Options } from 'yargs';
import type { LoadedConfig } from '../config/load.ts';
import type { Override } from '../config/overrides.ts';
import { EvomError } from '../core/errors.ts';
import type { OnInterrupt } from './interrupt.ts';
import type { RunOptions } from './run-options.ts';

/** The work that a command line asks for; its result is the exit code. */
export type Work = (options: RunOptions) => Promise<number>;

/** Given to each command: calling it chooses the work to do once the whole line is understood, and what Ctrl-C does to it. */
export type Choose = (onInterrupt: OnInterrupt, work: Work) => void;

/** What `-` becomes before yargs, which drops it from lists of files, sees the line. */
export const stdinName = '/dev/stdin';

export const outputOptions = {
  json: { type: 'boolean', default: false, describe: 'end with one line of JSON on stdout' },
  quiet: { type: 'boolean', default: false, alias: 'q', describe: 'no progress; warnings and results only' },
} as const satisfies Record<string, Options>;

export const configOptions = {
  config: { type: 'string', alias: 'c', describe: 'YAML file; a bare name is also looked up in configs/' },
  set: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'change one value, e.g. --set algorithm.estimator=grpo; repeatable',
  },
} as const satisfies Record<string, Options>;

/** `--init-from DIR` as an override of the key that names the first checkpoint. */
export const initFromOverrides = (directory: string | undefined, key: 'policy.checkpoint' | 'model'): Override[] => {
  if (directory === undefined) return [];
  const value = key === 'model' ? { type: 'checkpoint', path: directory } : directory;
  return [{ assignment: `${key}=${JSON.stringify(value)}`, flag: `--init-from ${directory}` }];
};

/** Loads the configuration that a command line names; `yaml` and `zod` are only loaded here. */
export async function loadNamed(name: string | undefined, cwd: string, overrides: readonly (string | Override)[]): Promise<LoadedConfig> {
  if (name === undefined || name === '') throw new EvomError('E_USAGE', `--config is missing; for example --config quickstart.yaml`);
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig(name, { cwd, overrides });
}

/** A configuration of the kind that a command works on. */
export function ofKind<Kind extends LoadedConfig['kind']>(
  loaded: LoadedConfig,
  kind: Kind,
  command: string,
): Extract<LoadedConfig, { kind: Kind }> {
  if (loaded.kind === kind) return loaded as Extract<LoadedConfig, { kind: Kind }>;
  const other = loaded.kind === 'sft' ? 'evom sft' : 'evom train';
  throw new EvomError('E_CONFIG', `${loaded.source.path} is of kind ${loaded.kind}, and ${command} takes kind ${kind}; try ${other}`);
}
