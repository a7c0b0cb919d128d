import { type DialectPrograms, describeDialect } from '../../src/testing/dialect-suite.ts';

const lp = 'Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd';

const highsReadme = `const highs = await loadHighs();

const problem = \`Maximize
   profit: 30 chairs + 50 tables
  Subject To
   carpentry: chairs + 2 tables <= 40
   finishing: 2 chairs + tables <= 50
  Bounds
   chairs >= 0
   tables >= 0
  Generals
   chairs tables
  End\`;

const result = highs.solve(problem, { output_flag: false, time_limit: 10 });
if (result.Status !== "Optimal") throw new Error(result.Status);
console.log(result.ObjectiveValue);
if (result.Columns.chairs.Primal !== 20 || result.Columns.tables.Primal !== 10) throw new Error("columns");
if (result.Rows[0].Name !== "carpentry" || result.Rows[0].Primal !== 40) throw new Error("rows");
if (result.Columns.chairs.Upper !== Infinity || result.Columns.chairs.Type !== "Integer") throw new Error("bounds");`;

const highs: DialectPrograms = {
  optimal: `const h = await require("highs")();\nreport(h.solve(\`${lp}\`).ObjectiveValue);`,
  mismatch: `const h = await require("highs")();\nh.solve(\`${lp}\`);\nreport(99);`,
  twice: `const h = await require("highs")();\nfor (const sense of ["Max", "Min"]) h.solve(\`${lp}\`.replace("Max", sense));`,
  syntaxError: 'const h = await require("highs")();\nconst a =\n;',
  runtimeError: 'const h = await require("highs")();\n\nh.optimise("x");',
  refused: 'const h = await require("highs")();\nh.solve("Max\\nx +\\nst\\n<= 3\\nEnd");',
  documented: [
    { title: 'the README with import', code: `import loadHighs from "highs";\n${highsReadme}`, objective: 1100 },
    {
      title: 'the README with require',
      code: `const loadHighs = require("highs");\n(async () => {\n${highsReadme}\n})();`,
      objective: 1100,
    },
    {
      title: 'the default property and settings',
      code: `const loadHighs = require("highs").default;\n${highsReadme.replace('loadHighs()', 'loadHighs({ locateFile: (f) => f })')}`,
      objective: 1100,
    },
    {
      title: 'a promise chain',
      code: `require("highs")().then((h) => {\n  report(h.solve(\`${lp}\`).ObjectiveValue);\n});`,
      objective: 3.5,
    },
  ],
};

const glpkModel = `{
    name: 'LP',
    objective: { direction: glpk.GLP_MAX, name: 'obj', vars: [{ name: 'x1', coef: 0.6 }, { name: 'x2', coef: 0.5 }] },
    subjectTo: [
        { name: 'cons1', vars: [{ name: 'x1', coef: 1.0 }, { name: 'x2', coef: 2.0 }], bnds: { type: glpk.GLP_UP, ub: 1.0, lb: 0.0 } },
        { name: 'cons2', vars: [{ name: 'x1', coef: 3.0 }, { name: 'x2', coef: 1.0 }], bnds: { type: glpk.GLP_UP, ub: 2.0, lb: 0.0 } }
    ]
}`;
const small = (direction: string): string =>
  `({ name: "m", objective: { direction: ${direction}, name: "o", vars: [{ name: "x", coef: 1 }, { name: "y", coef: 1 }] }, subjectTo: [{ name: "c", vars: [{ name: "x", coef: 1 }, { name: "y", coef: 2 }], bnds: { type: g.GLP_UP, lb: 0, ub: 4 } }], bounds: [{ name: "x", type: g.GLP_DB, lb: 0, ub: 3 }] })`;

const glpk: DialectPrograms = {
  optimal: `const g = await require("glpk.js")();\nreport(g.solve(${small('g.GLP_MAX')}).result.z);`,
  mismatch: `const g = await require("glpk.js")();\ng.solve(${small('g.GLP_MAX')});\nreport(99);`,
  twice: `const g = await require("glpk.js")();\nfor (const d of [g.GLP_MAX, g.GLP_MIN]) g.solve(${small('d')});`,
  syntaxError: 'const g = await require("glpk.js")();\nconst a =\n;',
  runtimeError: 'const g = await require("glpk.js")();\n\ng.optimise({});',
  refused: 'const g = await require("glpk.js")();\ng.solve({ objective: { direction: 7, vars: [] }, subjectTo: [] });',
  documented: [
    {
      title: 'the README',
      code: `import GLPK from 'glpk.js';\n\nconst glpk = await GLPK();\nconst options = { msglev: glpk.GLP_MSG_ALL, presol: true };\nconst result = await glpk.solve(${glpkModel}, options);\nif (result.result.status !== glpk.GLP_OPT || result.result.vars.x1 !== 0.6) throw new Error(JSON.stringify(result));`,
      objective: 0.46,
    },
    {
      title: 'the Node entry',
      code: `import GLPK from 'glpk.js/node';\nconst glpk = await GLPK();\nreport(glpk.solve(${glpkModel}).result.z);`,
      objective: 0.46,
    },
    {
      title: 'a synchronous start and a message level',
      code: `const glpk = require("glpk.js")();\nreport(glpk.solve(${glpkModel}, glpk.GLP_MSG_ALL).result.z);`,
      objective: 0.46,
    },
    {
      title: 'a promise chain',
      code: `require("glpk.js")().then((glpk) => {\n  report(glpk.solve(${glpkModel}).result.z);\n});`,
      objective: 0.46,
    },
    {
      title: 'a callback and rows',
      code: `const glpk = await require("glpk.js")();\nconst { result } = glpk.solve(${glpkModel}, { cb: { call: (r) => console.log(r), each: 1 }, rows: true });\nif (Math.abs(result.rows.cons1 - 1) > 1e-9) throw new Error("rows");`,
      objective: 0.46,
    },
    {
      title: 'integer variables',
      code: `const glpk = await require("glpk.js")();\nconst lp = ${glpkModel};\nlp.subjectTo[0].bnds.ub = 5;\nlp.generals = ['x1', 'x2'];\nreport(glpk.solve(lp).result.z);`,
      objective: 1,
    },
  ],
};

for (const backend of ['highs', 'glpk']) {
  describeDialect('highs-js', backend, highs);
  describeDialect('glpk-js', backend, glpk);
}
