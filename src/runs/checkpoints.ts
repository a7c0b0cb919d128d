/** `checkpoints/NNNNNN/` of a run: published whole, found again, pruned. */

import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDirectory, syncDirectory, temporarySuffix, writeFileAtomically } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';

/** How a checkpoint becomes a directory and is checked; the layout inside is not this folder's matter. */
export interface CheckpointFormat {
  /** Calls `fill` with a temporary directory and renames it to `directory`, with a manifest of hashes. */
  publish(directory: string, fill: (temporaryDirectory: string) => Promise<void>): Promise<unknown>;
  /** Whether there is a manifest; throws when a file is missing or differs from it. */
  verify(directory: string): Promise<boolean>;
}

export interface Checkpoint {
  /** Steps finished when it was written. */
  readonly step: number;
  readonly directory: string;
}

export interface CheckpointStore {
  /** Complete-looking checkpoints, oldest first. */
  list(): Promise<Checkpoint[]>;
  /**
   * The newest checkpoint that verifies; null when there is none. A broken one is passed over and reported.
   *
   * @param onBroken called with each newer checkpoint that does not verify.
   */
  newest(onBroken?: (checkpoint: Checkpoint, cause: unknown) => void): Promise<Checkpoint | null>;
  /**
   * Publishes the checkpoint of a step, then deletes the oldest beyond `keepLast`. One of that step that verifies is kept:
   * a run replays, so it holds the same, and replacing it would leave a moment without.
   */
  save(step: number, fill: (temporaryDirectory: string) => Promise<void>): Promise<Checkpoint>;
  /** On resume: deletes checkpoints after a step, clears what a kill left half done, and finishes pruning and `latest`. */
  removeAfter(step: number): Promise<void>;
}

const checkpointName = /^\d{6,}$/;

/**
 * Checkpoints under `runDirectory/checkpoints`; `latest` in the run directory names the newest after each save.
 *
 * @param keepLast at least 1; the newest is never deleted.
 */
export function openCheckpoints(
  runDirectory: string,
  { format, keepLast }: { readonly format: CheckpointFormat; readonly keepLast: number },
): CheckpointStore {
  if (!(keepLast >= 1)) throw new EvomError('E_CONFIG', `keep_last is ${keepLast}; keep at least 1 checkpoint`);
  const root = join(runDirectory, 'checkpoints');
  const at = (step: number): Checkpoint => ({ step, directory: join(root, String(step).padStart(6, '0')) });

  const list = async (): Promise<Checkpoint[]> => {
    const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const steps = names.filter((name) => checkpointName.test(name)).map(Number);
    return steps.sort((a, b) => a - b).map(at);
  };

  const prune = async (): Promise<void> => {
    for (const old of (await list()).slice(0, -keepLast)) await removeDirectory(old.directory);
  };

  const pointTo = ({ directory }: Checkpoint): Promise<void> =>
    writeFileAtomically(join(runDirectory, 'latest'), `checkpoints/${basename(directory)}\n`);

  return {
    list,
    async newest(onBroken) {
      for (const checkpoint of (await list()).reverse()) {
        try {
          if (await format.verify(checkpoint.directory)) return checkpoint;
          onBroken?.(checkpoint, new EvomError('E_CHECKPOINT', `${checkpoint.directory} has no manifest`));
        } catch (cause) {
          onBroken?.(checkpoint, cause);
        }
      }
      return null;
    },
    async save(step, fill) {
      const checkpoint = at(step);
      await makeDirectory(root);
      const isThere = await format.verify(checkpoint.directory).catch(() => false);
      if (!isThere) {
        await removeDirectory(checkpoint.directory);
        await format.publish(checkpoint.directory, fill);
      }
      await pointTo(checkpoint);
      // Only now may an older one go: at every moment there is one to resume from.
      await prune();
      return checkpoint;
    },
    async removeAfter(step) {
      for (const checkpoint of await list()) if (checkpoint.step > step) await removeDirectory(checkpoint.directory);
      await prune();
      const last = (await list()).at(-1);
      if (last) await pointTo(last);
      else await rm(join(runDirectory, 'latest'), { force: true });
      const names = (await unlessMissing(root, readdir(root))) ?? [];
      for (const name of names) if (name.endsWith(temporarySuffix)) await rm(join(root, name), { recursive: true, force: true });
    },
  };
}

/** Deletes a directory in one step as seen by a reader: it loses its name before its first file. */
async function removeDirectory(directory: string): Promise<void> {
  if ((await unlessMissing(directory, stat(directory))) === null) return;
  const doomed = `${directory}.deleted${temporarySuffix}`;
  await rm(doomed, { recursive: true, force: true });
  await rename(directory, doomed);
  await syncDirectory(join(directory, '..'));
  await rm(doomed, { recursive: true, force: true });
}
