import { createHighs, type HighsReader, type LinearModel, parseLp, parseMps, type SolverBackend, writeLp, writeMps } from 'evom';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { column, inf, model, randomModels, row } from './models.ts';

const head = 'NAME m\nROWS\n N cost\n L le\n G ge\n E eq\nCOLUMNS\n x cost 3 le 1\n x ge 1 eq 1\n y cost 2 le 1\n';
const rest = (sections: string): LinearModel => parseMps(`${head}${sections}\nENDATA\n`);
const sidesOf = (sections: string) => rest(sections).constraints.map(({ lower, upper }) => [lower, upper]);
const boundsOf = (lines: string) => rest(`BOUNDS\n${lines}`).variables.map(({ lower, upper }) => [lower, upper])[0];

describe('parseMps', () => {
  it('reads a model with every section', () => {
    const text = `* a comment
NAME          example
OBJSENSE
    MAX
ROWS
 N  profit
 N  unused
 L  labour
 G  demand
 E  balance
COLUMNS
    a         profit              3.0   labour              1.5
    a         demand               1
    MARKER                 'MARKER'                 'INTORG'
    b         profit            -2.0e1   balance              1
    b         unused               7
    MARKER                 'MARKER'                 'INTEND'
    c         balance             -1
RHS
    RHS1      profit             -10    labour              40
    RHS1      demand               2
RANGES
    RNG       labour              25    demand               3
    RNG       balance             -4
BOUNDS
 UP BND       a                  12
 LI BND       b                   2
 FR BND       c
ENDATA
`;
    expect(parseMps(text)).toEqual(
      model(
        'max',
        [column('a', 3, 0, 12), column('b', -20, 2, inf, true), column('c', 0, -inf, inf)],
        [
          row('labour', 15, [[0, 1.5]], 40),
          row('demand', 2, [[0, 1]], 5),
          row(
            'balance',
            -4,
            [
              [1, 1],
              [2, -1],
            ],
            0,
          ),
        ],
        10,
      ),
    );
  });

  it.each<[string, string]>([
    ['behind a row', ' L  cap    $ what fits'],
    ['glued to its sign', ' L  cap    $what fits'],
    ['with a name of a row in it', ' L  cap    $ as cost'],
  ])('passes over a comment %s', (_, line) => {
    const text = `NAME\nROWS\n N  cost  $ in euro\n${line}\nCOLUMNS\n x cost -1 cap 2 $ the first\n x2 cost -2 $ cap 9\n y cap 1 $\nRHS\n R cap 6 $ cap 7\nRANGES\n G cap 5 $5\nBOUNDS\n UP B x 4 $ at most\n FR B y $ open\nENDATA $`;
    expect(parseMps(text)).toEqual(
      model(
        'min',
        [column('x', -1, 0, 4), column('x2', -2), column('y', 0, -inf)],
        [
          row(
            'cap',
            1,
            [
              [0, 2],
              [2, 1],
            ],
            6,
          ),
        ],
      ),
    );
  });

  it('passes over a comment in fields 3 and 5 of the fixed format', () => {
    const fixed = [
      'NAME',
      'ROWS',
      ' N  COST',
      ' L  LIM 1',
      'COLUMNS',
      '    X ONE     COST                 1   $ of the first line',
      '    X ONE     LIM 1                2',
      'RHS',
      '    R         LIM 1                4   $ LIM 1',
      'ENDATA',
    ].join('\n');
    expect(parseMps(fixed)).toEqual(model('min', [column('X ONE', 1)], [row('LIM 1', -inf, [[0, 2]], 4)]));
  });

  it('takes names that begin with $ where they are declared and wherever they are known', () => {
    const text = 'NAME\nROWS\n N cost\n G $r\nCOLUMNS\n $x cost 1 $r 2\nRHS\n R $r 3\nBOUNDS\n UP B $x 9\nENDATA';
    expect(parseMps(text)).toEqual(model('min', [column('$x', 1, 0, 9)], [row('$r', 3, [[0, 2]], inf)]));
  });

  it('reads an infinite right-hand side as a row that is open', () => {
    expect(sidesOf('RHS\n r le inf ge -inf')).toEqual([
      [-inf, inf],
      [-inf, inf],
      [0, 0],
    ]);
    expect(sidesOf('RHS\n r le +Infinity ge -1e30')).toEqual([
      [-inf, inf],
      [-inf, inf],
      [0, 0],
    ]);
    expect(sidesOf('RHS\n r le 4\nRANGES\n g le inf')[0]).toEqual([-inf, 4]);
  });

  it.each<[string, string, RegExp]>([
    ['L', 'le -inf', /line 12: no number is <= -Infinity, which "le" asks for/],
    ['G', 'ge inf', /line 12: no number is >= Infinity, which "ge" asks for/],
    ['E', 'eq inf', /line 12: no number is = Infinity, which "eq" asks for/],
    ['E', 'eq -1e31', /line 12: no number is = -1e\+31, which "eq" asks for/],
    ['L with a range', 'le inf\nRANGES\n g le 3', /the row "le" has a range, but its right-hand side is infinite/],
  ])('refuses an infinite side that no number has, of a row %s', (_, side, message) => {
    expect(() => rest(`RHS\n r ${side}`)).toThrow(message);
  });

  it.each(['NAME m\n', '* a comment\n', 'ROWS\n N cost\n L c\n'])('reads a text that begins with a byte order mark and %j', (begin) => {
    const text = begin.startsWith('ROWS') ? begin : `${begin}ROWS\n N cost\n L c\n`;
    expect(parseMps(`\ufeff${text}COLUMNS\n x cost 1 c 1\nENDATA`).variables).toEqual([column('x', 1)]);
  });

  it.each<[string, string, RegExp]>([
    ['an ideographic blank', ' x\u3000cost 3', /line 4, column 3: U\+3000 looks like a blank; type a space, or leave it out/],
    ['a no-break space', ' x cost\u00a03', /line 4, column 8: U\+00A0 looks like a blank/],
    ['a blank without room', ' x\u200b cost 3', /line 4, column 3: U\+200B/],
    ['a line separator', ' x cost 3\u2028 y cost 4', /line 4, column \d+: U\+2028/],
    ['a minus of mathematics', ' x cost −3', /line 4: "−3" is not a number/],
  ])('refuses %s', (_, line, message) => {
    expect(() => parseMps(`ROWS\n N cost\nCOLUMNS\n${line}\nENDATA`)).toThrow(message);
  });

  it('widens a row by its range: down from L, up from G, towards the sign from E', () => {
    expect(sidesOf('RHS\n r le 4 ge 1\n r eq 2\nRANGES\n g le -3 ge -2\n g eq 5')).toEqual([
      [1, 4],
      [1, 3],
      [2, 7],
    ]);
    expect(sidesOf('RANGES\n g eq -5')[2]).toEqual([-5, 0]);
    expect(sidesOf('RHS\n r eq 2\nRANGES\n g eq 0')[2]).toEqual([2, 2]);
  });

  it.each<[string, [number, number]]>([
    [' UP b x 4', [0, 4]],
    [' LO b x 4', [4, inf]],
    [' FX b x 4', [4, 4]],
    [' FR b x', [-inf, inf]],
    [' MI b x', [-inf, inf]],
    [' MI b x\n UP b x 4', [-inf, 4]],
    [' PL b x', [0, inf]],
    [' BV b x', [0, 1]],
    [' LI b x 2\n UI b x 6', [2, 6]],
    [' UP b x -4', [-inf, -4]], // nothing else said: the column opens below
    [' LO b x 0\n UP b x -4', [0, -4]],
    [' UP b x -4\n LO b x -9', [-9, -4]],
    [' UP b x 1e30', [0, inf]],
    [' LO b x -Inf', [-inf, inf]],
    [' UP x 4', [0, 4]], // the set's name left out
    [' FR x', [-inf, inf]],
    [' BV b x 1', [0, 1]], // a value where none is needed
    [' up b x 4', [0, 4]],
  ])('reads the bound%s', (lines, bounds) => {
    expect(boundsOf(lines)).toEqual(bounds);
  });

  it('takes an integer column without any bound as binary', () => {
    const text = (bounds: string) =>
      `ROWS\n N o\nCOLUMNS\n M 'MARKER' 'INTORG'\n x o 1\n y o 1\n M 'MARKER' 'INTEND'\n z o 1\nBOUNDS\n${bounds}ENDATA`;
    expect(parseMps(text(' PL b y\n')).variables).toEqual([column('x', 1, 0, 1, true), column('y', 1, 0, inf, true), column('z', 1)]);
  });

  it('takes right-hand sides without the name of a set', () => {
    expect(sidesOf('RHS\n le 4\n ge 1 eq 2')).toEqual([
      [-inf, 4],
      [1, inf],
      [2, 2],
    ]);
  });

  it('takes the sense on the heading’s line, an objective by name, and lazy rows', () => {
    const text = 'NAME\nOBJSENSE MAXIMIZE\nOBJNAME b\nROWS\n N a\n N b\nLAZYCONS\n L c\nCOLUMNS\n x a 1 b 2\n x c 1\nRHS\n RHS c 4\nENDATA';
    expect(parseMps(text)).toEqual(model('max', [column('x', 2)], [row('c', -inf, [[0, 1]], 4)]));
  });

  it("takes the sense from PuLP's comment, unless a section says it", () => {
    const text = (sections: string) => `*SENSE:Maximize\nNAME MODEL\n${sections}ROWS\n N OBJ\nCOLUMNS\n x OBJ 1\nENDATA`;
    expect(parseMps(text('')).sense).toBe('max');
    expect(parseMps(text('OBJSENSE\n MIN\n')).sense).toBe('min');
  });

  it('reads fixed format, with names that hold spaces', () => {
    const text = [
      'NAME          TEST',
      'ROWS',
      ' N  COST',
      ' L  LIM 1',
      ' G  MY EQN',
      'COLUMNS',
      '    X ONE     COST               1.0   LIM 1              1.0',
      '    X ONE     MY EQN             2.0',
      "    MARK0000  'MARKER'                 'INTORG'",
      '    Y TWO     COST               2.0   MY EQN            -1.0',
      "    MARK0001  'MARKER'                 'INTEND'",
      'RHS',
      '    RHS       LIM 1              4.0   MY EQN             1.0',
      'BOUNDS',
      ' UP BND       X ONE              4.0',
      ' UP BND       Y TWO              9.0',
      'ENDATA',
    ].join('\n');
    const read = parseMps(text);
    expect(read.variables).toEqual([column('X ONE', 1, 0, 4), column('Y TWO', 2, 0, 9, true)]);
    expect(read.constraints).toEqual([
      row('LIM 1', -inf, [[0, 1]], 4),
      row(
        'MY EQN',
        1,
        [
          [0, 2],
          [1, -1],
        ],
        inf,
      ),
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['prose', 'hello world', /line 1: "hello" is not a section/],
    ['nothing', '', /does not finish with ENDATA/],
    ['a text that is cut off', head, /line \d+: the text does not finish with ENDATA; is it cut off\?/],
    ['an unknown row', `${head} y nothing 2\nENDATA`, /line 11: "nothing" is not a row/],
    ['a word for a number', `${head} z cost three\nENDATA`, /line 11: "three" is not a number/],
    ['a number that is none', `${head} z cost 0x10\nENDATA`, /line 11: "0x10" is not a number/],
    ['NaN', `${head} z cost NaN\nENDATA`, /line 11: "NaN" is not a number/],
    ['a half pair', `${head} z cost 1 le\nENDATA`, /line 11: the line has 4 fields/],
    ['an entry twice', `${head} y cost 5\nENDATA`, /line 11: the column "y" has two entries in "cost"/],
    ['a column in two places', `${head} x le 5\nENDATA`, /line 11: the column "x" goes on after another/],
    ['a row twice', 'ROWS\n N o\n L c\n G c\nENDATA', /line 4: the row "c" stands twice/],
    ['an unknown type of row', 'ROWS\n N o\n Q c\nENDATA', /line 3: "Q" is not a type of row/],
    ['an unknown bound', `${head}BOUNDS\n XX b x 1\nENDATA`, /line 12: "XX" is not a type of bound/],
    ['a bound of nothing', `${head}BOUNDS\n UP b q 1\nENDATA`, /line 12: "q" is not a column/],
    ['two sets of bounds', `${head}BOUNDS\n UP b x 1\n UP c y 1\nENDATA`, /line 13: BOUNDS holds two sets, "b" and "c"/],
    ['two sets of right-hand sides', `${head}RHS\n a le 1\n b ge 1\nENDATA`, /line 13: RHS holds two sets/],
    ['special ordered sets', `${head}SOS\n S1 s\nENDATA`, /line 11: special ordered sets \(SOS\) cannot be taken/],
    ['a quadratic objective', `${head}QUADOBJ\n x x 1\nENDATA`, /line 11: a quadratic objective \(QUADOBJ\)/],
    ['an indicator that is not binary', `${head}INDICATORS\n IF le x 1\nENDATA`, /line 12: "x" decides over a row and has to be binary/],
    ['a broken indicator', `${head}INDICATORS\n IF le x 2\nENDATA`, /line 12: an indicator constraint reads "IF row column 1"/],
    ['sections out of order', 'COLUMNS\n x c 1\nENDATA', /line 1: COLUMNS stands before ROWS/],
    ['an objective that is no free row', 'OBJNAME q\nROWS\n N o\nCOLUMNS\n x o 1\nENDATA', /the objective "q" is not a row of type N/],
    ['a model without variables', 'ROWS\n N o\nCOLUMNS\nENDATA', /no variables/],
    ['an unknown sense', 'OBJSENSE\n UPWARDS\nROWS\nENDATA', /line 2: "UPWARDS" is not a sense of an objective/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseMps(text)).toThrow(message);
    expect(() => parseMps(text)).toThrow(expect.objectContaining({ code: 'E_DATA' }));
  });
});

describe('written models', () => {
  let highs: SolverBackend & HighsReader;
  beforeAll(async () => {
    highs = await createHighs();
  });
  afterAll(() => highs.close());

  /** Models whose bounds and coefficients use the whole range of doubles; rows may be open on both sides. */
  const wideModels = randomModels().chain((m) =>
    fc
      .record({
        scale: fc.double({ min: 1e-7, max: 1e7, noNaN: true }),
        width: fc.double({ min: 1e-7, max: 1e9, noNaN: true }),
        open: fc.boolean(),
        named: fc.boolean(),
      })
      .map(({ scale, width, open, named }) => ({
        ...m,
        offset: m.offset * scale,
        variables: m.variables.map((v) => ({ ...v, cost: v.cost * scale })),
        constraints: m.constraints.map((c, i) => ({
          ...c,
          name: named ? c.name : '',
          coefficients: c.coefficients.map((a) => a * scale),
          lower: open && i === 0 ? -inf : c.lower,
          upper: open && i === 0 ? inf : c.lower !== c.upper && c.lower !== -inf && c.upper !== inf ? c.lower + width : c.upper,
        })),
      })),
  );
  const named = (m: LinearModel): LinearModel => ({
    ...m,
    constraints: m.constraints.map((c, i) => ({ ...c, name: c.name === '' ? `r${i}` : c.name })),
  });

  it('come back from LP text as they were', () => {
    fc.assert(
      fc.property(wideModels, (m) => {
        expect(parseLp(writeLp(m, { flavor: 'cplex' }))).toEqual(m);
      }),
      { numRuns: 500 },
    );
  });

  it('come back from MPS text as they were', () => {
    fc.assert(
      fc.property(wideModels, (m) => {
        const written = writeMps(m);
        // A range without an exact width becomes two rows.
        const numRows = (written.match(/_upper/g) ?? []).length;
        if (numRows > 0) return;
        expect(parseMps(written)).toEqual(named(m));
      }),
      { numRuns: 500 },
    );
  });

  it('are read by HiGHS from MPS text as they were', () => {
    fc.assert(
      fc.property(randomModels(), (m) => {
        expect(highs.readByHighs('mps', writeMps(m))).toEqual(m);
      }),
      { numRuns: 300 },
    );
  });

  it('keep a range to the last bit, at the price of a second row', () => {
    const awkward = model('min', [column('x', 1)], [row('c', -0.1, [[0, 1]], 0.30000000000000004), row('d', 1e-17, [[0, 1]], 1)]);
    const read = parseMps(writeMps(awkward));
    for (const [i, { lower, upper }] of awkward.constraints.entries()) {
      const mine = read.constraints.filter((c) => c.name.startsWith(awkward.constraints[i]?.name ?? ''));
      expect(Math.max(...mine.map((c) => c.lower))).toBe(lower);
      expect(Math.min(...mine.map((c) => c.upper))).toBe(upper);
    }
  });

  it('get names that MPS text can hold', () => {
    const names = ['a b', '', "'x'", '$', 'a_b', 'obj'];
    const odd = model(
      'min',
      names.map((name) => column(name, 1)),
      names.map((name, j) => row(name, j, [[j, 1]], inf)),
    );
    const read = parseMps(writeMps(odd));
    expect(new Set(read.variables.map((v) => v.name)).size).toBe(names.length);
    expect(read.constraints.map((c) => c.lower)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
