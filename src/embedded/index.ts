/** `evom/embedded`: the policy and the learner inside this process. */

export { createOnnxLearner, type OnnxLearnerOptions } from './learner/onnx-learner.ts';
export { createOnnxExportPolicy, type OnnxExportPolicyOptions } from './sampler/onnx-export-policy.ts';
export { createOnnxPolicy, type OnnxPolicyOptions } from './sampler/onnx-policy.ts';
export { drawToken, entropyOfRow, keptTokens, softmaxRow } from './sampler/sampling.ts';
