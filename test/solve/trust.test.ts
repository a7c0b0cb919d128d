import { describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';
import { families } from '../../src/problems/families/index.ts';
import { generateProblem } from '../../src/problems/generator/generate.ts';
import { type Judged, trustOf } from '../../src/solve/trust.ts';
import type { Validation } from '../../src/solve/validate.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const question =
  'A bakery makes rye and oat bread. Rye sells for 4 dollars and oat for 3. It has 100 kg of flour; rye takes 2 kg, oat 1 kg, and at most 80 loaves can be baked.';
const bakery = parseLp('max\n 4 rye + 3 oat\nst\n 2 rye + oat <= 100\n rye + oat <= 80\nend');
const about = { dialect: 'highs-js', backend: 'highs' };
const solved = (model = bakery, solution: Record<string, number> = { rye: 20, oat: 60 }, objective = 260): Outcome => ({
  ...emptyOutcome('optimal', about),
  ...{ objective, model, solution },
});
const sampleOf = (outcome: Outcome) => ({
  completion: {
    tokenIds: new Int32Array(0),
    logprobs: new Float32Array(0),
    entropy: null,
    finishReason: 'stop' as const,
    policyVersion: 0,
  },
  text: '',
  program: { code: '', dialect: 'highs-js' },
  outcome,
});
const failed = sampleOf(emptyOutcome('runtime_error', about));
const good = sampleOf(solved());
const judged = (change: Partial<Judged> & { readonly agreeing?: number } = {}): Judged => {
  const { agreeing, ...rest } = change;
  const samples = rest.samples ?? [good, good];
  return {
    question,
    template: 'instruct',
    samples,
    chosen: { kind: 'optimal', value: 260, sample: samples[0] ?? good, agreeing: agreeing ?? samples.length },
    validations: [],
    record: null,
    ...rest,
  };
};
const differs: Validation = { type: 'inconsistent', discrepancies: [], numPoints: 1 };
const agrees: Validation = { type: 'consistent', numPoints: 1, numFeasible: 1, numMoved: 1 };

describe('trustOf', () => {
  it.each(['bare', 'instruct'] as const)('trusts an answer that the samples give and the text tells (%s)', (template) =>
    expect(trustOf(judged({ template }))).toEqual({ isTrusted: true, reasons: [] }),
  );

  it.each([
    ['none reached an answer', { samples: [failed], chosen: null }, /^none of 1 samples reached an answer \(runtime_error 1\)$/],
    ['half of the samples failed', { samples: [good, failed], agreeing: 1 }, /^1 of 2 samples failed \(runtime_error 1\)$/],
    ['few agree', { samples: [good, good, good], agreeing: 1 }, /^no agreement: 1 of 3 samples/],
    ['simulators contradict it', { validations: [differs, differs, agrees] }, /^more simulators contradict/],
  ])('does not where %s', (_, change, reason) => expect(trustOf(judged(change)).reasons.join('\n')).toMatch(reason));

  it('takes simulators for agreement, and the record against simulators', () => {
    expect(trustOf(judged({ samples: [good, good, good], agreeing: 1, validations: [agrees, agrees] })).isTrusted).toBe(true);
    expect(trustOf(judged({ validations: [differs, differs], record: good })).isTrusted).toBe(true);
    expect(trustOf(judged({ validations: [differs, differs], record: sampleOf(solved(bakery, {}, 7)) })).isTrusted).toBe(false);
  });

  it('of a policy of bare prompts, wants every name and number of the model in the text', () => {
    const strange = parseLp('max\n 4 roof + 3 oat\nst\n 2 roof + oat <= 100\n roof + oat <= 80\nend');
    const sample = sampleOf(solved(strange, { roof: 20, oat: 60 }));
    expect(trustOf(judged({ template: 'bare', samples: [sample] })).reasons).toEqual([
      'variables of the model that the text does not have: roof',
    ]);
    const other = sampleOf(solved(parseLp('max\n 4 rye + 3 oat\nst\n 2 rye + oat <= 100\n rye + oat <= 50\nend'), { rye: 20, oat: 30 }));
    expect(trustOf(judged({ template: 'bare', samples: [other] })).reasons).toEqual([
      'numbers of the model that the text does not have: 50',
    ]);
    // Another policy may bring some of its own.
    expect(trustOf(judged({ samples: [sample] })).isTrusted).toBe(true);
    expect(trustOf(judged({ samples: [other] })).isTrusted).toBe(true);
  });

  it('of any policy, does not take a model of something else', () => {
    const sample = sampleOf(
      solved(parseLp('max\n 17 lorry + 9 ferry\nst\n 5 lorry + 6 ferry <= 33\nend'), { lorry: 6.6, ferry: 0 }, 112.2),
    );
    expect(trustOf(judged({ samples: [sample] })).reasons).toEqual([
      'the model uses 0 % of the numbers of the text',
      'of the numbers that decide the optimum 0 % stand in the text',
      'variables of the model that the text does not have: lorry, ferry',
    ]);
  });

  it.each([
    ['a name of the text, in any form', ['numRye', 'oat_loaves'], true],
    ['names that say nothing', ['x1', 'x2'], true],
    ['names of any model', ['production_1', 'quantity_2'], true],
    ['one name of the text and one of its own', ['rye', 'roof'], true],
    ['names of something else, with the numbers of the text', ['roof', 'camera'], false],
  ])('of any policy, judges by %s', (_, names, trusted) => {
    const model = { ...bakery, variables: bakery.variables.map((variable, j) => ({ ...variable, name: names[j] ?? '' })) };
    const sample = sampleOf(solved(model, { [names[0] as string]: 20, [names[1] as string]: 60 }));
    expect(trustOf(judged({ samples: [sample] })).isTrusted).toBe(trusted);
  });

  it.each(families.map(({ name }) => name))('trusts the reference models of the family %s', (family) => {
    for (const difficulty of [1, 2, 3] as const) {
      const problem = generateProblem({ family, seed: 12, index: 0, difficulty, wordings: 'held_out' });
      if (problem?.model === undefined) continue;
      const solution = Object.fromEntries(problem.model.variables.map(({ name }) => [name, 1]));
      const sample = sampleOf(solved(problem.model, solution, 1));
      for (const template of ['bare', 'instruct'] as const)
        expect(trustOf({ ...judged({ samples: [sample], template }), question: problem.question }).reasons).toEqual([]);
    }
  });
});
