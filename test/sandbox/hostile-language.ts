/** More hostile programs: what the language itself offers, from finalizers to hooks of its built-in objects. */
import type { HostileProgram } from './hostile.ts';

const lp = 'Max\\nx + y\\nst\\nx + 2 y <= 4\\nx <= 3\\nEnd';
const h = 'const h = await require("highs")();\n';
const solved = `${h}report(h.solve("${lp}").ObjectiveValue);`;

export const hostileByLanguage: readonly HostileProgram[] = [
  // ---- source
  { name: 'is empty', code: '', status: ['no_solve'] },
  { name: 'is one comment', code: '// solve it yourself', status: ['no_solve'] },
  { name: 'ends within a template', code: 'const a = `${`', status: ['syntax_error'] },
  { name: 'returns at its top', code: `return 42;\n${solved}`, status: ['no_solve'] },
  { name: 'exports its answer', code: 'export default 42;', status: ['no_solve'] },
  { name: 'holds a null character', code: 'console.log("a\u0000b");\u0000', status: ['syntax_error'] },
  { name: 'holds half a character', code: `const s = "\ud800";\n${solved}`, status: ['optimal'], objective: 3.5 },
  { name: 'is longer than a program may be', code: 'x;'.repeat(200_000), status: ['syntax_error'] },
  { name: 'declares what is given to it', code: 'const require = 1, report = 2, console = 3;', status: ['no_solve'] },

  // ---- time
  { name: 'loops in an eval', code: 'try { eval("for (;;);"); } catch {} eval("for (;;);");', status: ['deadline'] },
  { name: 'waits for the end of time', code: 'while (Date.now() < 1e18);', status: ['deadline'] },
  {
    name: 'loops as its generator is closed',
    code: 'function* f() { try { yield 1; } finally { for (;;); } }\nfor (const x of f()) break;',
    status: ['deadline'],
  },
  {
    name: 'iterates asynchronously for ever',
    code: 'for await (const x of (async function* () { for (;;) yield 1; })());',
    status: ['deadline', 'memory'],
  },
  {
    name: 'loops in the scope of a proxy',
    code: 'new Function("with (new Proxy({}, { has() { for (;;); } })) { x; }")();',
    status: ['deadline'],
  },
  {
    name: 'loops in a species',
    code: 'class A extends Array { static get [Symbol.species]() { for (;;); } }\nnew A(3).map((x) => x);',
    status: ['deadline'],
  },
  {
    name: 'loops in a finalizer',
    code: 'const r = new FinalizationRegistry(() => { for (;;); });\nfor (let i = 0; i < 1e5; i++) r.register({}, i);',
    status: ['deadline'],
  },
  {
    name: 'catches its end in a promise',
    code: 'const f = () => Promise.resolve().then(() => { for (;;); }).catch(f).finally(f);\nawait f();',
    status: ['deadline'],
  },
  {
    name: 'loops in the name of a timer',
    code: 'clearTimeout({ [Symbol.toPrimitive]() { for (;;); }, valueOf() { for (;;); } });',
    status: ['no_solve'],
  },
  {
    name: 'changes an array as it is sorted',
    code: 'const a = Array.from({ length: 1000 }, (_, i) => -i);\na.sort((x, y) => { a.length = 0; a.push(...new Array(100).fill(x)); return y - x; });',
    status: ['no_solve'],
  },
  {
    name: 'lists endless keys',
    code: 'Object.keys(new Proxy({}, { ownKeys: () => new Proxy([], { get: (_, k) => (k === "length" ? 2 ** 53 - 1 : "k") }) }));',
    status: ['runtime_error', 'memory', 'deadline'],
  },
  {
    name: 'puts a trap behind all globals',
    code: 'Object.setPrototypeOf(Object.prototype.__proto__ ?? globalThis, new Proxy({}, { get() { for (;;); }, has() { for (;;); } }));\nnothing;',
    status: ['deadline'],
  },
  {
    name: 'chains prototypes deeply',
    code: 'let o = {}; for (let i = 0; i < 2e5; i++) o = Object.create(o);\nfor (;;) o.nothing;',
    status: ['deadline', 'memory'],
  },

  // ---- memory
  {
    name: 'shifts a big integer without end',
    code: 'let n = 1n; for (;;) n <<= 1000000n;',
    status: ['memory', 'deadline', 'runtime_error'],
  },
  {
    name: 'grows a buffer',
    code: 'const b = new ArrayBuffer(8, { maxByteLength: 2 ** 31 }); for (let n = 8; ; n *= 2) b.resize(n);',
    status: ['runtime_error'],
  },
  {
    name: 'compiles a huge regular expression',
    code: 'new RegExp("(?:a{900}b){900}".repeat(5000)).test("a".repeat(1e4));',
    status: ['memory', 'deadline', 'runtime_error', 'no_solve'],
  },
  { name: 'interns symbols without end', code: 'for (let i = 0; ; i++) Symbol.for("x" + i);', status: ['memory', 'deadline'] },
  { name: 'makes errors without end', code: 'const a = []; for (;;) a.push(new Error("x"));', status: ['memory', 'deadline'] },
  {
    name: 'keeps a chain of iterators',
    code: 'let i = [1].values(); for (;;) i = i.map((x) => x);',
    status: ['memory', 'deadline', 'runtime_error'],
  },

  // ---- hooks of what libraries use: what is solved stays what it is
  {
    name: 'takes call and apply away',
    code: `Function.prototype.call = Function.prototype.apply = Function.prototype.bind = null;\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'hooks maps and sets',
    code: `Map.prototype.get = () => 42; Map.prototype.has = Set.prototype.has = () => true;\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'hooks texts',
    code: `for (const k of ["split", "replace", "trim", "slice", "indexOf", "charCodeAt"]) String.prototype[k] = () => "42";\nRegExp.prototype.exec = () => ["42"];\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'hooks lists',
    code: `for (const k of ["push", "map", "filter", "entries", "forEach", "join"]) Array.prototype[k] = () => [42];\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'hooks the keys of objects',
    code: `Object.keys = Object.values = () => [42]; Object.entries = () => [["ObjectiveValue", 42]]; Object.freeze = (x) => x;\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'hooks numbers',
    code: `globalThis.Number = () => 42; globalThis.parseFloat = () => 42; Math.round = Math.abs = Math.max = Math.min = () => 42;\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
  {
    name: 'makes every list endless',
    code: `Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1; };\n${solved}`,
    status: ['optimal'],
    objective: 3.5,
  },
];
