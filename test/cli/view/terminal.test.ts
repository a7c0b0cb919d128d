import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wantsColor } from '../../../src/cli/io.ts';
import { createReporter, stepLine } from '../../../src/cli/view/terminal.ts';
import { compactNumber, duration, percent, shownLength, sparkline, textTable } from '../../../src/cli/view/terminal-text.ts';
import { fakeIo } from '../fake-io.ts';

const figures = {
  step: 3,
  steps: 40,
  reward: 0.4567,
  accuracy: 0.5,
  entropy: 0.123,
  kl: 0.0021,
  groupsKept: 9,
  groupsSampled: 24,
  programsPerSecond: 210.4,
  tokensPerSecond: 15_300,
};

describe('stepLine', () => {
  it('tells a step in one line', () => {
    expect(stepLine(figures, 125)).toBe(
      'step  3/40  reward 0.457  right 50.0 %  entropy 0.123  KL 0.0021  groups 9/24  210 programs/s  15.3k tokens/s  2 min 05 s left',
    );
  });

  it('leaves out what a step does not have', () => {
    expect(stepLine({ step: 1, steps: 1, loss: 1.5 }, 0)).toBe('step 1/1  loss 1.5000  0 s left');
  });
});

describe('a reporter', () => {
  it('writes plain lines without a terminal', () => {
    const io = fakeIo();
    const reporter = createReporter(io);
    reporter.progress('evaluating 1/2');
    io.wait(30_000);
    reporter.step(figures);
    reporter.warn('entropy is low');
    reporter.close();
    expect(io.err()).toBe(`${stepLine(figures, 30 * 37)}\nwarning entropy is low\n`);
    expect(io.out()).toBe('');
  });

  it('redraws one line on a terminal, cut to its width, with remarks above it', () => {
    const io = fakeIo({ isTerminal: true, columns: 40 });
    const reporter = createReporter(io);
    reporter.step(figures);
    reporter.info('checkpoint 10');
    reporter.step({ ...figures, step: 4 });
    reporter.close();
    const lines = io.err().split('\r\u001b[2K');
    expect(lines.slice(1, -1).map((line) => line.split('\n')[0])).toEqual([
      expect.stringMatching(/^▁ step {2}3\/40 {2}reward 0\.457.*…$/),
      'checkpoint 10',
      expect.stringMatching(/^▁▁ step {2}4\/40/),
    ]);
    for (const line of io
      .err()
      .split('\r\u001b[2K')
      .flatMap((part) => part.split('\n')))
      expect(shownLength(line)).toBeLessThan(40);
    expect(lines.at(-1)).toBe('');
  });

  it('counts the time left from the first step that it saw, so that a resumed run is told right', () => {
    const io = fakeIo();
    const reporter = createReporter(io);
    io.wait(10_000);
    reporter.step({ step: 31, steps: 40 });
    expect(io.err()).toContain('1 min 30 s left');
  });

  it('shows no table of before and after when nothing was evaluated', () => {
    const io = fakeIo();
    createReporter(io).summary({ title: '3 steps of grpo', rows: [], runDirectory: 'runs/x' });
    const text = io.err();
    expect(text).toContain('3 steps of grpo');
    expect(text).toContain('run directory  runs/x');
    expect(text).not.toContain('before');
  });

  it('keeps warnings and the summary when quiet', () => {
    const io = fakeIo();
    const reporter = createReporter(io, { quiet: true });
    reporter.info('hello');
    reporter.step(figures);
    reporter.warn('careful');
    expect(io.err()).toBe('warning careful\n');
  });

  it('ends with before and after, and where the run is', () => {
    const io = fakeIo();
    createReporter(io).summary({
      title: 'held_out, 200 problems, judge sirl',
      rows: [
        { name: 'pass@1', before: 0.31, after: 0.525, pValue: 0.00001 },
        { name: 'identical', before: null, after: 0.4 },
      ],
      runDirectory: 'runs/quickstart-1',
    });
    expect(io.err()).toBe(`
held_out, 200 problems, judge sirl
             before   after        change        p
  pass@1     31.0 %  52.5 %  +21.5 points  <0.0001
  identical       -  40.0 %

run directory  runs/quickstart-1
`);
  });
});

describe('textTable', () => {
  it('aligns its columns, colours not counted', () => {
    const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
    expect(
      textTable([
        ['a', 'b'],
        ['long', red('1')],
      ]).map(shownLength),
    ).toEqual([7, 7]);
  });

  it('gives every full row the same width', () => {
    const rows = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{0,8}$/), fc.stringMatching(/^[a-z]{1,8}$/)), { minLength: 1 });
    fc.assert(fc.property(rows, (cells) => new Set(textTable(cells).map((line) => line.length)).size === 1));
  });
});

describe('sparkline', () => {
  it('rises from its smallest to its largest value', () => {
    expect(sparkline([0, 1, 2, 3])).toBe('▁▃▆█');
    expect(sparkline([5, 5])).toBe('▁▁');
    expect(sparkline([1, null, 2])).toBe('▁ █');
    expect(sparkline([])).toBe('');
  });

  it('is never wider than asked', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), fc.integer({ min: 1, max: 50 }), (values, width) => {
        expect([...sparkline(values, width)]).toHaveLength(Math.min(values.length, width));
      }),
    );
  });
});

describe('figures', () => {
  it('are short', () => {
    expect([0, 59.4, 61, 7260].map(duration)).toEqual(['0 s', '59 s', '1 min 01 s', '2 h 01 min']);
    expect([7, 9999, 12_345, 4_500_000, Number.NaN].map(compactNumber)).toEqual(['7', '9999', '12.3k', '4.5M', '-']);
    expect([0.314, null, Number.NaN].map(percent)).toEqual(['31.4 %', '-', '-']);
  });
});

describe('colours', () => {
  it('follow NO_COLOR, then FORCE_COLOR, then the terminal', () => {
    expect(wantsColor({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(wantsColor({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColor({}, true)).toBe(true);
    expect(wantsColor({ TERM: 'dumb' }, true)).toBe(false);
    expect(wantsColor({ NO_COLOR: '' }, true)).toBe(true);
    expect(wantsColor({}, false)).toBe(false);
  });
});
