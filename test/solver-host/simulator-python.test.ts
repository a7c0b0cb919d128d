/** Simulators in Python on a real solver host: the same contract as `simulator-js` in the sandbox. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatorSolvers } from '../../src/config/build/build-problems.ts';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';
import type { Program } from '../../src/core/program.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { mutations } from '../../src/problems/generator/discriminate.ts';
import { generateProblems } from '../../src/problems/generator/generate.ts';
import { type Point, simulate } from '../../src/solve/simulate.ts';
import { validateBySimulator } from '../../src/solve/validate.ts';
import { serveSolverHost } from '../../src/solver-host/http-service.ts';
import { createRemoteVerifier } from '../../src/solver-host/remote-verifier.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import type { SolverBackend } from '../../src/solvers/backend.ts';
import { createHighs } from '../../src/solvers/highs.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { column, inf, model, row } from '../solvers/models.ts';
import { skipReason, startHost } from './environment.ts';

const simulatorPython = dialectByName('simulator-python');
const program = (code: string): Program => ({ dialect: 'simulator-python', code });
const workshop = model(
  'max',
  [column('boots', 68, 0, inf, true), column('mugs', 62, 0, 20, true)],
  [
    row(
      'leather',
      -inf,
      [
        [0, 17],
        [1, 22],
      ],
      488,
    ),
    row(
      'lead',
      2,
      [
        [0, 1],
        [1, -1],
      ],
      inf,
    ),
  ],
);

describe('a reference simulator in Python', () => {
  it('is the model as a function of the solution', () =>
    expect(simulatorPython.render(workshop)).toBe(`def simulate(x):
    boots, mugs = x["boots"], x["mugs"]
    return {
        "goal": "max",
        "objective": 68 * boots + 62 * mugs,
        "constraints": [
            (17 * boots + 22 * mugs, "<=", 488),
            (boots - mugs, ">=", 2),
            (boots, ">=", 0),
            (mugs, "<=", 20),
            (mugs, ">=", 0),
            (boots, "integer"),
            (mugs, "integer"),
        ],
    }`));

  it('is what the dialect extracts from a completion', () =>
    expect(simulatorPython.extract('Here:\n```python\ndef simulate(x): ...\n```')).toEqual(program('def simulate(x): ...')));
});

describe.skipIf(skipReason !== null)(`simulators in Python on a solver host${skipReason === null ? '' : ` (${skipReason})`}`, () => {
  let host: SolverHost;
  let highs: SolverBackend;
  let sandbox: Verifier;
  beforeAll(async () => {
    host = await startHost(['simulator-python'], { limits: { memoryMb: 256, cpuS: 8, wallS: 60 } });
    highs = await createHighs();
    sandbox = await createVerifier({ dialects: ['simulator-js'], workers: 1 });
  });
  afterAll(async () => {
    await host?.close();
    highs?.close();
    await sandbox?.close();
  });
  const verify = (one: Program): Promise<Outcome> => (one.dialect === 'simulator-js' ? sandbox.verify(one) : host.execute(one));
  const solved = (of: LinearModel): Outcome => {
    const { status, objective, values } = highs.solve(of, { timeLimitMs: 5000 });
    const solution = values === null ? null : Object.fromEntries(of.variables.map(({ name }, j) => [name, values[j] ?? 0]));
    const about = { dialect: 'highs-js', backend: 'highs' };
    return { ...emptyOutcome(status === 'error' ? 'runtime_error' : status, about), objective, solution, model: of };
  };
  const points: readonly Point[] = [
    { boots: 10, mugs: 2 },
    { boots: 20.5, mugs: 25 },
  ];

  it('say what a point is worth and which demands it breaks, as those in JavaScript do', async () => {
    const run = await simulate(program(simulatorPython.render(workshop)), points, verify);
    expect(run).toEqual({
      type: 'ran',
      goal: 'max',
      simulations: [
        { objective: 804, broken: [], missing: [] },
        {
          objective: 68 * 20.5 + 62 * 25,
          broken: ['#1: 898.5 <= 488', '#2: -4.5 >= 2', '#4: 25 <= 20', '#6: 20.5 integer'],
          missing: [],
        },
      ],
    });
    const javascript = { dialect: 'simulator-js', code: dialectByName('simulator-js').render(workshop) };
    expect(await simulate(javascript, points, verify)).toEqual(run);
  });

  it.each([
    ['mugs "large"', '__proto__'],
    ['lambda', 'mugs'],
    ['x', 'größe'],
    ['a\nb', 'c\\d'],
  ])('take any name: %j, %j', async (boots, mugs) => {
    const named = { ...workshop, offset: -5, variables: workshop.variables.map((v, j) => ({ ...v, name: [boots, mugs][j] ?? '' })) };
    const run = await simulate(program(simulatorPython.render(named)), [{ [boots]: 10, [mugs]: 2 }], verify);
    expect(run).toMatchObject({ type: 'ran', simulations: [{ objective: 799, broken: [], missing: [] }] });
  });

  it('say how the tests end that they bring along', async () => {
    const code = `${simulatorPython.render(workshop)}
tests = [({"boots": 10, "mugs": 5}, 68 * 10 + 62 * 5, True), ({"boots": 10, "mugs": 5}, 7, True), ({"boots": 1e6, "mugs": 0}, None, True), "odd"]
`;
    const run = await simulate(program(code), [], verify);
    expect(run.type === 'ran' && run.tests).toEqual([
      null,
      expect.stringMatching(/^the objective is 990/),
      expect.stringMatching(/^it breaks #/),
      'it is not (x, objective, holds)',
    ]);
  });

  it('take named demands, booleans of numpy and imperative code', async () => {
    const code = `import numpy as np
def simulate(x):
    stock = np.array([100.0, 90.0])
    for day in range(3):
        stock -= x["a"]
    return {"objective": 2 * np.float64(x["a"]), "constraints": {"stock never negative": (stock >= 0).all(), "whole": (x["a"], "integer")}}`;
    expect(await simulate(program(code), [{ a: 30 }, { a: 40 }], verify)).toEqual({
      type: 'ran',
      goal: null,
      simulations: [
        { objective: 60, broken: [], missing: [] },
        { objective: 80, broken: ['stock never negative'], missing: [] },
      ],
    });
  });

  it('name what they asked for and the point lacks', async () => {
    const code = 'def simulate(x):\n    return {"objective": x["shoes"] + x.get("hats", 0), "constraints": []}';
    const run = await simulate(program(code), [{ boots: 1 }], verify);
    expect(run).toMatchObject({ simulations: [{ objective: null, missing: ['shoes', 'hats'] }] });
  });

  it.each([
    ['no function', 'answer = 3', /NameError/],
    ['a syntax error', 'def simulate(x:', /SyntaxError/],
    ['another shape', 'def simulate(x):\n    return {"objective": 1}', /constraints must be a list/],
    ['a demand of no known form', 'def simulate(x):\n    return {"objective": 1, "constraints": [(1, "!=", 2)]}', /'!='/],
    [
      'an import of a package that has one',
      'import networkx\ndef simulate(x):\n    return {"objective": 1, "constraints": []}',
      /ModuleNotFoundError/,
    ],
    ['an import of a solver', 'import highspy\ndef simulate(x):\n    return {"objective": 1, "constraints": []}', /ModuleNotFoundError/],
    ['a file that it may not read', 'open("/etc/passwd")\ndef simulate(x): ...', /PermissionError|Errno/],
    ['an exit', 'import os\nos._exit(0)', /Exit/],
  ])('report %s as data', async (_, code, message) => {
    const run = await simulate(program(code), [{ boots: 1 }], verify);
    expect(run.type).toBe('failed');
    expect(run.type === 'failed' ? run.message : '').toMatch(message);
  });

  it('raise no false alarm on generated problems, and find the errors injected into them', async () => {
    const problems = [...generateProblems({ count: 6, seed: 3, wordings: 'seen', infeasibleShare: 0 }, await generatorSolvers())];
    const tally = await Promise.all(
      problems.map(async ({ model: of }) => {
        if (of === undefined) return { found: 0, injected: 0 };
        const simulator = program(simulatorPython.render(of));
        expect(await validateBySimulator(solved(of), simulator, { verify })).toMatchObject({ type: 'consistent' });
        const validations = await Promise.all(
          [...mutations(of)].slice(0, 4).map(({ models }) => validateBySimulator(solved(models[0] ?? of), simulator, { verify })),
        );
        const checked = validations.filter(({ type }) => type !== 'unchecked');
        return { found: checked.filter(({ type }) => type === 'inconsistent').length, injected: checked.length };
      }),
    );
    const sum = (of: 'found' | 'injected'): number => tally.reduce((total, one) => total + one[of], 0);
    expect(sum('injected')).toBeGreaterThan(10);
    expect(sum('found') / sum('injected')).toBeGreaterThan(0.95);
  });

  it('run over HTTP beside programs that solve', async () => {
    const service = await serveSolverHost(host, { port: 0, address: '127.0.0.1', token: null });
    const verifier = await createRemoteVerifier({ hosts: [service.url], dialects: ['simulator-python'] });
    try {
      const run = await validateBySimulator(solved(workshop), program(simulatorPython.render(workshop)), {
        verify: (one) => verifier.verify(one),
      });
      expect(run).toMatchObject({ type: 'consistent' });
    } finally {
      await verifier.close();
      await service.close();
    }
  });
});
