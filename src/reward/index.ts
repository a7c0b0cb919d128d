/** `evom/reward`: judges, audits and the reward of an outcome. */

/** @deprecated Its name is `Scorable`, from `evom`. */
export type { Scorable as ScoreInput } from '../core/rollout.ts';
export { type HardFlag, hardFlagNames, hardFlags, type SoftFlag, softFlagNames, softFlags } from './audit.ts';
export { type FormatRule, isInForm } from './format.ts';
export { type JudgeIdentity, judgeOutcome, type Verdict } from './judge.ts';
export { type JudgeRule, type JudgeRuleName, judgeRule, judgeRuleNames, type NoSolutionRule } from './judge-rules.ts';
export { type ForeignNumbers, literalTrace } from './literals.ts';
export { type OverlongConfig, overlongPenalty } from './overlong.ts';
export { type RewardConfig, type RewardWeights, rewardPresets, scoreOutcome, type UserTerm } from './reward.ts';
export { type RuleScore, type StoredVerdict, scoreByRules } from './score-by-rules.ts';
