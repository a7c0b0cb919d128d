import { expect, it } from 'vitest';
import { createVerifier } from '../../src/verify/verifier.ts';
import { hostilePrograms } from '../sandbox/hostile.ts';

const dialect = 'highs-js';
const good = (n: number): string =>
  `const h = await require("highs")();\nreport(h.solve(\`Max\nx + y\nst\nx + y <= ${n}\nEnd\`).ObjectiveValue);`;

it('gives hostile programs the outcome they deserve, harms no other and replays', async () => {
  const run = async (): Promise<Record<string, unknown>> => {
    const verifier = await createVerifier({ workers: 2, cacheSize: 0 });
    const hostile = hostilePrograms.map(({ code }) => verifier.verify({ dialect, code }));
    const between = hostilePrograms.flatMap((_, i) => [2 * i, 2 * i + 1]).map((n) => verifier.verify({ dialect, code: good(n + 1) }));
    const outcomes = await Promise.all(hostile);
    const innocent = await Promise.all(between);
    const stats = verifier.stats();
    await verifier.close();
    for (const [i, { name, status }] of hostilePrograms.entries()) expect(status, name).toContain(outcomes[i]?.status);
    expect(innocent.map((o) => o.objective)).toEqual(innocent.map((_, n) => n + 1));
    expect(stats).toMatchObject({ infraErrors: 0, workersReplaced: 0 });
    return Object.fromEntries(hostilePrograms.map(({ name }, i) => [name, outcomes[i]]));
  };
  const first = await run();
  expect(await run()).toEqual(first);
});

it('records what the solver did, whatever the program did to its own objects', async () => {
  const verifier = await createVerifier({ workers: 1 });
  const fake = await verifier.verify({ dialect, code: hostilePrograms.find(({ name }) => name === 'fakes a solve')?.code ?? '' });
  expect(fake).toMatchObject({ status: 'no_solve', objective: null, reported: 42, solves: [] });
  const hooked = await verifier.verify({ dialect, code: hostilePrograms.find(({ name }) => name === 'hooks JSON')?.code ?? '' });
  expect(hooked).toMatchObject({ status: 'optimal', objective: 3.5 });
  await verifier.close();
});
