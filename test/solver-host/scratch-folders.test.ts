import { existsSync, mkdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderPrefix, removeLeftBehind } from '../../src/solver-host/scratch-folders.ts';

describe.skipIf(!existsSync('/proc/self/ns/pid'))('folders of solver hosts (only where there is /proc)', () => {
  it('go when their host is gone, and stay when it lives or counts its processes elsewhere', async () => {
    const own = await folderPrefix();
    const space = /^evom-solver-host-([0-9a-f]{12})-\d+-$/.exec(basename(own))?.[1] as string;
    const noProcess = 2 ** 22 + 1; // beyond the kernel's greatest number
    const folder = (name: string): string => join(tmpdir(), `evom-solver-host-${name}`);
    const [living, dead, elsewhere, older] = [
      `${own}abc123`,
      folder(`${space}-${noProcess}-abc123`),
      folder(`${'0'.repeat(12)}-${noProcess}-abc123`),
      folder(`${noProcess}-abc123`),
    ] as const;
    for (const path of [living, dead, elsewhere, older]) mkdirSync(join(path, 'gurobipy'), { recursive: true });
    await removeLeftBehind();
    expect([living, dead, elsewhere, older].map((path) => existsSync(path))).toEqual([true, false, true, true]);
    expect(readlinkSync('/proc/self/ns/pid')).toMatch(/^pid:/);
  });
});
