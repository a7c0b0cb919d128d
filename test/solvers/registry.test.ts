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
    ['./absent.mjs', /solver backend: no module .*absent\.mjs/],
    ['./nothing.mjs', /solver backend: .*nothing\.mjs has no default export/],
    ['./other.mjs', /it lacks version, capabilities, solve, close; it needs name/],
  ])('refuses %s', async (name, message) => {
    write('nothing.mjs', 'export const a = 1;');
    write('other.mjs', 'export default () => ({ name: "other" });');
    await expect(createBackend(name, { directory })).rejects.toThrow(message);
    await expect(createBackend(name, { directory })).rejects.toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });

  const model = {
    sense: 'min',
    offset: 0,
    variables: [{ name: 'x', cost: 1, lower: 0, upper: 1, integer: false }],
    constraints: [],
  } as const;
  it.each([
    ['null.answer.status', /solver backend: solve\(\) of .*faulty\.mjs threw TypeError: .*null[\s\S]*at .*faulty\.mjs:1:/],
    ['1', /faulty\.mjs returned the status undefined; known are optimal/],
    ['({ status: "optimal", values: [1] })', /returned values that are neither null nor a Float64Array of 1/],
  ])('names the module of a backend that answers %s', async (answer, message) => {
    // A module is loaded once a path.
    const folder = mkdtempSync(join(directory, 'faulty-'));
    const about = 'name: "faulty", version: "1", capabilities: { lp: true, milp: true }, close() {}';
    writeFileSync(join(folder, 'faulty.mjs'), `export default () => ({ ${about}, solve() { return ${answer}; } });`);
    const backend = await createBackend('./faulty.mjs', { directory: folder });
    expect(() => backend.solve(model, { timeLimitMs: 1000 })).toThrow(
      expect.objectContaining({ code: 'E_PLUGIN', message: expect.stringMatching(message) }),
    );
    backend.close();
  });
});
