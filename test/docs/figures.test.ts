/** Guide pages say how to do a task; what was measured belongs into docs/lab. A few figures with a unit are limits and settings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const guide = fileURLToPath(new URL('../../docs/guide/', import.meta.url));

/** A number and its unit of share, time, size or information, outside of code. */
const figure =
  /(?<![\w.,-])[\d.,]*\d\s?(?:%|(?:percent|points?|ms|s|seconds?|min|minutes?|hours?|kB|MB|GB|KiB|MiB|GiB|nats|tokens\/s|tokens a second|times (?:as|faster|slower))(?![\w-]))/g;

function figuresIn(text: string): { readonly words: number; readonly figures: readonly string[] } {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`]*`/g, 'code');
  return {
    words: prose.split(/\s+/).filter((word) => /\w/.test(word)).length,
    figures: [...prose.matchAll(figure)].map(([found]) => found),
  };
}

describe('the guide', () => {
  const pages = readdirSync(guide).map((name) => ({ name, ...figuresIn(readFileSync(join(guide, name), 'utf8')) }));

  it('has fewer than 3 figures with a unit in 1,000 words', () => {
    const words = pages.reduce((sum, page) => sum + page.words, 0);
    const figures = pages.flatMap((page) => page.figures);
    expect(words).toBeGreaterThan(5_000);
    expect((1000 * figures.length) / words, figures.join(', ')).toBeLessThan(3);
  });

  it.each(pages)('$name has fewer than 8, so that no page is a laboratory', ({ words, figures }) => {
    expect((1000 * figures.length) / words, figures.join(', ')).toBeLessThan(8);
  });

  it('figures are told from settings and names', () => {
    expect(figuresIn('It took 14.9 s and 3 MB (95 %), `32 MiB`, vLLM 0.32.0, 4 problems, 7B, 10 steps').figures).toEqual([
      '14.9 s',
      '3 MB',
      '95 %',
    ]);
  });
});
