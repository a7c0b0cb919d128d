/** The policies that a command line of `evom solve` or `evom portfolio` names: folders, addresses, configurations. */
import { resolve } from 'node:path';
import type { SolveSetup } from '../../config/build/build-solve.ts';
import type { PolicySource } from '../../config/build/open-speaker.ts';
import type { Override } from '../../config/load/overrides.ts';
import type { TrainConfig } from '../../config/schema/schema.ts';
import type { PromptTemplate } from '../../dialects/prompt.ts';
import { EvomError } from '../../lib/errors.ts';
import type { SolveOptions } from '../../solve/solve-parts.ts';
import { addressesOf, loadNamed, ofKind, policyOverrides } from '../arguments.ts';
import { atLeast, wholeNumber } from '../number-flags.ts';
import { listOverride } from './evaluate-command.ts';
import { ownPolicy } from './own-policy.ts';

/** Where no configuration is named: all that is looked at of it are the policy and how programs are run. */
const baseConfig = 'evaluate.yaml';

const isConfigFile = (name: string): boolean => /\.ya?ml$/.test(name);

interface Flags {
  readonly checkpoint: string | undefined;
  readonly config: string | undefined;
  readonly set: readonly string[];
  readonly backend: string | undefined;
  readonly dialect: string | undefined;
  readonly prompt: PromptTemplate | undefined;
  readonly host: readonly string[] | undefined;
}

interface MainPolicy {
  readonly policy: PolicySource;
  /** The configuration that the policy is from; null for a folder alone, which needs none. */
  readonly config: TrainConfig | null;
  /** Whether it was said how long a completion may be. */
  readonly saysMaxTokens: boolean;
}

/** `--policy` with `--config` and `--set`. */
async function mainPolicy(flags: Flags, cwd: string): Promise<MainPolicy> {
  const { checkpoint, set } = flags;
  const isFile = checkpoint !== undefined && isConfigFile(checkpoint);
  if (isFile && flags.config !== undefined)
    throw new EvomError('E_USAGE', `--policy ${checkpoint} and --config ${flags.config} both name a configuration; leave one out`);
  const named = flags.config ?? (isFile ? checkpoint : undefined);
  const { isAddress, addressOverrides } = await import('../../config/build/policy-address.ts');
  const isServed = checkpoint !== undefined && isAddress(checkpoint);
  if (named === undefined && set.length === 0 && !isServed)
    return { policy: checkpoint === undefined ? ownPolicy : resolve(cwd, checkpoint), config: null, saysMaxTokens: false };
  const isModelSet = set.some((assignment) => assignment.startsWith('policy.chat.model='));
  const overrides: (string | Override)[] = [
    ...(isServed ? await addressOverrides(checkpoint, '--policy', isModelSet) : []),
    ...set,
    ...policyOverrides({ prompt: flags.prompt, host: flags.host }),
    ...listOverride('backend', 'backend', flags.backend),
    ...listOverride('dialect', 'dialect', flags.dialect),
    ...(checkpoint === undefined || isServed || isFile
      ? []
      : [{ assignment: `policy.checkpoint=${JSON.stringify(checkpoint)}`, flag: `--policy ${checkpoint}` }]),
  ];
  const { config, source } = ofKind(await loadNamed(named ?? baseConfig, cwd, overrides), 'train', 'evom solve');
  const saysMaxTokens =
    set.some((assignment) => assignment.startsWith('sampling.max_tokens')) || (named !== undefined && /\bmax_tokens\s*:/.test(source.text));
  return { policy: config, config, saysMaxTokens };
}

interface AskFlags extends Flags {
  readonly samples: number;
  readonly seed: number;
  readonly temperature: number | undefined;
  readonly maxTokens: number | undefined;
}

export interface AskedPolicy {
  /** Without memory, simulators and other policies. */
  readonly setup: Omit<SolveSetup, 'now'>;
  readonly config: TrainConfig | null;
  readonly samples: number;
  readonly seed: number;
  readonly sampling: SolveOptions['sampling'];
}

/** What `askOptions` says: the policy, what runs its programs, and how it is sampled. A flag goes before the configuration. */
export async function askedPolicy(args: AskFlags, cwd: string): Promise<AskedPolicy> {
  const { policy, config, saysMaxTokens } = await mainPolicy(args, cwd);
  const samples = wholeNumber(args.samples, '--samples', 1);
  const said = saysMaxTokens ? (config?.sampling.max_tokens ?? null) : null;
  return {
    setup: {
      policy,
      backend: config?.backend ?? args.backend ?? 'highs',
      solverHosts: config === null ? addressesOf(args.host) : config.solver_hosts.urls,
      running: config,
      dialect: config?.dialect.find(({ weight }) => weight > 0)?.name ?? args.dialect ?? null,
      template: args.prompt ?? null,
      ...{ memory: null, embedding: null, examples: 0, simulatorDialect: null, samples },
    },
    config,
    samples,
    seed: wholeNumber(args.seed, '--seed', 0),
    sampling: {
      temperature: args.temperature === undefined ? (config?.sampling.temperature ?? 1) : atLeast(args.temperature, '--temperature', 0),
      topK: config?.sampling.top_k ?? 0,
      topP: config?.sampling.top_p ?? 1,
      maxTokens: args.maxTokens === undefined ? said : wholeNumber(args.maxTokens, '--max-tokens', 1),
    },
  };
}

/** `--judge` or `--simulator-policy`: an address, the folder of a checkpoint or a run, or a configuration whose `policy` is meant. */
export async function otherPolicy(value: string, flag: string, cwd: string): Promise<PolicySource> {
  const { isAddress, addressOverrides } = await import('../../config/build/policy-address.ts');
  if (isAddress(value)) return ofKind(await loadNamed(baseConfig, cwd, await addressOverrides(value, flag, false)), 'train', flag).config;
  if (isConfigFile(value)) return ofKind(await loadNamed(value, cwd, []), 'train', flag).config;
  return resolve(cwd, value);
}
