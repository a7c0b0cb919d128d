/** What a difference says: where, what the reference has and what the program has, each in its own words. */
import { parseLp } from 'evom';
import { countDifferences, type Difference, diagnoseModel } from 'evom/modeling';
import { describe, expect, it } from 'vitest';

const diagnose = (program: string, reference: string): Difference[] => diagnoseModel(parseLp(program), parseLp(reference));

describe('the words of a difference', () => {
  it.each([
    ['x <= 9', 'x <= 12', '0 <= x <= 9', '0 <= x <= 12'],
    ['x >= 2', '', '2 <= x', '0 <= x'],
    ['x free', 'x <= 12', 'x', '0 <= x <= 12'],
    ['-inf <= x <= 5', '', 'x <= 5', '0 <= x'],
  ])('of the bounds %s for %s', (ours, theirs, found, expected) => {
    const model = (bounds: string) => `min\n 2 x + 3 y\nst\n x + y >= 1\nbounds\n ${bounds}\nend`;
    expect(diagnose(model(ours), model(theirs))).toEqual([{ kind: 'bound', where: 'x', expected, found }]);
  });

  it('of a type, in either direction', () => {
    const model = (gen: string) => `min\n 2 x + 3 y\nst\n x + y >= 1\n${gen}\nend`;
    const whole = { kind: 'variable_type', where: 'x', expected: 'continuous', found: 'integer' };
    expect(diagnose(model('gen\n x'), model(''))).toEqual([whole]);
    expect(diagnose(model(''), model('gen\n x'))).toEqual([{ ...whole, expected: 'integer', found: 'continuous' }]);
  });

  it.each(['min', 'max'])('of a cost and of a constant under %s, with their signs', (sense) => {
    const model = (objective: string) => `${sense}\n ${objective}\nst\n c: 5 x + y <= 7\n d: x + 8 y <= 9\nend`;
    const cost = { kind: 'objective_coefficient', where: 'y' };
    expect(diagnose(model('3 x + 2 y'), model('3 x + 4 y'))).toEqual([{ ...cost, expected: '4', found: '2' }]);
    expect(diagnose(model('3 x - 4 y'), model('3 x + 4 y'))).toEqual([{ ...cost, expected: '4', found: '-4' }]);
    const constant = { kind: 'objective_constant', where: 'objective' };
    expect(diagnose(model('3 x + 4 y'), model('3 x + 4 y + 7'))).toEqual([{ ...constant, expected: '7', found: '0' }]);
    expect(diagnose(model('3 x + 4 y - 2'), model('3 x + 4 y + 7'))).toEqual([{ ...constant, expected: '7', found: '-2' }]);
  });

  describe('of the objective turned round', () => {
    const model = (objective: string) => `${objective}\nst\n c: 5 x + y <= 7\n d: x + 8 y <= 9\nend`;
    const sense = { kind: 'objective_sense', where: 'objective', expected: 'max', found: 'min' };

    it('tells the sense, once, though there is a constant', () => {
      expect(diagnose(model('min\n 3 x + 2 y + 7'), model('max\n 3 x + 2 y + 7'))).toEqual([sense]);
    });

    it('tells a cost and a constant that are wrong besides', () => {
      expect(diagnose(model('min\n 3 x + 4 y + 7'), model('max\n 3 x + 2 y + 9'))).toEqual([
        sense,
        { kind: 'objective_coefficient', where: 'y', expected: '2', found: '4' },
        { kind: 'objective_constant', where: 'objective', expected: '9', found: '7' },
      ]);
    });

    it('says what was done where the word is the same', () => {
      expect(diagnose(model('max\n - 3 x - 2 y'), model('max\n 3 x + 2 y'))).toEqual([{ ...sense, found: 'max of the negated objective' }]);
    });

    it('is no difference where sense and costs are both turned', () => {
      expect(diagnose(model('min\n - 3 x - 2 y - 7'), model('max\n 3 x + 2 y + 7'))).toEqual([]);
    });
  });

  it.each([
    ['- x + y <= 3', '-x + y <= 3'],
    ['2 x - y + 0.5 z >= 3', '2 x - y + 0.5 z >= 3'],
    ['x + y = 3', 'x + y = 3'],
    ['1 <= x + y <= 3', '1 <= x + y <= 3'],
    ['a + b + c + d + e + f + g + h <= 3', 'a + b + c + d + e + f + 2 more <= 3'],
    ['a + b + c + d + e + f <= 3', 'a + b + c + d + e + f <= 3'],
    ['0.333333333333 x + y <= 3', '0.333333333 x + y <= 3'],
  ])('of the row %s', (row, text) => {
    const objective = 'min\n 2 x + 3 y + 4 z + 5 a + 6 b + 7 c + 8 d + 9 e + 10 f + 11 g + 12 h';
    const common = ' c: 20 x + 21 y + 22 z + 23 a + 24 b + 25 c + 26 d + 27 e + 28 f + 29 g + 30 h >= 100';
    const [without, withRow] = [`${objective}\nst\n${common}\nend`, `${objective}\nst\n${common}\n${row}\nend`];
    expect(diagnose(withRow, without)).toEqual([{ kind: 'extra_constraint', where: text, expected: null, found: text }]);
    expect(diagnose(without, withRow)).toEqual([{ kind: 'missing_constraint', where: text, expected: text, found: null }]);
  });

  it('names a variable that one model lacks, with its row', () => {
    const [small, large] = ['min\n 2 x\nst\n x + y >= 4\nend', 'min\n 2 x + 9 raft\nst\n x + y >= 4\n raft + 7 y <= 3\nend'];
    expect(diagnose(large, small).slice(0, 1)).toEqual([{ kind: 'extra_variable', where: 'raft', expected: null, found: 'raft' }]);
    expect(diagnose(small, large).slice(0, 1)).toEqual([{ kind: 'missing_variable', where: 'raft', expected: 'raft', found: null }]);
  });
});

describe('the rows of a difference', () => {
  const rows = (...list: string[]) => `min\n 2 x + 3 y\nst\n ${list.join('\n ')}\nend`;
  const kinds = (program: string, reference: string) => diagnose(program, reference).map(({ kind }) => kind);

  it('tells the direction of an inequality against the reverse, an equality and a range', () => {
    const [up, down, equal, other] = ['x + 5 y >= 4', 'x + 5 y <= 4', 'x + 5 y = 4', '7 x + y >= 2'];
    const direction = (found: string, expected: string) => [{ kind: 'direction', where: found, expected, found }];
    expect(diagnose(rows(up, other), rows(down, other))).toEqual(direction(up, down));
    expect(diagnose(rows(down, other), rows(up, other))).toEqual(direction(down, up));
    expect(diagnose(rows(equal, other), rows(up, other))).toEqual(direction(equal, up));
    expect(diagnose(rows(equal, other), rows(down, other))).toEqual(direction(equal, down));
    expect(diagnose(rows(up, other), rows(equal, other))).toEqual(direction(up, equal));
    expect(diagnose(rows(down, other), rows(equal, other))).toEqual(direction(down, equal));
  });

  it('tells an equality once, whatever is wrong with its two sides', () => {
    const other = '7 x + y >= 2';
    expect(kinds(rows('x + 5 y = 6', other), rows('x + 5 y = 4', other))).toEqual(['right_hand_side']);
    expect(kinds(rows('x + 6 y = 4', other), rows('x + 5 y = 4', other))).toEqual(['coefficient']);
    expect(kinds(rows('x + 5 y = 4', other), rows(other))).toEqual(['extra_constraint']);
    expect(kinds(rows(other), rows('x + 5 y = 4', other))).toEqual(['missing_constraint']);
  });

  it('tells each of two rows that are wrong alike', () => {
    expect(kinds(rows('x + 5 y >= 6', '7 x + y >= 3'), rows('x + 5 y >= 4', '7 x + y >= 2'))).toEqual([
      'right_hand_side',
      'right_hand_side',
    ]);
  });

  it('takes one turned sign for a wrong coefficient, and all of them for the direction', () => {
    const other = '7 x + y >= 2';
    expect(kinds(rows('- x + 5 y >= 4', other), rows('x + 5 y >= 4', other))).toEqual(['coefficient']);
    expect(kinds(rows('- x - 5 y >= 4', other), rows('x + 5 y >= 4', other))).toEqual(['direction']);
    expect(kinds(rows('- x + 5 y >= 0', other), rows('x + 5 y >= 0', other))).toEqual(['coefficient']);
    expect(kinds(rows('x + 5 y <= 0', other), rows('x + 5 y >= 0', other))).toEqual(['direction']);
  });

  it('takes a term too many and a term too few for a wrong coefficient', () => {
    const model = (row: string) => `min\n 2 x + 3 y + 4 z\nst\n ${row}\n 7 x + 6 y + 5 z >= 1\nend`;
    expect(kinds(model('x + 5 y + 2 z >= 4'), model('x + 5 y >= 4'))).toEqual(['coefficient']);
    expect(kinds(model('x + 5 y >= 4'), model('x + 5 y + 2 z >= 4'))).toEqual(['coefficient']);
  });
});

it('counts how many models have at least one difference of a kind', () => {
  const one = (kind: Difference['kind']): Difference => ({ kind, where: 'x', expected: null, found: null });
  expect(countDifferences([[one('bound'), one('bound'), one('direction')], [], [one('bound')]])).toEqual({ bound: 2, direction: 1 });
});
