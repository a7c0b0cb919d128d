import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type Auditor,
  createAuditor,
  createHighs,
  EvomError,
  emptyOutcome,
  type LinearModel,
  modelHash,
  noEvidence,
  type Problem,
  parseLp,
  type SolverBackend,
} from 'evom';
import type { Judged } from 'evom/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nend');
const problem: Problem = { id: 'p', question: 'q', answer: 12, source: 'test', model: reference };
const bare: Problem = { id: 'p', question: 'q', answer: 12, source: 'test' };

let highs: SolverBackend;
let folder: string;
beforeAll(async () => {
  highs = await createHighs();
  folder = mkdtempSync(join(tmpdir(), 'evom-audit-'));
  const dist = pathToFileURL(fileURLToPath(new URL('../../dist/index.js', import.meta.url))).href;
  // A solver with a loose tolerance: it takes sides that are missed by 1.
  writeFileSync(
    join(folder, 'loose.mjs'),
    `import { createHighs } from '${dist}';
export default async function () {
  const highs = await createHighs();
  const loose = (model) => ({ ...model, constraints: model.constraints.map((c) => ({ ...c, upper: c.upper + 1 })) });
  return { ...highs, name: 'loose', solve: (model, limits) => highs.solve(loose(model), limits) };
}
`,
  );
  // A solver that cannot go on with the first model, and never with one called "broken".
  writeFileSync(
    join(folder, 'fragile.mjs'),
    `import { createHighs } from '${dist}';
let solves = 0;
export default async function () {
  const highs = await createHighs();
  return { ...highs, name: 'fragile', solve: (model, limits) => {
    if (model.variables[0]?.name === 'broken' || solves++ === 0) throw new Error('no solver today');
    return highs.solve(model, limits);
  } };
}
`,
  );
  // A solver that ends its thread at a model called "deadly", and does not come back from one called "endless".
  writeFileSync(
    join(folder, 'deadly.mjs'),
    `import { createHighs } from '${dist}';
export default async function () {
  const highs = await createHighs();
  return { ...highs, name: 'deadly', solve: (model, limits) => {
    if (model.variables[0]?.name === 'deadly') process.exit(3);
    if (model.variables[0]?.name === 'endless') for (;;);
    return highs.solve(model, limits);
  } };
}
`,
  );
});
afterAll(() => {
  highs.close();
  rmSync(folder, { recursive: true, force: true });
});

function audited(model: LinearModel, about: { of?: Problem; correct?: boolean } = {}): Judged {
  const { status, objective, values, certificate = 'none' } = highs.solve(model, { timeLimitMs: 5000 });
  if (status === 'error' || values === null) throw new Error('the test model has an optimum');
  const solve = { status, objective, certificate, modelHash: modelHash(model), numVariables: 2, numIntegers: 0, numConstraints: 2, ms: 0 };
  const solution = Object.fromEntries(model.variables.map(({ name }, j) => [name, values[j] ?? 0]));
  const outcome = {
    ...emptyOutcome(status, { dialect: 'highs-js', backend: 'highs' }),
    objective,
    certificate,
    solution,
    model,
    solves: [solve],
  };
  return { outcome, problem: about.of ?? bare, correct: about.correct ?? true };
}

const lucky = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\nend');
const wrong = parseLp('max\n 3 x + 2 y\nst\n x + y <= 5\n x + 3 y <= 9\nend');

async function withAuditor<T>(options: Parameters<typeof createAuditor>[0], use: (auditor: Auditor) => Promise<T>): Promise<T> {
  const auditor = await createAuditor(options);
  try {
    return await use(auditor);
  } finally {
    await auditor.close();
  }
}

describe('createAuditor', () => {
  it('compares right models with the reference, takes the range of their objectives, and shares the proof of a verdict', () =>
    withAuditor({ backend: 'glpk' }, async (auditor) => {
      expect(auditor.crossBackend).toBe('highs');
      const [right, luck] = await auditor.audit([audited(reference, { of: problem }), audited(lucky, { of: problem })]);
      expect(right).toEqual({
        ...noEvidence,
        comparison: 'identical',
        solvesReference: true,
        crossSolve: { backend: 'dual', status: 'optimal', objective: 12, agrees: true },
      });
      expect(luck).toMatchObject({ comparison: 'different', solvesReference: true, objectiveRange: [0, 12] });
    }));

  it('solves right models again by a backend that is asked for by name, or where a verdict has no proof', async () => {
    const unproven = audited(reference, { of: problem });
    const word = { ...unproven, outcome: { ...unproven.outcome, certificate: 'none' as const } };
    const confirmed = { crossSolve: { backend: 'highs', status: 'optimal', objective: 12, agrees: true } };
    await withAuditor({ backend: 'glpk', crossSolve: 'highs' }, async (auditor) =>
      expect(await auditor.audit([unproven])).toMatchObject([confirmed]),
    );
    await withAuditor({ backend: 'glpk' }, async (auditor) => expect(await auditor.audit([word])).toMatchObject([confirmed]));
  });

  it('asks of a wrong answer only whether its model is the reference', () =>
    withAuditor({ backend: 'highs', crossSolve: 'off' }, async (auditor) => {
      const evidence = await auditor.audit([
        audited(wrong, { of: problem, correct: false }),
        audited(reference, { of: problem, correct: false }),
        audited(wrong, { correct: false }),
      ]);
      expect(evidence).toEqual([{ ...noEvidence, comparison: 'different' }, { ...noEvidence, comparison: 'identical' }, noEvidence]);
      expect(auditor.stats().gathered).toBe(0);
    }));

  it('asks only for identity where no changes are to be tried', () =>
    withAuditor({ backend: 'highs', crossSolve: 'off', perturbations: 0 }, async (auditor) => {
      const implied = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nbounds\n x <= 4\nend');
      expect((await auditor.audit([audited(implied, { of: problem })]))[0]?.comparison).toBe('different');
    }));

  it('tells when another solver finds another optimum', () =>
    withAuditor({ backend: 'highs', crossSolve: join(folder, 'loose.mjs') }, async (auditor) => {
      const [evidence] = await auditor.audit([audited(reference)]);
      expect(evidence?.crossSolve).toEqual({ backend: 'loose', status: 'optimal', objective: 15, agrees: false });
    }));

  it('tries once more after a fault of ours, and then says so', () =>
    withAuditor({ backend: 'highs', crossSolve: join(folder, 'fragile.mjs') }, async (auditor) => {
      expect((await auditor.audit([audited(reference)]))[0]).toMatchObject({ fault: null, crossSolve: { agrees: true } });
      const broken = parseLp('max\n 3 broken + 2 y\nst\n broken + y <= 4\nend');
      expect((await auditor.audit([audited(broken)]))[0]?.fault).toContain('no solver today');
      expect(auditor.stats()).toMatchObject({ asked: 2, faults: 1 });
    }));

  it('remembers what it was asked, and gives the same again', () =>
    withAuditor({ backend: 'highs', crossSolve: 'off' }, async (auditor) => {
      const group = [audited(lucky, { of: problem }), audited(lucky, { of: problem })];
      const first = await auditor.audit(group);
      expect(first[1]).toEqual(first[0]);
      expect(auditor.stats()).toMatchObject({ gathered: 1, cacheHits: 1 });
      await withAuditor({ backend: 'highs', crossSolve: 'off' }, async (other) => expect(await other.audit(group)).toEqual(first));
    }));

  it('lets the programs of a group bear witness where there is no reference', () =>
    withAuditor({ backend: 'highs', crossSolve: 'off', peers: true }, async (auditor) => {
      const renamed = parseLp('max\n 2 b + 3 a\nst\n a + 3 b <= 9\n a + b <= 4\nend');
      const evidence = await auditor.audit([audited(reference), audited(renamed), audited(lucky), audited(wrong, { correct: false })]);
      expect(evidence.map((one) => one.peers)).toEqual([{ alike: 1, others: 2 }, { alike: 1, others: 2 }, { alike: 0, others: 2 }, null]);
    }));

  it('says nothing of two programs whose comparison fails, and counts the fault', () =>
    withAuditor({ backend: 'highs', crossSolve: 'off', peers: true }, async (auditor) => {
      // Solvers do not look at names; the matching of variables cannot go on with one that is no text.
      const { outcome, ...rest } = audited(wrong);
      const nameless = { ...wrong, variables: wrong.variables.map((variable) => ({ ...variable, name: null as unknown as string })) };
      const group = [audited(reference), audited(reference), { ...rest, outcome: { ...outcome, model: nameless } }];
      const evidence = await auditor.audit(group);
      expect(evidence.map(({ fault, peers }) => ({ fault, peers }))).toEqual(group.map(() => ({ fault: null, peers: null })));
      expect(auditor.stats().faults).toBe(1);
    }));

  it('says which variant of a wrong model gives the label, if asked', () =>
    withAuditor({ backend: 'highs', crossSolve: 'off', hints: true }, async (auditor) => {
      const whole = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 5\n x + y <= 3.5\ngen\n x y\nend');
      const [evidence] = await auditor.audit([audited(whole, { of: { ...bare, answer: 8.5 }, correct: false })]);
      expect(evidence?.hints).toEqual(['hint_relaxation']);
    }));

  it('replaces a worker that ends or takes too long, and lets no task of its batch answer for another', () =>
    withAuditor({ backend: 'highs', crossSolve: join(folder, 'deadly.mjs'), hardMs: 2000 }, async (auditor) => {
      const called = (name: string): Judged => audited(parseLp(`max\n 3 ${name} + 2 y\nst\n ${name} + y <= 4\nend`));
      const names = ['a', 'deadly', 'b', 'endless', ...Array.from({ length: 20 }, (_, i) => `c${i}`)];
      const evidence = await auditor.audit(names.map(called));
      expect(evidence[1]?.fault).toContain('ended with code 3');
      expect(evidence[3]?.fault).toContain('longer than 2000 ms');
      const others = evidence.filter((_, i) => i !== 1 && i !== 3);
      expect(others.every(({ fault, crossSolve }) => fault === null && crossSolve?.agrees === true)).toBe(true);
      expect(auditor.stats()).toMatchObject({ gathered: 24, faults: 2 });
    }));

  it('refuses what it cannot do before it starts, and work after it is closed', async () => {
    await expect(createAuditor({ backend: 'highs', crossSolve: 'gurobo' })).rejects.toThrow(/unknown solver backend "gurobo"/);
    const auditor = await createAuditor({ backend: 'highs', crossSolve: 'off' });
    await auditor.close();
    await expect(auditor.audit([audited(reference)])).rejects.toThrow(EvomError);
  });
});
