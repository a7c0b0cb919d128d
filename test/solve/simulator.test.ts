import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatorSolvers } from '../../src/config/build/build-problems.ts';
import type { LinearModel } from '../../src/core/linear-model.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { mutations } from '../../src/problems/generator/discriminate.ts';
import { generateProblems } from '../../src/problems/generator/generate.ts';
import { simulate } from '../../src/solve/simulate.ts';
import { feedbackOf, validateBySimulator } from '../../src/solve/validate.ts';
import type { SolverBackend } from '../../src/solvers/backend.ts';
import { createHighs } from '../../src/solvers/highs.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';

const simulator = dialectByName('simulator-js');
const program = (code: string) => ({ dialect: 'simulator-js', code });
const workshop: LinearModel = {
  sense: 'max',
  offset: 0,
  variables: [
    { name: 'boots', lower: 0, upper: Infinity, integer: true, cost: 68 },
    { name: 'mugs', lower: 0, upper: 20, integer: true, cost: 62 },
  ],
  constraints: [
    { name: 'leather', lower: -Infinity, upper: 488, columns: [0, 1], coefficients: [17, 22] },
    { name: 'lead', lower: 2, upper: Infinity, columns: [0, 1], coefficients: [1, -1] },
  ],
};

let verifier: Verifier;
let highs: SolverBackend;
beforeAll(async () => {
  highs = await createHighs();
  verifier = await createVerifier({ backend: 'highs', dialects: ['highs-js', 'simulator-js'], workers: 1 });
});
afterAll(() => {
  highs.close();
  return verifier.close();
});
const verify = (p: { dialect: string; code: string }): Promise<Outcome> => verifier.verify(p);
const solved = (model: LinearModel): Promise<Outcome> => verify({ dialect: 'highs-js', code: dialectByName('highs-js').render(model) });
const validate = async (model: LinearModel, code: string) => validateBySimulator(await solved(model), program(code), { verify });

describe('a reference simulator', () => {
  it('is the model as a function of the solution', () =>
    expect(simulator.render(workshop)).toBe(`module.exports = ({ boots, mugs }) => ({
goal: "max",
objective: 68 * boots + 62 * mugs,
constraints: [
[ 17 * boots + 22 * mugs, "<=", 488],
[ boots - mugs, ">=", 2],
[ boots, ">=", 0],
[ mugs, "<=", 20],
[ mugs, ">=", 0],
[ boots, "integer"],
[ mugs, "integer"],
]});`));

  it.each([
    ['__proto__', 'mugs "large"'],
    ['await', 'mugs'],
    ['x', '$1'],
  ])('takes any name and an offset: %s, %s', async (boots, mugs) => {
    const model = { ...workshop, offset: -5, variables: workshop.variables.map((v, j) => ({ ...v, name: [boots, mugs][j] ?? '' })) };
    const run = await simulate(program(simulator.render(model)), [{ [boots]: 10, [mugs]: 2 }], verify);
    expect(run).toMatchObject({ type: 'ran', simulations: [{ objective: 68 * 10 + 62 * 2 - 5, broken: [], missing: [] }] });
  });

  it('is what the dialect extracts from a completion', () =>
    expect(simulator.extract(`Here:\n\`\`\`js\nmodule.exports = 1\n\`\`\``)).toEqual(program('module.exports = 1')));
});

describe('simulate', () => {
  it('says what a point is worth and which demands it breaks', async () => {
    const run = await simulate(
      program(simulator.render(workshop)),
      [
        { boots: 10, mugs: 2 },
        { boots: 20.5, mugs: 25 },
      ],
      verify,
    );
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
  });

  it('takes named demands, booleans and imperative code', async () => {
    const code = `module.exports = function (x) { let stock = 100; for (const day of [1, 2, 3]) stock -= x.a; return { objective: 2 * x.a, constraints: { "stock never negative": stock >= 0 } }; };`;
    const run = await simulate(program(code), [{ a: 30 }, { a: 40 }], verify);
    expect(run).toMatchObject({ goal: null, simulations: [{ broken: [] }, { broken: ['stock never negative'] }] });
  });

  it('takes programs that solve for no simulators', () =>
    expect(simulate({ dialect: 'highs-js', code: '' }, [{ boots: 1 }], verify)).rejects.toMatchObject({ code: 'E_CONFIG' }));

  it('names what the simulator asked for and the point lacks', async () => {
    const run = await simulate(program('module.exports = (x) => ({ objective: x.shoes, constraints: [] });'), [{ boots: 1 }], verify);
    expect(run).toMatchObject({ simulations: [{ objective: null, missing: ['shoes'] }] });
  });

  it.each([
    ['no function', 'module.exports = 3;', /TypeError/],
    ['a syntax error', 'module.exports = (x) => ({', /SyntaxError/],
    ['another shape', 'module.exports = (x) => ({ objective: 1 });', /constraints must be a list/],
    ['a demand of no known form', 'module.exports = (x) => ({ objective: 1, constraints: [[1, "!=", 2]] });', /"!="/],
    ['an endless loop', 'module.exports = (x) => { for (;;) {} };', /ticks/],
    [
      'a solver call',
      'const h = await require("highs")(); module.exports = (x) => ({ objective: 1, constraints: [] });',
      /Cannot find module/,
    ],
  ])('reports %s as data', async (_, code, message) => {
    const run = await simulate(program(code), [{ boots: 1 }], verify);
    expect(run.type).toBe('failed');
    expect(run.type === 'failed' ? run.message : '').toMatch(message);
  });
});

describe('validation', () => {
  it("accepts the program of the simulator's own model", async () => {
    const validation = await validate(workshop, simulator.render(workshop));
    expect(validation).toMatchObject({ type: 'consistent' });
    if (validation.type !== 'consistent') return;
    expect(validation.numMoved).toBeGreaterThan(5);
    expect(validation.numFeasible).toBeGreaterThan(1);
  });

  it('finds a missing constraint at the optimum, and says so in words', async () => {
    const validation = await validate({ ...workshop, constraints: workshop.constraints.slice(1) }, simulator.render(workshop));
    // Without the leather row the program is unbounded: nothing to simulate.
    expect(validation).toMatchObject({ type: 'unchecked', reason: expect.stringContaining('unbounded') });
    const loose = await validate(
      { ...workshop, constraints: workshop.constraints.slice(0, 1) },
      simulator.render({
        ...workshop,
        constraints: [...workshop.constraints, { name: 'few', lower: -Infinity, upper: 3, columns: [0], coefficients: [1] }],
      }),
    );
    expect(loose).toMatchObject({
      type: 'inconsistent',
      discrepancies: expect.arrayContaining([expect.objectContaining({ at: 'optimum', kind: 'feasibility' })]),
    });
    if (loose.type === 'inconsistent') expect(feedbackOf(loose)).toMatch(/28 <= 3/);
  });

  it('finds a wrong coefficient of a variable that is not used, by the points around', async () => {
    const wrong = { ...workshop, variables: workshop.variables.map((v) => (v.name === 'mugs' ? { ...v, cost: 26 } : v)) };
    expect(await validateBySimulator(await solved(wrong), program(simulator.render(workshop)), { verify, probes: false })).toMatchObject({
      type: 'consistent',
    });
    expect(await validate(wrong, simulator.render(workshop))).toMatchObject({
      type: 'inconsistent',
      discrepancies: expect.arrayContaining([expect.objectContaining({ at: 'probe', kind: 'objective' })]),
    });
  });

  it('finds the wrong sense and the wrong type', async () => {
    expect(await validate({ ...workshop, sense: 'min' }, simulator.render(workshop))).toMatchObject({
      discrepancies: expect.arrayContaining([expect.objectContaining({ kind: 'sense' })]),
    });
    const relaxed = { ...workshop, variables: workshop.variables.map((v) => ({ ...v, integer: false })) };
    expect(await validate(relaxed, simulator.render(workshop))).toMatchObject({
      discrepancies: expect.arrayContaining([expect.objectContaining({ at: 'optimum', kind: 'feasibility' })]),
    });
  });

  it('finds a row that is too tight behind another one, by the edges of rows', async () => {
    // At the optimum boots = 28, mugs = 0; the second row is met by far there, and the third stands before it from the origin.
    const model = {
      ...workshop,
      constraints: [...workshop.constraints, { name: 'few', lower: -Infinity, upper: 9, columns: [1], coefficients: [1] }],
    };
    const tight = { ...model, constraints: model.constraints.map((row) => (row.name === 'few' ? { ...row, upper: 8 } : row)) };
    const options = { verify, solve: (m: LinearModel) => highs.solve(m, { timeLimitMs: 1000 }) };
    expect(await validateBySimulator(await solved(tight), program(simulator.render(model)), options)).toMatchObject({
      type: 'inconsistent',
    });
    expect(await validateBySimulator(await solved(model), program(simulator.render(model)), options)).toMatchObject({ type: 'consistent' });
  });

  it('leaves unchecked what uses other names', async () => {
    const other = { ...workshop, variables: workshop.variables.map((v) => ({ ...v, name: `n_${v.name}` })) };
    expect(await validate(other, simulator.render(workshop))).toMatchObject({
      type: 'unchecked',
      reason: expect.stringContaining('asks for boots'),
    });
  });

  it('raises no false alarm on generated problems, and finds the errors injected into them', async () => {
    const { solve, crossCheck } = await generatorSolvers();
    const problems = [
      ...generateProblems({ count: 10, seed: 3, wordings: 'seen', infeasibleShare: 0 }, { solve, ...(crossCheck ? { crossCheck } : {}) }),
    ];
    let [found, injected] = [0, 0];
    for (const { model } of problems) {
      if (model === undefined) continue;
      const code = simulator.render(model);
      expect(await validate(model, code)).toMatchObject({ type: 'consistent' });
      for (const mutation of [...mutations(model)].slice(0, 4)) {
        const validation = await validate(mutation.models[0] ?? model, code);
        if (validation.type === 'unchecked') continue;
        injected += 1;
        if (validation.type === 'inconsistent') found += 1;
      }
    }
    expect(injected).toBeGreaterThan(20);
    expect(found / injected).toBeGreaterThan(0.95);
  });
});
