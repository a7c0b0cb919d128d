import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackend } from 'evom';
import { afterAll, describe, expect, it } from 'vitest';

describe('createBackend', () => {
  const directory = mkdtempSync(join(tmpdir(), 'evom-backend-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);

  it('creates a backend by name', async () => {
    const backend = await createBackend('glpk', { needs: ['milp'] });
    expect([backend.name, backend.version]).toEqual(['glpk', '5.0']);
    backend.close();
  });
  it('creates a backend of the user’s from the folder of the configuration', async () => {
    write(
      'own.mjs',
      'export default async () => ({ name: "own", version: "1", capabilities: { lp: true, milp: false }, solve() {}, close() {} });',
    );
    expect((await createBackend('./own.mjs', { directory })).name).toBe('own');
    await expect(createBackend('./own.mjs', { directory, needs: ['lp', 'milp'] })).rejects.toThrow(
      /"\.\/own\.mjs" cannot solve milp; choose another/,
    );
  });
  it.each([
    ['hihgs', /unknown solver backend "hihgs"; known are highs, glpk/],
    ['constructor', /unknown solver backend "constructor"/],
    ['./absent.mjs', /absent\.mjs cannot be loaded/],
    ['./nothing.mjs', /no default export that creates it/],
    ['./other.mjs', /is no solver backend; it needs name/],
  ])('refuses %s', async (name, message) => {
    write('nothing.mjs', 'export const a = 1;');
    write('other.mjs', 'export default () => ({ name: "other" });');
    await expect(createBackend(name, { directory })).rejects.toThrow(message);
    await expect(createBackend(name, { directory })).rejects.toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });
});
