import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory, writeFileAtomically } from '../../src/lib/atomic-write.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evom-atomic-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('writeFileAtomically', () => {
  it('writes text, bytes or parts, over what was there, and leaves no temporary file', async () => {
    const path = join(directory, 'deep', 'file');
    await writeFileAtomically(path, 'old and longer');
    await writeFileAtomically(path, ['new', Uint8Array.of(33)]);
    expect(await readFile(path, 'utf8')).toBe('new!');
    expect(await readdir(join(directory, 'deep'))).toEqual(['file']);
  });

  it('keeps the old file, and leaves nothing behind, when it cannot write', async () => {
    const path = join(directory, 'folder');
    await writeFileAtomically(join(path, 'inside'), '');
    await expect(writeFileAtomically(path, 'x')).rejects.toThrow(`cannot write ${path}: it is a folder; name a file in it`);
    expect(await readdir(directory)).toEqual(['folder']);
    await writeFile(join(directory, 'plain'), 'x');
    await expect(writeFileAtomically(join(directory, 'plain', 'file'), 'x')).rejects.toThrow();
  });

  it('shows a reader one whole version among many writers', async () => {
    const path = join(directory, 'file');
    const versions = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(50_000));
    await Promise.all(versions.map((version) => writeFileAtomically(path, version)));
    expect(versions).toContain(await readFile(path, 'utf8'));
    expect(await readdir(directory)).toEqual(['file']);
  });
});

describe('makeDirectory', () => {
  it('makes all that is missing, beside others that make the same', async () => {
    const path = join(directory, 'a', 'b', 'c');
    await Promise.all([makeDirectory(path), makeDirectory(path), makeDirectory(join(directory, 'a', 'd'))]);
    await makeDirectory(path);
    expect((await readdir(join(directory, 'a'))).sort()).toEqual(['b', 'd']);
    expect(await readdir(path)).toEqual([]);
  });

  it('says which directory cannot be made', async () => {
    await writeFile(join(directory, 'plain'), '');
    await expect(makeDirectory(join(directory, 'plain', 'x', 'y'))).rejects.toThrow(`${join(directory, 'plain')}: it is a file`);
  });

  it.runIf(existsSync('/proc/self'))('ends where the file system takes no directories', async () => {
    await expect(writeFileAtomically('/proc/evom-none/deep/file', 'x')).rejects.toThrow(
      'cannot make the directory /proc/evom-none: /proc takes no directories; choose another place',
    );
  });
});
