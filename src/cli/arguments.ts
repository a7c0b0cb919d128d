/** The options that several commands share, and what a parsed command line asks for. */
import type { Options } from 'yargs';
import { hostOverrides } from '../config/load/host-overrides.ts';
import type { LoadedConfig } from '../config/load/load.ts';
import type { Override } from '../config/load/overrides.ts';
import { promptTemplates } from '../dialects/prompt.ts';
import { isAddressSource } from '../lib/discover/address-source.ts';
import { EvomError } from '../lib/errors.ts';
import type { OnInterrupt } from './interrupt.ts';
import { wholeNumber } from './number-flags.ts';
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

/** `--set` of verbs without a configuration file. */
export const limitOption = {
  type: 'string',
  array: true,
  nargs: 1,
  default: [] as string[],
  describe: 'change a limit, e.g. --set sandbox.limits.solver_ms=1000; repeatable',
} as const;

/** Where programs of Python dialects run: the same flag wherever a command runs any. */
export const hostOption = {
  type: 'string',
  alias: 'solver-host',
  array: true,
  nargs: 1,
  describe:
    'address of an evom solver-host, for Python dialects; repeatable, or several with commas; or where they are looked up: dns://name:port, file:hosts.txt',
} as const satisfies Options;

/** What a command with a configuration says of the policy and how it is asked: names for the keys that are changed most. */
export const policyOptions = {
  checkpoint: { type: 'string', describe: 'folder of a checkpoint or a run to start from (policy.checkpoint)' },
  'init-from': { type: 'string', describe: 'older name of --checkpoint' },
  prompt: { type: 'string', choices: promptTemplates, describe: 'how the policy is asked (prompt.template)' },
  'max-tokens': { type: 'number', describe: 'longest completion, in tokens (sampling.max_tokens)' },
  host: hostOption,
} as const satisfies Record<string, Options>;

/** `--samples` of the commands that sample groups. */
export const groupOption = { samples: { type: 'number', describe: 'completions a problem (sampling.group_size)' } } as const;

interface PolicyFlags {
  readonly prompt?: string | undefined;
  readonly maxTokens?: number | undefined;
  readonly host?: readonly string[] | undefined;
  /** Only of the commands that sample groups. */
  readonly samples?: number | undefined;
}

/** The flags of `policyOptions` and `groupOption`, but `--checkpoint`, as overrides of their keys. */
export function policyOverrides({ prompt, maxTokens, host, samples }: PolicyFlags): Override[] {
  const hosts = addressesOf(host);
  return [
    ...(prompt === undefined ? [] : [{ assignment: `prompt.template=${prompt}`, flag: `--prompt ${prompt}` }]),
    ...(maxTokens === undefined
      ? []
      : [{ assignment: `sampling.max_tokens=${wholeNumber(maxTokens, '--max-tokens')}`, flag: `--max-tokens ${maxTokens}` }]),
    ...hostOverrides(hosts, `--host ${hosts.join(',')}`),
    ...(samples === undefined
      ? []
      : [{ assignment: `sampling.group_size=${wholeNumber(samples, '--samples')}`, flag: `--samples ${samples}` }]),
  ];
}

/** Addresses of `--host`, given several times or in a list such as `http://a:8650,http://b:8650`; or one place where they are looked up. */
export function addressesOf(given: readonly string[] | undefined): string[] {
  const hosts = (given ?? [])
    .flatMap((list) => list.split(','))
    .map((address) => address.trim())
    .filter((address) => address !== '')
    .map((address) => {
      if ((/^https?:/.test(address) && URL.canParse(address)) || isAddressSource(address)) return address;
      throw new EvomError('E_USAGE', `--host: "${address}" is not an address such as http://127.0.0.1:8650`);
    });
  const source = hosts.find(isAddressSource);
  if (source !== undefined && hosts.length > 1)
    throw new EvomError('E_USAGE', `--host ${source} is where hosts are looked up; give it alone, or addresses alone`);
  return hosts;
}

/** The token that clients must send; null asks for none. An empty variable is an unset one, an empty flag a mistake. */
export function tokenOf(flag: string | undefined, variable: string): string | null {
  if (flag === '') throw new EvomError('E_USAGE', '--token is empty; give the token that clients must send, or leave it out');
  return flag ?? (process.env[variable] || null);
}

/** `--checkpoint DIR`, or `--init-from DIR`, as an override of the key that names the first checkpoint. */
export function startOverrides(
  { checkpoint, initFrom }: { readonly checkpoint?: string | undefined; readonly initFrom?: string | undefined },
  key: 'policy.checkpoint' | 'model',
): Override[] {
  const directory = checkpoint ?? initFrom;
  if (directory === undefined) return [];
  const value = key === 'model' ? { type: 'checkpoint', path: directory } : directory;
  return [
    { assignment: `${key}=${JSON.stringify(value)}`, flag: `--${checkpoint === undefined ? 'init-from' : 'checkpoint'} ${directory}` },
  ];
}

/** Names of options with their aliases, for messages about mistyped ones. */
export const namesOf = (options: Readonly<Record<string, Options>>): string[] =>
  Object.entries(options).flatMap(([name, { alias = [] }]) => [name, ...(typeof alias === 'string' ? [alias] : alias)]);

/** Loads the configuration that a command line names; `yaml` and `zod` are only loaded here. */
export async function loadNamed(name: string | undefined, cwd: string, overrides: readonly (string | Override)[]): Promise<LoadedConfig> {
  if (name === undefined || name === '') throw new EvomError('E_USAGE', `--config is missing; for example --config quickstart.yaml`);
  const { loadConfig } = await import('../config/load/load.ts');
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
