/**
 * The libraries that programs find in the sandbox, in this process and without one: each program prints what it prints with the real
 * package. What the sandbox itself does is tested beside this; here changes in the libraries' source are seen (docs/lab/mutation.md).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Guest, GuestRefusal, type GuestSession } from '../../../src/sandbox/guest.ts';
import { resolveLimits } from '../../../src/sandbox/limits.ts';
import { compileHighs } from '../../../src/solvers/highs.ts';
import type { GuestData } from '../../../src/verify/guests/backends.ts';
import { createGuest as createGlpkGuest } from '../../../src/verify/guests/glpk-js.ts';
import { createGuest as createHighsGuest } from '../../../src/verify/guests/highs-js.ts';
import { glpkExamples, readmeExample } from './glpk-programs.ts';
import { furtherExamples, readmeExamples } from './highs-programs.ts';
import { runInNode } from './run-in-node.ts';

const limits = resolveLimits();

/** A library evaluated here, reaching a session as the sandbox would: a refusal is an error that the program can catch. */
function libraryOf(guest: Guest, name: string): { readonly exports: unknown; readonly session: GuestSession } {
  const session = guest.begin(limits);
  const call = (method: string, payload: string): string => {
    try {
      return session.call(method, payload);
    } catch (error) {
      if (!(error instanceof GuestRefusal)) throw error;
      throw Object.assign(new Error(error.message), { name: error.name });
    }
  };
  const module: { exports: unknown } = { exports: null };
  // biome-ignore lint/security/noGlobalEval: our own source, as text
  globalThis.eval(guest.libraries[name]?.source ?? '')(module, call);
  return { exports: module.exports, session };
}

let data: GuestData;
beforeAll(async () => {
  data = { backend: 'highs', directory: process.cwd(), highs: await compileHighs(limits.solverMemoryMb), memoryMb: limits.solverMemoryMb };
});

describe('the library of highs-js', () => {
  it.each([...readmeExamples, ...furtherExamples])('prints what the package itself prints: $title', async ({ code }) => {
    const { exports } = libraryOf(await createHighsGuest(data), 'highs');
    expect(await runInNode(code, () => exports)).toBe(await runInNode(code));
  });
});

describe.each(['glpk', 'highs'])('the library of glpk-js on %s', (backend) => {
  it.each([readmeExample, ...glpkExamples])('prints what the package itself prints: $title', async ({ code }) => {
    const { exports } = libraryOf(await createGlpkGuest({ ...data, backend }), 'glpk.js');
    const real = code.replace("'glpk.js'", "'glpk.js/node'").replace('GLP_MSG_ALL', 'GLP_MSG_OFF');
    expect(await runInNode(code, () => exports)).toBe(await runInNode(real));
  });
});

describe('the record of a session', () => {
  it('is empty before a solve, and then holds the last one with its certificate', async () => {
    const { exports, session } = libraryOf(await createHighsGuest(data), 'highs');
    expect(session.record()).toMatchObject({ status: null, objective: null, solution: null, model: null, solves: [] });
    const highs = await (exports as () => Promise<{ solve: (text: string) => { ObjectiveValue: number } }>)();
    highs.solve('max\n x\nst\n x + y <= 1\nend');
    expect(highs.solve('max\n 3 x + 2 y\nst\n x + y <= 4\n x <= 3\nend').ObjectiveValue).toBe(11);
    const { status, objective, certificate, solution, model, solves, wallLimited } = session.record();
    expect({ status, objective, certificate, solution, wallLimited }).toEqual({
      status: 'optimal',
      objective: 11,
      certificate: 'dual',
      solution: { x: 3, y: 1 },
      wallLimited: false,
    });
    expect(model?.constraints).toHaveLength(2);
    expect(solves.map((solve) => solve.objective)).toEqual([1, 11]);
    expect(solves.every((solve) => /^[0-9a-f]{32}$/.test(solve.modelHash))).toBe(true);
  });
});
