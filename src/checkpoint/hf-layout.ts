/** A model on disk in the layout that `transformers` reads and writes. */

import { createHash } from 'node:crypto';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { fileSha256 } from '../lib/file-sha256.ts';
import { bfloat16FromFloat32 } from '../lib/half-floats.ts';
import { readSafetensors, readTensor, type StoredDtype, type Tensor, tensorNames, writeSafetensors } from '../lib/safetensors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const weightsName = 'model.safetensors';
const indexName = 'model.safetensors.index.json';
/** Files that make up a tokenizer; the last two are optional. */
export const tokenizerFileNames = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja'] as const;

const exists = async (path: string): Promise<boolean> => (await unlessMissing(path, stat(path))) !== null;

async function readJsonObject(path: string): Promise<JsonObject> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new EvomError('E_CHECKPOINT', `${path} cannot be read as JSON; is this the folder of a model?`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new EvomError('E_CHECKPOINT', `${path} holds no JSON object; export the model again`);
  return value as JsonObject;
}

/** `config.json` of a model folder. */
export const readModelConfig = (directory: string): Promise<JsonObject> => readJsonObject(join(directory, 'config.json'));

/** `generation_config.json`, or an empty object where there is none. */
export async function readGenerationConfig(directory: string): Promise<JsonObject> {
  const path = join(directory, 'generation_config.json');
  return (await exists(path)) ? readJsonObject(path) : {};
}

/** The files that hold the weights: one, or the shards of an index, sorted. */
export async function weightFiles(directory: string): Promise<string[]> {
  const single = join(directory, weightsName);
  if (await exists(single)) return [single];
  const indexPath = join(directory, indexName);
  if (!(await exists(indexPath)))
    throw new EvomError('E_CHECKPOINT', `${directory} holds neither ${weightsName} nor ${indexName}; export the model as safetensors`);
  const { weight_map: map } = await readJsonObject(indexPath);
  const shards = typeof map === 'object' && map !== null ? Object.values(map) : [];
  // A shard's name is a plain file name: a path would let an index reach outside its folder.
  if (shards.length === 0 || !shards.every((name): name is string => typeof name === 'string' && /^[\w.-]+$/.test(name)))
    throw new EvomError('E_CHECKPOINT', `${indexPath}: "weight_map" must map tensor names to file names; export the model again`);
  return [...new Set(shards)].sort().map((name) => join(directory, name));
}

/** Every weight of a model folder as float32, from one file or from shards. */
export async function readWeights(directory: string): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const file of await weightFiles(directory))
    for (const [name, tensor] of (await readSafetensors(file)).tensors) tensors.set(name, tensor);
  return tensors;
}

/** SHA-256 of the weights on disk; of several shards, that of their hashes in order. */
export async function weightsSha256(directory: string): Promise<string> {
  const hashes: string[] = [];
  for (const file of await weightFiles(directory)) hashes.push(await fileSha256(file));
  return hashes.length === 1 ? (hashes[0] as string) : createHash('sha256').update(hashes.join('\n')).digest('hex');
}

export interface ModelFolder {
  readonly config: JsonObject;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  readonly dtype?: StoredDtype;
  readonly generationConfig?: JsonObject;
  /** Folder whose tokenizer files are copied. */
  readonly tokenizerFrom?: string;
  /** Text of `README.md`; see `modelCard`. */
  readonly card?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a model into an existing directory, as `AutoModelForCausalLM.from_pretrained` reads it.
 * Call it inside `publishDirectory` to make the whole folder appear at once.
 */
export async function writeModelFolder(directory: string, model: ModelFolder): Promise<void> {
  const json = (name: string, value: JsonObject) => writeFile(join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
  await json('config.json', model.config);
  await writeSafetensors(join(directory, weightsName), model.tensors, model.metadata ?? {}, { dtype: model.dtype ?? 'F32' });
  if (model.generationConfig) await json('generation_config.json', model.generationConfig);
  if (model.tokenizerFrom !== undefined) await copyTokenizer(model.tokenizerFrom, directory);
  if (model.card !== undefined) await writeFile(join(directory, 'README.md'), model.card);
}

/** Copies the tokenizer's files from one model folder to another. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  for (const name of tokenizerFileNames) if (await exists(join(from, name))) await copyFile(join(from, name), join(to, name));
}

/** Copies all of a model folder but its weights and card: configuration, generation settings, tokenizer. */
export async function copyModelFiles(from: string, to: string): Promise<void> {
  for (const name of ['config.json', 'generation_config.json'])
    if (await exists(join(from, name))) await copyFile(join(from, name), join(to, name));
  await copyTokenizer(from, to);
}

/**
 * Share of the weights of two model folders that differ after rounding to bfloat16, as servers have them. Tensors that only one of
 * them has do not count: a tied head is stored or not. One tensor of each is in memory at a time.
 */
export async function differingShare(one: string, other: string): Promise<number> {
  const others = await tensorPlaces(other);
  let total = 0;
  let differing = 0;
  for (const [name, file] of await tensorPlaces(one)) {
    const place = others.get(name);
    if (place === undefined) continue;
    const mine = bfloat16FromFloat32((await readTensor(file, name)).data);
    const theirs = bfloat16FromFloat32((await readTensor(place, name)).data);
    total += mine.length;
    for (let i = 0; i < mine.length; i++) if (mine[i] !== theirs[i]) differing += 1;
  }
  return total === 0 ? 0 : differing / total;
}

async function tensorPlaces(directory: string): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const file of await weightFiles(directory)) for (const name of await tensorNames(file)) places.set(name, file);
  return places;
}
