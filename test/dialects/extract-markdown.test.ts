/** Programs are found in Markdown as CommonMark has it and as people and models write it. */
import { createRequire } from 'node:module';
import { Parser } from 'commonmark';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from '../../src/dialects/code-blocks.ts';
import { extractCode, findProgram } from '../../src/dialects/extract.ts';
import { inferDialect } from '../../src/dialects/infer.ts';
import { dialectByName, dialectNames, simulatorNames } from '../../src/dialects/registry.ts';
import { parseLp } from '../../src/solvers/lp-reader.ts';

const spec = createRequire(import.meta.url)('commonmark-spec') as {
  readonly tests: readonly { readonly markdown: string; readonly number: number; readonly section: string }[];
};

const program = `import gurobipy as gp

m = gp.Model("kiln")
for name, limit in [("cups", 30), ("bowls", 18)]:
    x = m.addVar(name=name, ub=limit)
    if limit > 20:
        m.addConstr(2 * x <= 50)
m.optimize()
print(m.ObjVal)`;
const js =
  'const h = await require("highs")();\nreport(h.solve(`Max\n 5 cups + 7 bowls\nst\n 2 cups + 3 bowls <= 50\nEnd`).ObjectiveValue);';
const inside = (prefix: string, text = program): string => text.replace(/^/gm, prefix);
const python = (text: string): string | null => extractCode(text, 'python');

describe('a program in a fence', () => {
  it.each([
    ['in a list', `- Code\n  \`\`\`python\n${inside('  ')}\n  \`\`\``],
    ['in a numbered list', `1. Model it.\n\n   \`\`\`python\n${inside('   ')}\n   \`\`\`\n\n2. Done.`],
    ['in a wide list', `10. Model it.\n\n    \`\`\`python\n${inside('    ')}\n    \`\`\``],
    ['behind a list marker', `- \`\`\`python\n${inside('  ')}\n  \`\`\`\n- Next.`],
    ['behind a tab', `- Code\n\t\`\`\`python\n${inside('\t')}\n\t\`\`\``],
    ['of spaces, in a list behind a tab', `- Code\n\t\`\`\`python\n${inside('    ')}\n\t\`\`\``],
    ['four blanks in, outside any list', `Code:\n    \`\`\`python\n${inside('    ')}\n    \`\`\``],
    ['in a list, the program itself at the left', `1. Code:\n   \`\`\`python\n${program}\n   \`\`\``],
    ['in a quote', `> Code:\n>\n> \`\`\`python\n${inside('> ')}\n> \`\`\`\n\nDone.`],
    ['in a quote without blanks', `>\`\`\`python\n${inside('>')}\n>\`\`\``],
    ['in a quote whose blank lines have no mark', `> \`\`\`python\n${inside('> ').replace('\n> \n', '\n\n')}\n> \`\`\``],
    ['in a quote behind a tab', `>\t\`\`\`python\n${inside('>\t')}\n>\t\`\`\``],
    ['under a fence that alone is quoted', `> \`\`\`python\n${program}\n\`\`\``],
    ['with a byte order mark inside', `\`\`\`python\n\uFEFF${program}\n\`\`\``],
    ['before a snippet in an element', `\`\`\`python\n${program}\n\`\`\`\n<code>\nm.optimize()\n</code>\n<code>import gurobipy</code>`],
    ['before the answer in an element', `\`\`\`python\n${program}\n\`\`\`\n<answer>\n260 (at 4, 5)\n</answer>`],
    ['in a quote that ends first', `> \`\`\`python\n${inside('> ')}\n\nThat is all.`],
    ['in a list in a quote in a quote', `> > 1. Code\n> >    \`\`\`python\n${inside('> >    ')}\n> >    \`\`\``],
    ['behind text', `The program: \`\`\`python\n${program}\n\`\`\``],
    ['behind text with code in it', `With \`m\` as the model:\`\`\`python\n${program}\n\`\`\``],
    ['without a name behind text', `The program: \`\`\`\n${program}\n\`\`\``],
    ['behind text in a list', `2. The program: \`\`\`python\n${inside('   ')}\n   \`\`\``],
    ['glued to its closing fence', `\`\`\`python\n${program}\`\`\`\nIt prints 260.`],
    ['glued to its closing fence, with another block behind', `\`\`\`python\n${program}\`\`\`\nOutput:\n\`\`\`text\n260\n\`\`\``],
    ['with text behind the closing fence', `\`\`\`python\n${program}\n\`\`\` This prints 260.`],
    ['closed by its opening again', `\`\`\`python\n${program}\n\`\`\`python`],
    ['closed by its opening again, with text behind', `\`\`\`python\n${program}\n\`\`\`python\nThe optimum is 260.\n`],
    ['on the line of its fence', `\`\`\`python ${program}\n\`\`\``],
    ['of tildes', `~~~python\n${program}\n~~~`],
    ['of four', `\`\`\`\`python\n${program}\n\`\`\`\``],
    ['with attributes', `\`\`\`{.python .numberLines}\n${program}\n\`\`\``],
    ['with a file name', `\`\`\`python:kiln.py\n${program}\n\`\`\``],
    ['named after the library, before its output', `\`\`\`gurobipy\n${program}\n\`\`\`\n\`\`\`text\nOptimal objective 260\n\`\`\``],
    ['without a name, before its output', `\`\`\`\n${program}\n\`\`\`\nOutput:\n\`\`\`\nOptimal objective 260\n\`\`\``],
    ['never closed', `Here:\n\`\`\`python\n${program}`],
    ['in Markdown in a longer fence', `\`\`\`\`markdown\n# Kiln\n\`\`\`python\n${program}\n\`\`\`\n\`\`\`\``],
    ['in Markdown in a fence as long', `\`\`\`markdown\n# Kiln\n\`\`\`python\n${program}\n\`\`\`\n\`\`\``],
    ['before inline code', `\`\`\`python\n${program}\n\`\`\`\nHere <code>m.optimize()</code> solves it.`],
    [
      'before inline code that begins a line',
      `\`\`\`python\n${program}\n\`\`\`\n<code>m.optimize()</code> solves it.\n- <code>m</code>\n\n<code>print(m.ObjVal)</code>`,
    ],
    [
      'before a snippet and a command',
      `\`\`\`python\n${program}\n\`\`\`\nTo print:\n\`\`\`python\nprint(m.ObjVal)\n\`\`\`\n\`\`\`bash\npython kiln.py\n\`\`\``,
    ],
    ['with a byte order mark', `\uFEFF\`\`\`python\n${program}\n\`\`\``],
    ['with the line ends of Windows', `Code:\n\`\`\`python\n${program}\n\`\`\`\n`.replaceAll('\n', '\r\n')],
    ['after reasoning with drafts', `<think>\n\`\`\`python\nimport gurobipy\n\`\`\`\n</think>\n\`\`\`python\n${program}\n\`\`\``],
    [
      'after reasoning that speaks of its tag',
      `<think>The <think> part ends with </think> and then code.\n</think>\n\`\`\`python\n${program}\n\`\`\``,
    ],
    ['before text that speaks of reasoning', `\`\`\`python\n${program}\n\`\`\`\nI left out <think> here.`],
  ])('is found %s', (_, text) => {
    expect(python(text)).toBe(program);
  });

  it.each(['</think>', '<think>'])('is whole where it writes %s', (tag) => {
    const writes = `${program}\nnote = '''\n${tag}\n'''\nprint('${tag}')`;
    expect(python(`\`\`\`python\n${writes}\n\`\`\`\nDone.`)).toBe(writes);
  });

  it('keeps fences in its strings and comments', () => {
    const documented = `"""Run it:\n\`\`\`\npython kiln.py\n\`\`\`\n"""\n${program}`;
    expect(python(`\`\`\`python\n${documented}\n\`\`\`\nDone.`)).toBe(documented);
    expect(python(documented)).toBe(documented);
    const commented = `/*\n\`\`\`\nnode kiln.js\n\`\`\`\n*/\n${js}`;
    expect(extractCode(`\`\`\`js\n${commented}\n\`\`\``, 'javascript')).toBe(commented);
    const marked = `${program}  # ends with \`\`\`\nprint(1)`;
    expect(python(`\`\`\`python\n${marked}\n\`\`\``)).toBe(marked);
    // A string that nothing closes protects no fence: the block ends where CommonMark ends it.
    expect(python('```python\nx = """\n```\nText.\n```text\n1\n```')).toBe('x = """');
  });

  it('is the second where both are whole, and the closed one before an open remark', () => {
    expect(python(`\`\`\`python\nimport pulp\n\`\`\`\nBetter:\n\`\`\`python\n${program}\n\`\`\``)).toBe(program);
    expect(python(`\`\`\`python\nimport pulp\n\`\`\`python\n${program}\n\`\`\``)).toBe(program);
  });

  it('is told from what is named otherwise by the library that it loads', () => {
    expect(python(`\`\`\`text\n${program}\n\`\`\`\n\`\`\`json\n{"cups": 4}\n\`\`\``)).toBe(program);
    expect(python(`\`\`\`js\n${js}\n\`\`\`\n\`\`\`python\n${program}\n\`\`\``)).toBe(program);
    expect(extractCode(`\`\`\`js\n${js}\n\`\`\`\n\`\`\`python\n${program}\n\`\`\``, 'javascript')).toBe(js);
  });
});

describe('the dialect', () => {
  it.each([
    ['gurobipy', 'import gurobipy as gp'],
    ['gurobipy', 'import os, gurobipy as gp'],
    ['coptpy', 'import numpy as np , os.path,coptpy'],
    ['pulp', 'import sys; from pulp import *'],
    ['highspy', 'try: import highspy\nexcept ImportError: raise'],
    ['ortools', 'def main():\n    import math, ortools.sat.python.cp_model as cp'],
    [null, 'import numpy as gurobipy_free'],
    [null, 'import os, sys\nprint("gurobipy")'],
  ])('is %s where a program begins: %s', (dialect, text) => {
    expect(inferDialect(text)).toBe(dialect);
  });
});

describe('a program in an element', () => {
  it.each([
    ['on lines of its own', `<code>\n${program}\n</code>`],
    ['after a draft in a fence', `\`\`\`python\nimport pulp\n\`\`\`\n<code>\n${program}\n</code>`],
    ['behind text', `The program: <code>${program}</code>.`],
    ['after its tag was spoken of', `It stands in <code> tags:\n<code>\n${program}\n</code>`],
    ['with attributes', `<pre><code class="language-python">\n${program}\n</code></pre>`],
    ['in a list', `1. Code\n   <code>\n${inside('   ')}\n   </code>`],
    ['with a fence inside', `<python>\n\`\`\`python\n${program}\n\`\`\`\n</python>`],
    ['never closed', `<code>\n${program}`],
    ['called an answer', `<think>so</think>\n<answer>\n${program}\n</answer>`],
    ['called a solution, in a fence', `<solution>\n\`\`\`\n${program}\n\`\`\`\n</solution>`],
  ])('is found %s', (_, text) => {
    expect(python(text)).toBe(program);
  });

  it('does not begin in a string of the program', () => {
    const printing = `${program}\nprint("<code>x</code>")`;
    expect(python(`\`\`\`python\n${printing}\n\`\`\``)).toBe(printing);
  });
});

describe('a program without marks', () => {
  it('is the whole text, its slips included', () => {
    expect(python(program)).toBe(program);
    expect(extractCode(js, 'javascript')).toBe(js);
    const slipped = program.replace('import', 'improt').replace('print(', 'print((');
    expect(python(slipped)).toBe(slipped);
  });

  it('is found in every dialect, bare and beside its output', () => {
    const model = parseLp('max\n 5 cups + 7 bowls\nst\n 2 cups + 3 bowls <= 50\n cups - bowls >= 2\nbounds\n bowls <= 9\ngen\n cups\nend');
    for (const { name, language, render } of [...dialectNames, ...simulatorNames].map(dialectByName)) {
      const code = render(model);
      expect([name, extractCode(code, language)]).toEqual([name, code]);
      const text = `It is this:\n\`\`\`\n${code}\n\`\`\`\nand prints\n\`\`\`text\n(117.67)\n\`\`\``;
      expect([name, extractCode(text, language)]).toEqual([name, code]);
    }
  });

  it('stays a program whatever sign is left out', () => {
    for (const [text, language] of [
      [program, 'python'],
      [js, 'javascript'],
    ] as const)
      for (let i = 0; i < text.length; i++) expect(extractCode(text.slice(0, i) + text.slice(i + 1), language)).not.toBeNull();
  });

  it('is an indented block between prose, as CommonMark has it', () => {
    expect(python(`The program is this:\n\n${inside('    ')}\n\nIt prints the optimum.`)).toBe(program);
    const nested = 'def main():\n\n    import gurobipy as gp\n    gp.Model().optimize()\n\nmain()';
    expect(python(nested)).toBe(nested);
  });

  it('is not guessed at between lines of prose', () => {
    expect(python(`Here is the program:\n${program}`)).toContain('Here is');
  });
});

describe('findProgram', () => {
  it('says whether the text ended inside the program', () => {
    expect(findProgram(`\`\`\`python\n${program}\n\`\`\``, 'python')).toEqual({ code: program, isOpen: false });
    expect(findProgram(`\`\`\`python\n${program}`, 'python')).toEqual({ code: program, isOpen: true });
    expect(findProgram(`<code>\n${program}`, 'python')).toEqual({ code: program, isOpen: true });
    expect(findProgram(program, 'python')).toEqual({ code: program, isOpen: false });
  });

  it('takes no time that grows with the square of a hostile text', () => {
    const began = process.cpuUsage().user;
    const quarter = (text: string): string => text.repeat(Math.ceil(2 ** 15 / text.length));
    for (const text of [
      '<think>',
      '</think>',
      '<code>',
      '<code>\n',
      '```\n',
      '```python\n',
      '> ',
      '- ',
      '"""\n```\n',
      '`',
      '    import gurobipy\n\n',
      '(',
      '\\',
    ])
      for (const head of ['', '```python\n"""\n', 'import gurobipy\n"""\n']) findProgram(head + quarter(text), 'python');
    // 45 texts of 32,768 characters and more.
    expect((process.cpuUsage().user - began) / 1e6).toBeLessThan(20);
  });
});

describe('codeBlocks, beside the reference parser of CommonMark', () => {
  const parser = new Parser();
  const reference = (text: string): string[] => {
    const found: string[] = [];
    const walker = parser.parse(text).walker();
    for (let step = walker.next(); step !== null; step = walker.next()) {
      const { type, literal } = step.node;
      const isFenced = (step.node as unknown as { readonly _isFenced?: boolean })._isFenced === true;
      if (step.entering && type === 'code_block' && isFenced) found.push((literal ?? '').replace(/\n+$/, ''));
    }
    return found;
  };
  const ours = (text: string): string[] =>
    codeBlocks(text.replace(/\n+$/, ''), 'python', () => false)
      .filter(({ kind }) => kind === 'fence')
      .map(({ code }) => code.replace(/\n+$/, ''));

  /** Examples of the specification whose marks mean another thing to us, on purpose. */
  const otherwise: Readonly<Record<number, string>> = {
    132: 'a block whose first line stands further left than its fence keeps its own indentation',
    134: 'four blanks in is a fence too: outside lists models write it so',
    137: 'a closing fence may stand further right than its opening',
    237: 'a quote whose next line is not in it holds no block',
    147: 'text behind a fence closes the block',
    161: 'a fence counts right under an HTML element',
    182: 'CDATA is a place for the program',
    629: 'CDATA is one in a sentence too, though nothing there is taken for code',
  };

  it('finds the fenced blocks of the specification', () => {
    const differing = spec.tests.filter(({ markdown }) => {
      const text = markdown.replaceAll('→', '\t');
      return JSON.stringify(ours(text)) !== JSON.stringify(reference(text));
    });
    expect(spec.tests).toHaveLength(652);
    expect(differing.map(({ number }) => number)).toEqual(Object.keys(otherwise).map(Number));
  });

  it('gives back a program byte for byte from any depth of lists and quotes', () => {
    const statement = fc.constantFrom(
      'm = 4',
      'print(f"{cups} > 3")  # - no list',
      'm.addConstr(ß <= 3)',
      '',
      '# > no quote',
      "s = '- a'",
      '\treturn 1',
      '- 3',
      '* 2',
      '> 3',
      '1. / x',
      's = """One\n```\ntwo\n"""',
      's = "<code>"',
    );
    const programs = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 3 }), statement), { maxLength: 12 })
      .map((lines) =>
        ['import pulp', ...lines.map(([depth, text]) => (text === '' ? '' : '    '.repeat(depth) + text)), 'print(1)'].join('\n'),
      );
    const prose = fc.constantFrom(
      '',
      'Solve it.',
      'Use `x` and **y**:',
      '| a | b |\n|---|---|',
      '# Model\n\nText <b>bold</b>.',
      '$x \\le 3$',
    );
    const document = fc.record({
      code: programs,
      containers: fc.array(fc.constantFrom('> ', '- ', '* ', '+   ', '1. ', '12) ', '   '), { maxLength: 4 }),
      mark: fc.constantFrom('```', '````', '~~~', '~~~~~'),
      name: fc.constantFrom('python', 'py', 'Python3', '', 'gurobipy', 'python title="a"'),
      lead: fc.constantFrom('', ' ', '   '),
      head: prose,
      tail: prose,
      isClosed: fc.boolean(),
      isMarkerLine: fc.boolean(),
      end: fc.constantFrom('\n', '\r\n'),
    });
    fc.assert(
      fc.property(document, ({ code, containers, mark, name, lead, head, tail, isClosed, isMarkerLine, end }) => {
        const indent = containers.map((one) => (/^[> ]/.test(one) ? one : one.replace(/\S/g, ' '))).join('');
        const first = isMarkerLine ? containers.join('') : `${containers.join('')}Code:\n${indent}`;
        const lines = [`${first}${lead}${mark}${name}`, ...code.split('\n').map((line) => `${indent}${lead}${line}`)];
        const closing = isClosed ? [`${indent}${lead}${mark}`, '', tail] : [];
        expect(python([head, '', ...lines, ...closing].join('\n').replaceAll('\n', end))).toBe(code);
      }),
      { numRuns: 3000 },
    );
  });

  it('agrees with it on fences of random content', () => {
    const line = fc.constantFrom('a', '  a', '> a', '- a', '  - b', '', '   ', '\ta', '1. x', '> - y', '* * *', 'a = 1', '# x');
    const prefix = fc.constantFrom('', '> ', '- ', '1. ', '> - ', '- > ', '  ', '>> ');
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 8 }),
        fc.array(line, { maxLength: 8 }),
        prefix,
        fc.constantFrom('```', '~~~~', '````'),
        (body, tail, first, mark) => {
          const indent = first.replace(/1\.|-/g, (marker) => ' '.repeat(marker.length));
          const text = ['Text.', '', `${first}${mark}`, `${indent}a`, ...body.map((one) => indent + one), indent + mark, '', ...tail].join(
            '\n',
          );
          // How many blanks a blank line holds depends on who reads it.
          const plain = (blocks: string[]): string[] => blocks.map((block) => block.replace(/^[ \t]+$/gm, '').trimEnd());
          expect(plain(ours(text))).toEqual(plain(reference(text)));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
