import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvomError, emptyOutcome, type Outcome, outcomeFromJson, outcomeToJson } from '../../src/index.ts';

const about = { dialect: 'highs-js', backend: 'highs' } as const;
const throughText = (outcome: Outcome): Outcome => outcomeFromJson(JSON.parse(JSON.stringify(outcomeToJson(outcome))));

const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, 1e20, 5e-324)).map((value) => value + 0);
const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '\ud800', ''));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value);
const model = fc.record({
  sense: fc.constantFrom('min' as const, 'max' as const),
  offset: number,
  variables: fc.array(fc.record({ name, lower: number, upper: number, integer: fc.boolean(), cost: number }), { maxLength: 3 }),
  constraints: fc.array(
    fc.record({
      name,
      lower: number,
      upper: number,
      columns: fc.array(fc.nat(5), { maxLength: 3 }),
      coefficients: fc.array(number, { maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
});
const certificate = fc.constantFrom('dual' as const, 'second_solver' as const, 'none' as const);
const solve = fc.record({
  status: fc.constantFrom('optimal' as const, 'error' as const, 'time_limit' as const),
  objective: maybe(number),
  certificate,
  modelHash: fc.string(),
  numVariables: fc.nat(),
  numIntegers: fc.nat(),
  numConstraints: fc.nat(),
  ms: fc.double({ min: 0, max: 1e9, noNaN: true }),
});
const entries = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.array(fc.tuple(name, value), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs));
const products = fc.array(fc.tuple(fc.nat(5), fc.nat(5), number), { maxLength: 3 });
const quadratic = fc.record({
  linear: model,
  products,
  rows: fc.array(
    fc.tuple(model, products).map(([{ constraints }, found]) => ({
      ...(constraints[0] ?? { name: '', lower: 0, upper: 0, columns: [], coefficients: [] }),
      products: found,
    })),
    { maxLength: 2 },
  ),
});
const outcome: fc.Arbitrary<Outcome> = fc.record({
  status: fc.constantFrom('optimal' as const, 'no_solve' as const, 'infra_error' as const, 'output_limit' as const),
  objective: maybe(number),
  certificate,
  reported: maybe(number),
  solution: maybe(entries(number)),
  solves: fc.array(solve, { maxLength: 2 }),
  model: maybe(model),
  stdout: fc.string({ unit: 'binary' }),
  error: maybe(fc.record({ type: fc.string(), message: fc.string(), line: maybe(fc.nat()) })),
  dialect: fc.string(),
  backend: fc.string(),
  solverVersion: fc.string(),
  options: entries(fc.oneof(number, fc.string(), fc.boolean(), fc.constant('NaN'))),
  wallLimited: fc.boolean(),
  wallMs: fc.nat(),
  cpuMs: fc.nat(),
});

describe('outcomeToJson', () => {
  it('keeps quadratic models and certificates', () => {
    fc.assert(
      fc.property(outcome, quadratic, fc.constantFrom('second_solver' as const, 'none' as const), (given, found, certificate) => {
        const whole: Outcome = { ...given, quadratic: found, certificate, solves: given.solves.map((one) => ({ ...one, certificate })) };
        expect(throughText(whole)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  it('names the key of a product that is none', () => {
    const { model: _, ...plain } = outcomeToJson(emptyOutcome('optimal', about));
    const given = { ...plain, quadratic: { linear: { sense: 'min', variables: [], constraints: [] }, products: [[0, 1]], rows: [] } };
    expect(() => outcomeFromJson(given)).toThrow(
      /quadratic\.products\[0\] is \[0,1\]; it has to be two places of variables and a coefficient/,
    );
    expect(() => outcomeFromJson({ ...plain, certificate: 'sworn' })).toThrow(/certificate is "sworn"/);
  });

  it('writes infinite bounds as null and other numbers without a JSON word by name', () => {
    const variables = [{ name: 'x', lower: -Infinity, upper: Infinity, integer: false, cost: Number.NaN }];
    const given: Outcome = {
      ...emptyOutcome('optimal', about),
      reported: Infinity,
      model: { sense: 'max', offset: -0, variables, constraints: [] },
    };
    expect(outcomeToJson(given)).toMatchObject({
      reported: 'Infinity',
      model: { offset: 0, variables: [{ name: 'x', lower: null, upper: null, integer: false, cost: 'NaN' }] },
    });
  });

  it('writes no finite number as text, -0 among them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const variables = [{ name: 'x', lower: value, upper: value, integer: false, cost: value }];
        const constraints = [{ name: 'c', lower: value, upper: value, columns: [0], coefficients: [value] }];
        const given: Outcome = {
          ...emptyOutcome('optimal', about),
          objective: value,
          reported: value,
          solution: { x: value },
          options: { gap: value },
          model: { sense: 'min', offset: value, variables, constraints },
        };
        expect(JSON.stringify(outcomeToJson(given))).not.toMatch(/"-?\d/);
      }),
      { examples: [[-0]] },
    );
  });

  it('gives back every outcome through text, to the bit', () => {
    fc.assert(
      fc.property(outcome, (one) => {
        expect(throughText(one)).toEqual(one);
      }),
      { numRuns: 500 },
    );
  });
});

describe('outcomeFromJson', () => {
  it('reads -0 by name, as older files have it', () => {
    expect(outcomeFromJson({ status: 'optimal', objective: '-0' }).objective).toBe(-0);
  });

  it('reads an outcome of another harness that knows little', () => {
    expect(outcomeFromJson({ id: 'a', status: 'optimal', objective: 7 })).toEqual({
      ...emptyOutcome('optimal', { dialect: '', backend: '' }),
      objective: 7,
    });
  });

  it.each([
    [null, 'the record is null'],
    [[], 'the record is []'],
    [{}, 'status is missing; it has to be one of optimal'],
    [{ status: 'won' }, 'status is "won"'],
    [{ status: 'toString' }, 'status is "toString"'],
    [{ status: 'optimal', objective: '7' }, 'objective is "7"; it has to be a number'],
    [{ status: 'optimal', solution: { x: true } }, 'solution.x is true'],
    [{ status: 'optimal', solves: [{ status: 'optimal' }, {}] }, 'solves[1].status is missing'],
    [{ status: 'optimal', model: { sense: 'min', variables: [{ name: 'x' }], constraints: [] } }, 'model.variables[0].integer is missing'],
    [{ status: 'optimal', wallLimited: 1 }, 'wallLimited is 1; it has to be true or false'],
  ])('names the key at fault: %j', (json, message) => {
    expect(() => outcomeFromJson(json)).toThrow(EvomError);
    expect(() => outcomeFromJson(json)).toThrow(message);
  });
});
