import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';
import type { Program } from '../../src/core/program.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { simulatorVotes, simulatorWeight } from '../../src/solve/simulator-votes.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';

const simulatorJs = dialectByName('simulator-js');
const right = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\ngen\n boots mugs\nend');
const loose = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\ngen\n boots mugs\nend');
const renamed = { ...right, variables: right.variables.map((v) => ({ ...v, name: `n_${v.name}` })) };
const program = (model: typeof right): Program => ({ dialect: 'simulator-js', code: simulatorJs.render(model) });
const garbage: Program = { dialect: 'simulator-js', code: 'module.exports = (' };

let verifier: Verifier;
let calls = 0;
beforeAll(async () => {
  verifier = await createVerifier({ dialects: ['highs-js', 'simulator-js'], workers: 1, cacheSize: 0 });
});
afterAll(() => verifier.close());
const verify = (one: Program): Promise<Outcome> => {
  calls += 1;
  return verifier.verify(one);
};
const solved = (model: typeof right): Promise<Outcome> =>
  verifier.verify({ dialect: 'highs-js', code: dialectByName('highs-js').render(model) });

describe('simulatorVotes', () => {
  it('counts simulators that agree and differ; one that cannot tell is neither', async () => {
    const outcomes = [await solved(right), await solved(loose), await solved(renamed)];
    const simulators = [program(right), program(right), program(loose), garbage];
    expect(await simulatorVotes(outcomes, simulators, { verify })).toEqual([
      { agree: 2, differ: 1 },
      { agree: 1, differ: 2 },
      { agree: 0, differ: 0 }, // equal up to names, and a simulator looks at names
    ]);
  });

  it('compares equal models and equal simulators once', async () => {
    const outcome = await solved(right);
    calls = 0;
    await simulatorVotes([outcome, outcome, outcome], [program(right), program(right)], { verify });
    expect(calls).toBe(1);
  });

  it('tells models apart that are equal but for exchanged names', async () => {
    const exchanged = parseLp(
      'max\n 0 boots + 68 mugs + 62 boots\nst\n 17 mugs + 22 boots <= 488\n mugs - boots >= 2\ngen\n boots mugs\nend', // boots come first in both
    );
    const outcomes = [await solved(right), await solved(exchanged)];
    expect(await simulatorVotes(outcomes, [program(right)], { verify })).toEqual([
      { agree: 1, differ: 0 },
      { agree: 0, differ: 1 },
    ]);
  });

  it('gives an outcome without a solution no votes', async () => {
    const none = emptyOutcome('infeasible', { dialect: 'highs-js', backend: 'highs' });
    expect(await simulatorVotes([none], [program(right)], { verify })).toEqual([{ agree: 0, differ: 0 }]);
  });
});

describe('simulatorWeight', () => {
  it('is 1 where all agree or none can tell, and falls with those that differ', () => {
    expect(
      [
        { agree: 0, differ: 0 },
        { agree: 4, differ: 0 },
        { agree: 1, differ: 2 },
        { agree: 0, differ: 3 },
      ].map(simulatorWeight),
    ).toEqual([1, 1, 0.5, 0.25]);
  });
});
