/** Programs are found between marks of other formats than Markdown, and prose is never run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractCode, findProgram } from '../../src/dialects/extract.ts';

const program = `import gurobipy as gp

m = gp.Model("kiln")
cups = m.addVar(name="cups", ub=30)
m.addConstr(2 * cups <= 50)
if cups is not None and 1 < 2 & 3:
    m.optimize()
print(m.ObjVal)`;
const js =
  'const h = await require("highs")();\nconst a = 1 < 2 && 3;\nreport(h.solve(`Max\n 5 cups\nst\n 2 cups <= 50\nEnd`).ObjectiveValue);';
const escaped = program.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const call = { name: 'python', arguments: { code: program } };

describe('a Python program', () => {
  it.each([
    ['in listings of LaTeX', `\\begin{lstlisting}[language=Python]\n${program}\n\\end{lstlisting}`],
    ['with options over lines', `\\begin{lstlisting}[language=Python,\n  caption={The kiln}]\n${program}\n\\end{lstlisting}`],
    ['in listings between text', `Solve it.\n\n\\begin{lstlisting}\n${program}\n\\end{lstlisting}\nThat is all.`],
    ['in verbatim text', `The program:\n\\begin{verbatim}\n${program}\n\\end{verbatim}`],
    ['in minted text', `\\begin{minted}[linenos]{python}\n${program}\n\\end{minted}\n`],
    ['in minted text that is indented', `  \\begin{minted}{python}\n${program.replace(/^/gm, '    ')}\n  \\end{minted}\n`],
    ['in verbatim text after its mark was spoken of', `It stands in \\begin{verbatim}.\n\`\`\`python\n${program}\n\`\`\``],
    ['in AsciiDoc', `[source,python]\n----\n${program}\n----\nDone.`],
    ['in AsciiDoc with a title', `.The kiln\n[source, python, linenums]\n.kiln.py\n----\n${program}\n----`],
    ['in reStructuredText', `The program::\n\n${program.replace(/^/gm, '    ')}\n\nDone.`],
    ['in a block of reStructuredText', `.. code-block:: python\n\n${program.replace(/^/gm, '    ')}\n\nDone.`],
    ['in CDATA', `<program><![CDATA[\n${program}\n]]></program>`],
    ['in CDATA alone', `<![CDATA[${program}]]>`],
    ['behind the tag of Llama', `Sure.\n<|python_tag|>${program}<|eom_id|>`],
    ['behind the tag to the end', `<|python_tag|>${program}`],
    ['between the tags of Llama 4', `<|python_start|>${program}<|python_end|>`],
    ['between the tags of Code Llama', `Here: [PYTHON]\n${program}\n[/PYTHON]\n[TESTS]\nassert True\n[/TESTS]`],
    ['to be executed', `Run it.\n<execute>\n${program}\n</execute>`],
    ['to be executed by an agent', `<execute_ipython>\n${program}\n</execute_ipython>`],
    ['as the call of a tool', `<tool_call>\n${JSON.stringify(call)}\n</tool_call>`],
    ['as arguments in text', `<tool_call>\n${JSON.stringify({ ...call, arguments: JSON.stringify(call.arguments) })}\n</tool_call>`],
    ['as a parameter', `<tool_call>\n<function=run>\n<parameter=code>\n${program}\n</parameter>\n</function>\n</tool_call>`],
    ['bare in the call of a tool', `<tool_call>\n${program}\n</tool_call>`],
    ['in a JSON answer', JSON.stringify({ thought: 'Kilns.', program })],
    ['in a JSON answer in a fence', `\`\`\`json\n${JSON.stringify({ program }, null, 2)}\n\`\`\``],
    ['in calls behind a mark', `[TOOL_CALLS][${JSON.stringify(call)}]</s>`],
    ['in escaped HTML', `<pre><code>${escaped.replaceAll('"', '&quot;')}</code></pre>`],
    ['in HTML whose quotes are not escaped', `<pre><code class="language-python">\n${escaped}\n</code></pre>`],
    ['in HTML with numbers for signs', `<pre>\n${escaped.replaceAll('&lt;', '&#60;').replaceAll('"', '&#34;')}\n</pre>`],
    ['in a fence that was escaped', `\`\`\`python\n${escaped.replaceAll('"', '&quot;')}\n\`\`\``],
    ['in preformatted text', `<pre lang="python">\n${program}\n</pre>`],
    ['in a script element', `<script type="text/python">\n${program}\n</script>`],
    ['under a fence whose name comes a line later', `\`\`\`\npython\n${program}\n\`\`\``],
    ['under its name alone', `python\nCopy code\n${program}`],
    ['in a bold fence', `**\`\`\`python**\n${program}\n**\`\`\`**`],
    ['in a fence that opens bold', `**\`\`\`python\n${program}\n\`\`\`**`],
    ['in a fence that opens bold and closes plain', `__\`\`\`python__\n${program}\n\`\`\`\nDone.`],
    ['in a fence of two marks', `\`\`python\n${program}\n\`\``],
    ['in a fence of quotes', `'''python\n${program}\n'''`],
    ['before the end of the turn', `${program}<|im_end|>\n<|im_start|>user\nThanks`],
    ['in a turn of ChatML', `<|im_start|>assistant\n\`\`\`python\n${program}\n\`\`\`<|im_end|>`],
    ['in a turn of Llama 3', `<|start_header_id|>assistant<|end_header_id|>\n\n${program}<|eot_id|>`],
    ['before the end of the sequence', `${program}</s>`],
    [
      'in the last message of Harmony',
      `<|channel|>analysis<|message|>Say \`\`\`python\nimport pulp\n\`\`\`<|end|><|start|>assistant<|channel|>final<|message|>${program}<|return|>`,
    ],
  ])('is found %s', (_, text) => {
    expect(extractCode(text, 'python')).toBe(program);
  });

  it('keeps marks that its strings hold', () => {
    for (const mark of ['<pre>x</pre>', '\\\\begin{verbatim}', '<|im_end|>', '&lt;', '[/PYTHON]', '<![CDATA[', '</s>']) {
      const printing = `${program}\nprint("${mark}")`;
      for (const text of [printing, `\`\`\`python\n${printing}\n\`\`\``]) expect(extractCode(text, 'python')).toBe(printing);
    }
  });
});

describe('a JavaScript program', () => {
  it.each([
    ['in a script element', `<script type="module">\n${js}\n</script>`],
    ['in listings of LaTeX', `\\begin{lstlisting}[language=JavaScript]\n${js}\n\\end{lstlisting}`],
    ['in AsciiDoc', `[source,javascript]\n----\n${js}\n----`],
    ['in escaped HTML', `<pre><code>${js.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}</code></pre>`],
    ['in a JSON answer', JSON.stringify({ code: js })],
    ['under its name alone', `\`\`\`\njavascript\n${js}\n\`\`\``],
  ])('is found %s', (_, text) => {
    expect(extractCode(text, 'javascript')).toBe(js);
  });
});

describe('a program in several fences', () => {
  const lines = program.split('\n');
  const [head, tail] = [lines.slice(0, 4).join('\n'), lines.slice(4).join('\n')];
  const fence = (code: string, name = 'python'): string => `\`\`\`${name}\n${code}\n\`\`\``;
  const python = (...blocks: string[]): string | null => extractCode(blocks.join('\nThen:\n'), 'python');

  it('goes on up to the block that solves', () => {
    expect(python(fence(head), fence(tail))).toBe(`${head}\n${tail}`);
    expect(python(fence(head), fence('260', 'text'), fence('m.addConstr(cups <= 3)'), fence(tail), fence('m.addConstr(cups <= 0)'))).toBe(
      `${head}\nm.addConstr(cups <= 3)\n${tail}`,
    );
    expect(findProgram(`${fence(head)}\nThen:\n\`\`\`python\n${tail}`, 'python').code).toBe(`${head}\n${tail}`);
  });

  it('goes on where functions are only defined', () => {
    const defined = 'import pulp\ndef solve():\n    p = pulp.LpProblem()\n    p.solve()\n    return p';
    expect(python(fence(defined), fence('solve()'))).toBe(`${defined}\nsolve()`);
    const guarded = `${defined}\nif __name__ == "__main__":\n    solve()`;
    expect(python(fence(guarded), fence('solve()'))).toBe(guarded);
  });

  it('ends where it solves, whatever else is shown', () => {
    expect(python(fence(program), fence('m.addConstr(cups <= 0)\nm.optimize()'))).toBe(program);
    expect(python(fence(head), fence('x = 4'))).toBe(head);
    expect(python(fence(head), fence('const m = require("highs");\nm.solve()', 'js'))).toBe(head);
  });
});

describe('no program', () => {
  it.each([
    ['prose in a fence', '```\nThe optimal value (in dollars) is 260.\nWe make four cups.\n```'],
    ['a value in a fence', '```\nOptimal value: 260 (cups = 4)\n```'],
    ['a call in a fence', '```\noptimum(260)\n```'],
    ['a goal in a fence', '```\nmaximize profit(x, y)\n```'],
    ['a formula in a fence', '```\nz = 3*x + 2*y\n```'],
    ['a definition in a fence', '```\nf(x) = 3*x\n```'],
    ['an equation in a fence', '```\nx + y <= 4\n```'],
    ['a model in a fence', '```\nmax 3x + 2y\ns.t. x + y <= 4\nx, y >= 0\n```'],
    ['values in a fence', '```\nx = 4\ny = 5\n```'],
    ['a text block', '```text\nanswer: 260\n```'],
    ['a YAML block', '```yaml\nstatus: optimal\nobjective: 260\n```'],
    ['pseudo-code', '```\nfor each cup i:\n    sum(x[i]) <= capacity\n```'],
    ['a simulation that is spoken of', '```\nWe simulate (4 cups)\n```'],
    ['prose in LaTeX', '\\begin{verbatim}\nThe optimum (of cups) is 260.\n\\end{verbatim}'],
    ['an answer with brackets', '<answer>260 (4 cups)</answer>'],
    ['a call as the answer', '<answer>optimum(260)</answer>'],
    ['a bare call', 'optimum(260)'],
    ['a bare value', 'answer: 260'],
  ])('is in %s', (_, text) => {
    expect(findProgram(text, 'python').code).toBeNull();
    expect(findProgram(text, 'javascript').code).toBeNull();
  });

  it('is in an answer of JSON without one', () => {
    expect(findProgram('{"program": "none", "answer": 260}', 'python')).toEqual({ code: null, reason: 'JsonAnswer' });
    expect(findProgram('<tool_call>{"name": "answer", "arguments": {"value": 260}}</tool_call>', 'python').code).toBeNull();
  });

  it('is in reasoning that was cut off', () => {
    expect(findProgram('<|channel|>analysis<|message|>import pulp', 'python')).toEqual({ code: null, reason: 'CutOff' });
  });
});

describe('findProgram', () => {
  const marks =
    '<think> </think> <code> </code> <pre><code> </pre> <tool_call> </tool_call> ``` ```python **```python** > - """ \' ` ( \\ \\begin{verbatim} \\end{verbatim} \\begin{minted}[ \\begin{lstlisting} [source,python] ---- <![CDATA[ ]]> <|python_tag|> <|channel|> <|message|> <|im_start|>assistant <|im_end|> </s> [PYTHON] [/PYTHON] [code] \'\'\'python ``python &lt; &amp; {"a": ["  [ ] { } python import_pulp solve() x= a.b with simulate ~~~ é \u0000 \ud800'
      .split(' ')
      .map((mark) => mark.replace('_pulp', ' pulp'));

  it('never throws, and takes from the text what it gives', () => {
    const piece = fc.oneof(fc.constantFrom(...marks), fc.constantFrom('\n', ' ', '\n    ', '\r\n', '\t'), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.constantFrom('python' as const, 'javascript' as const), (pieces, language) => {
        const text = pieces.join('');
        const found = findProgram(text, language);
        // Each word of the program stands in the completion, but for what was escaped.
        const words = found.code?.includes('&') === false && !text.includes('&') ? (found.code.match(/\w+/g) ?? []) : [];
        if (!text.includes('{')) for (const word of words) expect(text).toContain(word);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes time that grows with the text, not with its square', () => {
    const began = process.cpuUsage().user;
    for (const mark of marks)
      for (const head of ['', 'import gurobipy\n"""\n'])
        for (const end of ['', '\n']) findProgram(head + `${mark}${end}`.repeat(2 ** 15 / (mark.length + 1)), 'python');
    // 200 texts of 30,000 characters: about 2 s, and a quarter of an hour where each mark reads all the rest.
    expect((process.cpuUsage().user - began) / 1e6).toBeLessThan(60);
  });
});
