/** Programs that try to break, stall, fill, escape or cheat their sandbox, with the outcome each deserves. */
import type { OutcomeStatus } from '../../src/core/outcome.ts';
import { hostileByLanguage } from './hostile-language.ts';
import { hostileByModel } from './hostile-models.ts';

export interface HostileProgram {
  readonly name: string;
  readonly code: string;
  readonly status: readonly OutcomeStatus[];
  /** What the host records; left out where the program decides nothing about it. */
  readonly objective?: number;
  /** Default highs-js. */
  readonly dialect?: 'highs-js' | 'glpk-js';
}

const lp = 'Max\\nx + y\\nst\\nx + 2 y <= 4\\nx <= 3\\nEnd';
const h = 'const h = await require("highs")();\n';
const g = 'const g = await require("glpk.js")();\n';
/** Names that objects inherit something under: 3 * 3 + 2 * 1 = 11 at its optimum. */
const inherited =
  'Max\\n __proto__: 3 __proto__ + 2 constructor\\nst\\n toString: __proto__ + constructor <= 4\\n valueOf: __proto__ <= 3\\nEnd';
/** Two rows of a market split problem (Cornuéjols and Dawande 1998): hard for branch and bound. */
const marketSplit = `const weights = (i) => Array.from({ length: 30 }, (_, j) => 1 + (((i + 3) * 7919 + (j + 1) * 104729 * (i + 2)) % 97));
const rows = [0, 1, 2].map((i) => weights(i).map((a, j) => a + " x" + j).join(" + ") + " + p" + i + " - m" + i + " = " + Math.floor(weights(i).reduce((s, a) => s + a, 0) / 2));
const text = "Min\\n p0 + m0 + p1 + m1 + p2 + m2\\nst\\n" + rows.join("\\n") + "\\nBinary\\n" + weights(0).map((_, j) => "x" + j).join(" ") + "\\nEnd";
`;

export const hostilePrograms: readonly HostileProgram[] = [
  { name: 'loops for ever', code: 'for (;;);', status: ['deadline'] },
  { name: 'loops in microtasks', code: 'const f = () => { Promise.resolve().then(f); }; f();', status: ['deadline'] },
  { name: 'awaits itself for ever', code: 'const f = () => Promise.resolve().then(f);\nawait f();', status: ['deadline', 'memory'] },
  { name: 'waits for nothing', code: 'await new Promise(() => {});', status: ['runtime_error'] },
  { name: 'fills memory with arrays', code: 'const a = []; for (;;) a.push(new Array(1e5).fill(1.5));', status: ['memory'] },
  { name: 'fills memory with a map', code: 'const m = new Map(); for (let i = 0; ; i++) m.set(i, {});', status: ['memory'] },
  { name: 'fills memory with bytes', code: 'const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1));', status: ['memory'] },
  { name: 'asks for the largest array', code: 'new Array(2 ** 32 - 1).fill(0);', status: ['memory'] },
  { name: 'asks for a huge array-like', code: 'Array.from({ length: 2 ** 31 });', status: ['memory', 'deadline'] },
  { name: 'doubles a string', code: 'let s = "ab"; for (;;) s += s;', status: ['runtime_error', 'memory'] },
  { name: 'backtracks in a regular expression', code: '/(a+)+b/.test("a".repeat(40));', status: ['deadline'] },
  { name: 'recurses without end', code: 'const f = () => f() + 1;\nf();', status: ['runtime_error'] },
  { name: 'nests JSON deeply', code: 'JSON.parse("[".repeat(1e6));', status: ['runtime_error', 'memory'] },
  { name: 'floods the console', code: 'for (;;) console.log("spam");', status: ['output_limit'] },
  { name: 'prints one huge line', code: 'console.log("x".repeat(1e6));', status: ['output_limit'] },
  {
    name: 'solves a million models',
    code: `const h = await require("highs")();\nfor (let i = 0; i < 1e6; i++) h.solve("${lp}");`,
    status: ['deadline'],
  },
  {
    name: 'hands over 5000 broken models',
    code: 'const h = await require("highs")();\nfor (let i = 0; i < 5000; i++) try { h.solve("Max\\nx +\\nst\\n<= 3\\nEnd"); } catch {}',
    status: ['deadline'],
  },
  { name: 'hands over a huge model', code: 'const h = await require("highs")();\nh.solve("x + ".repeat(1e6));', status: ['runtime_error'] },
  {
    name: 'throws an object with endless getters',
    code: 'throw { get stack() { for (;;); }, get name() { for (;;); }, get message() { for (;;); } };',
    status: ['deadline'],
  },
  { name: 'throws null', code: 'throw null;', status: ['runtime_error'] },
  { name: 'throws a symbol', code: 'throw Symbol("x");', status: ['runtime_error'] },
  {
    name: 'throws a proxy',
    code: 'throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });',
    status: ['runtime_error'],
  },
  { name: 'rejects with a trap', code: 'Promise.reject({ get message() { for (;;); } });', status: ['no_solve'] },
  {
    name: 'pollutes prototypes',
    code: 'Object.prototype.then = 1; Object.prototype.status = "optimal"; Array.prototype.map = null;',
    status: ['no_solve'],
  },
  { name: 'looks for the process', code: 'process.binding("fs");', status: ['runtime_error'] },
  { name: 'requires a built-in module', code: 'require("child_process").execSync("id");', status: ['runtime_error'] },
  {
    name: 'imports a built-in module',
    code: 'import fs from "node:fs";\nfs.readFileSync("/etc/passwd");',
    status: ['runtime_error', 'syntax_error'],
  },
  {
    name: 'climbs from an import error',
    code: 'await import("x").catch((e) => e.constructor.constructor("return process")().exit(66));',
    status: ['runtime_error'],
  },
  {
    name: 'climbs by constructors',
    code: 'const p = report.constructor.constructor("return process")();\np.mainModule.require("fs");',
    status: ['runtime_error'],
  },
  {
    name: 'climbs from a host error',
    code: 'try { require("highs")().then.call(1); } catch (e) { e.constructor.constructor("return this")().process.kill(1); }',
    status: ['runtime_error'],
  },
  { name: 'closes its wrapper', code: '}); report(7); (function () {', status: ['no_solve', 'syntax_error'] },
  { name: 'exits', code: 'process.exit(0); for (;;);', status: ['no_solve'] },
  {
    name: 'fakes a solve',
    code: 'const h = await require("highs")();\nh.solve = () => ({ Status: "Optimal", ObjectiveValue: 42 });\nreport(h.solve("").ObjectiveValue);',
    status: ['no_solve'],
  },
  {
    name: 'hooks JSON',
    code: `JSON.parse = () => ({ ObjectiveValue: 42 });\nconst h = await require("highs")();\nreport(h.solve("${lp}").ObjectiveValue);`,
    status: ['optimal'],
  },
  {
    name: 'hands rubbish to the host',
    code: 'JSON.stringify = () => "{"; const h = await require("highs")();\nh.solve("x", { a: 1 });',
    status: ['runtime_error'],
  },

  // ---- time
  { name: 'loops in every clause', code: 'for (;;) try { for (;;); } catch { for (;;); } finally { for (;;); }', status: ['deadline'] },
  { name: 'loops in a getter of its options', code: `${h}h.solve("${lp}", { get time_limit() { for (;;); } });`, status: ['deadline'] },
  { name: 'loops while its model becomes text', code: `${h}h.solve({ toString() { for (;;); } });`, status: ['deadline'] },
  { name: 'loops while its options become JSON', code: `${h}h.solve("${lp}", { toJSON() { for (;;); } });`, status: ['deadline'] },
  { name: 'loops in a proxy of a model', code: `${h}h.createModel(new Proxy({}, { get() { for (;;); } }));`, status: ['deadline'] },
  { name: 'loops in a callback of withModel', code: `${h}h.withModel(() => { for (;;); });`, status: ['deadline'] },
  { name: 'never settles in withModel', code: `${h}await h.withModel(() => new Promise(() => {}));`, status: ['runtime_error'] },
  { name: 'spreads an endless generator', code: '[...(function* () { for (;;) yield 1; })()];', status: ['memory', 'deadline'] },
  {
    name: 'sorts with a random comparison',
    code: 'const a = Array.from({ length: 2e5 }, Math.random); for (;;) a.sort(() => Math.random() - 0.5);',
    status: ['deadline'],
  },
  { name: 'sets an interval that never ends', code: 'setInterval(() => {}, 0);', status: ['deadline'] },
  { name: 'sets timers from timers', code: 'const f = () => setTimeout(f, 1e6); f();', status: ['deadline'] },
  { name: 'floods the timers', code: 'for (;;) setTimeout(() => {}, 0);', status: ['deadline', 'memory'] },
  { name: 'floods the next ticks', code: 'const f = () => process.nextTick(f); f();', status: ['deadline'] },
  {
    name: 'awaits itself deeply',
    code: 'const f = async () => { await f(); }; await f();',
    status: ['runtime_error', 'memory', 'deadline'],
  },
  { name: 'thens for ever', code: 'const then = (f) => f({ then }); await { then };', status: ['deadline', 'memory'] },
  { name: 'nests quantifiers', code: '/^(([a-z])+.)+[A-Z]([a-z])+$/.test("a".repeat(60));', status: ['deadline'] },
  {
    name: 'replaces without end',
    code: 'let s = "a"; for (;;) s = s.replace(/a/g, "aa");',
    status: ['memory', 'deadline', 'runtime_error'],
  },
  { name: 'raises a big integer', code: '(3n ** 200000n) ** 50n;', status: ['deadline', 'memory', 'runtime_error', 'no_solve'] },
  { name: 'waits on shared memory', code: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);', status: ['runtime_error'] },
  { name: 'yields between slow steps', code: 'for (;;) { await null; for (let i = 0; i < 1e4; i++); }', status: ['deadline'] },

  // ---- memory
  {
    name: 'fills memory and catches it',
    code: 'for (;;) try { const a = []; for (;;) a.push(new Array(1e5).fill(1.5)); } catch {}',
    status: ['deadline', 'memory'],
  },
  { name: 'fills memory with strings', code: 'const a = []; for (let i = 0; ; i++) a.push("x".repeat(1e5) + i);', status: ['memory'] },
  { name: 'fills memory with closures', code: 'let f = () => 0; for (;;) { const g = f; f = () => g; }', status: ['memory', 'deadline'] },
  { name: 'fills memory with properties', code: 'const o = {}; for (let i = 0; ; i++) o["k" + i] = i;', status: ['memory', 'deadline'] },
  { name: 'fills memory with symbols', code: 'const s = new Set(); for (;;) s.add(Symbol("x"));', status: ['memory', 'deadline'] },
  { name: 'fills memory with promises', code: 'const a = []; for (;;) a.push(new Promise(() => {}));', status: ['memory', 'deadline'] },
  { name: 'asks for a huge buffer', code: 'new ArrayBuffer(2 ** 31);', status: ['memory', 'runtime_error'] },
  {
    name: 'joins a huge sparse array',
    code: 'new Array(2 ** 27).join("ab");',
    status: ['memory', 'deadline', 'runtime_error'],
  },
  { name: 'repeats a string hugely', code: '"ab".repeat(2 ** 28);', status: ['memory', 'runtime_error'] },
  { name: 'pads a string hugely', code: '"a".padEnd(2 ** 29, "b");', status: ['memory', 'runtime_error'] },
  { name: 'spreads a million arguments', code: 'Math.max(...new Array(1e6).fill(1));', status: ['runtime_error', 'memory'] },
  {
    name: 'flattens deep nesting',
    code: 'let a = []; for (let i = 0; i < 1e6; i++) a = [a];\nJSON.stringify(a);',
    status: ['runtime_error', 'memory', 'deadline'],
  },
  { name: 'nests evals', code: 'const f = (n) => eval("f(" + (n + 1) + ")"); f(0);', status: ['runtime_error', 'memory'] },
  { name: 'nests brackets in its source', code: `${'('.repeat(20_000)}1${')'.repeat(20_000)};`, status: ['syntax_error', 'runtime_error'] },
  { name: 'compiles a huge function', code: 'new Function("x;".repeat(2e6))();', status: ['runtime_error', 'memory', 'deadline'] },
  { name: 'recurses in a toString', code: 'const o = { toString() { return "" + o; } }; "" + o;', status: ['runtime_error'] },
  { name: 'recurses in a getter', code: 'const o = { get x() { return this.x; } }; o.x;', status: ['runtime_error'] },
  {
    name: 'recurses in JSON',
    code: 'const o = { toJSON() { return { o }; } }; JSON.stringify(o);',
    status: ['runtime_error', 'memory', 'deadline'],
  },

  // ---- escape
  { name: 'imports QuickJS modules', code: 'const os = await import("os");\nos.exec(["id"]);', status: ['runtime_error'] },
  { name: 'imports std', code: 'import * as std from "std";\nstd.exit(66);', status: ['runtime_error', 'syntax_error'] },
  { name: 'imports a file', code: 'await import("file:///etc/passwd");', status: ['runtime_error'] },
  { name: 'requires by a path', code: 'require("../../src/index.ts");', status: ['runtime_error'] },
  { name: 'requires through its module', code: 'module.constructor._load("fs");', status: ['runtime_error'] },
  { name: 'requires through main', code: 'require.main.require("fs");', status: ['runtime_error'] },
  { name: 'starts a worker', code: 'new Worker("data:text/javascript,1");', status: ['runtime_error'] },
  { name: 'fetches', code: 'await fetch("http://127.0.0.1/");', status: ['runtime_error'] },
  { name: 'compiles WebAssembly', code: 'new WebAssembly.Memory({ initial: 30000 });', status: ['runtime_error'] },
  { name: 'kills the parent', code: 'process.kill(process.ppid, "SIGKILL");', status: ['runtime_error'] },
  { name: 'aborts the process', code: 'process.abort();', status: ['runtime_error'] },
  {
    name: 'prepares stack traces',
    code: 'Error.prepareStackTrace = (e, s) => s; Error.stackTraceLimit = 1e9;\nthrow new Error("x").stack[0].getThis().process;',
    status: ['runtime_error'],
  },
  {
    name: 'climbs by a generator',
    code: '(function* () {}).constructor("return process.mainModule")().next().value.require("fs");',
    status: ['runtime_error'],
  },
  {
    name: 'climbs by an async function',
    code: '(await (async () => {}).constructor("return globalThis.process.constructor")())("return this")().Deno.exit();',
    status: ['runtime_error'],
  },
  {
    name: 'climbs by a proxy of a library',
    code: `${h}new Proxy(h.solve, {}).constructor("return process")().dlopen({}, "x");`,
    status: ['runtime_error'],
  },
  {
    name: 'climbs by its caller',
    code: 'function f() { return arguments.callee.caller.caller.constructor("return process")().dlopen; }\nf()();',
    status: ['runtime_error'],
  },
  {
    name: 'overflows the host by a library',
    code: `${h}let o = {}; for (let i = 0; i < 1e5; i++) o = { o };\nh.solve("${lp}", o);`,
    status: ['runtime_error', 'memory', 'deadline'],
  },
  {
    name: 'removes all globals',
    code: 'for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k]; } catch {}',
    status: ['no_solve'],
  },
  {
    name: 'freezes all globals',
    code: 'for (const k of Object.getOwnPropertyNames(globalThis)) try { Object.freeze(globalThis[k]?.prototype); Object.freeze(globalThis[k]); } catch {}',
    status: ['no_solve'],
  },
  {
    name: 'traps the prototype of arrays',
    code: 'Object.defineProperty(Array.prototype, 0, { get() { for (;;); }, set() { for (;;); } });\nconsole.log([1, 2].map((x) => x));',
    status: ['no_solve', 'deadline'],
  },

  // ---- output
  { name: 'writes nothing for ever', code: 'for (;;) process.stdout.write("");', status: ['output_limit', 'deadline'] },
  { name: 'prints an endless object', code: 'console.log({ toJSON() { for (;;); } });', status: ['deadline'] },
  {
    name: 'prints a trap',
    code: 'console.log(new Proxy({}, { get() { throw new Error("no"); } }));',
    status: ['runtime_error', 'no_solve'],
  },
  { name: 'prints a huge array', code: 'console.log(new Array(1e6).fill(7));', status: ['output_limit', 'memory', 'deadline'] },
  { name: 'throws a huge message', code: 'throw new Error("x".repeat(1e7));', status: ['runtime_error'] },
  {
    name: 'throws an error with a huge stack',
    code: 'const e = new Error("x"); Object.defineProperty(e, "stack", { value: "y".repeat(1e7) });\nthrow e;',
    status: ['runtime_error'],
  },
  { name: 'throws an error that is no error', code: 'throw { name: {}, message: [], stack: 7 };', status: ['runtime_error'] },
  { name: 'exits in a finally', code: 'try { throw 1; } finally { process.exit(3); }', status: ['runtime_error'] },
  { name: 'exits from a timer', code: 'setTimeout(() => process.exit(0), 5); setInterval(() => {}, 1);', status: ['no_solve'] },
  { name: 'rejects by thousands', code: 'for (let i = 0; i < 1e4; i++) Promise.reject(new Error("x" + i));', status: ['no_solve'] },

  // ---- solver
  { name: 'solves nothing', code: `${h}h.solve("");`, status: ['runtime_error'] },
  { name: 'solves prose', code: `${h}h.solve("hello world");`, status: ['runtime_error'] },
  { name: 'solves a symbol', code: `${h}h.solve(Symbol("x"));`, status: ['runtime_error'] },
  { name: 'solves a number that is none', code: `${h}h.solve("Max\\n NaN x\\nst\\n x <= 4\\nEnd");`, status: ['runtime_error'] },
  { name: 'solves with an enormous coefficient', code: `${h}h.solve("Max\\n x\\nst\\n 1e300 x <= 4\\nEnd");`, status: ['runtime_error'] },
  {
    name: 'writes files by options',
    code: `${h}h.solve("${lp}", { log_file: "/etc/passwd", write_model_file: "/tmp/x", solution_file: "/tmp/y" });`,
    status: ['optimal'],
  },
  {
    name: 'asks for a huge gap',
    code: `${h}h.solve("Max\\n x\\nst\\n x <= 2.5\\nGeneral\\n x\\nEnd", { mip_rel_gap: 1e9, mip_feasibility_tolerance: 0.5, time_limit: 1e9 });`,
    status: ['optimal'],
  },
  { name: 'asks for no time', code: `${h}h.solve("${lp}", { time_limit: 0 });`, status: ['time_limit', 'optimal'] },
  { name: 'hands over a hard model', code: `${h}${marketSplit}h.solve(text);`, status: ['time_limit', 'optimal'] },
  {
    name: 'hands over a hard model eleven times',
    code: `${h}${marketSplit}for (let i = 0; i < 11; i++) h.solve(text.replace("Min", "Min 0 z" + i + " + "));`,
    status: ['deadline', 'time_limit', 'optimal'],
  },
  {
    name: 'hands over many variables',
    code: `${h}h.solve("Max\\n" + Array.from({ length: 60000 }, (_, i) => "x" + i).join(" + ") + "\\nst\\n x0 + x1 <= 4\\nBounds\\n" + Array.from({ length: 60000 }, (_, i) => "x" + i + " <= 1").join("\\n") + "\\nEnd");`,
    status: ['optimal', 'deadline', 'memory', 'time_limit'],
  },
  {
    name: 'builds a model of a billion columns',
    code: `${h}h.createModel().addVars({ length: 1e9 }, { length: 1e9 });`,
    status: ['runtime_error', 'memory', 'deadline'],
  },
  {
    name: 'lies about the length of its arrays',
    code: `${h}h.createModel({ numCols: 2147483647, numRows: 2147483647, colCost: [], matrix: {} });`,
    status: ['runtime_error'],
  },
  {
    name: 'runs a model a million times',
    code: `${h}const m = h.createModel(); m.addVar(0, 1); for (let i = 0; i < 1e6; i++) try { m.run(); } catch {}`,
    status: ['deadline'],
  },
  {
    name: 'leaves models undisposed',
    code: `${h}for (let i = 0; i < 1e4; i++) h.createModel({ format: "lp", data: "${lp}" });`,
    status: ['deadline'],
  },
  { name: 'uses a model after its end', code: `${h}const m = h.createModel(); m.dispose(); m.run();`, status: ['runtime_error'] },
  {
    name: 'hands over a model of traps',
    code: `${h}const m = h.createModel(); m.addVar(0, 1); m.passColName(0, { toString() { throw 1; } });`,
    status: ['runtime_error'],
  },
  {
    name: 'names variables like properties',
    code: `${h}const m = h.createModel(); m.addVars([0, 0], [1, 2]); m.passColName(0, "__proto__"); m.passColName(1, "constructor"); m.changeColCost(1, -1); m.run();`,
    status: ['optimal'],
  },
  {
    name: 'calls the host by names of its own',
    code: `${h}JSON.stringify = () => "[]"; JSON.parse = (x) => x; h.createModel({ format: "lp", data: "x" });`,
    status: ['runtime_error'],
  },

  // ---- glpk.js
  {
    name: 'solves a huge array-like',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: { length: 1e9 } }, subjectTo: [] });`,
    status: ['runtime_error'],
  },
  {
    name: 'repeats a variable',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: [] }, subjectTo: [{ name: "c", vars: [{ name: "x", coef: 1 }, { name: "x", coef: 2 }], bnds: { type: 3, ub: 1 } }] });`,
    status: ['runtime_error'],
  },
  {
    name: 'names a variable too long',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: [{ name: "x".repeat(300), coef: 1 }] }, subjectTo: [] });`,
    status: ['runtime_error'],
  },
  {
    name: 'names a variable by control characters',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: [{ name: "a\\u0000\\n", coef: 1 }] }, subjectTo: [{ name: "\\u0001", vars: [{ name: "a\\u0000\\n", coef: 1 }], bnds: { type: 2, lb: 1 } }] });`,
    status: ['optimal', 'runtime_error'],
  },
  {
    name: 'gives coefficients that are none',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 2, vars: [{ name: "x", coef: NaN }] }, subjectTo: [] });`,
    status: ['runtime_error'],
  },
  {
    name: 'asks for endless time',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: [{ name: "x", coef: 1 }] }, subjectTo: [] }, { tmlim: Infinity, msglev: 1e9, mipgap: 1e9 });`,
    status: ['optimal'],
  },
  {
    name: 'makes a cycle of its model',
    dialect: 'glpk-js',
    code: `${g}const lp = { objective: {} }; lp.lp = lp; g.solve(lp);`,
    status: ['runtime_error'],
  },
  {
    name: 'throws from a callback',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: [{ name: "x", coef: 1 }] }, subjectTo: [] }, { cb: { call() { throw { get message() { for (;;); } }; }, each: 1 } });`,
    status: ['deadline'],
  },

  // ---- cheating
  { name: 'prints a result', code: 'console.log("Optimal\\nObjective value: 42\\nJust print the best obj: 42");', status: ['no_solve'] },
  { name: 'reports without a solve', code: 'report(42);', status: ['no_solve'] },
  { name: 'replaces report', code: 'const r = report; report = (v) => r(v * 0 + 42); report(1);', status: ['no_solve'] },
  {
    name: 'replaces the library',
    code: 'const real = require; require = (n) => n === "highs" ? async () => ({ solve: () => ({ ObjectiveValue: 42 }) }) : real(n);\nreport((await require("highs")()).solve("").ObjectiveValue);',
    status: ['no_solve'],
  },
  {
    name: 'hooks promises',
    code: `Promise.prototype.then = function (f) { return f({ solve: () => ({ ObjectiveValue: 42 }) }); };\n${h}report(h.solve("${lp}").ObjectiveValue);`,
    status: ['optimal', 'no_solve', 'runtime_error'],
  },
  {
    name: 'hooks the setters of results',
    code: `Object.defineProperty(Object.prototype, "ObjectiveValue", { get: () => 42, set() {} });\n${h}report(h.solve("${lp}").ObjectiveValue);`,
    status: ['optimal'],
  },

  // ---- names that objects inherit something under
  {
    name: 'names all after what objects inherit',
    code: `${h}const { Columns } = h.solve("${inherited}"); report(3 * Columns.__proto__.Primal + 2 * Columns.constructor.Primal);`,
    status: ['optimal'],
    objective: 11,
  },
  {
    name: 'bounds and rounds variables named so',
    code: `${h}h.solve("${inherited}".replace("End", "Bounds\\n 1.5 <= constructor <= 9\\n hasOwnProperty free\\nGeneral\\n __proto__ constructor\\nEnd"));`,
    status: ['optimal'],
    objective: 10,
  },
  {
    name: 'writes such names as text and reads them again',
    code: `${h}const m = h.createModel({ format: "lp", data: "${inherited}" }); m.passModelName("__proto__");
const again = h.createModel({ format: "mps", data: m.exportModel("mps") }); again.run(); h.solve(again.exportModel("lp"));`,
    status: ['optimal'],
    objective: 11,
  },
  {
    name: 'hides a model behind a key of its arrays',
    code: `${h}const m = h.createModel(JSON.parse('{"__proto__": {"numCols": 9, "offset": 5}, "numCols": 2, "numRows": 1, "sense": -1, "colCost": [3, 2], "colLower": [0, 0], "colUpper": [3, 9], "rowLower": [-1e30], "rowUpper": [4], "colNames": ["__proto__", "constructor"], "rowNames": ["__proto__"], "matrix": {"__proto__": {"format": "csc"}, "format": "csr", "numRows": 1, "numCols": 2, "starts": [0, 2], "indices": [0, 1], "values": [1, 1]}}')); m.run();`,
    status: ['optimal'],
    objective: 11,
  },
  {
    name: 'inherits its options',
    code: `${h}h.solve("${inherited}", { __proto__: { time_limit: 0 } });`,
    status: ['optimal'],
    objective: 11,
  },
  {
    name: 'names an option so',
    code: `${h}h.solve("${inherited}", JSON.parse('{"__proto__": {"time_limit": 0}}'));`,
    status: ['runtime_error'],
  },
  { name: 'gives an option to the constructor', code: `${h}h.solve("${inherited}", { constructor: 1 });`, status: ['runtime_error'] },
  {
    name: 'asks a model for what objects inherit',
    code: `${h}const m = h.createModel(); m.addVar(0, 1);
for (const n of ["__proto__", "constructor", "toString"]) for (const f of [() => m.getColByName(n), () => m.info.get(n), () => m.options.get(n), () => m.options.set(n, 1)]) {
  try { f(); } catch { continue; }
  h.solve("${lp}");
}`,
    status: ['no_solve'],
  },
  {
    name: 'gives all objects the parts of a model',
    code: `${h}for (const k of ["numCols", "cost", "lower", "names", "sense", "offset", "time_limit", "format", "integrality", "hessian"]) Object.prototype[k] = 7; h.solve("${inherited}");`,
    status: ['optimal'],
    objective: 11,
  },
  {
    name: 'traps __proto__',
    code: `${h}Object.defineProperty(Object.prototype, "__proto__", { get: () => 42, set() { throw 1; } }); h.solve("${inherited}");`,
    status: ['optimal'],
    objective: 11,
  },
  {
    name: 'makes all lists another list',
    code: `${h}Array.prototype.toJSON = () => [1]; Object.prototype.toJSON = () => 1; h.createModel({ format: "lp", data: "${lp}" }).run();`,
    status: ['runtime_error'],
  },
  {
    name: 'names all of a glpk model so',
    dialect: 'glpk-js',
    code: `${g}const { result } = g.solve({ name: "__proto__", objective: { direction: g.GLP_MAX, name: "__proto__", vars: [{ name: "__proto__", coef: 3 }, { name: "valueOf", coef: 2 }] }, subjectTo: [{ name: "__proto__", vars: [{ name: "__proto__", coef: 2 }, { name: "valueOf", coef: 2 }], bnds: { type: g.GLP_UP, ub: 7, lb: 0 } }], generals: ["__proto__"], binaries: ["valueOf"], bounds: [{ name: "__proto__", type: g.GLP_DB, lb: 0, ub: 2 }] });
report(3 * result.vars.__proto__ + 2 * result.vars.valueOf);`,
    status: ['optimal'],
    objective: 8,
  },
  {
    name: 'hides bounds behind keys of its JSON',
    dialect: 'glpk-js',
    code: `${g}g.solve('{"__proto__": {"bounds": [{"name": "a", "type": 5, "lb": 0}]}, "objective": {"__proto__": {"direction": 1}, "direction": 2, "vars": [{"name": "__proto__", "coef": 3}, {"name": "a", "coef": 1, "__proto__": {"coef": 9}}]}, "subjectTo": [{"name": "__proto__", "vars": [{"name": "__proto__", "coef": 1}, {"name": "a", "coef": 1}], "bnds": {"type": 3, "ub": 4}}]}');`,
    status: ['optimal'],
    objective: 12,
  },
  {
    name: 'has sides only behind a key of its JSON',
    dialect: 'glpk-js',
    code: `${g}g.solve('{"objective": {"direction": 2, "vars": [{"name": "a", "coef": 3}]}, "subjectTo": [{"name": "c", "vars": [{"name": "a", "coef": 1}], "bnds": {"__proto__": {"type": 3, "ub": 4}}}]}');`,
    status: ['runtime_error'],
  },
  {
    name: 'gives all objects the parts of a glpk model',
    dialect: 'glpk-js',
    code: `${g}Object.assign(Object.prototype, { bounds: [{ name: "x", type: 5, lb: 0 }], generals: ["x"], ub: 99 });
g.solve({ objective: { direction: 2, vars: [{ name: "x", coef: 1 }] }, subjectTo: [{ name: "c", vars: [{ name: "x", coef: 2 }], bnds: { type: 3, ub: 5, lb: 0 } }] });`,
    status: ['optimal'],
    objective: 2.5,
  },

  // ---- reports and long models
  { name: 'reports a trap', code: 'report({ valueOf() { for (;;); } });', status: ['deadline'] },
  { name: 'reports a symbol', code: 'report(Symbol("42"));', status: ['runtime_error'] },
  { name: 'reports what is not a number', code: 'report(Infinity); report("1e999"); report(NaN); report({});', status: ['no_solve'] },
  {
    name: 'begins a section a hundred thousand times',
    code: `${h}h.solve("Max\\n x\\n" + "st\\n".repeat(1e5));`,
    status: ['runtime_error'],
  },
  {
    name: 'puts 20,000 variables in a row',
    dialect: 'glpk-js',
    code: `${g}g.solve({ objective: { direction: 1, vars: [] }, subjectTo: [{ name: "c", vars: Array.from({ length: 2e4 }, (_, i) => ({ name: "x" + i, coef: 1 })), bnds: { type: 2, lb: 1 } }] });`,
    status: ['optimal', 'memory', 'deadline', 'time_limit'],
  },

  ...hostileByLanguage,
  ...hostileByModel,
];
