import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importProblems } from '../../src/benchmarks/import-problems.ts';
import { textItems } from '../../src/benchmarks/text-items.ts';
import type { Answer, Problem } from '../../src/core/problem.ts';
import { gramIndex } from '../../src/problems/sets/gram-index.ts';
import { auditLabels, normalizedText } from '../../src/problems/sets/label-audit.ts';
import { type OverlapText, overlapWith } from '../../src/problems/sets/overlap.ts';
import { auditReach } from '../../src/problems/sets/reach-audit.ts';
import { splitProblems } from '../../src/problems/sets/split-file.ts';

const problem = (id: string, question: string, answer: Answer, more: Partial<Problem> = {}): Problem => ({
  id,
  question,
  answer,
  source: 'test',
  ...more,
});
const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, i) => `w${String.fromCharCode(97 + ((from + i) % 26))}${from + i}`).join(' ');

describe('auditReach', () => {
  const linear = { sense: 'min', offset: 0, variables: [], constraints: [] } as const;
  const library = { status: 'optimal', objective: 1, resolved: false } as const;
  const set = [
    problem('model', 'a', 1, { model: linear, kind: 'nlp' }),
    problem('milp', 'b', 1, { kind: 'milp' }),
    problem('optibench', 'c', 1, { meta: { type: 'linear-table' } }),
    problem('qp', 'd', 1, { kind: 'qp' }),
    problem('nlp', 'e', 1, { kind: 'nlp' }),
    problem('unsaid', 'f', 1),
  ];
  const count = (...outcomes: Parameters<typeof auditReach>[1][number][]) => auditReach({ set }, outcomes)[0];

  it('counts each problem once, by reference model and kind', () => {
    expect(count()).toEqual({ name: 'set', problems: 6, linear: 3, quadratic: 1, nonlinear: 1, outOfReach: 0, unsaid: 1 });
  });

  it('believes right outcomes first, and of several the one that can be verified', () => {
    const word = { id: 'nlp', outcome: { model: null, library }, isRight: true };
    const verified = { id: 'nlp', outcome: { model: null, quadratic: { linear, products: [], rows: [] }, library }, isRight: true };
    expect(count(word)).toMatchObject({ nonlinear: 0, outOfReach: 1 });
    expect(count(word, verified)).toMatchObject({ outOfReach: 0, quadratic: 2 });
    expect(count({ ...word, isRight: false })).toMatchObject({ nonlinear: 1, outOfReach: 0 });
    expect(count({ id: 'unsaid', outcome: { model: linear }, isRight: true })).toMatchObject({ linear: 4, unsaid: 0 });
  });

  it('says of OptiBench which problems are nonlinear', async (context) => {
    if (!existsSync(join(data, 'resocratic-optibench'))) return context.skip('the published files are not here');
    const problems = await importProblems(join(data, 'resocratic-optibench/OptiBench.json'));
    expect(auditReach({ problems }, [])[0]).toMatchObject({ problems: 605, linear: 422, nonlinear: 183, unsaid: 0 });
  });
});

describe('auditLabels', () => {
  it('counts what stands out in one version', () => {
    const [version] = auditLabels({
      v: [
        problem('a', 'one', 0),
        problem('b', 'two', -9999),
        problem('c', 'three', 0.35),
        problem('d', 'four', 1234567.25),
        problem('e', 'five', 2 / 3),
        problem('f', 'six', 'infeasible'),
        problem('g', 'seven', null),
        problem('h', 'Seven!', 4, { meta: { label_doubt: 'why' } }),
      ],
    }).versions;
    // 0.35: half of 0.01 is 0.005. 1234567.25: 0.005 is less than 1e-6 of it. 2/3 has all its digits.
    expect(version).toMatchObject({
      problems: 8,
      numbers: 6,
      zeros: 1,
      negative: 1,
      noSolution: 1,
      none: 1,
      sentinels: 1,
      nonInteger: 3,
      twoDecimals: 2,
      beyond1e6: 1,
      beyond1e4: 1,
      repeatedTexts: 1,
      doubts: 1,
    });
    expect(version?.contradictions).toEqual([{ ids: ['g', 'h'], answers: [null, 4] }]);
  });

  it('compares versions on their common texts, whatever their spaces, quotes and wrongly decoded marks', () => {
    const raw = [problem('r1', 'It’s  one – day', 100), problem('r2', 'two', 10), problem('r3', 'three', 5), problem('r4', 'four', 5)];
    const fixed = [
      problem('f1', "It's one day", 100.00005),
      problem('f2', 'TWO', 10.1),
      problem('f3', 'Three.', 'infeasible'),
      problem('f5', 'five', 1),
    ];
    const [pair] = auditLabels({ raw, fixed }).pairs;
    expect(pair).toMatchObject({ common: 3, differ1e6: 2, differ5Percent: 1 });
    expect(pair?.differences.map(({ a, b, relative }) => [a.id, b.id, relative])).toEqual([
      ['r2', 'f2', expect.closeTo(0.01, 12)],
      ['r3', 'f3', null],
    ]);
    expect(normalizedText('It’s')).toBe(normalizedText('Itâ€™s'));
    expect(normalizedText('工厂 A')).toBe('工厂a');
  });

  it('takes any accepted value for agreement', () => {
    const [pair] = auditLabels({ a: [problem('a', 'q', 18, { accepted: [20] })], b: [problem('b', 'q', 20)] }).pairs;
    expect(pair?.differ1e6).toBe(0);
  });
});

describe('gramIndex', () => {
  it('counts as a plain set of word sequences does', () => {
    const text = fc
      .array(fc.constantFrom('corn', 'wheat', '5', '7.5', 'acres', '农', 'Öl'), { minLength: 0, maxLength: 30 })
      .map((list) => list.join(' '));
    const plainGrams = (value: string): Set<string> => {
      const list = value.toLowerCase().split(' ').filter(Boolean);
      if (list.length <= 8) return new Set(list.length > 0 ? [list.join(' ')] : []);
      return new Set(list.slice(7).map((_, i) => list.slice(i, i + 8).join(' ')));
    };
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), text, (texts, other) => {
        const { grams, matches } = gramIndex(texts).lookUp(other);
        const mine = plainGrams(other);
        expect(grams).toBe(mine.size);
        const shared = texts.map((value) => [...plainGrams(value)].filter((gram) => mine.has(gram)).length);
        expect(shared.map((_, i) => matches.find(({ index }) => index === i)?.shared ?? 0)).toEqual(shared);
      }),
    );
  });
});

describe('overlapWith', () => {
  it('finds a benchmark item inside a longer training text, and counts each side by its own grams', async () => {
    // A word such as "wa7" is two tokens: 20 of them are 33 grams, 80 are 153.
    const benchmark = [
      { id: 'b1', text: words(0, 20) },
      { id: 'b2', text: words(500, 20) },
    ];
    const training = [
      { id: 't1', text: `${words(200, 60)} ${words(0, 20)}` },
      { id: 't2', text: words(900, 30) },
    ];
    const { set } = await overlapWith({ set: benchmark }, training);
    expect(set).toMatchObject({ trainingItems: 2, benchmarkItems: 2, benchmarkInTraining: 1, trainingInBenchmark: 0 });
    expect(set?.pairs).toEqual([{ benchmark: 'b1', training: 't1', ofBenchmark: 1, ofTraining: 33 / 153 }]);
  });

  it('keeps benchmarks apart', async () => {
    const item = { id: 'x', text: words(0, 12) };
    const reports = await overlapWith({ a: [item], b: [{ id: 'y', text: words(300, 12) }] }, [item]);
    expect(reports.a?.benchmarkInTraining).toBe(1);
    expect(reports.b?.benchmarkInTraining).toBe(0);
  });
});

describe('splitProblems', () => {
  const shares = { train: 0.6, validation: 0.2, test: 0.2 };
  const many = Array.from({ length: 300 }, (_, i) => problem(`p${i}`, words(40 * Math.floor(i / 2), 20 + (i % 2)), i));

  it('keeps near-copies together, meets the shares roughly and marks each problem', () => {
    const { splits, clusters, largestCluster } = splitProblems(many, { shares, seed: 1 });
    expect([clusters, largestCluster]).toEqual([150, 2]);
    const sideOf = new Map(Object.entries(splits).flatMap(([name, part]) => part.map(({ id }) => [id, name])));
    for (let i = 0; i < 300; i += 2) expect(sideOf.get(`p${i}`)).toBe(sideOf.get(`p${i + 1}`));
    expect(splits.train.length / 300).toBeGreaterThan(0.5);
    expect(splits.train.length / 300).toBeLessThan(0.7);
    expect(splits.test.every(({ split }) => split === 'test')).toBe(true);
  });

  it('moves nothing when unrelated problems come along, and everything can move with another seed', () => {
    const first = splitProblems(many, { shares, seed: 1 }).splits.test.map(({ id }) => id);
    const grown = splitProblems([problem('new', words(9000, 30), 1), ...many], { shares, seed: 1 }).splits.test.map(({ id }) => id);
    expect(grown.filter((id) => id !== 'new')).toEqual(first);
    expect(splitProblems(many, { shares, seed: 2 }).splits.test.map(({ id }) => id)).not.toEqual(first);
  });

  it('keeps models with the same numbers together, however they are told', () => {
    const model = {
      sense: 'max',
      offset: 0,
      variables: [{ name: 'x', lower: 0, upper: Infinity, integer: false, cost: 37 }],
      constraints: [],
    } as const;
    const told = Array.from({ length: 12 }, (_, i) => problem(`m${i}`, words(100 * i, 15), 1, { model }));
    expect(splitProblems(told, { shares, seed: 3 }).clusters).toBe(1);
  });

  it('refuses shares that do not sum to 1', () =>
    expect(() => splitProblems(many, { shares: { ...shares, test: 0.3 }, seed: 1 })).toThrow(/sum to 1/));
});

const data = join(process.env.EVOM_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url)), 'data');

describe.skipIf(!existsSync(data))('published files (skipped where ../shared/data or EVOM_SHARED is missing)', () => {
  /** [a, b, common, differ > 1e-6, differ > 5 %] as measured for the project by an independent script. */
  const measured: [string, string, number, number, number][] = [
    ['mamo/mamo_easy_lp.jsonl', 'sirl-testdata/MAMO_EasyLP.json', 652, 3, 3],
    ['mamo/mamo_easy_lp.jsonl', 'sirl-testdata/MAMO_EasyLP_fixed.jsonl', 626, 59, 55],
    ['mamo/mamo_easy_lp.jsonl', 'llmopt/mamo_easy_test.jsonl', 652, 100, 86],
    ['sirl-testdata/MAMO_EasyLP_fixed.jsonl', 'llmopt/mamo_easy_test.jsonl', 626, 28, 20],
    ['sirl-testdata/MAMO_EasyLP_fixed.jsonl', 'llm4or-clean/Mamo_easy_lp_clean.jsonl', 537, 5, 5],
    ['mamo/mamo_complex_lp.jsonl', 'sirl-testdata/MAMO_ComplexLP_fixed.jsonl', 201, 43, 35],
    ['sirl-testdata/MAMO_ComplexLP_fixed.jsonl', 'optimind/optimind_cleaned_classified_mamo_complex.csv', 138, 6, 2],
    ['sirl-testdata/NL4OPT.jsonl', 'llmopt/nl4opt_test.jsonl', 227, 21, 6],
    // 21 and 18 when -99999 and "No Best Solution" are taken for different answers.
    ['sirl-testdata/NL4OPT.jsonl', 'orlm-results/NL4OPT.executed.jsonl', 240, 17, 14],
    ['sirl-testdata/IndustryOR_fixedV2.json', 'optimind/optimind_cleaned_classified_industryor.csv', 63, 4, 2],
  ];
  it.each(measured)('%s and %s differ as measured elsewhere', async (a, b, common, differ1e6, differ5Percent) => {
    const [pair] = auditLabels({ a: await importProblems(join(data, a)), b: await importProblems(join(data, b)) }).pairs;
    expect(pair).toMatchObject({ common, differ1e6, differ5Percent });
  });

  it('overlap as measured elsewhere', async () => {
    const textsOf = async (file: string): Promise<OverlapText[]> => {
      const texts: OverlapText[] = [];
      for await (const text of textItems(join(data, file))) texts.push(text);
      return texts;
    };
    const [nl4opt, nl4optE, optibench, task3, dev, orInstruct] = await Promise.all(
      [
        'sirl-testdata/NL4OPT.jsonl',
        'resocratic-optibench/NL4OPT-E.json',
        'resocratic-optibench/OptiBench.json',
        'llmopt/task3_test.jsonl',
        'nl4opt-competition/dev.jsonl',
        'or-instruct-sample/OR-Instruct-Data-100.json',
      ].map(textsOf),
    );
    const counts = async (training: readonly OverlapText[] = []): Promise<number[]> =>
      Object.values(
        await overlapWith({ nl4opt: nl4opt ?? [], nl4optE: nl4optE ?? [], optibench: optibench ?? [], task3: task3 ?? [] }, training),
      ).map((report) => report.trainingInBenchmark);
    expect(await counts(nl4opt)).toEqual([245, 244, 198, 193]);
    expect(await counts(optibench)).toEqual([198, 231, 605, 411]);
    expect(await counts(task3)).toEqual([193, 223, 410, 410]);
    expect(await counts(dev)).toEqual([0, 0, 0, 0]);
    expect(await counts(orInstruct)).toEqual([0, 0, 0, 0]);
  });
});
