/** `evom/benchmarks`: published problem sets and recorded completions, imported. */

export { findDataset } from './find-dataset.ts';
export {
  type ImportFault,
  type ImportItem,
  type ImportOptions,
  type ImportReport,
  importInput,
  importProblems,
} from './import-problems.ts';
export { findInputs, type ImportInput } from './inputs.ts';
export { type LabelVersion, labelVersionNamed, labelVersionOf, labelVersions } from './label-versions.ts';
export { type Recordings, readRecordings } from './recordings.ts';
