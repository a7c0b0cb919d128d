/** Configuration -> the scoring of a group: judge, audit, reward terms. */

import { type ConsistencyEvidence, noEvidence } from '../../core/evidence.ts';
import { camelKeys } from '../../lib/camel-keys.ts';
import { EvomError } from '../../lib/errors.ts';
import { loadPlugin } from '../../lib/plugin.ts';
import { isInForm } from '../../reward/format.ts';
import { judgeOutcome } from '../../reward/judge.ts';
import type { RewardConfig, UserTerm } from '../../reward/reward.ts';
import { scoreOutcome } from '../../reward/reward.ts';
import type { RolloutParts } from '../../rollout/engine.ts';
import { type ConsistencyRule, groupConsistency } from '../../solve/group-consistency.ts';
import { type Auditor, createAuditor } from '../../verify/evidence/auditor.ts';
import type { TrainConfig } from '../schema/schema.ts';
import type { GroupSimulators } from './build-simulators.ts';

/** The keys of a configuration that say what an outcome earns. */
export type ScoringConfig = Pick<TrainConfig, 'judge' | 'reward' | 'audit' | 'backend'>;

export interface Scoring {
  readonly score: RolloutParts['score'];
  readonly auditor: Auditor;
  readonly reward: RewardConfig;
  close(): Promise<void>;
}

/**
 * Judges a group, audits its right answers off the main thread, and adds up each reward.
 *
 * @param simulators of `reward.consistency_rule: simulators`; they belong to the caller.
 * @throws {EvomError} E_CONFIG for a term or backend that cannot be made.
 */
export async function buildScoring(config: ScoringConfig, simulators: GroupSimulators | null = null): Promise<Scoring> {
  const reward = await rewardConfigOf(config);
  const auditor = await createAuditor({
    backend: config.backend,
    crossSolve: config.audit.cross_solve,
    perturbations: config.audit.perturbations,
    peers: config.audit.peers,
    hints: config.audit.hints,
  });
  const score: RolloutParts['score'] = async (requests) => {
    const evidence = await auditor.audit(
      requests.map(({ outcome, problem }) => ({ outcome, problem, correct: judgeOutcome(outcome, problem, reward.judge).correct })),
    );
    const consistency = reward.weights.consistency > 0 ? await consistencyOf(requests, config.reward.consistency_rule, simulators) : null;
    return requests.map((request, i) => {
      const found = evidence[i] ?? noEvidence;
      const borneOut = consistency?.[i] ?? null;
      // What is paid for evidence is unknown without it: no reward, and not one of 0.
      const fault = found.fault ?? (consistency !== null && borneOut === null ? 'nothing is known of its consistency' : null);
      return scoreOutcome({ ...request, evidence: { ...found, consistency: borneOut, fault } }, reward);
    });
  };
  return { score, auditor, reward, close: () => auditor.close() };
}

/** What the group, or the simulators of its problem, say of each program. @throws {EvomError} E_CONFIG where simulators are wanted and missing. */
async function consistencyOf(
  requests: Parameters<RolloutParts['score']>[0],
  rule: ConsistencyRule | 'simulators',
  simulators: GroupSimulators | null,
): Promise<readonly (ConsistencyEvidence | null)[]> {
  const [first] = requests;
  if (first === undefined) return [];
  const outcomes = requests.map(({ outcome }) => outcome);
  if (rule !== 'simulators') return groupConsistency(first.problem.question, outcomes, rule);
  if (simulators === null)
    throw new EvomError('E_CONFIG', 'reward.consistency_rule: simulators is a reward of training; take faithful here');
  return simulators.evidence(first.problem, outcomes);
}

/** Whether a completion's program is not run, because it is not in the form that the reward asks for. */
export const isLeftOut = (reward: Pick<TrainConfig['reward'], 'off_form' | 'format_tags'>, completion: string): boolean =>
  reward.off_form === 'skip' && !isInForm(completion, reward.format_tags);

const worth = (result: unknown): string | null =>
  result === null || Number.isFinite(result) ? null : `${result} instead of a finite number or null`;

async function rewardConfigOf({ reward, judge }: ScoringConfig): Promise<RewardConfig> {
  const terms: UserTerm[] = [];
  for (const { name, type, weight } of reward.terms) {
    const request = { key: `reward.terms (${name})`, path: type, methods: ['score'], checks: { score: worth } };
    const made = await loadPlugin<Pick<UserTerm, 'score'>>(request, { name });
    terms.push({ name, weight, score: (input, verdict) => made.score(input, verdict) });
  }
  const { format, executes, answer, solution, consistency, crossSolver, ...rest } = camelKeys(reward);
  const { formatTags, formatRule, offForm, valueOnlyWeight, softFlagWeight, uncertified, overlong } = rest;
  const weights = { format, executes, answer, solution, consistency, crossSolver };
  return { judge: judge.rule, weights, formatTags, formatRule, offForm, valueOnlyWeight, softFlagWeight, uncertified, overlong, terms };
}
