/** A YAML file and the flags of a command line to one settled configuration, or every error in one go. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { EvomError } from '../../lib/errors.ts';
import { nearestName } from '../../lib/nearest.ts';
import { withInputPaths } from '../build/input-files.ts';
import {
  type ConfigKind,
  kindJsonSchema,
  resolveSft,
  resolveTrain,
  type SftConfig,
  type SftInput,
  schemaOf,
  skeletonOf,
  type TrainConfig,
  type TrainInput,
} from '../schema/schema.ts';
import { checkSft, checkTrain, type Finding } from './checks.ts';
import { findConfigFile } from './find-file.ts';
import { type ConfigIssue, configFault } from './issues.ts';
import { applyOverride, type Override, overrideOf, typedFlags } from './overrides.ts';
import { readLayers } from './read-layers.ts';
import { type KeyPath, locate, type Tree } from './tree.ts';
import { validate } from './validate.ts';

/** What a configuration was made from: kept in the run directory. */
export interface ConfigSource {
  /** Absolute path of the file named on the command line. */
  readonly path: string;
  /** That file as it was read. */
  readonly text: string;
  /** The overrides as typed, in order: `--set a.b=c`. */
  readonly overrides: readonly string[];
}

export type LoadedConfig =
  | { readonly kind: 'train'; readonly config: TrainConfig; readonly source: ConfigSource; readonly notes: readonly string[] }
  | { readonly kind: 'sft'; readonly config: SftConfig; readonly source: ConfigSource; readonly notes: readonly string[] };

export interface LoadOptions {
  readonly cwd: string;
  /** Assignments such as `algorithm.estimator=dapo`; the last of two on one key wins. */
  readonly overrides?: readonly (string | Override)[];
  /** Require that named files and folders exist, and make their paths absolute (default true). */
  readonly checkFiles?: boolean;
}

/**
 * Loads a configuration: what it `extends`, then the file, then the overrides; settles values that depend on others.
 *
 * @param name path, or a bare name looked up as given, in `./configs`, then in the package's `configs/`.
 * @throws {EvomError} E_CONFIG with all errors, each as `file:line:column key: message` and the line with a caret; E_USAGE where only
 * values of a command's own flags are wrong.
 */
export function loadConfig(name: string, options: LoadOptions): LoadedConfig {
  const issues: ConfigIssue[] = [];
  const path = configFile(name, options.cwd);
  const overrides = (options.overrides ?? []).map(overrideOf);
  const files = readLayers(path, options.cwd, issues);
  failWith(issues);
  const tree = withOverrides(files, overrides, issues);
  const source: ConfigSource = { path, text: readFileSync(path, 'utf8'), overrides: typedFlags(overrides) };
  const notes: string[] = []; // of what was settled otherwise than the files say
  const inputs = options.checkFiles === false ? null : { cwd: options.cwd, configFile: path };
  const loaded: LoadedConfig | null =
    kindOf(tree, issues) === 'sft'
      ? withSource(
          'sft',
          settle(tree, { schema: schemaOf.sft, kind: 'sft', check: checkSft, resolve: resolveSft, inputs, notes }, issues),
          source,
          notes,
        )
      : withSource(
          'train',
          settle(tree, { schema: schemaOf.train, kind: 'train', check: checkTrain, resolve: resolveTrain, inputs, notes }, issues),
          source,
          notes,
        );
  failWith(issues);
  if (loaded === null) throw new EvomError('E_INTERNAL', `${path}: neither a configuration nor an error`);
  return loaded;
}

/**
 * The settled configuration as YAML, for `config.resolved.yaml`.
 *
 * Name and folder of the run are left out: the file lies in the run's directory, which may be moved. Loading the text
 * and writing it again gives the same text, so that `--resume` can tell whether anything changed. One turn is not written: it is what
 * there was before there were several, and runs that were begun then go on.
 */
export function resolvedYaml(config: TrainConfig | SftConfig): string {
  const { name: _name, dir: _dir, ...run } = config.run;
  const { rollout, ...others } = { rollout: null, ...config };
  return stringify({ ...(rollout === null || rollout.turns === 1 ? others : config), run }, { lineWidth: 0 });
}

const withSource = <Kind, Config>(kind: Kind, config: Config | null, source: ConfigSource, notes: readonly string[]) =>
  config === null ? null : { kind, config, source, notes };

function failWith(issues: readonly ConfigIssue[]): void {
  if (issues.length > 0) throw configFault(issues);
}

function configFile(name: string, cwd: string): string {
  const found = findConfigFile(name, cwd);
  if (found.path !== null) return found.path;
  throw new EvomError('E_CONFIG', `no configuration ${name}; looked for\n${found.tried.map((path) => `  ${path}`).join('\n')}`);
}

/** A changed `type` or `kind` starts its section afresh, so those come first: the order of flags does not matter. */
function withOverrides(files: Tree, overrides: readonly Override[], issues: ConfigIssue[]): Tree {
  const choosesFirst = overrides.toSorted((a, b) => Number(choosesType(b)) - Number(choosesType(a)));
  return choosesFirst.reduce((base, override) => {
    const { tree, issue } = applyOverride(base, override);
    if (issue) issues.push(issue);
    return tree;
  }, files);
}

const choosesType = ({ assignment }: Override): boolean => /^(?:[^=]*\.)?(?:type|kind)\s*=/.test(assignment);

function kindOf(tree: Tree, issues: ConfigIssue[]): ConfigKind {
  const { node, origin } = locate(tree, ['kind']);
  const kind = node?.type === 'scalar' ? node.value : 'train';
  if (kind === 'train' || kind === 'sft') return kind;
  const nearest = nearestName(String(kind), ['train', 'sft']);
  issues.push({
    origin,
    key: ['kind'],
    message: `must be train or sft, not "${String(kind)}"${nearest ? `; did you mean ${nearest}?` : ''}`,
  });
  failWith(issues);
  return 'train';
}

/** What every kind has. */
type SettledInput = TrainInput | SftInput;

interface Settling<Schema extends z.ZodType<SettledInput>, Config> {
  readonly kind: ConfigKind;
  readonly schema: Schema;
  readonly check: (input: z.output<Schema>) => Finding[];
  readonly resolve: (input: z.output<Schema>) => Config;
  readonly inputs: { readonly cwd: string; readonly configFile: string } | null;
  readonly notes: string[];
}

function settle<Schema extends z.ZodType<SettledInput>, Config>(
  tree: Tree,
  with_: Settling<Schema, Config>,
  issues: ConfigIssue[],
): Config | null {
  const { value: given, issues: invalid } = validate(tree, with_.schema, () => kindJsonSchema(with_.kind), skeletonOf[with_.kind]);
  for (const issue of invalid) issues.push(issue);
  if (given === null) return null;
  const value = withShortWarmup(given, tree, with_.notes);
  const faulty = invalid.map((issue) => issue.key);
  for (const finding of with_.check(value)) {
    if (!finding.keys.some((key) => faulty.some((fault) => overlap(key, fault)))) issues.push(placeFinding(tree, finding));
  }
  const config = with_.resolve(value);
  return with_.inputs ? withInputPaths(config, tree, with_.inputs, issues) : config;
}

/**
 * A warm-up that the file plans for a long run, shortened to half of a run that a flag makes short. What somebody writes on purpose, in a
 * flag or beside `run.steps` in a file, is not touched.
 */
function withShortWarmup<Input extends SettledInput>(input: Input, tree: Tree, notes: string[]): Input {
  const { schedule, run } = input;
  const total = schedule.total ?? run.steps;
  const isFlag = (...key: KeyPath): boolean => {
    const { node, origin } = locate(tree, key);
    return node !== null && origin.type === 'flag';
  };
  const isShortened = isFlag('run', 'steps') && !isFlag('schedule', 'warmup_steps') && schedule.total === undefined;
  if (schedule.warmup_steps < total || !isShortened) return input;
  const warmup = Math.floor(total / 2);
  notes.push(
    `run.steps=${run.steps} is shorter than the warm-up of ${schedule.warmup_steps} steps: it is shortened to ${warmup} (schedule.warmup_steps)`,
  );
  return { ...input, schedule: { ...schedule, warmup_steps: warmup } };
}

/** Whether one path is the other or contains it: then the second fault may only follow from the first. */
const overlap = (a: KeyPath, b: KeyPath): boolean => {
  const shared = Math.min(a.length, b.length);
  return a.slice(0, shared).join('.') === b.slice(0, shared).join('.');
};

/** Shown at the first of its keys that somebody wrote: the others are defaults and stand nowhere. */
function placeFinding(tree: Tree, finding: Finding): ConfigIssue {
  const written = finding.keys.find((key) => locate(tree, key).node !== null) ?? finding.keys[0];
  return { origin: locate(tree, written).origin, key: finding.keys[0], message: finding.message };
}
