import { describe, expect, it } from 'vitest';
import { literalTrace } from '../../src/reward/literals.ts';
import { textShare } from '../../src/solve/text-share.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const question = 'Boots earn 68 dollars and mugs 62. They take 17 and 22 units of 488.';
const model = (lp: string) => parseLp(lp);

it('is 1 for a model that uses the numbers of the text and no others', () => {
  const right = model('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\nend');
  expect(textShare(question, { model: right, solution: { boots: 488 / 17, mugs: 0 } })).toBe(1);
});

it('falls with numbers left out and with numbers of its own', () => {
  const short = model('max\n 68 boots\nst\n 17 boots <= 488\nend');
  expect(textShare(question, { model: short, solution: { boots: 488 / 17 } })).toBeCloseTo(3 / 5, 9);
  // 99 decides and is not told: of 68, 17, 22, 99 that decide three are.
  const invented = model('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 99\nend');
  expect(textShare(question, { model: invented, solution: { boots: 99 / 17, mugs: 0 } })).toBeCloseTo((4 / 5) * (3 / 4), 9);
});

it('is 0 without a model', () => expect(textShare(question, { model: null, solution: null })).toBe(0));

describe('literalTrace', () => {
  it('finds nothing in a model that uses the numbers of the text and no others', () => {
    const right = model('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\nend');
    expect(literalTrace(right, question)).toEqual({ unused: [], foreign: [] });
  });

  it('names figures that are left out, and parts of the model with numbers of their own', () => {
    const wrong = model('max\n 68 boots + 61 mugs\nst\n leather: 17 boots + 22 mugs <= 448\nbounds\n mugs <= 7\nend');
    expect(literalTrace(wrong, question)).toEqual({
      unused: [62, 488],
      foreign: [
        { where: 'objective', numbers: [61] },
        { where: 'leather', numbers: [448] },
        { where: 'bounds of mugs', numbers: [7] },
      ],
    });
  });

  it('reads number words, percentages and what is left of them', () => {
    const text = 'Earn 3 for oats and 4 for rye; a dozen acres, at most two fifths of them and 60 % of the rest rye, at least eleven oats.';
    const told = model('max\n 3 oats + 4 rye\nst\n oats + rye <= 12\n 0.6 rye - 0.4 oats <= 0\n oats >= 11\nend');
    expect(literalTrace(told, text)).toEqual({ unused: [], foreign: [] });
  });
});
