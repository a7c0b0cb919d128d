import { describe, expect, it } from 'vitest';
import type { Extraction } from '../../src/decode/extraction.ts';
import { attributeByAnswer, attributeFault } from '../../src/solve/attribution.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const reference = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\nend');
const short = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\nend');
const other = parseLp('max\n 68 boots + 26 mugs\nst\n 17 boots + 22 mugs <= 488\nend');
const withTotal = parseLp(
  'max\n profit\nst\n profit - 68 boots - 62 mugs = 0\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\nbounds\n profit free\nend',
);
const shortWithTotal = parseLp('max\n 68 boots + 62 mugs\nst\n leather - 17 boots - 22 mugs = 0\n leather <= 488\nend');
const record: Extraction = {
  variables: [
    { name: 'boots', type: 'continuous' },
    { name: 'mugs', type: 'continuous' },
  ],
  parameters: [],
  objective: { sense: 'max', expression: '68 boots + 62 mugs' },
  constraints: [{ expression: '17 boots + 22 mugs <= 488' }, { expression: 'boots >= mugs + 2' }],
};
const shortRecord: Extraction = { ...record, constraints: record.constraints.slice(0, 1) };

describe('attributeFault', () => {
  it.each([
    ['the program is right', record, reference, 'none', []],
    ['the record is right and the program leaves a row out', record, short, 'implementation', []],
    ['the record is right and the program hands over nothing', record, null, 'implementation', []],
    ['the record leaves a row out and the program follows it', shortRecord, short, 'extraction', ['constraints']],
    ['the record leaves a row out and the program has another mistake', shortRecord, other, 'both', ['constraints']],
    ['the record is wrong and the program right', shortRecord, reference, 'lucky_implementation', ['constraints']],
    ['the program is right with a total of its own', record, withTotal, 'none', []],
    [
      'the record leaves a row out and the program is right with a total of its own',
      shortRecord,
      withTotal,
      'lucky_implementation',
      ['constraints'],
    ],
    [
      'the record leaves a row out and the program follows it with a total of its own',
      shortRecord,
      shortWithTotal,
      'extraction',
      ['constraints'],
    ],
    ['there is no record', null, short, 'unknown', []],
    ['there is no record and no need of one', null, reference, 'none', []],
  ] as const)('%s', (_, extraction, captured, fault, components) =>
    expect(attributeFault(extraction, captured, reference)).toEqual({ fault, components }),
  );
});

describe('attributeByAnswer', () => {
  it.each([
    [true, true, true, 'none'],
    [false, true, false, 'implementation'],
    [false, false, true, 'extraction'],
    [false, false, false, 'both'],
    [true, false, false, 'lucky_implementation'],
    [false, null, false, 'unknown'],
    [null, true, false, 'unknown'],
  ] as const)('of a program %s, a record %s and following %s says %s', (isRight, isRecordRight, followsRecord, fault) =>
    expect(attributeByAnswer({ isRight, isRecordRight, followsRecord })).toBe(fault),
  );
});
