/** `evom/modeling`: models compared: canonical forms, identity, differences, robustness. */

export { equalUpToAuxiliaries } from './auxiliary.ts';
export { type CanonicalColumn, type CanonicalModel, type CanonicalRow, canonicalModel } from './canonical.ts';
export { countDifferences, type Difference, type DifferenceKind, diagnoseModel, differenceKinds } from './diagnose.ts';
export { identicalModels, modelHash } from './identical.ts';
export { type ModelMatch, matchModels } from './match.ts';
export { solvesReference } from './reference-point.ts';
export { comparePerturbed, type PerturbationOptions, type PerturbedComparison, type SolveModel } from './robustness.ts';
export { type HintName, hintNames, variantHints } from './variants.ts';
