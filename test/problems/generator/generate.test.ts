import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearModelToJson } from '../../../src/core/linear-model.ts';
import type { Problem } from '../../../src/core/problem.ts';
import { families, familyNamed, familyNames, variedFamilies } from '../../../src/problems/families/index.ts';
import { discriminate } from '../../../src/problems/generator/discriminate.ts';
import * as entities from '../../../src/problems/generator/entities.ts';
import { generateProblem, generateProblems, noCounts, type Solvers } from '../../../src/problems/generator/generate.ts';
import { splitOfNumbers } from '../../../src/problems/generator/split.ts';
import { numSeen, type SlotName, slots } from '../../../src/problems/wordings/slots.ts';
import { variedSlots } from '../../../src/problems/wordings/varied.ts';
import { testSolvers } from '../solvers.ts';
import { reservedNames } from './reserved-names.ts';
import { spokenForms } from './spoken-forms.ts';

let solvers: Required<Solvers> & { close(): void };
let sample: Problem[];
const perCell = 3;

const every = [...families, ...variedFamilies];
const specs = every.flatMap((family) =>
  family.difficulties.flatMap((difficulty) =>
    (['seen', 'held_out'] as const).map((wordings) => ({ family: family.name, difficulty, wordings })),
  ),
);

beforeAll(async () => {
  solvers = await testSolvers();
  sample = specs.flatMap((spec) =>
    Array.from({ length: perCell }, (_, index) => generateProblem({ ...spec, seed: 11, index, infeasibleShare: 0.2 }, solvers)).filter(
      (p) => p !== null,
    ),
  );
}, 240_000);
afterAll(() => solvers.close());

const wordingsOf = (problem: Problem): [SlotName, number][] =>
  Object.entries(problem.meta?.wordingIds as Record<SlotName, number>) as [SlotName, number][];
const optimal = (): (Problem & { answer: number })[] =>
  sample.filter((p): p is Problem & { answer: number } => typeof p.answer === 'number');

describe('generateProblem', () => {
  it('makes a problem with text, reference model, answer and facts about its making', () => {
    const problem = generateProblem({ family: 'production', seed: 1, index: 0, difficulty: 1, wordings: 'seen' }, solvers) as Problem;
    expect(problem.id).toBe('gen-production-d1-seen-any-1-0');
    expect(problem.source).toBe('evom-generator@1');
    expect(problem.kind).toBe('ilp');
    expect(problem.answer).toBe(solvers.crossCheck(problem.model as NonNullable<Problem['model']>).objective);
    expect(problem.meta).toMatchObject({ family: 'production', difficulty: 1, wordings: 'seen' });
  });

  it('keeps every family at every difficulty', () => {
    expect(families.length).toBeGreaterThanOrEqual(15);
    expect(sample).toHaveLength(specs.length * perCell);
    expect(new Set(sample.map((p) => p.kind))).toEqual(new Set(['lp', 'ilp', 'milp']));
  });

  it('keeps `all` as it is: further families come beside, by name or as `wide`', () => {
    expect(familyNames('all')).toHaveLength(19);
    expect(familyNames('wide')).toEqual([...familyNames('all'), 'offers', 'fleet', 'mixture']);
    expect(familyNames(['diet'])).toEqual(['diet']);
  });

  it('tells ratios, percentages of totals and names of two words as one variable each', () => {
    const varied = variedFamilies.flatMap(({ name }) =>
      Array.from({ length: 30 }, (_, index) => generateProblem({ family: name, seed: 2, index, difficulty: 2, wordings: 'any' })),
    );
    const texts = varied.map((problem) => problem?.question ?? '').join('\n');
    for (const kind of [/ \d+ (?:%|percent) /, /\$\d/, /ratio|for every/i, /as many/]) expect(texts).toMatch(kind);
    expect(texts).not.toMatch(/\$[a-z]|\b1 [a-z]+ [a-z]+s\b/); // a price in words, one of many
    for (const problem of varied)
      for (const { name } of problem?.model?.variables ?? []) expect(problem?.question).toContain(name.replace('_', ' '));
  });

  it('gives the same problem for the same spec and another for another seed or index', () => {
    for (const spec of specs.filter((_, i) => i % 9 === 0)) {
      const one = generateProblem({ ...spec, seed: 5, index: 2 }, solvers);
      expect(generateProblem({ ...spec, seed: 5, index: 2 }, solvers)).toEqual(one);
      expect(generateProblem({ ...spec, seed: 6, index: 2 }, solvers)?.question).not.toBe(one?.question);
      expect(generateProblem({ ...spec, seed: 5, index: 3 }, solvers)?.question).not.toBe(one?.question);
    }
  });

  it('writes every number of the model into the text in some form', () => {
    for (const problem of sample) {
      const text = ` ${problem.question} `;
      const has = (value: number): boolean =>
        spokenForms(Math.abs(value)).some((form) => new RegExp(`(?<![\\d.])${form.replace('.', '\\.')}(?![\\d])`).test(text));
      const model = problem.model as NonNullable<Problem['model']>;
      for (const variable of model.variables)
        if (variable.cost !== 0 && variable.cost !== 1) expect(has(variable.cost), `${problem.id} ${variable.cost}`).toBe(true);
      for (const row of model.constraints) {
        const side = Number.isFinite(row.upper) ? row.upper : row.lower;
        if (side !== 0 && side !== 1) expect(has(side), `${problem.id} side ${side}`).toBe(true);
        const isShare = side === 0; // `den - num` of a share is not itself in the text
        if (!isShare) for (const a of row.coefficients) if (Math.abs(a) !== 1) expect(has(a), `${problem.id} entry ${a}`).toBe(true);
      }
    }
  });

  it('names variables by words of the text that no LP reader keeps for itself', () => {
    for (const { id, question, model } of sample) {
      for (const { name } of model?.variables ?? []) {
        expect(name, id).toMatch(/^[a-z]+(_[a-z]+)?$/);
        expect(reservedNames.has(name), name).toBe(false);
        for (const word of name.split('_')) expect(question.toLowerCase(), `${id} ${word}`).toMatch(new RegExp(`\\b${word}\\b`));
      }
    }
  });

  it('draws names from lists of single words, each once', () => {
    const phrases = new Set(['materials', 'landNeeds', 'brewNeeds', 'nutrients', 'pieces']);
    for (const [list, entries] of Object.entries(entities)) {
      if (phrases.has(list)) continue;
      const names = entries.flat();
      expect(new Set(names).size, list).toBe(names.length);
      for (const name of names) expect(reservedNames.has(name) || !/^[a-z]{3,}$/.test(name), `${list}: ${name}`).toBe(false);
    }
  });

  it('states integrality exactly where the model has whole variables', () => {
    const saysWhole = new Set<string>(['whole', 'binary', 'openOrClosed', 'jobOnce', 'oneMachine', 'setup']);
    for (const problem of sample)
      expect(
        wordingsOf(problem).some(([slot]) => saysWhole.has(slot)),
        problem.id,
      ).toBe(problem.kind !== 'lp');
  });

  it('leaves no placeholder, double space or wrong article behind', () => {
    for (const { question } of sample) expect(question).not.toMatch(/[{}]|undefined|NaN| {2}|\b[Aa] (hour|a|e|i|o)|\ban? \d| \.|,,/);
  });

  it('stays short', () => {
    for (const { id, question } of sample) expect(question.split(/\s+/).length, id).toBeLessThan(190);
  });
});

describe('discrimination', () => {
  it('notices every dropped row, every 10 % and the sense, up to the exemptions its family names', () => {
    for (const problem of optimal()) {
      const family = familyNamed(String(problem.meta?.family));
      const isPure = family.name === 'assignment' && problem.meta?.layout === 'once';
      const exempt = isPure ? { ...family.exempt, integrality: 'whole by itself' } : family.exempt;
      const { silent, numMutations } = discriminate(problem.model as NonNullable<Problem['model']>, problem.answer, solvers.solve, {
        exempt,
      });
      const allowed = exempt.silentShare === undefined ? 0 : Math.ceil(numMutations * exempt.silentShare.share * 2);
      expect(silent.length, `${problem.id}: ${silent.join('; ')}`).toBeLessThanOrEqual(allowed);
    }
  });

  it('agrees when the second solver judges', () => {
    for (const { id, model, answer } of optimal().filter((_, i) => i % 3 === 0)) {
      expect(solvers.crossCheck(model as NonNullable<Problem['model']>).objective, id).toBeCloseTo(answer, 4);
    }
  });

  it('finds a row that does nothing', () => {
    const model = {
      sense: 'max' as const,
      offset: 0,
      variables: [{ name: 'x', lower: 0, upper: Infinity, integer: false, cost: 3 }],
      constraints: [
        { name: 'tight', lower: -Infinity, upper: 4, columns: [0], coefficients: [2] },
        { name: 'slack', lower: -Infinity, upper: 9, columns: [0], coefficients: [1] },
      ],
    };
    const { silent } = discriminate(model, 6, solvers.solve);
    expect(silent).toEqual(['drop slack', 'side slack.rhs']);
  });

  it('drops an instance on which the solvers disagree', () => {
    const counts = noCounts();
    const wrong: Solvers = {
      solve: solvers.solve,
      crossCheck: (model) => ({ status: 'optimal', objective: (solvers.solve(model).objective ?? 0) + 1 }),
    };
    const spec = { family: 'diet', seed: 1, index: 0, difficulty: 1, wordings: 'seen', infeasibleShare: 0, maxDraws: 5 } as const;
    expect(generateProblem(spec, wrong, counts)).toBeNull();
    expect(counts.solvers_disagree).toBeGreaterThan(0);
    expect(counts.gave_up).toBe(1);
  });

  it('makes infeasible problems on purpose that one row less would save', () => {
    const infeasible = every
      .filter((f) => f.canBeInfeasible)
      .map((f) => generateProblem({ family: f.name, seed: 3, index: 0, difficulty: 2, wordings: 'any', infeasibleShare: 1 }, solvers));
    for (const problem of infeasible) {
      expect(problem?.answer).toBe('infeasible');
      expect(solvers.crossCheck(problem?.model as NonNullable<Problem['model']>).status).toMatch(/infeasible/);
    }
  });
});

describe('wordings', () => {
  it('have ten to twenty phrasings a slot, all different, 35 to 42 % of them held out', () => {
    for (const [name, list] of Object.entries(slots)) {
      expect(list.length, name).toBeGreaterThanOrEqual(10);
      expect(list.length, name).toBeLessThanOrEqual(20);
      expect(new Set(list).size, name).toBe(list.length);
      const share = 1 - numSeen(name as SlotName) / list.length;
      expect(share, name).toBeGreaterThanOrEqual(0.33);
      expect(share, name).toBeLessThanOrEqual(0.43);
    }
  });

  it('name the same placeholders throughout a slot', () => {
    const optional = new Set(['k', 'year', 'big', 'thing', 'do', 'does', 'per', 'who']);
    for (const [name, list] of Object.entries(slots)) {
      const sets = list.map((t) => [...t.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').filter((key) => !optional.has(key)));
      for (const [i, keys] of sets.entries())
        expect([...new Set(keys)].sort(), `${name} ${i}: ${list[i]}`).toEqual([...new Set(sets[0])].sort());
    }
  });

  it('keep seen and held-out problems apart', () => {
    for (const problem of sample) {
      const heldOut = wordingsOf(problem).filter(([slot, index]) => index >= numSeen(slot));
      expect(heldOut.length > 0, problem.id).toBe(problem.meta?.wordings === 'held_out');
    }
  });

  // A policy of a million weights knows no word that it was not taught; the varied families are for pretrained models.
  it('use in held-out phrasings mostly words that seen ones use', () => {
    const wordsOf = (seen: boolean): Set<string> =>
      new Set(
        Object.entries(slots)
          .filter(([name]) => !(name in variedSlots))
          .flatMap(([name, list]) =>
            list
              .slice(...(seen ? [0, numSeen(name as SlotName)] : [numSeen(name as SlotName)]))
              .flatMap((t) => t.replaceAll(/\{\w+\}/g, '').match(/[A-Za-z]+/g) ?? []),
          ),
      );
    const seen = wordsOf(true);
    const heldOut = [...wordsOf(false)];
    expect(heldOut.filter((word) => seen.has(word)).length / heldOut.length).toBeGreaterThan(0.85);
  });
});

describe('generateProblems', () => {
  it('puts equal numbers into one split only', () => {
    const options = { seed: 4, count: 40, wordings: 'seen', check: 'none', infeasibleShare: 0 } as const;
    const sets = (['train', 'validation', 'test'] as const).map((split) => [...generateProblems({ ...options, split }, solvers)]);
    for (const [i, split] of (['train', 'validation', 'test'] as const).entries()) {
      expect(sets[i]).toHaveLength(40);
      for (const problem of sets[i] ?? []) {
        expect(problem.split).toBe(split);
        expect(splitOfNumbers(String(problem.meta?.numbersKey))).toBe(split);
      }
    }
    const keys = sets.map((set) => new Set(set.map((p) => p.meta?.numbersKey)));
    expect([...(keys[0] ?? [])].filter((key) => keys[1]?.has(key) || keys[2]?.has(key))).toEqual([]);
  });

  it('takes turns over the families and difficulties asked for, with ids of their own', () => {
    const problems = [
      ...generateProblems(
        { seed: 2, count: 30, wordings: 'any', families: ['diet', 'makespan'], difficulties: [2, 3], check: 'none' },
        solvers,
      ),
    ];
    expect(new Set(problems.map((p) => p.id)).size).toBe(30);
    expect(problems.filter((p) => p.meta?.family === 'diet')).toHaveLength(15);
    expect(new Set(problems.map((p) => p.meta?.difficulty))).toEqual(new Set([2, 3]));
  });

  it('is the same stream however much of it is taken', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 1000 }), (count, seed) => {
        const options = { seed, wordings: 'any', check: 'none', families: ['production', 'diet', 'flow'] } as const;
        const all = [...generateProblems({ ...options, count: 12 }, solvers)].map((p) => p.question);
        expect([...generateProblems({ ...options, count }, solvers)].map((p) => p.question)).toEqual(all.slice(0, count));
      }),
      { numRuns: 10 },
    );
  });

  it('refuses a family that does not exist', () => {
    expect(() => familyNamed('poetry')).toThrow(/no problem family "poetry"; choose from production/);
  });
});

describe('golden problems', () => {
  it.each(every.map((f) => f.name))('%s reads as on file', async (name) => {
    const family = familyNamed(name);
    const told = family.difficulties.map((difficulty) => {
      const problem = generateProblem(
        { family: name, seed: 1, index: 0, difficulty, wordings: 'seen', infeasibleShare: 0 },
        solvers,
      ) as Problem;
      return `${problem.id}: ${problem.answer}\n${problem.question}\n${JSON.stringify(linearModelToJson(problem.model as NonNullable<Problem['model']>))}\n`;
    });
    await expect(told.join('\n')).toMatchFileSnapshot(`golden/${name}.txt`);
  });
});
