import {
  createHighs,
  type DifferenceKind,
  diagnoseModel,
  families,
  generateProblem,
  identicalModels,
  type LinearModel,
  type Mutation,
  mutations,
  parseLp,
} from 'evom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomModels } from '../solvers/models.ts';
import { rewritten } from './rewritten.ts';

const lp = (text: string): LinearModel => parseLp(text);
const reference = lp(
  'min\n cost: 20 boat + 40 canoe\nst\n ducks: 10 boat + 8 canoe >= 300\n share: 0.4 canoe - 0.6 boat >= 0\nbounds\n boat <= 12\ngen\n boat canoe\nend',
);
const kindsOf = (program: string): DifferenceKind[] => diagnoseModel(lp(program), reference).map(({ kind }) => kind);

describe('diagnoseModel', () => {
  it.each<[DifferenceKind, string]>([
    ['missing_constraint', 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 300\nbounds\n b <= 12\ngen\n b c\nend'],
    ['extra_constraint', 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 300\n 2 c - 3 b >= 0\n b + c <= 90\nbounds\n b <= 12\ngen\n b c\nend'],
    ['coefficient', 'min\n 20 b + 40 c\nst\n 10 b + 9 c >= 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend'],
    ['right_hand_side', 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 330\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend'],
    ['direction', 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 300\n 2 c - 3 b <= 0\nbounds\n b <= 12\ngen\n b c\nend'],
    ['direction', 'min\n 20 b + 40 c\nst\n 10 b + 8 c = 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend'],
    ['variable_type', 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b\nend'],
    ['bound', 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 300\n 2 c - 3 b >= 0\ngen\n b c\nend'],
    ['objective_sense', 'max\n 20 b + 40 c\nst\n 10 b + 8 c >= 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend'],
    ['objective_coefficient', 'min\n 20 b + 50 c\nst\n 10 b + 8 c >= 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend'],
    ['objective_constant', 'min\n 20 b + 40 c + 7\nst\n 10 b + 8 c >= 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend'],
  ])('finds %s and nothing else', (kind, program) => {
    expect(kindsOf(program)).toEqual([kind]);
  });

  it('tells where, in the names of both', () => {
    const program = 'min\n 20 b + 40 c\nst\n 10 b + 8 c >= 330\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c\nend';
    expect(diagnoseModel(lp(program), reference)).toEqual([
      { kind: 'right_hand_side', where: '10 b + 8 c >= 330', expected: '10 boat + 8 canoe >= 300', found: '10 b + 8 c >= 330' },
    ]);
  });

  it('finds variables that only one model has', () => {
    const program = 'min\n 20 b + 40 c + 5 raft\nst\n 10 b + 8 c + 2 raft >= 300\n 2 c - 3 b >= 0\nbounds\n b <= 12\ngen\n b c raft\nend';
    expect(kindsOf(program)).toContain('extra_variable');
    expect(diagnoseModel(reference, lp(program)).map(({ kind }) => kind)).toContain('missing_variable');
  });

  it('finds nothing in a model that is written in another way', () => {
    fc.assert(
      fc.property(randomModels(), fc.string(), (model, seed) => {
        const other = rewritten(model, seed);
        if (identicalModels(model, other)) expect(diagnoseModel(other, model)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('names the kind of more than 95 of 100 single mistakes in rewritten problems of every family', async () => {
    const highs = await createHighs();
    const expected: Record<Mutation['type'], readonly DifferenceKind[]> = {
      drop: ['missing_constraint', 'bound', 'direction'],
      cost: ['objective_coefficient'],
      entry: ['coefficient', 'bound', 'missing_variable'],
      side: ['right_hand_side', 'bound'],
      sense: ['objective_sense'],
      integrality: ['variable_type'],
    };
    let [found, alone, all] = [0, 0, 0];
    for (const { name } of families) {
      const spec = { family: name, seed: 11, index: 0, difficulty: 2, wordings: 'seen', check: 'none', split: 'any' } as const;
      const model = generateProblem(spec, { solve: (candidate) => highs.solve(candidate, { timeLimitMs: 5000 }) })?.model;
      if (model === undefined) continue;
      for (const { type, where, models } of mutations(model)) {
        const [changed] = models;
        const program = changed && rewritten(changed, `${name}/${where}`);
        if (program === undefined || identicalModels(program, model)) continue;
        const kinds = diagnoseModel(program, model).map(({ kind }) => kind);
        all += 1;
        if (kinds.some((kind) => expected[type].includes(kind))) found += 1;
        if (kinds.length === 1) alone += 1;
      }
    }
    highs.close();
    console.log(
      `${all} single mistakes: kind named in ${((100 * found) / all).toFixed(1)} %, as the only difference in ${((100 * alone) / all).toFixed(1)} %`,
    );
    expect(all).toBeGreaterThan(200);
    expect(found / all).toBeGreaterThan(0.95);
  });
});
