/** What a fork server has loaded before its programs begin: every page of it is paid for by every fork. */

/** `core`: the library alone. `all`: also numpy, and those parts of the library that bring much with them. */
export type Preload = 'all' | 'core';

interface Needs {
  /** A program without this asks for more than the core. */
  readonly core: RegExp;
  /** A program with this asks for more than the core. */
  readonly more: RegExp;
}

/** Dialects whose core is much smaller than all of it. The other libraries load numpy themselves. */
const needs: Readonly<Record<string, Needs>> = {
  gurobipy: { core: /\bgurobipy\b/, more: /\b(?:numpy|pandas|scipy|gurobipy_pandas|MVar|addM\w+)\b/ },
  ortools: { core: /\bpywraplp\b/, more: /\b(?:sat|cp_model|math_opt|mathopt|model_builder|numpy|pandas|scipy)\b/ },
};

/** The fork servers of a dialect. */
export const preloadsOf = (dialect: string): readonly Preload[] => (dialect in needs ? ['all', 'core'] : ['all']);

/**
 * The fork server that a program begins in, by the words of its text. Only its cost hangs on the choice: what is not there yet is loaded
 * in the program's own process when it imports it.
 */
export function preloadOf(dialect: string, code: string): Preload {
  const known = needs[dialect];
  return known?.core.test(code) && !known.more.test(code) ? 'core' : 'all';
}
