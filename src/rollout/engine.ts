/** Rollout engine: problems in, verified and scored groups out, each program verified while others are still sampled. */

import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import type { Program } from '../core/program.ts';
import type { Completion, Prompt, Reward, Rollout, RolloutGroup, Scorable } from '../core/rollout.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';
import type { Policy, SampleRequest, SamplingParams } from '../policy/policy.ts';
import { completionOutcome } from '../verify/completion-outcome.ts';
import { withoutRefuted } from '../verify/refuted-by-peers.ts';

/** How one problem is asked and its answer read: a prompt in one dialect, and that dialect's extraction. */
export interface Task {
  readonly problem: Problem;
  readonly prompt: Prompt;
  readonly dialect: string;
  readonly backend: string;
  readonly extract: (completionText: string) => Program | null;
}

/** The live parts that a rollout passes through, in order. */
export interface RolloutParts {
  readonly policy: Policy;
  readonly task: (problem: Problem) => Task;
  readonly decode: (tokenIds: Int32Array) => string;
  readonly verify: (program: Program) => Promise<Outcome>;
  /** Rewards of one problem's outcomes, in their order. */
  readonly score: (requests: readonly Omit<Required<Scorable>, 'evidence'>[]) => readonly Reward[] | Promise<readonly Reward[]>;
}

export interface RolloutRequest {
  readonly problems: readonly Problem[];
  readonly groupSize: number;
  readonly sampling: SamplingParams;
  /** Names the random draws: sample k of a problem is drawn from `${seedKey}/${problem.id}/${k}`, of its second coming `${problem.id}~2`. */
  readonly seedKey: string;
  readonly genStep: number;
  readonly signal?: AbortSignal;
}

/** Where the time went; seconds of wall clock, never part of what replays. */
export interface RolloutTimes {
  readonly sampleS: number;
  /** Time after the last completion until the last verdict: what overlap did not hide. */
  readonly verifyTailS: number;
  readonly tokens: number;
  readonly programs: number;
  /** Each program that was verified: from handing it over until its outcome was there. */
  readonly verifications: readonly Verification[];
}

/** How long one sample waited for its outcome. */
export interface Verification {
  readonly problem: string;
  readonly sampleIndex: number;
  readonly seconds: number;
}

export interface RolloutResult {
  readonly groups: RolloutGroup[];
  readonly times: RolloutTimes;
}

/**
 * Samples `groupSize` completions of each problem and turns each into a scored rollout.
 *
 * The same request with the same weights gives the same groups, whatever order programs finish in.
 *
 * @returns [problems] groups in the order of `request.problems`, and where the time went.
 * On abort programs under way are not waited for: whoever closes the verifier ends them.
 *
 * @throws {EvomError} `E_DATA` naming the problem whose prompt leaves no room for `maxTokens` more; `E_POLICY` or `E_SANDBOX` for
 *   a fault of ours; nothing that a program does.
 */
export async function rollOut(parts: RolloutParts, request: RolloutRequest): Promise<RolloutResult> {
  const tasks = request.problems.map(parts.task);
  for (const task of tasks) if (!fits(parts.policy, task, request.sampling.maxTokens)) throw tooLong(parts.policy, task, request);
  const names = distinctNames(request.problems);
  const seeds = names.map((name) => Array.from({ length: request.groupSize }, (_, k) => `${request.seedKey}/${name}/${k}`));
  const requests = tasks.map((task, i): SampleRequest => ({ promptIds: task.prompt.tokenIds, seeds: seeds[i] as string[] }));

  const started = performance.now();
  const verified: Promise<VerifiedRollout>[][] = tasks.map(() => []);
  const numVerified = tasks.map(() => 0);
  const scored: Promise<Rollout[]>[] = [];
  const failures: unknown[] = [];
  const verifications: Verification[] = [];
  // A rejection before the loop below awaits it must not end the process.
  const noted = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch((error: unknown) => failures.push(error));
    return promise;
  };
  const onCompletion = (p: number, k: number, completion: Completion): void => {
    const [task, ofProblem] = [tasks[p] as Task, verified[p] as Promise<VerifiedRollout>[]];
    ofProblem[k] = noted(
      verifyCompletion(
        { ...parts, verify: timed(parts.verify, task.problem.id, k, verifications) },
        task,
        completion,
        k,
        seeds[p]?.[k] as string,
      ),
    );
    numVerified[p] = (numVerified[p] ?? 0) + 1;
    // A group is scored together, as soon as it is whole: its programs may bear witness about one another.
    if (numVerified[p] === request.groupSize) scored[p] = noted(scoreGroup(parts, task, ofProblem, request.sampling.maxTokens));
  };
  await parts.policy.sample(requests, request.sampling, { onCompletion, ...(request.signal ? { signal: request.signal } : {}) });
  const sampled = performance.now();
  if (failures.length > 0) throw failures[0];

  const groups: RolloutGroup[] = [];
  for (const [p, task] of tasks.entries()) {
    const rollouts = await unlessAborted(Promise.resolve(scored[p]), request.signal);
    if (rollouts === undefined) {
      throw new EvomError(
        'E_POLICY',
        `the policy returned ${numVerified[p]} of ${request.groupSize} completions of problem ${task.problem.id}`,
      );
    }
    groups.push({
      groupId: `${request.genStep}/${names[p]}`,
      problem: task.problem,
      prompt: task.prompt,
      genStep: request.genStep,
      rollouts,
    });
  }
  const done = performance.now();
  const all = groups.flatMap((group) => group.rollouts);
  return {
    groups,
    times: {
      sampleS: (sampled - started) / 1000,
      verifyTailS: (done - sampled) / 1000,
      tokens: all.reduce((sum, r) => sum + r.completion.tokenIds.length, 0),
      programs: all.filter((r) => r.program !== null).length,
      verifications,
    },
  };
}

/** Whether the policy's context holds the problem's prompt and `maxTokens` more. */
export const promptFits = ({ policy, task }: Pick<RolloutParts, 'policy' | 'task'>, problem: Problem, maxTokens: number): boolean =>
  fits(policy, task(problem), maxTokens);

const fits = (policy: Policy, { prompt }: Task, maxTokens: number): boolean => prompt.tokenIds.length + maxTokens <= policy.maxLength;

const tooLong = (policy: Policy, { problem, prompt }: Task, { sampling }: RolloutRequest): EvomError =>
  new EvomError(
    'E_DATA',
    `problem ${problem.id}: its prompt of ${prompt.tokenIds.length} tokens and up to ${sampling.maxTokens} new ones exceed the ${policy.maxLength} of ${policy.modelId}; leave the problem out, or lower sampling.max_tokens`,
  );

/** Ids of the problems; one that comes again, at the turn of an epoch or in a small set, is told apart and drawn anew. */
function distinctNames(problems: readonly Problem[]): string[] {
  const times = new Map<string, number>();
  return problems.map(({ id }) => {
    const time = (times.get(id) ?? 0) + 1;
    times.set(id, time);
    return time === 1 ? id : `${id}~${time}`;
  });
}

/** `verify`, its time noted in `into`. */
function timed(verify: RolloutParts['verify'], problem: string, sampleIndex: number, into: Verification[]): RolloutParts['verify'] {
  return async (program) => {
    const began = performance.now();
    const outcome = await verify(program);
    into.push({ problem, sampleIndex, seconds: (performance.now() - began) / 1000 });
    return outcome;
  };
}

/** A rollout that waits for its reward. */
type VerifiedRollout = Omit<Rollout, 'reward'>;

async function verifyCompletion(
  parts: RolloutParts,
  task: Task,
  completion: Completion,
  sampleIndex: number,
  seed: string,
): Promise<VerifiedRollout> {
  const completionText = parts.decode(completion.tokenIds);
  const program = task.extract(completionText);
  const isTruncated = completion.finishReason === 'length';
  const outcome = await completionOutcome({ text: completionText, program, isTruncated }, task, parts.verify);
  return { sampleIndex, seed, completion, completionText, program, outcome };
}

async function scoreGroup(parts: RolloutParts, task: Task, verified: Promise<VerifiedRollout>[], maxTokens: number): Promise<Rollout[]> {
  const whole = await Promise.all(verified);
  const outcomes = withoutRefuted(whole.map(({ outcome }) => outcome));
  const rollouts = whole.map((rollout, k) => ({ ...rollout, outcome: outcomes[k] ?? rollout.outcome }));
  const rewards = await parts.score(
    rollouts.map(({ outcome, completion, completionText }) => ({
      problem: task.problem,
      outcome,
      completionText,
      completionTokens: completion.tokenIds.length,
      maxTokens,
      truncated: completion.finishReason === 'length',
    })),
  );
  return rollouts.map((rollout, k) => {
    const reward = rewards[k];
    if (reward === undefined) throw new EvomError('E_INTERNAL', `${rewards.length} rewards for the ${rollouts.length} rollouts of a group`);
    return { ...rollout, reward };
  });
}
