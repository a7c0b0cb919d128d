/** Which steps of a run keep their samples on disk. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporarySuffix } from '../lib/atomic-write.ts';
import { unlessMissing } from '../lib/file-fault.ts';
import { runPaths } from './run-directory.ts';

export type KeepSteps = 'all' | { readonly every: number } | { readonly last: number };

/** Whether a step keeps its folder, whole, once the checkpoint of step `saved` is there: the first and the newest always do. */
export function isKeptStep(step: number, saved: number, rule: KeepSteps): boolean {
  if (rule === 'all' || step === 1 || step >= saved) return true;
  return 'every' in rule ? step % rule.every === 0 : step > saved - rule.last;
}

/** Deletes the folders of steps up to the checkpoint of step `saved` that the rule does not keep. Nothing that a resume needs is among them. */
export async function removeOldSteps(directory: string, saved: number, rule: KeepSteps): Promise<void> {
  if (rule === 'all') return;
  const root = join(directory, 'steps');
  const steps = ((await unlessMissing(root, readdir(root))) ?? []).filter((name) => /^\d{6,}$/.test(name)).map(Number);
  for (const step of steps.filter((one) => !isKeptStep(one, saved, rule))) {
    const path = runPaths(directory).step(step);
    // Out of the way in one go: a kill halfway leaves no step with some of its files, and a resume deletes the rest.
    await rename(path, `${path}${temporarySuffix}`);
    await rm(`${path}${temporarySuffix}`, { recursive: true, force: true });
  }
}
