/**
 * The system's temporary folder of a run of the suite: a folder of its own, removed at the end with whatever tests and the processes that
 * they started have left in it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 'evom-tests-'));
  process.env.TMPDIR = folder; // Workers and their children inherit it.
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
}
