/** Everything that a run needs, looked at before anything is written: one list for a start, `--dry-run` and `evom doctor --config`. */
import { constants, existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { DecoderConfig } from '../checkpoint/decoder-config.ts';
import { checkSetDialects } from '../config/build/build.ts';
import { resolveCheckpoint } from '../config/build/resolve-checkpoint.ts';
import { backendOfDialect, isHosted, isModulePath } from '../config/schema/vocabulary.ts';
import { EvomError } from '../lib/errors.ts';
import { checkFree } from '../runs/run-directory.ts';
import { createBackend } from '../solvers/registry.ts';
import { checkCheckpoint, modelOf } from './check-checkpoint.ts';
import { checkDisjoint, evaluationSets, type ProblemSet, trainingSets } from './check-data.ts';
import { checkDisk, checkMemory, existingParent } from './check-room.ts';
import { modelServerChecks, solverHostChecks, torchChecks } from './check-services.ts';
import type { Report } from './events.ts';
import { type Check, type Finding, fault, ok } from './finding.ts';
import { decoderOf } from './initial-model.ts';
import { Lifetime } from './lifetime.ts';
import type { RunConfig } from './session.ts';

export interface PreflightOptions {
  /** Of the run, there or not. */
  readonly directory: string;
  /** Steps that a run which goes on has taken; null for a new one. */
  readonly doneSteps: number | null;
  /** Have the generator make its problems, once all else is there: what a start needs and a dry run need not wait for. */
  readonly makeProblems: boolean;
  readonly report?: Report;
  /** Bounds the wait for each check; throws where the user has stopped the command. */
  readonly lifetime?: Lifetime;
}

export interface Preflight {
  readonly findings: readonly Finding[];
  readonly train: readonly ProblemSet[];
  /** In the order of `dataset.eval`. */
  readonly evaluation: readonly ProblemSet[];
}

/** Answers each question about a configuration; a check that throws has found a fault. */
export async function preflight(config: RunConfig, options: PreflightOptions): Promise<Preflight> {
  const { report = () => {}, lifetime = new Lifetime(), directory, doneSteps } = options;
  checkSetDialects(config);
  const findings: Finding[] = [];
  const look = async (name: string, check: Check): Promise<void> => {
    const finding = { name, ...(await lifetime.wait(check().catch(faultOf))) };
    lifetime.goOn();
    findings.push(finding);
    report({ type: 'checked', finding });
  };
  const sets = async (loaders: (() => Promise<ProblemSet>)[], keys: readonly string[]): Promise<ProblemSet[]> => {
    const read: ProblemSet[] = [];
    for (const [i, load] of loaders.entries())
      await look(keys[i] as string, async () => {
        const set = await load();
        read.push(set);
        return ok(set.detail);
      });
    return read;
  };

  await look('run directory', async () => {
    if (doneSteps !== null) return ok(`${directory} goes on from step ${doneSteps}`);
    await checkFree(directory);
    await checkWritable(directory);
    return ok(`${directory} is free`);
  });
  const start = config.kind === 'train' ? config.policy.checkpoint : config.model.type === 'checkpoint' ? config.model.path : null;
  const isEmbedded = config.learner.type === 'onnx';
  await look('checkpoint', async () => (start === null ? ok('a new model with random weights') : checkCheckpoint(start, isEmbedded)));
  if (config.policy.precision !== 'float32') await look('policy.precision', async () => checkPrecision(config));
  const simulators = config.kind === 'train' && config.reward.consistency > 0 ? config.reward.simulators : undefined;
  if (simulators?.checkpoint)
    await look('reward.simulators.checkpoint', () => checkCheckpoint(resolveCheckpoint(simulators.checkpoint as string), true));
  for (const [key, path] of moduleKeys(config)) await look(key, () => checkModule(path));
  const local = config.dialect.map(({ name }) => name).filter((name) => !isHosted(name));
  if (local.length > 0) await look('backend', () => checkBackend(backendOfDialect(local[0] as string, config.backend)));
  // A dry run does not wait as long as a run does.
  const patience = { isPatient: options.makeProblems, signal: lifetime.signal };
  const servers = config.kind === 'train' ? modelServerChecks(config, patience) : [];
  const services = [...solverHostChecks(config, patience), ...torchChecks(config), ...servers];
  for (const [name, check] of services) await look(name, check);
  const model = await modelFor(config, start, isEmbedded);
  if (model !== null) {
    await look('memory', () => checkMemory(config, model));
    await look('disk', () => checkDisk(config, model, directory, doneSteps ?? 0));
  }
  // Making problems takes minutes: not for a run that cannot start anyway.
  const make = (): boolean => options.makeProblems && startFault(findings) === null;
  const [trainKeys, evalKeys] = keysOf(config);
  const train = await sets(trainingSets(config, make(), attentive(report, lifetime)), trainKeys);
  const evaluation = await sets(evaluationSets(config, make(), attentive(report, lifetime)), evalKeys);
  await look('disjoint', async () => checkDisjoint(train, evaluation, doneSteps !== null));
  return { findings, train, evaluation };
}

/** The error of a run that cannot start, with everything that it lacks; null where it can. */
export function startFault(findings: readonly Finding[]): EvomError | null {
  const faults = findings.filter(({ status }) => status === 'fault');
  const [first] = faults;
  if (first === undefined) return null;
  const codes = new Set(faults.map(({ code = 'E_SETUP' }) => code));
  const code = codes.size === 1 ? (first.code ?? 'E_SETUP') : 'E_SETUP';
  if (faults.length === 1) return new EvomError(code, `the run cannot start: ${first.name}: ${first.detail}`);
  return new EvomError(code, `the run cannot start:\n${faults.map(({ name, detail }) => `  ${name}: ${detail}`).join('\n')}`);
}

/** A sampler that rounds is another policy than the one that learns; where nothing is learned of its samples, that is no fault. */
function checkPrecision(config: RunConfig): Omit<Finding, 'name'> {
  const { precision } = config.policy;
  if (config.kind !== 'train') return ok(`samples in ${precision}`);
  const correction = config.algorithm.sampler_correction;
  // off_policy_mask leaves the ratio to the sampler, and its clip, as they are.
  if (correction !== null && correction.type !== 'off_policy_mask') return ok(`samples in ${precision}, corrected by ${correction.type}`);
  return fault(
    `${precision} samples from weights that are rounded, and the learner's are not; set algorithm.sampler_correction='{type: truncate, level: token, high: 2}', or leave policy.precision at float32`,
    'E_CONFIG',
  );
}

/** The generator reports often: a good place to notice that the user has stopped. */
const attentive =
  (report: Report, lifetime: Lifetime): Report =>
  (event) => {
    lifetime.goOn();
    report(event);
  };

/** An abort is not a finding. */
function faultOf(error: unknown): Omit<Finding, 'name'> {
  if (error instanceof EvomError && error.code === 'E_INTERRUPTED') throw error;
  if (error instanceof EvomError) return fault(error.message, exitsAsInput.has(error.code) ? error.code : 'E_SETUP');
  return fault(error instanceof Error ? error.message : String(error));
}

const exitsAsInput: ReadonlySet<string> = new Set(['E_CONFIG', 'E_DATA', 'E_CHECKPOINT', 'E_RUN', 'E_SETUP']);

function keysOf({ dataset }: RunConfig): [string[], string[]] {
  const train = Array.isArray(dataset.train) ? dataset.train.map((_, i) => `dataset.train[${i}]`) : ['dataset.train'];
  return [train, dataset.eval.map((set) => `dataset.eval.${set.name}`)];
}

/** The user's own modules by the key that names them; a backend's is opened by its own check. */
function moduleKeys(config: RunConfig): [key: string, path: string][] {
  const named: [string, string][] = [
    ['policy.type', config.policy.type],
    ['learner.type', config.learner.type],
    ...(config.kind === 'train' ? config.reward.terms.map((term): [string, string] => [`reward.terms (${term.name})`, term.type]) : []),
  ];
  return named.filter(([, path]) => isModulePath(path));
}

async function checkWritable(directory: string): Promise<void> {
  const parent = existingParent(directory);
  await access(parent, constants.W_OK).catch((cause: unknown) => {
    throw new EvomError('E_RUN', `${parent} cannot be written to; set run.dir to another folder`, { cause });
  });
}

async function checkModule(path: string): Promise<Omit<Finding, 'name'>> {
  if (!existsSync(path)) return fault(`no module ${path}`, 'E_CONFIG');
  const { default: made } = (await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw new EvomError('E_CONFIG', `${path} cannot be imported (${cause instanceof Error ? cause.message : String(cause)})`, { cause });
  })) as { default?: unknown };
  return typeof made === 'function' ? ok(path) : fault(`${path} has no default export that is a function`, 'E_CONFIG');
}

async function checkBackend(name: string): Promise<Omit<Finding, 'name'>> {
  const backend = await createBackend(name);
  const text = `${backend.name} ${backend.version}`;
  backend.close();
  return ok(text);
}

/** What memory and disk are estimated by; null where `config.json` cannot be read, which has been said, or only PyTorch knows the model. */
async function modelFor(config: RunConfig, start: string | null, isEmbedded: boolean): Promise<DecoderConfig | null> {
  if (start !== null) return modelOf(start, isEmbedded).catch(() => null);
  return config.kind === 'sft' && config.model.type === 'new' ? decoderOf(config.model, config.tokenizer.vocab_size) : null;
}
