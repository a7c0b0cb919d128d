/** Source evaluated once in every interpreter before its first program: the globals a program expects, made deterministic. */

/** What the one host function does, by its first argument. */
export const HostCall = { print: 0, call: 1, report: 2, exit: 3 } as const;

/** Frozen time of every program: 2025-01-01T00:00:00Z. */
const NOW = 1735689600000;

const core = `const g = globalThis, S = String, Math = g.Math, loaded = { __proto__: null };
g.global = g;
g.report = (v) => { host(${HostCall.report}, typeof v === 'string' ? parseFloat(v) : +v); return v; };
g.require = (name) => {
const module = loaded[S(name)];
if (module === undefined) throw new Error("Cannot find module '" + S(name) + "'");
return module.exports;
};
g.require.cache = {};
// mulberry32: small, and good enough to shuffle or sample.
let seed = 20250101;
Math.random = () => {
seed = seed + 0x6d2b79f5 | 0;
let t = Math.imul(seed ^ seed >>> 15, seed | 1);
t ^= t + Math.imul(t ^ t >>> 7, t | 61);
return ((t ^ t >>> 14) >>> 0) / 4294967296;
};`;

const printing = `const show = (v) => {
if (typeof v === 'string') return v;
if (typeof v === 'bigint') return S(v) + 'n';
if (typeof v !== 'object' || v === null) return S(v);
if (v instanceof Error) return S(v) + '\\n' + S(v.stack);
try { return JSON.stringify(v, (k, x) => typeof x === 'bigint' ? S(x) + 'n' : ArrayBuffer.isView(x) ? Array.from(x) : x); } catch { return S(v); }
};
const print = (...a) => { host(${HostCall.print}, a.map(show).join(' ')); }, none = () => {};
g.console = { log: print, info: print, debug: print, warn: print, error: print, table: print, dir: print, trace: print, group: print, assert: none, time: none, timeEnd: none, groupEnd: none };`;

const time = `const D = Date;
g.Date = new Proxy(D, { construct: (t, a, n) => Reflect.construct(t, a.length ? a : [${NOW}], n), apply: () => new D(${NOW}).toString() });
D.now = () => ${NOW};
D.prototype.constructor = g.Date;
g.performance = { now: () => 0 };`;

/** UTF-8 only, as the solver packages need for MPS bytes. */
const text = `g.TextEncoder = class { encode(s = '') { return Uint8Array.from(unescape(encodeURIComponent(S(s))), (c) => c.charCodeAt(0)); } };
g.TextDecoder = class { decode(b = new Uint8Array(0)) {
b = b instanceof ArrayBuffer ? new Uint8Array(b) : new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
let s = ''; for (let i = 0; i < b.length; i += 4096) s += S.fromCharCode.apply(null, b.subarray(i, i + 4096));
return decodeURIComponent(escape(s)); } };
g.structuredClone = (v) => {
if (typeof v === 'function' || typeof v === 'symbol') throw new TypeError('this value cannot be cloned');
if (typeof v !== 'object' || v === null) return v;
if (Array.isArray(v)) return v.map(g.structuredClone);
if (v instanceof D) return new D(+v);
if (v instanceof Map) return new Map([...v].map(([k, x]) => [g.structuredClone(k), g.structuredClone(x)]));
if (v instanceof Set) return new Set([...v].map(g.structuredClone));
if (ArrayBuffer.isView(v)) return v.slice();
return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, g.structuredClone(x)]));
};`;

const events = `const timers = [];
let count = 0;
g.queueMicrotask = (f) => { Promise.resolve().then(f); };
const add = (f, ms, every, a) => { timers.push({ at: +ms || 0, id: ++count, f, a, every }); return count; };
g.setTimeout = (f, ms, ...a) => add(f, ms, null, a);
g.setInterval = (f, ms, ...a) => add(f, ms, Math.max(1, +ms || 0), a);
g.setImmediate = (f, ...a) => add(f, 0, null, a);
g.clearTimeout = g.clearInterval = g.clearImmediate = (id) => { const i = timers.findIndex((t) => t.id === id); if (i >= 0) timers.splice(i, 1); };
const write = (s) => { host(${HostCall.print}, S(s), 1); return true; };
g.process = { argv: ['node', 'program.js'], env: {}, platform: 'linux', version: 'v20.0.0', versions: { node: '20.0.0' }, exit: (c) => { host(${HostCall.exit}, +c || 0); }, on() {}, once() {}, hrtime: Object.assign(() => [0, 0], { bigint: () => 0n }),
nextTick: (f, ...a) => { Promise.resolve().then(() => f(...a)); }, cwd: () => '/', memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0 }), uptime: () => 0, stdout: { write }, stderr: { write } };
const runTimer = () => {
if (timers.length === 0) return false;
timers.sort((a, b) => a.at - b.at || a.id - b.id);
const t = timers.shift();
if (t.every !== null) timers.push({ ...t, at: t.at + t.every });
t.f(...t.a);
return true;
};`;

/**
 * `(host) => ({ runTimer, install })`: `runTimer()` is false once no timer waits, `install(name, library)` makes a library known.
 *
 * Everything here runs inside the sandbox and may be replaced by the program; nothing here is trusted. Timers run in the order of
 * their delays, without waiting.
 */
export const preludeSource = `(function (host) {
${[core, printing, time, text, events].join('\n')}
const install = (name, library) => {
const module = loaded[name] = { exports: {} };
library(module, (method, payload) => host(${HostCall.call}, method, payload));
};
return { runTimer, install };
})`;
