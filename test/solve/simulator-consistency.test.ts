import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyOutcome, type Outcome } from '../../src/core/outcome.ts';
import { dialectByName } from '../../src/dialects/registry.ts';
import { simulatorConsistency } from '../../src/solve/simulator-consistency.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';

const right = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\ngen\n boots mugs\nend');
const loose = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 588\n boots - mugs >= 2\ngen\n boots mugs\nend');
const simulator = (model: typeof right) => ({ dialect: 'simulator-js', code: dialectByName('simulator-js').render(model) });

let verifier: Verifier;
beforeAll(async () => {
  verifier = await createVerifier({ dialects: ['highs-js', 'simulator-js'], workers: 1 });
});
afterAll(() => verifier.close());
const run = (model: typeof right): Promise<Outcome> =>
  verifier.verify({ dialect: 'highs-js', code: dialectByName('highs-js').render(model) });

describe('simulatorConsistency', () => {
  it('pays a program the share of simulators that bear it out, and what is not borne out nothing', async () => {
    const about = { dialect: 'highs-js', backend: 'highs' };
    const outcomes = [await run(right), await run(loose), emptyOutcome('infeasible', about), emptyOutcome('infra_error', about)];
    const simulators = [simulator(right), simulator(right), simulator(loose), { dialect: 'simulator-js', code: 'nonsense(' }];
    const paid = await simulatorConsistency(outcomes, simulators, { verify: (program) => verifier.verify(program) });
    expect(paid.map((one) => one?.passed ?? null)).toEqual([2 / 3, 1 / 3, 0, null]);
    expect(paid[1]?.failed).toEqual(['simulator']);
  });

  it('pays nothing where no simulator can tell', async () => {
    const paid = await simulatorConsistency([await run(right)], [], { verify: (program) => verifier.verify(program) });
    expect(paid).toEqual([{ passed: 0, failed: ['simulator'] }]);
  });
});
