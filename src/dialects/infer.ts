/** The dialect of a program by the solver library that it loads. */

import type { Language } from './language.ts';

const packages: Readonly<Record<string, string>> = { 'highs-js': 'highs(?:\\/[\\w-]+)?', 'glpk-js': 'glpk\\.js(?:\\/node)?' };
const modules = ['gurobipy', 'coptpy', 'ortools', 'highspy', 'pyscipopt', 'pulp'];

const loadsPackage = (name: string): RegExp => new RegExp(`(?:\\bfrom|\\brequire\\s*\\(|\\bimport\\s*\\(?)\\s*["'\`](?:${name})["'\`]`);
/** At the start of a statement: of a line, behind `;` or behind `try:`; `import` may name other modules first. */
const loadsModule = (name: string): RegExp =>
  new RegExp(
    `(?:^\\uFEFF?|;|^[ \\t]*try:)[ \\t]*(?:from[ \\t]+|import[ \\t]+(?:[\\w.]+(?:[ \\t]+as[ \\t]+\\w+)?[ \\t]*,[ \\t]*)*)(?:${name})\\b`,
    'm',
  );

/** How programs load the library of each dialect. */
const loads: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(Object.entries(packages).map(([dialect, name]) => [dialect, loadsPackage(name)])),
  ...Object.fromEntries(modules.map((name) => [name, loadsModule(name)])),
};

const loadsAny: Readonly<Record<Language, RegExp>> = {
  javascript: loadsPackage(Object.values(packages).join('|')),
  python: loadsModule(modules.join('|')),
};

/** Whether a text loads a solver library of the language. */
export const loadsLibrary = (text: string, language: Language): boolean => loadsAny[language].test(text);

/**
 * The one dialect whose library a text loads; null where it loads none of them, or several.
 *
 * @param text a program, or a completion that holds one.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { inferDialect } from 'evom/dialects';
 * assert.equal(inferDialect('const h = await require("highs")();'), 'highs-js');
 * assert.equal(inferDialect('import gurobipy as gp'), 'gurobipy');
 * assert.equal(inferDialect('report(1);'), null);
 * ```
 */
export function inferDialect(text: string): string | null {
  const found = Object.entries(loads).filter(([, pattern]) => pattern.test(text));
  return found.length === 1 ? (found[0]?.[0] ?? null) : null;
}
