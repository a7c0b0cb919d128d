import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/core/outcome.ts';
import { createVerifier, type Verifier } from '../../../src/verify/verifier.ts';
import { furtherExamples, readmeExamples } from './highs-programs.ts';
import { runInNode } from './run-in-node.ts';

const require = createRequire(import.meta.url);
const readme = readFileSync(require.resolve('highs').replace(/build\/[^/]*$/, 'README.md'), 'utf8');

let verifier: Verifier;
beforeAll(async () => {
  verifier = await createVerifier({ workers: 1, dialects: ['highs-js'] });
});
afterAll(() => verifier.close());
const verify = (code: string): Promise<Outcome> => verifier.verify({ dialect: 'highs-js', code });

describe('a highs-js program', () => {
  it.each([...readmeExamples, ...furtherExamples])('prints what the package itself prints: $title', async ({ code }) => {
    const outcome = await verify(code);
    expect(outcome.error).toBeNull();
    const stdout = outcome.stdout;
    expect(stdout).not.toBe('');
    expect(stdout).toBe(await runInNode(code));
  });

  it('can do all that the README shows, but for what it is told it cannot', () => {
    const squeeze = (text: string): string => text.replace(/\s+/g, '');
    const programs = readmeExamples.map(({ code }) => squeeze(code));
    const refused = [/passHessian/, /getBasis/, /getIis/, /mipUserSolution/]; // each has its message: see below
    const noProgram = [/using model/, /locateFile/, /^console\.log\(model\.options\.describe/];
    const blocks = [...readme.matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
    const missing = blocks
      .filter((block) => ![...refused, ...noProgram].some((pattern) => pattern.test(block)))
      .map((block) => block.split('\n').filter((line) => line.trim() !== '' && !/console\.log|exportSolution|const objective/.test(line)))
      .filter((lines) => !programs.some((program) => lines.every((line) => program.includes(squeeze(line)))));
    expect(blocks.length).toBeGreaterThan(12);
    expect(missing).toEqual([]);
  });

  it('is told what cannot be offered', async () => {
    const start = 'const highs = await require("highs")();\nconst model = highs.createModel();\nmodel.addVar(0, 1);\n';
    const hessian = '{ format: "triangular", dimension: 1, starts: [0, 1], indices: [0], values: [2] }';
    for (const call of [
      `model.passHessian(${hessian})`,
      'model.getBasis()',
      'model.getIis()',
      'model.getRanging()',
      'highs.raw.qpCall({})',
    ]) {
      const { status, error } = await verify(`${start}${call};`);
      expect({ status, type: error?.type, line: error?.line }).toEqual({ status: 'runtime_error', type: 'HighsError', line: 4 });
      expect(error?.message).toMatch(/is not offered here: models are linear or mixed-integer/);
    }
  });

  it('leaves a record of every solve of a persistent model', async () => {
    const outcome = await verify(`const highs = await require("highs")();
const model = highs.createModel({ format: "lp", data: "max\\n obj: x + y\\nst\\n c: x + 2 y <= 4\\n d: x <= 3\\nend" });
model.options.set("time_limit", 2);
model.run();
model.changeRowBounds(0, -Infinity, 6);
model.run();
report(model.getObjectiveValue());`);
    expect(outcome).toMatchObject({
      status: 'optimal',
      objective: 4.5,
      reported: 4.5,
      options: { time_limit: 2 },
      solution: { x: 3, y: 1.5 },
    });
    expect(outcome.solves.map((solve) => solve.objective)).toEqual([3.5, 4.5]);
    expect(outcome.model?.constraints.map((row) => [row.name, row.upper])).toEqual([
      ['c', 6],
      ['d', 3],
    ]);
  });

  it('cannot hand over what is no model, whatever it does to its library', async () => {
    for (const [code, message] of [
      ['model.addVar(0, 1); model.changeColCost(0, 1e300); model.run();', /cost of variable "c0" is 1e\+300/],
      ['model.addVar(0, 1); model.changeColIntegrality(0, 2); model.run();', /semi-continuous variables are not offered/],
      [
        'model.addVars([0, 0], [1, 1]); model.passColName(0, "x"); model.passColName(1, "x"); model.run();',
        /two columns have the same name/,
      ],
      ['Array.from = () => ({}); model.addVar(0, 1); model.run();', /./],
    ] as const) {
      const outcome = await verify(`const highs = await require("highs")();\nconst model = highs.createModel();\n${code}`);
      expect(outcome.status, code).toBe('runtime_error');
      expect(outcome.objective, code).toBeNull();
      expect(outcome.error?.message, code).toMatch(message);
    }
  });

  it('asks for no more solves than allowed, by either interface', async () => {
    const outcome = await verify(`const highs = await require("highs")();
const model = highs.createModel(); model.addVar(0, 1);
for (let i = 0; i < 100; i++) try { model.run(); } catch {}`);
    expect(outcome).toMatchObject({ status: 'deadline', error: { type: 'SolveLimit' } });
    expect(outcome.solves).toHaveLength(16);
  });
});
