/** Programs that try to break, stall, fill, escape or cheat their sandbox, with the outcome each deserves. */
import type { OutcomeStatus } from '../../src/core/outcome.ts';

export interface HostileProgram {
  readonly name: string;
  readonly code: string;
  readonly status: readonly OutcomeStatus[];
}

const lp = 'Max\\nx + y\\nst\\nx + 2 y <= 4\\nx <= 3\\nEnd';

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
];
