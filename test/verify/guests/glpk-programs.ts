/** Programs against npm `glpk.js`: its README's and more. Each must print the same from the package itself. */

const lp = `{
    name: 'LP',
    objective: {
        direction: glpk.GLP_MAX,
        name: 'obj',
        vars: [
            { name: 'x1', coef: 0.6 },
            { name: 'x2', coef: 0.5 }
        ]
    },
    subjectTo: [
        {
            name: 'cons1',
            vars: [
                { name: 'x1', coef: 1.0 },
                { name: 'x2', coef: 2.0 }
            ],
            bnds: { type: glpk.GLP_UP, ub: 1.0, lb: 0.0 }
        },
        {
            name: 'cons2',
            vars: [
                { name: 'x1', coef: 3.0 },
                { name: 'x2', coef: 1.0 }
            ],
            bnds: { type: glpk.GLP_UP, ub: 2.0, lb: 0.0 }
        }
    ]
}`;
const show = `const round = (v) => Math.round(v * 1e9) / 1e9;
const text = (values) => JSON.stringify(values, (k, v) => typeof v === 'number' ? round(v) : v);
const show = ({ name, result }) => console.log(name, result.status, round(result.z), text(result.vars), text(result.rows));
`;
const start = `import GLPK from 'glpk.js/node';\nconst glpk = await GLPK();\n${show}const lp = ${lp};\n`;

export interface GlpkExample {
  readonly title: string;
  readonly code: string;
}

/** The README imports `glpk.js`, which in Node itself needs a browser's Worker: compared with the same text importing `glpk.js/node`. */
export const readmeExample: GlpkExample = {
  title: 'the README',
  code: `import GLPK from 'glpk.js';

const glpk = await GLPK();
const options = {
    msglev: glpk.GLP_MSG_ALL,
    presol: true
};
const result = await glpk.solve(${lp}, options);
${show}show(result);
`,
};

export const glpkExamples: readonly GlpkExample[] = [
  { title: 'constants', code: `${start}console.log(JSON.stringify(Object.entries(glpk).filter(([, v]) => typeof v !== 'function')));` },
  { title: 'a message level in place of options', code: `${start}show(glpk.solve(lp, glpk.GLP_MSG_OFF));` },
  { title: 'options in the model', code: `${start}lp.options = { msglev: 0, rows: true };\nshow(glpk.solve(lp));` },
  {
    title: 'integer variables, as the README sets them',
    code: `${start}lp.subjectTo[0].bnds.ub = 5;
/* integer */
lp.generals = ['x1', 'x2'];
show(glpk.solve(lp, { msglev: 0, mipgap: 0, tmlim: 5 }));`,
  },
  {
    title: 'binary variables, as the README sets them',
    code: `${start}lp.subjectTo[0].vars.push({ name: 'x3', coef: 1 }, { name: 'x4', coef: 1 });
lp.objective.vars.push({ name: 'x3', coef: 2 }, { name: 'x4', coef: 1 });
/* binary */
lp.binaries = ['x3', 'x4'];
show(glpk.solve(lp, { msglev: 0, rows: true }));`,
  },
  {
    title: 'bounds of every kind',
    code: `${start}lp.subjectTo = [{ name: 'c', vars: [{ name: 'x1', coef: 1 }, { name: 'x2', coef: 1 }, { name: 'x3', coef: -1 }], bnds: { type: glpk.GLP_DB, lb: -2, ub: 6 } },
  { name: 'd', vars: [{ name: 'x3', coef: 1 }, { name: 'x2', coef: 1 }], bnds: { type: glpk.GLP_FX, lb: 1, ub: 1 } }, { name: 'e', vars: [{ name: 'x3', coef: 1 }], bnds: { type: glpk.GLP_LO, lb: -4, ub: 0 } },
  { name: 'f', vars: [{ name: 'x1', coef: 1 }], bnds: { type: glpk.GLP_FR, lb: 0, ub: 0 } }];
lp.bounds = [{ name: 'x3', type: glpk.GLP_FR, lb: 0, ub: 0 }, { name: 'x1', type: glpk.GLP_UP, ub: 2, lb: 0 }, { name: 'x2', type: glpk.GLP_DB, lb: -1, ub: 3 }];
show(glpk.solve(lp, { msglev: 0, rows: true }));
lp.bounds[1] = { name: 'x1', type: glpk.GLP_FX, lb: 1, ub: 1 };
show(glpk.solve(lp, { msglev: 0, rows: true }));`,
  },
  {
    title: 'dual values',
    code: `${start}console.log(text(glpk.solve(lp, 0).result.dual), glpk.solve({ ...lp, generals: ['x1'] }, 0).result.dual);`,
  },
  { title: 'a model as JSON text', code: `${start}show(glpk.solve(JSON.stringify(lp), 0));` },
  {
    title: 'a callback',
    code: `${start}let calls = 0;\nshow(glpk.solve(lp, { msglev: 0, cb: { call: (r) => { calls += 1; if (r.status !== glpk.GLP_OPT) throw new Error('early'); }, each: 1 } }));\nconsole.log(calls);`,
  },
  {
    title: 'many solves and a minimum',
    code: `${start}for (const direction of [glpk.GLP_MIN, glpk.GLP_MAX]) { lp.objective.direction = direction; show(glpk.solve(lp, 0)); }`,
  },
  {
    title: 'a variable that only bounds name',
    code: `${start}lp.bounds = [{ name: 'free', type: glpk.GLP_FX, lb: 4, ub: 4 }];\nshow(glpk.solve(lp, 0));`,
  },
];
