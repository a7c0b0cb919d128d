/** Why a file could not be read or written, as the person reads it who named it. */
import { EvomError } from './errors.ts';

/** What the machine ran out of: no other name helps. */
const exhausted: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'no space is left on the disk; free some, or write to another'],
  ['EDQUOT', 'the quota of disk space is used up; free some, or write elsewhere'],
  ['EFBIG', 'it is larger than a file may be here'],
  ['EIO', 'the disk failed'],
  ['EMFILE', 'too many files are open; raise the limit (ulimit -n)'],
]);

/** What is wrong with the place. */
const misplaced: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'its folder is not there; make it, or choose another place'],
  ['EACCES', 'you have no right to; choose another place'],
  ['EPERM', 'you have no right to; choose another place'],
  ['EROFS', 'the file system is read-only; choose another place'],
  ['EISDIR', 'it is a folder; name a file in it'],
  ['ENOTDIR', 'a part of the path is a file; choose another place'],
  ['ENAMETOOLONG', 'the name is too long'],
]);

/** The fault of the machine that a system error tells, without its path; null for any other error. */
export function machineFault(error: unknown): string | null {
  return exhausted.get(codeOf(error)) ?? null;
}

/** A failed write of `path`: `E_FILE` where the machine ran out of something, `E_DATA` where the place is wrong; other errors as they are. */
export function writeFault(path: string, error: unknown): unknown {
  const lack = exhausted.get(codeOf(error));
  if (lack !== undefined) return new EvomError('E_FILE', `cannot write ${path}: ${lack}`, { cause: error });
  const place = misplaced.get(codeOf(error));
  return place === undefined ? error : new EvomError('E_DATA', `cannot write ${path}: ${place}`, { cause: error });
}

/** A failed read of `path`, which stands in the message as the person wrote it. */
export function readFault(path: string, error: unknown): EvomError {
  const code = codeOf(error);
  const why =
    code === 'ENOENT'
      ? 'no such file; check the path'
      : code === 'EISDIR'
        ? 'it is a directory; name a file in it'
        : code === 'EACCES' || code === 'EPERM'
          ? 'you have no right to; change that, or take another file'
          : `${error instanceof Error ? error.message : String(error)}; check the path`;
  return new EvomError('E_DATA', `cannot read ${path}: ${why}`, { cause: error });
}

/**
 * What reading `path` gives, or null where nothing is there. What is there and cannot be read is a fault: whoever takes it for missing
 * starts anew, waits for ever or trusts what nobody checked.
 *
 * @throws {EvomError} E_DATA for any error but a missing file.
 */
export async function unlessMissing<T>(path: string, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw readFault(path, error);
  }
}

const codeOf = (error: unknown): string => (error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? '') : '');
