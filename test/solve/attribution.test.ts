import { describe, expect, it } from 'vitest';
import type { Extraction } from '../../src/decode/extraction.ts';
import { attributeFault } from '../../src/solve/attribution.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const reference = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\n boots - mugs >= 2\nend');
const short = parseLp('max\n 68 boots + 62 mugs\nst\n 17 boots + 22 mugs <= 488\nend');
const other = parseLp('max\n 68 boots + 26 mugs\nst\n 17 boots + 22 mugs <= 488\nend');
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
    ['there is no record', null, short, 'unknown', []],
    ['there is no record and no need of one', null, reference, 'none', []],
  ] as const)('%s', (_, extraction, captured, fault, components) =>
    expect(attributeFault(extraction, captured, reference)).toEqual({ fault, components }),
  );
});
