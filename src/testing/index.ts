/** `evom/testing`: what every backend, dialect, policy and learner must do, as vitest suites for the author of a plug-in. */

export { describeBackend } from './backend-suite.ts';
export { type DialectPrograms, describeDialect } from './dialect-suite.ts';
export { type CreateLearner, describeLearner, type LearnerStart } from './learner-suite.ts';
export { describePolicy, type PolicyUnderTest } from './policy-suite.ts';
