/** Where a policy's weights are: a checkpoint's own folder, or the last one of a run. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EvomError } from '../../lib/errors.ts';
import type { TrainConfig } from '../schema/schema.ts';

/** What answers, for a report: the folder of a checkpoint, the file of a recording, or a model and its API. */
export const policyName = ({ type, chat }: Pick<TrainConfig['policy'], 'type' | 'chat'>, directory: string): string =>
  type === 'chat' ? `${chat.model} at ${chat.url}` : directory;

/** Types of policies without a folder of weights: their answers are evaluated, never trained on. */
export const textPolicies: ReadonlySet<string> = new Set(['recorded', 'chat']);

/**
 * The model folder that a path stands for: itself, the newest checkpoint of a run directory, or what `latest` names.
 *
 * @throws {EvomError} `E_CHECKPOINT` when there is none.
 */
export function resolveCheckpoint(path: string, type: string = 'onnx'): string {
  if (textPolicies.has(type)) return path; // the file of completions itself, or nothing
  const isRun = existsSync(join(path, 'config.resolved.yaml'));
  const pointer = isRun ? join(path, 'latest') : path;
  if (!existsSync(pointer)) {
    throw new EvomError(
      'E_CHECKPOINT',
      isRun ? `${path} has no checkpoint yet` : `${path} does not exist; give the folder of a checkpoint or a run`,
    );
  }
  if (statSync(pointer).isDirectory()) return pointer;
  return join(dirname(pointer), readFileSync(pointer, 'utf8').trim());
}
