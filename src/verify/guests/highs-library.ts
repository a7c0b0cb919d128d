/**
 * What runs inside the sandbox as npm `highs`: the one-shot `solve` and the persistent models of version 1.15, with the solving done by
 * the host. Its parts are functions that are handed over as text, so that they are written, checked and formatted like everything else.
 */
import { libraryArrays } from './highs-library/arrays.ts';
import { libraryBase } from './highs-library/base.ts';
import { libraryEdits } from './highs-library/edits.ts';
import { libraryModel } from './highs-library/model.ts';
import { libraryOptions } from './highs-library/options.ts';
import { libraryPackage } from './highs-library/package.ts';
import { libraryRaw } from './highs-library/raw.ts';
import { librarySolution } from './highs-library/solution.ts';
import { libraryState } from './highs-library/state.ts';
import type { HighsFacts } from './highs-library/types.ts';
import { libraryViews } from './highs-library/views.ts';

/** The library's source as `GuestLibrary` takes it. */
export function librarySource(facts: HighsFacts): string {
  const literal = JSON.stringify(facts, (_key, value: unknown) =>
    value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : value,
  );
  return `(module, call) => {
const facts = ${literal};
const base = (${libraryBase})(call);
const arrays = (${libraryArrays})(base);
const options = (${libraryOptions})(base, facts);
const raw = (${libraryRaw})(base, options);
const state = (${libraryState})(base, arrays);
const solution = (${librarySolution})(base);
const edits = (${libraryEdits})(base, arrays, state);
const views = (${libraryViews})(base, arrays, state);
const Model = (${libraryModel})(base, arrays, options, state, solution, edits, views, raw, call);
module.exports = (${libraryPackage})(base, Model, raw, call, facts);
}`;
}
