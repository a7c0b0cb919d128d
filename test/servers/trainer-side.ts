/** What a trainer does in the exchange directory, as scripts/torch_host does it in Python. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBatch } from '../../src/batch/arrow.ts';
import type { TrainingBatch } from '../../src/core/training.ts';
import { type ExchangeResult, stepDirectory, verifyPublished } from '../../src/servers/exchange.ts';

/** Reads the batches of a published step, after checking the hashes. */
export async function readBatches(root: string, step: number): Promise<TrainingBatch[]> {
  const directory = stepDirectory(root, step);
  const { files } = await verifyPublished(directory, 'READY');
  const names = Object.keys(files).filter((name) => name.endsWith('.arrow'));
  return Promise.all(names.sort().map((name) => readBatch(join(directory, name))));
}

/** Answers a step. */
export const writeResult = (root: string, step: number, result: ExchangeResult): Promise<void> =>
  writeFile(join(stepDirectory(root, step), 'RESULT.json'), JSON.stringify(result));
