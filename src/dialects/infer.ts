/** The dialect of a program by the solver library that it loads. */

/** How programs load the library of each dialect. */
const loads: Readonly<Record<string, RegExp>> = {
  'highs-js': /(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*["'`]highs(?:\/[\w-]+)?["'`]/,
  'glpk-js': /(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*["'`]glpk\.js(?:\/node)?["'`]/,
  gurobipy: pythonModule('gurobipy'),
  coptpy: pythonModule('coptpy'),
  ortools: pythonModule('ortools'),
  highspy: pythonModule('highspy'),
  pyscipopt: pythonModule('pyscipopt'),
  pulp: pythonModule('pulp'),
};

function pythonModule(name: string): RegExp {
  return new RegExp(`^[ \\t]*(?:import|from)[ \\t]+${name}\\b`, 'm');
}

/**
 * The one dialect whose library a text loads; null where it loads none of them, or several.
 *
 * @param text a program, or a completion that holds one.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { inferDialect } from 'evom';
 * assert.equal(inferDialect('const h = await require("highs")();'), 'highs-js');
 * assert.equal(inferDialect('import gurobipy as gp'), 'gurobipy');
 * assert.equal(inferDialect('report(1);'), null);
 * ```
 */
export function inferDialect(text: string): string | null {
  const found = Object.entries(loads).filter(([, pattern]) => pattern.test(text));
  return found.length === 1 ? (found[0]?.[0] ?? null) : null;
}
