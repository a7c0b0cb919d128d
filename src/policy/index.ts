/** `evom/policy`: what a policy and a learner are, and policies that need no model. */

export type { Learner, LearnerMetrics, LearnerResult, LearnerStepOptions } from './learner.ts';
export {
  type AdamWConfig,
  adamwDefaults,
  checkOptimizerConfig,
  type MuonConfig,
  muonDefaults,
  type OptimizerConfig,
} from './optimizer-config.ts';
export type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from './policy.ts';
export { createRecordedPolicy, type Recall, type RecordedPolicyOptions } from './recorded-policy.ts';
export { createScriptedPolicy, type Script, type ScriptedPolicyOptions } from './scripted-policy.ts';
