import { type CanonicalModel, canonicalModel, identicalModels, type LinearModel, modelHash, parseLp, randomStream } from 'evom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column, inf, model, randomModels, row } from '../solvers/models.ts';

const lp = (objective: string, rows: string, rest = ''): LinearModel => parseLp(`${objective}\nst\n${rows}\n${rest}\nend`);
const reference = lp('max\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y');

/** The same problem, written down in another way: names, order, scales, sides, sense. */
function rewritten(original: LinearModel, seed: string): LinearModel {
  const random = randomStream(seed);
  const order = random.shuffle([...original.variables.keys()]);
  const place = new Map(order.map((j, at) => [j, at]));
  const flip = random.next() < 0.5;
  const sign = flip ? -1 : 1;
  const variables = order.map((j, at) => {
    const variable = original.variables[j] ?? column('', 0);
    return { ...variable, name: `v${at}`, cost: sign * variable.cost };
  });
  const rewriteRow = (lower: number, upper: number, columns: readonly number[], coefficients: readonly number[]) => {
    const scale = random.pick([1, -1, 3, -0.1, 7, 1 / 3, 1e4]);
    const sides = [lower * scale, upper * scale].sort((a, b) => a - b);
    const shuffled = random.shuffle([...columns.keys()]);
    return {
      name: `row${random.int(0, 1e6)}`,
      lower: sides[0] ?? 0,
      upper: sides[1] ?? 0,
      columns: shuffled.map((k) => place.get(columns[k] ?? 0) ?? 0),
      coefficients: shuffled.map((k) => (coefficients[k] ?? 0) * scale),
    };
  };
  const rows = original.constraints.flatMap((c) => {
    const whole = rewriteRow(c.lower, c.upper, c.columns, c.coefficients);
    if (random.next() < 0.3)
      return [rewriteRow(c.lower, inf, c.columns, c.coefficients), rewriteRow(-inf, c.upper, c.columns, c.coefficients)];
    return random.next() < 0.2 ? [whole, rewriteRow(c.lower, c.upper, c.columns, c.coefficients)] : [whole];
  });
  // Some bounds become rows.
  for (const [at, variable] of variables.entries()) {
    if (variable.upper === inf || random.next() < 0.5) continue;
    const j = order[at] ?? 0;
    rows.push(rewriteRow(-inf, variable.upper, [j], [1]));
    variables[at] = { ...variable, upper: inf };
  }
  const sense = flip ? (original.sense === 'min' ? 'max' : 'min') : original.sense;
  return model(sense, variables, random.shuffle(rows), sign * original.offset);
}

describe('identicalModels', () => {
  it.each<[string, LinearModel]>([
    ['itself', reference],
    ['other names', lp('max\n 3 a + 2 b', ' a + b <= 4\n a - 2 b >= -6', 'bounds\n a <= 2.5\ngen\n b')],
    ['names exchanged', lp('max\n 3 y + 2 x', ' x + y <= 4\n y - 2 x >= -6', 'bounds\n y <= 2.5\ngen\n x')],
    ['another order', lp('max\n 2 y + 3 x', ' - 2 y + x >= -6\n y + x <= 4', 'bounds\n x <= 2.5\ngen\n y')],
    ['scaled rows', lp('max\n 3 x + 2 y', ' 0.1 x + 0.1 y <= 0.4\n 3 x - 6 y >= -18', 'bounds\n x <= 2.5\ngen\n y')],
    ['rows turned round', lp('max\n 3 x + 2 y', ' - x - y >= -4\n - x + 2 y <= 6', 'bounds\n x <= 2.5\ngen\n y')],
    ['the negated objective', lp('min\n - 3 x - 2 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['a bound as a row', lp('max\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6\n 2 x <= 5', 'gen\n y')],
    ['a repeated row', lp('max\n 3 x + 2 y', ' x + y <= 4\n 2 x + 2 y <= 8\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['a looser parallel row', lp('max\n 3 x + 2 y', ' x + y <= 4\n x + y <= 5\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['an unused variable', lp('max\n 3 x + 2 y + 0 z', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\n z <= 8\ngen\n y')],
    ['a zero coefficient', lp('max\n 3 x + 2 y', ' x + y + 0 z <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
  ])('accepts %s', (_, other) => {
    expect(identicalModels(reference, other)).toBe(true);
    expect(identicalModels(other, reference)).toBe(true);
    expect(modelHash(other)).toBe(modelHash(reference));
  });

  it.each<[string, LinearModel]>([
    ['another cost', lp('max\n 3 x + 2.001 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['a scaled objective', lp('max\n 6 x + 4 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['another constant', lp('max\n 3 x + 2 y + 1', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['the other sense', lp('min\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['another side', lp('max\n 3 x + 2 y', ' x + y <= 4.5\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['a turned comparison', lp('max\n 3 x + 2 y', ' x + y >= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['an equality', lp('max\n 3 x + 2 y', ' x + y = 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n y')],
    ['a missing row', lp('max\n 3 x + 2 y', ' x + y <= 4', 'bounds\n x <= 2.5\ngen\n y')],
    ['a missing bound', lp('max\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6', 'gen\n y')],
    ['a missing integrality', lp('max\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5')],
    ['integrality of the other variable', lp('max\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\ngen\n x')],
    // No deduction over several rows: y <= 4 follows from x + y <= 4 and x >= 0.
    ['an implied bound', lp('max\n 3 x + 2 y', ' x + y <= 4\n x - 2 y >= -6', 'bounds\n x <= 2.5\n y <= 4\ngen\n y')],
  ])('refuses %s', (_, other) => {
    expect(identicalModels(reference, other)).toBe(false);
    expect(identicalModels(other, reference)).toBe(false);
    expect(modelHash(other)).not.toBe(modelHash(reference));
  });

  it('takes a binary for an integer from 0 to 1, and whole bounds for fractional ones', () => {
    const binary = lp('max\n x + 2 y', ' x + y <= 1', 'bin\n x\n y');
    expect(identicalModels(binary, lp('max\n x + 2 y', ' x + y <= 1\n y <= 1.7', 'bounds\n x <= 1\ngen\n x\n y'))).toBe(true);
  });

  it('rounds bounds of integers inwards, but for the rounding of floats', () => {
    const upTo = (upper: number) => lp('max\n x + 2 y', ' x + y <= 7', `bounds\n y <= ${upper}\ngen\n x\n y`);
    expect(identicalModels(upTo(2.9999995), upTo(3))).toBe(true);
    expect(identicalModels(upTo(2.9999), upTo(2))).toBe(true);
    const from = (lower: number) => lp('min\n x + 2 y', ' x + y >= 7', `bounds\n y >= ${lower}\ngen\n x\n y`);
    expect(identicalModels(from(2.0000005), from(2))).toBe(true);
    expect(identicalModels(from(2.0001), from(3))).toBe(true);
  });

  it('does not pass over an unused variable whose bounds cross: it makes the model infeasible', () => {
    const model = lp('max\n x + y', ' x + y <= 1');
    const unused = (lower: number, upper: number) => ({
      ...model,
      variables: [...model.variables, { name: 'z', cost: 0, lower, upper, integer: false }],
    });
    expect(identicalModels(unused(2, 3), model)).toBe(true);
    expect(identicalModels(unused(3, 2), model)).toBe(false);
    expect(identicalModels(model, unused(3, 2))).toBe(false);
  });

  it('accepts every rewriting of a model', () => {
    fc.assert(
      fc.property(randomModels(), fc.integer(), (original, seed) => {
        const other = rewritten(original, `rewrite/${seed}`);
        expect(identicalModels(original, other)).toBe(true);
        expect(modelHash(other)).toBe(modelHash(original));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a rewriting after one number has changed', () => {
    fc.assert(
      fc.property(randomModels(), fc.integer(), (original, seed) => {
        const other = rewritten(original, `rewrite/${seed}`);
        const [first, ...rest] = other.variables;
        const changed = { ...other, variables: [{ ...(first ?? column('', 0)), cost: (first?.cost ?? 0) + 0.01 }, ...rest] };
        expect(identicalModels(original, changed)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('matches a symmetric model with itself under any order', () => {
    // Assignment of 5 to 5 with equal costs: 5!² ways to match.
    const n = 5;
    const variables = Array.from({ length: n * n }, (_, k) => column(`x${k}`, 1, 0, 1, true));
    const line = (indices: number[]) =>
      row(
        '',
        1,
        indices.map((k) => [k, 1] as const),
        1,
      );
    const rows = Array.from({ length: n }, (_, i) => [
      line(Array.from({ length: n }, (__, j) => i * n + j)),
      line(Array.from({ length: n }, (__, j) => j * n + i)),
    ]).flat();
    const assignment = model('min', variables, rows);
    for (let seed = 0; seed < 5; seed++) expect(identicalModels(assignment, rewritten(assignment, `assignment/${seed}`))).toBe(true);
  });

  it('tells two models apart that colour refinement cannot: a ring of six and two rings of three', () => {
    const variables = Array.from({ length: 6 }, (_, j) => column(`x${j}`, 1));
    const rings = (pairs: [number, number][]) =>
      model(
        'min',
        variables,
        pairs.map(([i, j]) =>
          row(
            '',
            1,
            [
              [i, 1],
              [j, 1],
            ],
            inf,
          ),
        ),
      );
    const six = rings([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 0],
    ]);
    const threes = rings([
      [0, 1],
      [1, 2],
      [2, 0],
      [3, 4],
      [4, 5],
      [5, 3],
    ]);
    expect(modelHash(six)).toBe(modelHash(threes));
    expect(identicalModels(six, threes)).toBe(false);
    expect(identicalModels(six, rewritten(six, 'six'))).toBe(true);
    expect(identicalModels(threes, rewritten(threes, 'threes'))).toBe(true);
  });

  it('does not mistake a sum of rounding dust for another number', () => {
    const dusty = model(
      'max',
      [column('x', 0.1 + 0.2), column('y', 1)],
      [
        row(
          'c',
          -inf,
          [
            [0, 0.1 + 0.2],
            [1, 1],
          ],
          0.7 + 0.1,
        ),
      ],
    );
    const clean = model(
      'max',
      [column('x', 0.3), column('y', 1)],
      [
        row(
          'c',
          -inf,
          [
            [0, 0.3],
            [1, 1],
          ],
          0.8,
        ),
      ],
    );
    expect(identicalModels(dusty, clean)).toBe(true);
    expect(modelHash(dusty)).toBe(modelHash(clean));
  });
});

describe('canonicalModel', () => {
  it('gives rows of the form <= with 1 as the largest coefficient', () => {
    const canonical: CanonicalModel = canonicalModel(lp('max\n x + 0 z', ' a: 2 x + 4 y >= 8\n b: x + y = 3\n c: 2 x >= 1'));
    expect(canonical).toEqual({
      offset: 0,
      columns: [
        { name: 'x', cost: -1, lower: 0.5, upper: inf, integer: false },
        { name: 'y', cost: 0, lower: 0, upper: inf, integer: false },
      ],
      rows: [
        { columns: [0, 1], coefficients: [-0.5, -1], upper: -2, constraint: 0 },
        { columns: [0, 1], coefficients: [1, 1], upper: 3, constraint: 1 },
        { columns: [0, 1], coefficients: [-1, -1], upper: -3, constraint: 1 },
      ],
    });
  });
  it('keeps a row that never holds', () => {
    const impossible = model('min', [column('x', 1)], [row('c', 1, [], 2)]);
    expect(canonicalModel(impossible).rows).toHaveLength(1);
    expect(identicalModels(impossible, model('min', [column('x', 1)]))).toBe(false);
  });
});
