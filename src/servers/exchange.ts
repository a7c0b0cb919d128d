/**
 * The directory through which batches go to a learner in another process, and weights come back.
 *
 *     exchange/step_000012/batch-000.arrow, manifest.json, then READY     orchestrator -> learner
 *     exchange/step_000012/RESULT.json                                    learner -> orchestrator
 *     weights/v000013/model.safetensors, ..., manifest.json, then STABLE  learner -> orchestrator
 *     exchange/save_000013/manifest.json, then READY                      orchestrator -> learner: a checkpoint, please
 *     state/v000013/model.safetensors, evom_state/..., then STABLE        learner -> orchestrator
 *     exchange/LEARNER.json                                               learner: up, and at which version
 *     exchange/LAUNCH.json                                                orchestrator -> evom cluster: a learner, please
 *
 * Every file is renamed into place; the marker comes last, so that whoever sees it may read all the rest.
 */

import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeBatch } from '../batch/arrow.ts';
import type { TrainingBatch } from '../core/training.ts';
import { makeDirectory, syncDirectory, temporarySuffix, writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { fileSha256 } from '../lib/file-sha256.ts';

export type Marker = 'READY' | 'STABLE';
const manifestFile = 'manifest.json';
const resultFile = 'RESULT.json';

/** What a published directory holds. */
export interface ExchangeManifest {
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
  /** Facts about the content: rows, tokens, weight_version, step, ... */
  readonly [fact: string]: unknown;
}

/** The learner's answer to one step. */
export interface ExchangeResult {
  /** Version of the weights after the step, found under `weights/vNNNNNN`. */
  readonly version: number;
  /** Null for a figure that is not finite. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** Its answer when it could not take the step. */
export interface ExchangeFault {
  readonly error: string;
}

/** Directory of a step's batches, e.g. `step_000012`. */
export function stepDirectory(root: string, step: number): string {
  return join(root, 'exchange', `step_${sixDigits(step)}`);
}

/** Directory of a weight version, e.g. `v000013`. */
export function weightsDirectory(root: string, version: number): string {
  return join(root, 'weights', `v${sixDigits(version)}`);
}

/** Where a learner is asked for a checkpoint, e.g. `exchange/save_000013`. */
export function saveRequestDirectory(root: string, version: number): string {
  return join(root, 'exchange', `save_${sixDigits(version)}`);
}

/** Where it answers with one, e.g. `state/v000013`. */
export function stateDirectory(root: string, version: number): string {
  return join(root, 'state', `v${sixDigits(version)}`);
}

/**
 * Publishes the batches of one step, in the order in which they are to be learned from. A directory that an earlier
 * attempt left is made anew, its marker first out of the way.
 */
export async function publishBatches(
  root: string,
  step: number,
  batches: readonly TrainingBatch[],
  weightVersion: number,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const directory = await emptied(stepDirectory(root, step));
  for (const [i, batch] of batches.entries()) await writeBatch(join(directory, `batch-${String(i).padStart(3, '0')}.arrow`), batch);
  const rows = batches.flatMap((batch) => batch.rows);
  const tokens = rows.reduce((sum, row) => sum + row.inputIds.length, 0);
  await publish(directory, 'READY', { ...facts, step, rows: rows.length, tokens, weight_version: weightVersion });
  return directory;
}

/** Asks the learner for a checkpoint of its current version. */
export async function publishSaveRequest(root: string, version: number, facts: Readonly<Record<string, unknown>>): Promise<void> {
  await publish(await emptied(saveRequestDirectory(root, version)), 'READY', { ...facts, version });
}

/** The directory, empty; what an earlier attempt left loses its marker first. */
async function emptied(directory: string): Promise<string> {
  await rm(join(directory, 'READY'), { force: true });
  await rm(directory, { recursive: true, force: true });
  await makeDirectory(directory);
  return directory;
}

/** Writes manifest and then marker into a directory whose files are complete. */
export async function publish(directory: string, marker: Marker, facts: Readonly<Record<string, unknown>>): Promise<ExchangeManifest> {
  const manifest = await writeManifest(directory, facts);
  await writeFileAtomically(join(directory, marker), '');
  return manifest;
}

/** Writes `manifest.json` with the size and SHA-256 of each file in a directory, markers and answers left out. */
export async function writeManifest(directory: string, facts: Readonly<Record<string, unknown>>): Promise<ExchangeManifest> {
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const name of (await readdir(directory)).sort()) {
    if (notInManifest.has(name) || name.endsWith(temporarySuffix)) continue;
    const path = join(directory, name);
    files[name] = { bytes: (await stat(path)).size, sha256: await fileSha256(path) };
  }
  const manifest = { ...facts, files };
  await writeFileAtomically(join(directory, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

const notInManifest = new Set([manifestFile, resultFile, 'READY', 'STABLE']);

/**
 * The manifest of a published directory, every file checked against it.
 *
 * @throws {EvomError} E_BATCH when the marker is not there yet, or a file is missing or differs.
 */
export async function verifyPublished(directory: string, marker: Marker): Promise<ExchangeManifest> {
  const manifest = await whatIsPublished(directory, marker);
  for (const [name, expected] of Object.entries(manifest.files ?? {})) {
    const path = join(directory, name);
    if ((await fileSha256(path)) !== expected.sha256)
      throw new EvomError('E_BATCH', `${path} differs from its hash in ${manifestFile}; publish the step again`);
  }
  return manifest;
}

/**
 * The manifest of a directory whose files were hashed as they were written: each must be there whole, and is not read again.
 *
 * @throws {EvomError} E_BATCH when the marker is not there yet, or a file is missing or of another size.
 */
export async function whatIsPublished(directory: string, marker: Marker): Promise<ExchangeManifest> {
  if (!(await exists(join(directory, marker))))
    throw new EvomError('E_BATCH', `${directory} has no ${marker}: it is not complete; wait for it or write it again`);
  const manifest = await readJson<ExchangeManifest>(join(directory, manifestFile));
  for (const [name, { bytes }] of Object.entries(manifest.files ?? {})) {
    const path = join(directory, name);
    if (!(await exists(path)) || (await stat(path)).size !== bytes)
      throw new EvomError('E_BATCH', `${path} is missing or has not the ${bytes} bytes of ${manifestFile}; publish it again`);
  }
  return manifest;
}

interface Waiting {
  readonly timeoutMs: number;
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Waits for the learner's answer to the request in a directory.
 *
 * @throws {EvomError} E_LEARNER when none came within `timeoutMs`, or when the answer is a fault; the signal's reason when it is aborted.
 */
export async function waitForAnswer(directory: string, waiting: Waiting): Promise<ExchangeResult> {
  const path = join(directory, resultFile);
  const answer = await waitForJson<ExchangeResult | ExchangeFault>(path, waiting);
  if ('error' in answer) throw new EvomError('E_LEARNER', `the learner could not do what ${directory} asks: ${answer.error}`);
  return answer;
}

interface LearnerStanding {
  readonly version: number;
  readonly session?: string | null;
}

/**
 * Waits until a learner is up; it says at which version.
 *
 * @param session whose learner is waited for; null takes any.
 */
export function awaitLearner(root: string, session: string | null, waiting: Waiting): Promise<LearnerStanding> {
  const isOurs = (standing: LearnerStanding): boolean => session === null || standing.session === session;
  return waitForJson(join(root, 'exchange', 'LEARNER.json'), waiting, isOurs);
}

/** What starts a learner for a trainer (`evom cluster`) reads here what to start. */
const launchFile = (root: string): string => join(root, 'exchange', 'LAUNCH.json');

/** Asks whoever starts learners for one, in the place of what was asked for before. */
export async function askForLearner(root: string, request: { readonly id: string; readonly arguments: readonly string[] }): Promise<void> {
  await makeDirectory(join(root, 'exchange'));
  await rm(join(root, 'exchange', 'LEARNER.json'), { force: true });
  await writeFileAtomically(launchFile(root), `${JSON.stringify(request, null, 2)}\n`);
}

/** Nobody needs the learner any more. */
export const dismissLearner = (root: string): Promise<void> => rm(launchFile(root), { force: true });

async function waitForJson<T>(
  path: string,
  { timeoutMs, pollMs = 50, signal }: Waiting,
  isIt: (value: T) => boolean = () => true,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = (await exists(path)) ? await readJson<T>(path) : null;
    if (value !== null && isIt(value)) return value;
    if (performance.now() >= deadline)
      throw new EvomError('E_LEARNER', `the learner wrote no ${path} within ${timeoutMs} ms; look at its log, or raise the limit`);
    await sleep(pollMs, undefined, signal ? { signal } : {});
  }
}

/** Deletes steps and weights up to and including these: they have served. */
export async function pruneExchange(root: string, { step, version }: { readonly step: number; readonly version: number }): Promise<void> {
  const upTo = (last: number) => (number: number) => number <= last;
  await removeNumbered(join(root, 'exchange'), /^step_(\d+)$/, upTo(step), 'READY');
  await removeNumbered(join(root, 'weights'), /^v(\d+)$/, upTo(version), 'STABLE');
}

/** On resume: deletes what is newer than the checkpoint, from both directories, markers first, and a learner's snapshots. */
export async function removeAfter(root: string, { step, version }: { readonly step: number; readonly version: number }): Promise<void> {
  await rm(join(root, 'snapshots'), { recursive: true, force: true });
  const after = (last: number) => (number: number) => number > last;
  await removeNumbered(join(root, 'exchange'), /^step_(\d+)$/, after(step), 'READY');
  await removeNumbered(join(root, 'exchange'), /^save_(\d+)$/, () => true, 'READY');
  await removeNumbered(join(root, 'weights'), /^v(\d+)$/, after(version), 'STABLE');
  await removeNumbered(join(root, 'state'), /^v(\d+)$/, () => true, 'STABLE');
}

async function removeNumbered(parent: string, pattern: RegExp, matches: (number: number) => boolean, marker: Marker): Promise<void> {
  if (!(await exists(parent))) return;
  for (const name of await readdir(parent)) {
    const number = pattern.exec(name)?.[1];
    if (number === undefined || !matches(Number(number))) continue;
    await rm(join(parent, name, marker), { force: true });
    await rm(join(parent, name), { recursive: true, force: true });
  }
  await syncDirectory(parent);
}

async function readJson<T>(path: string): Promise<T> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (cause) {
    throw new EvomError('E_BATCH', `${path} is missing or not JSON`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await unlessMissing(path, stat(path))) !== null;
}

function sixDigits(value: number): string {
  return String(value).padStart(6, '0');
}
