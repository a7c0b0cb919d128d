import { describe, expect, it } from 'vitest';
import { programSource } from '../../src/sandbox/program-source.ts';

describe('programSource', () => {
  it('wraps a script on its first line, so that lines keep their numbers', () => {
    const { kind, text } = programSource('const a = 1;\nreport(a);');
    expect(kind).toBe('function');
    expect(text.split('\n')[0]).toContain('const a = 1;');
    expect(text.split('\n')[1]).toBe('await report(a);');
  });

  it('runs a program with imports or exports as a module', () => {
    expect(programSource('import loadHighs from "highs";\nloadHighs();').kind).toBe('module');
    expect(programSource('export const a = 1;').kind).toBe('module');
    expect(programSource('const h = (await import("highs")).default;').kind).toBe('function');
  });

  it('awaits a last call, so that a rejected main function is seen', () => {
    expect(programSource('async function main() {}\nmain();').text).toContain('\nawait main();');
    expect(programSource('(async () => {\n  f();\n})();').text).toContain('{await (async () => {');
    expect(programSource('const x = 1;\n(async () => {\n  f();\n})().catch(console.error);').text).toContain('\nawait (async');
  });

  it('leaves other last lines alone', () => {
    for (const code of ['if (a) { f(); }', 'while(x()) y();', 'const a = f();', '}', 'return(1);', '']) {
      expect(programSource(code).text).not.toContain('await');
    }
  });
});
