import { describe, expect, it } from 'vitest';
import { extractCode } from '../../src/dialects/extract.ts';

const js = (text: string): string | null => extractCode(text, 'javascript');

describe('extractCode', () => {
  it('takes the last block in the language', () => {
    expect(js('a\n```js\nfirst\n```\nb\n```javascript\nsecond\n```\n```python\nthird\n```\n')).toBe('second');
    expect(extractCode('```js\nfirst\n```\n```python\nsecond\n```', 'python')).toBe('second');
  });

  it('takes the last block of any name that reads as code when none is in the language', () => {
    expect(js('```\nreport(1);\n```\n```lp\nreport(2);\n```\n```\nthird\n```')).toBe('report(2);');
  });

  it('takes the whole text when there is no fence', () => {
    expect(js('  const a = 1;\n  report(a);\n')).toBe('  const a = 1;\n  report(a);');
  });

  it('takes what a code element holds, before any fence, and its own fence off', () => {
    expect(js('```js\nfirst\n```\n<code>\nsecond\n</code>')).toBe('second');
    expect(js('<code>\n```js\nsecond\n```\n</code>')).toBe('second');
    expect(extractCode('<python>x = 1</python>', 'python')).toBe('x = 1');
  });

  it('leaves out reasoning', () => {
    expect(js('<think>\n```js\nfirst\n```\n</think>\nreport(1);')).toBe('report(1);');
    expect(js('opened by the prompt: ```js\nfirst\n```\n</think>\nreport(1);')).toBe('report(1);');
    expect(js('<think>\n```js\ncut off')).toBeNull();
    expect(js('<think>a</think>report(1);<think>b</think>')).toBe('report(1);');
  });

  it('reads a last block that truncation left open', () => {
    expect(js('text\n```js\nconst a = 1;')).toBe('const a = 1;');
    expect(js('<code>const a = 1;')).toBe('const a = 1;');
  });

  it('keeps backticks of the program itself', () => {
    expect(js('```js\nh.solve(`Max\n x\nEnd`);\n```')).toBe('h.solve(`Max\n x\nEnd`);');
    expect(js('````js\n```\n````')).toBe('```');
    expect(js('const h = 1;\nreport(h.solve(`Max\nx\nEnd`));')).toBe('const h = 1;\nreport(h.solve(`Max\nx\nEnd`));');
  });

  it('reads Windows line ends', () => {
    expect(js('```js\r\nreport(1);\r\n```\r\n')).toBe('report(1);');
  });

  it('finds no program in nothing', () => {
    for (const empty of ['', ' \n\t', '```js\n```', '<code> </code>', '```']) expect(js(empty)).toBeNull();
  });
});
