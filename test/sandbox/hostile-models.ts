/** More hostile programs: what is asked of a library and of its solver, and reports that no solve bears out. */
import type { HostileProgram } from './hostile.ts';

const lp = 'Max\\nx + y\\nst\\nx + 2 y <= 4\\nx <= 3\\nEnd';
const ilp = 'Max\\n 5 x + 4 y\\nst\\n 6 x + 4 y <= 24\\n x + 2 y <= 6\\nGeneral\\n x y\\nEnd';
const h = 'const h = await require("highs")();\n';
const g = 'const g = await require("glpk.js")();\n';
const column = '{ name: "x", coef: 1 }';
const row = '{ name: "c", vars: [{ name: "x", coef: 1 }], bnds: { type: 3, ub: 4, lb: 0 } }';

export const hostileByModel: readonly HostileProgram[] = [
  // ---- options that would change what counts as solved
  {
    name: 'asks for an objective target',
    code: `${h}h.solve("${ilp}", { objective_target: -1, objective_bound: 1 });`,
    status: ['optimal'],
    objective: 20,
  },
  {
    name: 'asks for the first solution',
    code: `${h}h.solve("${ilp}", { mip_max_improving_sols: 1, mip_max_nodes: 0, mip_max_leaves: 1 });`,
    status: ['optimal'],
    objective: 20,
  },
  {
    name: 'asks for loose tolerances',
    code: `${h}h.solve("${lp}", { primal_feasibility_tolerance: 1e9, dual_feasibility_tolerance: 1e9, kkt_tolerance: 1e9 });`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'scales its objective by options',
    code: `${h}h.solve("${lp}", { user_objective_scale: 30, user_bound_scale: 30 });`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'asks for no iterations',
    code: `${h}h.solve("${lp}", { simplex_iteration_limit: 0, ipm_iteration_limit: 0, presolve: "off" });`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'asks for a million threads',
    code: `${h}h.solve("${lp}", { threads: 1e6, parallel: "on" });`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'calls its large numbers infinite',
    code: `${h}h.solve("Max\\n x\\nst\\n x <= 2e15\\nEnd", { infinite_bound: 1e15, infinite_cost: 1e15, large_matrix_value: 1 });`,
    status: ['optimal'],
    objective: 2e15,
  },

  // ---- models
  {
    name: 'is another text each time it is read',
    code: `${h}let n = 0; h.solve({ toString: () => (n++ === 0 ? "${lp}" : "Max\\nx\\nst\\nx <= 42\\nEnd") });`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'solves the answer last',
    code: `${h}h.solve("${lp}"); report(h.solve("Max\\nx\\nst\\nx <= 42\\nEnd").ObjectiveValue);`,
    status: ['optimal'],
    objective: 42,
  },
  {
    name: 'reports another number than its solve',
    code: `${h}report(42); h.solve("${lp}"); report(43);`,
    status: ['optimal'],
    objective: 3.5,
  },
  { name: 'reports a hundred thousand times', code: 'for (let i = 0; i < 1e5; i++) report(i);', status: ['no_solve', 'deadline'] },
  { name: 'reports a big integer', code: 'report(10n ** 400n);', status: ['runtime_error'] },
  { name: 'solves when it has ended', code: `setTimeout(async () => { ${h}h.solve("${lp}"); }, 1);`, status: ['optimal'], objective: 3.5 },
  { name: 'solves as it fails', code: `${h}try { throw new Error("no"); } finally { h.solve("${lp}"); }`, status: ['runtime_error'] },
  {
    name: 'loads its library ten thousand times',
    code: 'for (let i = 0; i < 1e4; i++) await require("highs")();',
    status: ['no_solve', 'deadline'],
  },
  {
    name: 'crosses its bounds',
    code: `${h}h.solve("Max\\n x\\nst\\n c: x <= 9\\nBounds\\n 5 <= x <= 3\\nEnd");`,
    status: ['infeasible', 'runtime_error'],
  },
  {
    name: 'has no end by whole numbers',
    code: `${h}h.solve("Max\\n x\\nst\\n x - y <= 1\\nGeneral\\n x y\\nEnd");`,
    status: ['unbounded'],
  },
  {
    name: 'cycles as Beale did',
    code: `${h}h.solve("Min\\n - 0.75 a + 150 b - 0.02 c + 6 d\\nst\\n 0.25 a - 60 b - 0.04 c + 9 d <= 0\\n 0.5 a - 90 b - 0.02 c + 3 d <= 0\\n c <= 1\\nEnd");`,
    status: ['optimal'],
    objective: -0.05,
  },
  {
    name: 'asks branching what parity answers',
    code: `${h}h.solve("Min\\n z\\nst\\n" + Array.from({ length: 41 }, (_, i) => "2 x" + i).join(" + ") + " + z = 41\\nBinary\\n" + Array.from({ length: 41 }, (_, i) => "x" + i).join(" ") + " z\\nEnd");`,
    status: ['optimal', 'time_limit'],
    objective: 1,
  },
  {
    name: 'has numbers below all others',
    code: `${h}h.solve("Max\\n 1e-320 x\\nst\\n 1e-310 x <= 1e-305\\nEnd");`,
    status: ['optimal'],
    objective: 0,
  },
  {
    name: 'names a variable by ten thousand letters',
    code: `${h}h.solve("Max\\n " + "x".repeat(1e4) + "\\nst\\n " + "x".repeat(1e4) + " <= 4\\nEnd");`,
    status: ['optimal', 'runtime_error'],
  },
  {
    name: 'names two rows alike',
    code: `${h}h.solve("Max\\n x\\nst\\n c: x <= 4\\n c: x <= 3\\nEnd");`,
    status: ['optimal', 'runtime_error'],
    objective: 3,
  },
  {
    name: 'names a variable by half a character',
    code: `${h}h.solve("Max\\n \\ud800\\nst\\n \\ud800 <= 4\\nEnd");`,
    status: ['optimal', 'runtime_error'],
  },
  { name: 'squares its objective', code: `${h}h.solve("Max\\n [ x ^ 2 ] / 2\\nst\\n x <= 4\\nEnd");`, status: ['runtime_error'] },
  {
    name: 'asks for special ordered sets',
    code: `${h}h.solve("Max\\n x + y\\nst\\n x + y <= 4\\nSOS\\n s1: S1:: x:1 y:2\\nEnd");`,
    status: ['runtime_error'],
  },
  {
    name: 'is dense',
    code: `${h}h.solve("Max\\n x0\\nst\\n" + Array.from({ length: 300 }, (_, i) => Array.from({ length: 300 }, (_, j) => (((i * 7 + j * 13) % 17) + 1) + " x" + j).join(" + ") + " <= 9").join("\\n") + "\\nEnd");`,
    status: ['optimal', 'deadline', 'memory', 'time_limit', 'runtime_error'],
  },
  {
    name: 'points outside of its matrix',
    code: `${h}h.createModel({ numCols: 1, numRows: 1, colCost: [1], colLower: [0], colUpper: [1], rowLower: [0], rowUpper: [1], matrix: { format: "csr", numRows: 1, numCols: 1, starts: [0, 1], indices: [99], values: [1] } }).run();`,
    status: ['runtime_error'],
  },
  {
    name: 'counts its matrix backwards',
    code: `${h}h.createModel({ numCols: 2, numRows: 2, colCost: [1, 1], colLower: [0, 0], colUpper: [1, 1], rowLower: [0, 0], rowUpper: [1, 1], matrix: { format: "csr", numRows: 2, numCols: 2, starts: [2, 1, 0], indices: [0, 1], values: [1, 1] } }).run();`,
    status: ['runtime_error'],
  },
  {
    name: 'swaps its arrays as they are read',
    code: `${h}let n = 0; h.createModel({ get numCols() { return n++; }, get numRows() { return -n; }, get colCost() { return new Array(n).fill(n); } }).run();`,
    status: ['runtime_error'],
  },
  {
    name: 'asks for the answer before there is one',
    code: `${h}const m = h.createModel({ format: "lp", data: "${lp}" }); report(m.solution.objectiveValue ?? m.getObjectiveValue());`,
    status: ['runtime_error', 'no_solve'],
  },

  // ---- glpk.js
  {
    name: 'changes its direction by a getter',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { get direction() { for (;;); }, vars: [${column}] }, subjectTo: [${row}] });`,
    status: ['deadline'],
  },
  {
    name: 'promises a model',
    dialect: 'glpk-js',
    code: `${g}g.solve(Promise.resolve({ objective: { direction: 2, vars: [${column}] }, subjectTo: [${row}] }));`,
    status: ['runtime_error'],
  },
  {
    name: 'counts with big integers',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 2, vars: [{ name: "x", coef: 1n }] }, subjectTo: [${row}] });`,
    status: ['runtime_error'],
  },
  {
    name: 'leaves holes in its lists',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 2, vars: [, ${column}] }, subjectTo: [, ${row}] });`,
    status: ['runtime_error'],
  },
  {
    name: 'calls whole what it does not have',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 2, vars: [${column}] }, subjectTo: [${row}], binaries: ["y"], generals: ["z"] });`,
    status: ['optimal'],
    objective: 4,
  },
  {
    name: 'gives bounds that cross',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 2, vars: [${column}] }, subjectTo: [${row}], bounds: [{ name: "x", type: 4, lb: 5, ub: 3 }] });`,
    status: ['infeasible'],
  },
  {
    name: 'names a type of bounds that is none',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 2, vars: [${column}] }, subjectTo: [{ name: "c", vars: [${column}], bnds: { type: 99, ub: 4 } }] });`,
    status: ['runtime_error'],
  },
];
