/** A policy from an existing ONNX export with `past_key_values` inputs, as Optimum and the Hub's ONNX folders have it. */

import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readGenerationConfig, readModelConfig } from '../../checkpoint/hf-layout.ts';
import { compiledEntry } from '../../lib/compiled.ts';
import { EvomError } from '../../lib/errors.ts';
import { unlessMissing } from '../../lib/file-fault.ts';
import type { Policy } from '../../policy/policy.ts';
import { stopIdsOf } from './stop-ids.ts';
import { ThreadedPolicy } from './threaded-policy.ts';
import { SamplerPool } from './worker-pool.ts';

export interface OnnxExportPolicyOptions {
  /** Folder with `config.json` and `onnx/model.onnx` or `model.onnx`. */
  readonly directory: string;
  /** Worker threads, each with its own copy of the model. */
  readonly threads: number;
  readonly stopIds?: readonly number[];
  readonly modelId?: string;
}

/** What an export worker is told at its start. */
export interface ExportWorkerData {
  /** Absolute path of the model folder. */
  readonly directory: string;
  /** Folder of the model file within it: `onnx` or empty. */
  readonly subfolder: string;
  readonly stopIds: readonly number[];
}

/** Where the export's model file is within a folder: `onnx`, the folder itself, or null where there is none. */
export async function exportSubfolder(directory: string): Promise<'onnx' | '' | null> {
  for (const subfolder of ['onnx', ''] as const) {
    const path = join(directory, subfolder, 'model.onnx');
    if ((await unlessMissing(path, stat(path)))?.isFile() === true) return subfolder;
  }
  return null;
}

/**
 * Opens an ONNX export for sampling and scoring. It is slower than a checkpoint's own graphs (caches cross between
 * onnxruntime and JavaScript at each step), and its weights cannot change: `update` is an error.
 *
 * @throws {EvomError} `E_CHECKPOINT` if the folder holds no export, or no `config.json`.
 */
export async function createOnnxExportPolicy(options: OnnxExportPolicyOptions): Promise<Policy> {
  const directory = resolve(options.directory);
  const subfolder = await exportSubfolder(directory);
  if (subfolder === null)
    throw new EvomError(
      'E_CHECKPOINT',
      `${directory} holds neither onnx/model.onnx nor model.onnx; export the model with its cache inputs (text-generation-with-past)`,
    );
  const config = await readModelConfig(directory);
  const stopIds = options.stopIds ?? stopIdsOf(await readGenerationConfig(directory), config, directory);
  const { vocab_size: vocabSize } = config;
  const maxLength = config.max_position_embeddings ?? config.n_positions;
  if (typeof vocabSize !== 'number' || typeof maxLength !== 'number')
    throw new EvomError('E_CHECKPOINT', `${directory}/config.json lacks vocab_size or max_position_embeddings; add them`);
  const workerData: ExportWorkerData = { directory, subfolder, stopIds };
  const pool = new SamplerPool(compiledEntry(import.meta.url, './export-worker.js'), options.threads, workerData);
  const limits = { modelId: options.modelId ?? basename(directory), maxLength, vocabSize };
  const policy = new ThreadedPolicy({ pool, limits, batchRows: 64, share: null });
  try {
    // Every worker opens the model now, so that a broken export shows here.
    await pool.runAll({ type: 'score', requests: [], temperature: 1 });
  } catch (error) {
    await policy.close();
    throw error;
  }
  return policy;
}
