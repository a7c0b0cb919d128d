/** Flags of `evom verify` -> how its programs are run and scored. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { Outcome } from '../../core/outcome.ts';
import type { Problem } from '../../core/problem.ts';
import type { Program } from '../../core/program.ts';
import type { Reward } from '../../core/rollout.ts';
import type { Following } from '../../lib/discover/address-watch.ts';
import { EvomError } from '../../lib/errors.ts';
import type { JudgeRuleName } from '../../reward/judge-rules.ts';
import { completionOutcome } from '../../verify/completion-outcome.ts';
import type { Verifier } from '../../verify/verifier.ts';
import { hostOverrides } from '../load/host-overrides.ts';
import { formatIssues } from '../load/issues.ts';
import { applyOverride, type Override, overrideOf } from '../load/overrides.ts';
import type { Tree } from '../load/tree.ts';
import { validate } from '../load/validate.ts';
import { audit, defaultScoring, type RewardConfig } from '../schema/reward-schema.ts';
import { sandbox, solverHosts } from '../schema/train-schema.ts';
import { backendOfDialect } from '../schema/vocabulary.ts';
import { buildScoring, isLeftOut } from './build-scoring.ts';
import { buildVerifier, type VerifierConfig } from './build-verifier.ts';

export interface VerifySettings extends Omit<VerifierConfig, 'backend'> {
  /** Name of a backend, or the path of a module that creates one. */
  readonly backend: string;
  /** Programs run at once. */
  readonly workers: number;
  readonly audit: z.output<typeof audit>;
}

const schema = z.strictObject({ sandbox: sandbox.prefault({}), solver_hosts: solverHosts.prefault({}), audit: audit.prefault({}) });

/**
 * The settings that flags ask for.
 *
 * @param flags.set assignments of keys below `sandbox`, `solver_hosts` and `audit`, as a configuration file has them.
 * @throws {EvomError} E_CONFIG naming every flag whose value is not understood.
 */
export function verifySettings(flags: {
  readonly backend: string;
  readonly workers: number | null;
  readonly hosts: readonly string[];
  readonly set: readonly string[];
}): VerifySettings {
  const { workers: atOnce } = flags;
  const overrides: Override[] = [
    ...flags.set.map(overrideOf),
    ...(atOnce === null ? [] : [{ assignment: `sandbox.workers=${atOnce}`, flag: `--workers ${atOnce}` }]),
    ...hostOverrides(flags.hosts, `--host ${flags.hosts.join(' --host ')}`),
  ];
  const empty: Tree = { type: 'map', origin: { type: 'flag', flag: '' }, entries: new Map() };
  const applied = overrides.map((override) => applyOverride(empty, override));
  const tree = overrides.reduce<Tree>((base, override) => applyOverride(base, override).tree, empty);
  const { value, issues } = validate(tree, schema, () => z.toJSONSchema(schema, { io: 'input' }), {});
  const all = [...applied.flatMap(({ issue }) => (issue ? [issue] : [])), ...issues];
  if (all.length > 0 || value === null) throw new EvomError('E_CONFIG', formatIssues(all));
  const { workers } = value.sandbox;
  return { ...value, backend: flags.backend, workers: workers === 'auto' ? Math.max(1, availableParallelism()) : workers };
}

export interface Verification {
  /** Runs and scores a program; `program` is null where a completion holds none. */
  verify(item: {
    readonly program: Program | null;
    readonly dialect: string;
    readonly completion: string;
    readonly problem: Problem;
    /** The completion was stopped at its limit; default false. */
    readonly isTruncated?: boolean;
  }): Promise<{ readonly outcome: Outcome; readonly reward: Reward }>;
  close(): Promise<void>;
}

/**
 * Starts what runs the programs of some dialects, and scores each by itself under the first rule.
 *
 * @param reward what an outcome earns; default the preset `evom`.
 * @throws {EvomError} E_CONFIG for an unknown dialect or backend, or a reward that needs more than one completion; E_SANDBOX if workers
 *   do not start.
 */
export async function openVerification(
  dialects: readonly string[],
  settings: VerifySettings,
  rules: readonly JudgeRuleName[],
  reward: RewardConfig = defaultScoring.reward,
  following: Following = {},
): Promise<Verification> {
  const beyond = beyondOneCompletion(reward, settings);
  if (beyond !== null) throw new EvomError('E_CONFIG', beyond);
  const verifier = await buildVerifier(dialects, settings, following);
  const scored = { reward, audit: settings.audit, judge: { rule: rules[0] ?? 'sirl' }, backend: settings.backend };
  const scoring = await buildScoring(scored).catch(closing(verifier));
  return {
    verify: async ({ program, dialect, completion, problem, isTruncated = false }) => {
      const asked = { dialect, backend: backendOfDialect(dialect, settings.backend) };
      const read = isLeftOut(reward, completion) ? null : program;
      const outcome = await completionOutcome({ text: completion, program: read, isTruncated }, asked, (one) => verifier.verify(one));
      const about = { completionText: completion, completionTokens: 0, maxTokens: Number.POSITIVE_INFINITY, truncated: isTruncated };
      const [earned] = await scoring.score([{ problem, outcome, ...about }]);
      if (earned === undefined) throw new EvomError('E_INTERNAL', 'a program was verified and got no reward');
      return { outcome, reward: earned };
    },
    close: async () => {
      await Promise.all([scoring.close(), verifier.close()]);
    },
  };
}

/** Why a reward cannot be told from one completion without its tokens, or null. */
function beyondOneCompletion(reward: RewardConfig, { audit: { peers } }: Pick<VerifySettings, 'audit'>): string | null {
  if (reward.consistency > 0) return 'reward.consistency compares a group, and here each completion is scored by itself; set it to 0';
  if (peers) return 'audit.peers compares a group, and here each completion is scored by itself; set it to false';
  if (reward.overlong !== null)
    return 'reward.overlong needs numbers of tokens, which are not known here; set it to null, and let the trainer shape lengths';
  return null;
}

/** Closes what has started when what should follow does not. */
const closing =
  (verifier: Verifier) =>
  async (error: unknown): Promise<never> => {
    await verifier.close();
    throw error;
  };
