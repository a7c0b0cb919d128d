/** Readers and writers of model text do work in proportion to the text: counted, so that no clock and no load decides. */
import { Session } from 'node:inspector/promises';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { findProgram } from '../../src/dialects/extract.ts';
import { writeLp } from '../../src/solvers/lp-format.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';
import { writeMps } from '../../src/solvers/mps-format.ts';
import { parseMps } from '../../src/solvers/mps-reader.ts';
import { column, inf, model, row } from './models.ts';

/** What the engine does inside one call, by the length that it looks through: no count of our own blocks shows it. */
const scans = [
  ...(['indexOf', 'lastIndexOf', 'includes', 'slice', 'splice', 'concat', 'join', 'shift', 'unshift'] as const).map(
    (name) => [Array.prototype, name] as const,
  ),
  ...(['indexOf', 'lastIndexOf', 'includes', 'slice', 'substring', 'split', 'replace', 'trim', 'toLowerCase'] as const).map(
    (name) => [String.prototype, name] as const,
  ),
];

/** A copy costs what it holds, a search what it has to pass. */
function lengthOf(from: { readonly length: number }, name: string, args: readonly unknown[], result: unknown): number {
  if (/^(?:slice|substring|concat|replace|join)$/.test(name)) return (result as { readonly length: number }).length;
  if (/^(?:lastI|i)ndexOf$/.test(name) && typeof result === 'number' && result >= 0) return Math.abs(result - (Number(args[1]) || 0));
  return from.length;
}

/** Blocks of our code that ran, each as often as it ran, and what native scans looked through. */
async function workOf(job: () => unknown): Promise<number> {
  let scanned = 0;
  const originals = scans.map(([prototype, name]) => {
    const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
    Reflect.set(prototype, name, function (this: { length: number }, ...args: unknown[]) {
      const result = original.apply(this, args);
      scanned += lengthOf(this, name, args, result);
      return result;
    });
    return () => Reflect.set(prototype, name, original);
  });
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    job();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const own = result.filter(({ url }) => url.includes('/src/'));
    const blocks = own.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)));
    expect(blocks.length).toBeGreaterThan(3);
    return scanned + blocks.reduce((sum, count) => sum + count, 0);
  } finally {
    for (const restore of originals) restore();
    await session.post('Profiler.stopPreciseCoverage');
    session.disconnect();
  }
}

/** Work at eight times the size against work at the size: eight where it is linear, 64 where it is quadratic. */
async function growth(job: (size: number) => () => unknown, size = 200): Promise<number> {
  const [small, large] = [job(size), job(8 * size)];
  small(); // what is done once (tables, expressions) has been done
  return (await workOf(large)) / (await workOf(small));
}

const chain = (rows: number): LinearModel =>
  model(
    'min',
    Array.from({ length: rows + 1 }, (_, j) => column(`x${j}`, (j % 7) + 1, 0, j % 3 === 0 ? 9 : inf, j % 2 === 0)),
    Array.from({ length: rows }, (_, i) =>
      row(
        `r${i}`,
        i % 5,
        [
          [i, 1],
          [i + 1, 2],
        ],
        i % 2 === 0 ? inf : 40,
      ),
    ),
  );
const repeated = (rows: number, line: (i: number) => string): string => Array.from({ length: rows }, (_, i) => line(i)).join('\n');
const lp = (rows: number, line: (i: number) => string): string => `Minimize\n obj: x0\nSubject To\n${repeated(rows, line)}\nEnd\n`;

describe('work grows with the text and no faster', () => {
  it.each<[string, (size: number) => () => unknown]>([
    [
      'an LP file',
      (n) => {
        const text = writeLp(chain(n));
        return () => parseLp(text);
      },
    ],
    [
      'an LP file of rows with variables on both sides',
      (n) => {
        const text = lp(n, (i) => ` c${i}: x${i} + 2 >= 3 x${i + 1} - y${i}`);
        return () => parseLp(text);
      },
    ],
    [
      'an LP file of one long row',
      (n) => {
        const text = lp(1, () => ` c: ${repeated(n, (i) => `+ ${i + 1} x${i}`)} >= 1`);
        return () => parseLp(text);
      },
    ],
    [
      'an LP file whose row names one variable again and again',
      (n) => {
        const text = lp(1, () => ` c: ${repeated(n, () => '+ 2 x0')} >= 1`);
        return () => parseLp(text);
      },
    ],
    [
      'an LP file of names with brackets that never close',
      (n) => {
        const text = lp(1, () => ` c: ${repeated(n, (i) => `+ x[${i}`)} >= 1`);
        return () => {
          try {
            parseLp(text);
          } catch {
            /* it need not be a model */
          }
        };
      },
    ],
    [
      'an MPS file',
      (n) => {
        const text = writeMps(chain(n));
        return () => parseMps(text);
      },
    ],
    [
      'writing an LP file',
      (n) => {
        const it = chain(n);
        return () => writeLp(it);
      },
    ],
    [
      'writing an MPS file',
      (n) => {
        const it = chain(n);
        return () => writeMps(it);
      },
    ],
    [
      'a program among many fences',
      (n) => {
        const text = repeated(n, () => '```\nno program\n```');
        return () => findProgram(text, 'python');
      },
    ],
    [
      'a program behind fences that never close',
      (n) => {
        const text = repeated(n, (i) => `${'`'.repeat(3 + (i % 3))}python`);
        return () => findProgram(text, 'python');
      },
    ],
    [
      'a program among reasoning tags in a fence',
      (n) => {
        const text = `${'```python'}\n${repeated(n, () => 'x = "<think>"')}\n${'```'}`;
        return () => findProgram(text, 'python');
      },
    ],
    [
      'a program behind many reasoning elements',
      (n) => {
        const text = repeated(n, () => '<think>\nno\n</think>');
        return () => findProgram(text, 'python');
      },
    ],
    [
      'a program in inline code that never ends',
      (n) => {
        const text = repeated(n, (i) => `${'`'.repeat(1 + (i % 9))} x`);
        return () => findProgram(text, 'python');
      },
    ],
    [
      'a program in code elements that never close',
      (n) => {
        const text = repeated(n, () => '<code>x');
        return () => findProgram(text, 'python');
      },
    ],
  ])('%s', async (_, job) => {
    expect(await growth(job)).toBeLessThan(10);
  });

  it('is told from work that grows as the square', async () => {
    const square = (n: number) => () => {
      const seen: string[] = [];
      for (let i = 0; i < n; i++) if (!seen.includes(`x${i}`)) seen.push(`x${i}`);
      return parseLp(lp(1, () => ' c: x0 >= 1'));
    };
    expect(await growth(square)).toBeGreaterThan(40);
  });
});
