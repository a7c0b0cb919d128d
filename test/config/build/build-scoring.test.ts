import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyOutcome, type Outcome, type Problem, parseLp } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildScoring } from '../../../src/config/build/build-scoring.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import type { TrainConfig } from '../../../src/config/schema/schema.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'evom-scoring-'));
  writeFileSync(
    join(cwd, 'frugal.mjs'),
    'export default () => ({ score: ({ outcome }, { correct }) => (correct ? 1 / outcome.model.variables.length : null) });\n',
  );
  writeFileSync(join(cwd, 'empty.mjs'), 'export default () => ({});\n');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function configOf(more: string): TrainConfig {
  writeFileSync(join(cwd, 'run.yaml'), `policy: { checkpoint: . }\ndataset: { train: { type: generated } }\n${more}`);
  return loadConfig('run.yaml', { cwd }).config as TrainConfig;
}

const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nend');
const problem: Problem = { id: 'p', question: 'Make 3 x and 2 y; 4 in all.', answer: 12, source: 'test', model: reference };
const solve = {
  status: 'optimal',
  objective: 12,
  certificate: 'dual',
  modelHash: '',
  numVariables: 2,
  numIntegers: 0,
  numConstraints: 1,
  ms: 0,
} as const;
const lucky: Outcome = {
  ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }),
  objective: 12,
  certificate: 'dual',
  solution: { x: 4, y: 0 },
  model: parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\nend'),
  solves: [solve],
};
const request = (outcome: Outcome) => ({ problem, outcome, completionText: '', completionTokens: 9, maxTokens: 99, truncated: false });

describe('buildScoring', () => {
  it('denies a right optimum by luck where the configuration asks for that, and pays a term of the user', async () => {
    const scoring = await buildScoring(
      configOf(
        'audit: { cross_solve: off }\nreward: { value_only_weight: 0, terms: [{ name: frugal, type: ./frugal.mjs, weight: 0.4 }] }\n',
      ),
    );
    const [reward, none] = await scoring.score([
      request(lucky),
      request(emptyOutcome('no_program', { dialect: 'highs-js', backend: 'highs' })),
    ]);
    await scoring.close();
    expect(reward).toMatchObject({
      correct: true,
      identical: false,
      parts: { format: 0.1, answer: 0, frugal: 0.2 },
      flags: ['value_only'],
    });
    expect(none).toMatchObject({ value: 0, parts: { format: 0, answer: 0 } });
  });

  it('judges by the rule of the configuration', async () => {
    const scoring = await buildScoring(configOf('audit: { cross_solve: off }\njudge: { rule: agent }\n'));
    const [near] = await scoring.score([
      { ...request({ ...lucky, objective: 12.05, solves: [{ ...solve, objective: 12.05 }], model: null }) },
    ]);
    await scoring.close();
    expect(near?.correct).toBe(true);
  });

  it('refuses a term that cannot score, naming it', async () => {
    await expect(buildScoring(configOf('reward: { terms: [{ name: mine, type: ./empty.mjs }] }\n'))).rejects.toThrow(
      /reward\.terms \(mine\).*it lacks score/,
    );
  });

  it('names the module of a term that gives no number', async () => {
    writeFileSync(join(cwd, 'much.mjs'), 'export default () => ({ score: () => Number.NaN });');
    const scoring = await buildScoring(configOf('reward: { terms: [{ name: much, type: ./much.mjs, weight: 1 }] }\n'));
    await expect(scoring.score([request(lucky)])).rejects.toMatchObject({
      code: 'E_PLUGIN',
      message: expect.stringMatching(/reward\.terms \(much\): score\(\) of .*much\.mjs returned NaN instead of a finite number or null/),
    });
    await scoring.close();
  });
});
