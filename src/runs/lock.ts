/** A lock by process id: two processes never write one run. */

import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../lib/atomic-write.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessMissing } from '../lib/file-fault.ts';

export interface RunLock {
  /** Gives the run free; safe to call twice. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, where the system tells: a dead holder's id may belong to another process by now. */
  readonly started: string | null;
  readonly token: string;
}

/**
 * Takes `lock.json` of a run directory. A lock whose process is dead, on this machine, is taken over; one of another
 * machine is believed, since its processes cannot be seen from here.
 *
 * @throws {EvomError} E_RUN naming the holder.
 */
export async function acquireRunLock(directory: string): Promise<RunLock> {
  await makeDirectory(directory);
  const path = join(directory, 'lock.json');
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    started: await startTime(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  const content = `${JSON.stringify(holder)}\n`;
  // Written whole under another name and then linked: a lock file is never seen half-written, and link fails if one exists.
  const draft = `${path}.${process.pid}.${holder.token}.tmp`;
  await writeFile(draft, content, { flag: 'wx' });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await linked(draft, path)) {
        await clearDrafts(directory);
        return { release: () => release(path, holder.token) };
      }
      const current = await readHolder(path);
      if (current === 'gone') continue;
      if (current !== 'broken' && (await isAlive(current)))
        throw new EvomError(
          'E_RUN',
          `${directory} is being written by process ${current.pid} on ${current.host}; stop it, or delete ${path} if it is not an evom run`,
        );
      await setAside(path, holder.token, current);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new EvomError('E_RUN', `${path} changes hands all the time; is the run started several times at once?`);
}

/** Whether a living process writes the run; takes nothing. */
export async function isRunLocked(directory: string): Promise<boolean> {
  const holder = await readHolder(join(directory, 'lock.json'));
  return holder !== 'gone' && holder !== 'broken' && (await isAlive(holder));
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a dead lock. It is renamed first and looked at again: should another process have taken the lock over in
 * between, its lock goes back.
 */
async function setAside(path: string, token: string, dead: Holder | 'broken'): Promise<void> {
  const aside = `${path}.${process.pid}.${token}.dead.tmp`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readHolder(aside);
  const isSame = moved === 'broken' || moved === 'gone' || (dead !== 'broken' && moved.token === dead.token);
  if (!isSame) await linked(aside, path);
  await rm(aside, { force: true });
}

/** Removes the drafts of processes that were killed while they took the lock. */
async function clearDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = /^lock\.json\.(\d+)\..*\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(directory, name), { force: true });
  }
}

async function release(path: string, token: string): Promise<void> {
  const current = await readHolder(path);
  if (current !== 'gone' && current !== 'broken' && current.token === token) await rm(path, { force: true });
}

async function readHolder(path: string): Promise<Holder | 'gone' | 'broken'> {
  const text = await unlessMissing(path, readFile(path, 'utf8'));
  if (text === null) return 'gone';
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isInteger(holder.pid) && typeof holder.host === 'string' ? holder : 'broken';
  } catch {
    return 'broken';
  }
}

async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  if (!isRunning(pid)) return false;
  const now = await startTime(pid);
  return started === null || now === null || started === now;
}

/** Whether a process of this id runs on this machine. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it runs, as another user
  }
}

/** Ticks since boot at which a process started, from Linux's /proc; null elsewhere. */
async function startTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // The second field is the command in brackets and may hold spaces; the start time is the 20th after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
