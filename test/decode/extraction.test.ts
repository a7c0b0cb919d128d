import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkExtraction,
  type Extraction,
  extractionInstructions,
  extractionOfModel,
  modelOfExtraction,
  parseExtraction,
} from '../../src/decode/extraction.ts';
import { parseLinear, parseRelation } from '../../src/decode/linear-expression.ts';
import { minimumBayesRisk } from '../../src/decode/minimum-bayes-risk.ts';
import { identicalModels } from '../../src/modeling/identical.ts';
import { families } from '../../src/problems/families/index.ts';
import { generateProblem } from '../../src/problems/generator/generate.ts';

const workshop: Extraction = {
  variables: [
    { name: 'boots', type: 'integer', lower: 0 },
    { name: 'mugs', type: 'continuous', lower: 0, upper: 20 },
  ],
  parameters: [{ name: 'profit', value: 68 }],
  objective: { sense: 'max', expression: 'profit * boots + 62 mugs - 5' },
  constraints: [{ name: 'leather', expression: '17 boots + 22 mugs <= 488' }, { expression: 'boots >= 2 + mugs' }],
};
const coefficients = (text: string) => {
  const linear = parseLinear(text, new Map([['p', 3]]));
  return linear && { ...Object.fromEntries(linear.coefficients), '': linear.constant };
};

describe('linear expressions', () => {
  it.each([
    ['2 x + 3*y - 4', { x: 2, y: 3, '': -4 }],
    ['-(x - 2 (y + 1)) / 2', { x: -0.5, y: 1, '': 1 }],
    ['p x + 2 p', { x: 3, '': 6 }],
    ['x[1,2] + x[1, 2] - - 1e3', { 'x[1,2]': 1, 'x[1, 2]': 1, '': 1000 }],
    ['x - x', { '': 0 }],
    ['0.5 * 4 * x', { x: 2, '': 0 }],
  ])('reads %s', (text, expected) => expect(coefficients(text)).toEqual(expected));

  it.each(['', 'x y', 'x * (y + 1)', '2 / x', '2 +', '(x', 'x)', 'x ^ 2', '3 $ x', `${'('.repeat(60)}x${')'.repeat(60)}`])(
    'refuses %s',
    (text) => expect(parseLinear(text)).toBeNull(),
  );

  it.each([
    ['2 x + 1 <= 3 - y', { left: { x: 2, y: 1 }, relation: '<=', right: 2 }],
    ['x ≥ 4', { left: { x: 1 }, relation: '>=', right: 4 }],
    ['x == y', { left: { x: 1, y: -1 }, relation: '=', right: 0 }],
  ])('reads the relation %s', (text, expected) => {
    const relation = parseRelation(text);
    expect(
      relation && { left: Object.fromEntries(relation.left.coefficients), relation: relation.relation, right: relation.right },
    ).toEqual(expected);
  });

  it.each(['x', '1 <= x <= 2', 'x <= y z', 'x !! 3'])('refuses the relation %s', (text) => expect(parseRelation(text)).toBeNull());
});

describe('an extraction', () => {
  it('becomes the linear model it says', () =>
    expect(modelOfExtraction(workshop)).toEqual({
      sense: 'max',
      offset: -5,
      variables: [
        { name: 'boots', lower: 0, upper: Infinity, integer: true, cost: 68 },
        { name: 'mugs', lower: 0, upper: 20, integer: false, cost: 62 },
      ],
      constraints: [
        { name: 'leather', lower: -Infinity, upper: 488, columns: [0, 1], coefficients: [17, 22] },
        { name: 'c2', lower: 2, upper: Infinity, columns: [0, 1], coefficients: [1, -1] },
      ],
    }));

  it('is read from the last block of a completion', () => {
    const result = parseExtraction(`Thinking.\n\`\`\`json\n${JSON.stringify(workshop)}\n\`\`\``);
    expect('extraction' in result && modelOfExtraction(result.extraction)).toEqual(modelOfExtraction(workshop));
  });

  it('is what its instructions show', () => {
    const shown = extractionInstructions.slice(extractionInstructions.indexOf('{'), extractionInstructions.lastIndexOf('}') + 1);
    expect(parseExtraction(shown)).toEqual({
      faults: ['objective: "mugs" is neither a variable nor a parameter', 'constraints[0]: "mugs" is neither a variable nor a parameter'],
    });
  });

  it.each([
    ['no JSON', 'Maximise profit.', /no JSON/],
    ['a list', '[]', /an extraction is an object/],
    ['missing lists', '{"objective":{"sense":"max","expression":"x"}}', /variables: must be a list/],
    ['another type', JSON.stringify({ ...workshop, variables: [{ name: 'boots', type: 'int' }] }), /variables\[0\]: type must be/],
    [
      'a name that is none',
      JSON.stringify({ ...workshop, variables: [{ name: 'pairs of boots', type: 'integer' }] }),
      /name must be a word/,
    ],
    ['a sense', JSON.stringify({ ...workshop, objective: { sense: 'maximise', expression: 'boots' } }), /sense min or max/],
    ['a name twice', JSON.stringify({ ...workshop, parameters: [{ name: 'boots', value: 1 }] }), /"boots" is declared twice/],
    [
      'a variable left out',
      JSON.stringify({ ...workshop, variables: [...workshop.variables, { name: 'z', type: 'binary' }] }),
      /"z" is in no expression/,
    ],
    [
      'a bound that is not a number',
      JSON.stringify({ ...workshop, variables: [{ name: 'boots', type: 'integer', lower: 'none' }] }),
      /lower must be a number/,
    ],
  ])('with %s is refused with the place', (_, text, message) => {
    const result = parseExtraction(text);
    expect('faults' in result ? result.faults.join('\n') : '').toMatch(message);
  });

  it('is null as a model where it is not linear', () =>
    expect(modelOfExtraction({ ...workshop, constraints: [{ expression: 'boots * mugs <= 3' }] })).toBeNull());

  it.each(families.map(({ name }) => name))('gives back the models of the family %s', (family) => {
    const problem =
      generateProblem({ family, seed: 5, index: 0, difficulty: 2, wordings: 'seen' }) ??
      generateProblem({ family, seed: 5, index: 0, difficulty: 1, wordings: 'seen' });
    if (problem?.model === undefined) throw new Error('no problem');
    const extraction = extractionOfModel(problem.model);
    expect(checkExtraction(extraction)).toHaveProperty('extraction');
    const back = modelOfExtraction(extraction);
    expect(back && identicalModels(back, problem.model)).toBe(true);
  });
});

describe('minimumBayesRisk', () => {
  const wrongCost = { ...workshop, objective: { ...workshop.objective, expression: 'profit * boots + 26 mugs - 5' } };
  const missingRow = { ...workshop, constraints: workshop.constraints.slice(0, 1) };
  const wrongType = { ...workshop, variables: workshop.variables.map((v) => ({ ...v, type: 'integer' as const })) };

  it('takes one candidate whole, never the parts that most say', () => {
    const candidates = [wrongCost, missingRow, wrongType];
    const choice = minimumBayesRisk(candidates);
    expect(candidates).toContain(choice?.extraction);
    // Joined, the likeliest parts would be `workshop`, which none of them is.
    expect(choice && modelOfExtraction(choice.extraction)).not.toEqual(modelOfExtraction(workshop));
    expect(choice?.risks.every((risk) => risk > 0 && risk < 1)).toBe(true);
    expect(choice?.order.map((i) => choice.risks[i])).toEqual([...(choice?.risks ?? [])].sort((a, b) => a - b));
  });

  it('weighs components as NEMO: constraints 0.6, variables 0.2, objective and inputs 0.1', () => {
    // Each differs from `workshop` in one component, wholly: half of the pair's risk is the weight.
    const objective = { ...workshop, objective: { sense: 'min' as const, expression: '3 boots - 7 mugs' } };
    const constraints = { ...workshop, constraints: [{ expression: 'boots <= 3' }] };
    const risk = (other: Extraction): number | undefined => minimumBayesRisk([workshop, other])?.risks[0];
    expect(risk(objective)).toBeCloseTo(0.1 / 2, 12);
    expect(risk(constraints)).toBeCloseTo(0.6 / 2, 12);
    expect(risk({ ...workshop, parameters: [{ name: 'profit', value: 68.5 }] })).toBeGreaterThan(0.1 / 2 - 1e-12);
  });

  it('sees no risk between records that say the same under other names, where that is told', () => {
    const renamed: Extraction = JSON.parse(JSON.stringify(workshop).replaceAll('boots', 'b').replaceAll('mugs', 'm'));
    expect(minimumBayesRisk([workshop, renamed])?.risks[0]).toBeGreaterThan(0.3);
    const isSame = (a: Extraction, b: Extraction): boolean => {
      const [first, second] = [modelOfExtraction(a), modelOfExtraction(b)];
      return first !== null && second !== null && identicalModels(first, second);
    };
    expect(minimumBayesRisk([workshop, renamed], { isSame })?.risks).toEqual([0, 0]);
  });

  it('does not mind scale, order or sides, nor where a parameter is used', () => {
    const other: Extraction = {
      variables: [...workshop.variables].reverse(),
      parameters: workshop.parameters.map((parameter) => ({ ...parameter, name: 'other_name' })),
      objective: { sense: 'max', expression: '62 mugs + 68 boots - 5' },
      constraints: [{ expression: 'mugs - boots <= -2' }, { expression: '34 boots + 44 mugs <= 976' }],
    };
    expect(minimumBayesRisk([workshop, other])?.risks).toEqual([0, 0]);
  });

  it('weighs candidates by how likely they are', () => {
    expect(minimumBayesRisk([workshop, missingRow], { weights: [0.2, 0.8] })?.extraction.constraints).toHaveLength(1);
    expect(minimumBayesRisk([workshop, missingRow], { weights: [0.8, 0.2] })?.extraction.constraints).toHaveLength(2);
    expect(minimumBayesRisk([])).toBeNull();
  });

  it('has no risk among equals', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), (n) => {
        const choice = minimumBayesRisk(Array.from({ length: n }, () => workshop));
        expect(choice?.extraction).toEqual(workshop);
        expect(Math.max(...(choice?.risks ?? [1]))).toBeCloseTo(0, 12);
      }),
    ));
});
