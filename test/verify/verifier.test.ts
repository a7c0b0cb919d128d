import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';

const dialect = 'highs-js';
const program = (lp: string): string => `const h = await require("highs")();\nreport(h.solve(\`${lp}\`).ObjectiveValue);`;
const good = program('Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd');

describe('a verifier', () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await createVerifier({ workers: 2, cacheSize: 3 });
  });
  afterAll(() => verifier.close());
  const verify = (code: string): Promise<Outcome> => verifier.verify({ dialect, code });

  it('runs a program that is asked for many times at once only once', async () => {
    const before = verifier.stats();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => verify(good)));
    expect(new Set(outcomes.map((o) => JSON.stringify(o))).size).toBe(1);
    const after = verifier.stats();
    expect({ executed: after.executed - before.executed, shared: after.shared - before.shared }).toEqual({ executed: 1, shared: 49 });
  });

  it('remembers an outcome, and gives the same as a run without memory', async () => {
    const remembered = await verify(good);
    expect(verifier.stats().cacheHits).toBeGreaterThan(0);
    const forgetful = await createVerifier({ workers: 1, cacheSize: 0 });
    expect(await forgetful.verify({ dialect, code: good })).toEqual(remembered);
    expect(await forgetful.verify({ dialect, code: good })).toEqual(remembered);
    expect(forgetful.stats()).toMatchObject({ cacheHits: 0, executed: 2 });
    await forgetful.close();
  });

  it('forgets the least recently used program first', async () => {
    const codes = [1, 2, 3, 4].map((n) => program(`Max\nx\nst\nx <= ${n}\nEnd`));
    for (const code of codes) await verify(code);
    const { executed } = verifier.stats();
    await verify(codes[3] ?? '');
    expect(verifier.stats().executed).toBe(executed);
    await verify(codes[0] ?? '');
    expect(verifier.stats().executed).toBe(executed + 1);
  });

  it('keeps times out of outcomes and in its statistics', async () => {
    const outcome = await verify(program('Max\nx\nst\nx <= 17\nEnd'));
    expect([outcome.wallMs, outcome.cpuMs, outcome.solves[0]?.ms]).toEqual([0, 0, 0]);
    expect(verifier.stats().wallMs).toBeGreaterThan(0);
  });

  it('honours a time limit that a program asks for and says so, and takes no gap', async () => {
    const outcome = await verify(
      'const h = await require("highs")();\nh.solve("Max\\nx\\nst\\nx <= 2.5\\nGeneral\\nx\\nEnd", { time_limit: 1, mip_rel_gap: 1e9, presolve: "off" });',
    );
    expect(outcome).toMatchObject({ status: 'optimal', objective: 2, options: { time_limit: 1 } });
    expect(outcome.options).toEqual({ time_limit: 1 });
  });

  it('refuses an option that HiGHS does not have', async () => {
    expect(await verify('const h = await require("highs")();\nh.solve("Max\\nx\\nst\\nx <= 2\\nEnd", { gap: 1 });')).toMatchObject({
      status: 'runtime_error',
      error: { message: "Unable to set option 'gap'. HiGHS error -1", line: 2 },
    });
  });

  it('takes a variable with a dangerous name', async () => {
    const outcome = await verify(
      'const h = await require("highs")();\nreport(h.solve("Max\\n__proto__ + y\\nst\\n__proto__ + y <= 4\\n__proto__ <= 1\\ny <= 2\\nEnd").Columns["__proto__"].Primal);',
    );
    expect(outcome).toMatchObject({ status: 'optimal', objective: 3, reported: 1 });
    expect(Object.hasOwn(outcome.solution ?? {}, '__proto__')).toBe(true);
  });

  it('refuses a dialect it was not made for', async () => {
    await expect(verifier.verify({ dialect: 'gurobipy', code: '' })).rejects.toThrow(/not one of this verifier's: highs-js, glpk-js/);
    await expect(createVerifier({ dialects: ['gurobipy'] })).rejects.toThrow(/does not run in the JavaScript sandbox/);
  });

  it('refuses a backend that does not exist', async () => {
    await expect(createVerifier({ backend: 'cplex', workers: 1 })).rejects.toThrow(/unknown solver backend "cplex"/);
  });
});

describe('counted budgets', () => {
  it('stop a solve at the same place every time', async () => {
    const verifier = await createVerifier({ workers: 1, cacheSize: 0, limits: { nodes: 1 } });
    // A market split problem (Cornuéjols and Dawande 1998): hard for branch and bound.
    const rows = Array.from({ length: 2 }, (_, i) => {
      const terms = Array.from({ length: 20 }, (__, j) => ((i + 3) * 7919 + (j + 1) * 104_729 * (i + 2)) % 97);
      return `${terms.map((a, j) => `${a + 1} x${j}`).join(' + ')} + p${i} - m${i} = ${Math.floor(terms.reduce((s, a) => s + a + 1, 0) / 2)}`;
    });
    const names = Array.from({ length: 20 }, (_, j) => `x${j}`).join(' ');
    const code = program(`Min\np0 + m0 + p1 + m1\nst\n${rows.join('\n')}\nBinary\n${names}\nEnd`);
    const first = await verifier.verify({ dialect, code });
    expect(first).toMatchObject({ status: 'time_limit', wallLimited: false });
    expect(await verifier.verify({ dialect, code })).toEqual(first);
    await verifier.close();
  });

  it('stop a program at its ticks', async () => {
    const verifier = await createVerifier({ workers: 1, limits: { ticks: 20 } });
    const outcome = await verifier.verify({ dialect, code: 'let n = 0;\nfor (;;) { n += 1; if (n % 10000 === 0) console.log(n); }' });
    expect(outcome).toMatchObject({ status: 'deadline', error: { type: 'TickLimit' }, wallLimited: false });
    await verifier.close();
  });
});
