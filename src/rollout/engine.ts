/** Rollout engine: problems in, verified and scored groups out, each program verified while others are still sampled. */

import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import type { Program } from '../core/program.ts';
import type { Completion, Prompt, Reward, Rollout, RolloutGroup, Scorable } from '../core/rollout.ts';
import { ownTokens } from '../core/turns.ts';
import { EvomError } from '../lib/errors.ts';
import { unlessAborted } from '../lib/unless-aborted.ts';
import type { Policy, SampleRequest, SamplingParams } from '../policy/policy.ts';
import { completionOutcome } from '../verify/completion-outcome.ts';
import { withoutRefuted } from '../verify/refuted-by-peers.ts';
import { type Answered, Episode, type Tell, type TurnRoom, type TurnSettings } from './episode.ts';

/** How one problem is asked and its answer read: a prompt in one dialect, and that dialect's extraction. */
export interface Task {
  readonly problem: Problem;
  readonly prompt: Prompt;
  readonly dialect: string;
  readonly backend: string;
  readonly extract: (completionText: string) => Program | null;
  /** What the policy is told between turns; left out: an episode is one turn. */
  readonly tell?: Tell;
}

/** The live parts that a rollout passes through, in order. */
export interface RolloutParts {
  readonly policy: Policy;
  /** @param dialect the one to ask in; the configuration decides when left out. */
  readonly task: (problem: Problem, dialect?: string) => Task;
  readonly decode: (tokenIds: Int32Array) => string;
  readonly verify: (program: Program) => Promise<Outcome>;
  /** Rewards of one problem's outcomes, in their order. */
  readonly score: (requests: readonly Omit<Required<Scorable>, 'evidence'>[]) => readonly Reward[] | Promise<readonly Reward[]>;
  /** Left out: an episode is one turn. */
  readonly turns?: TurnSettings;
}

export interface RolloutRequest {
  readonly problems: readonly Problem[];
  readonly groupSize: number;
  readonly sampling: SamplingParams;
  /**
   * Names the random draws: sample k of a problem is drawn from `${seedKey}/${problem.id}/${k}`, of its second coming `${problem.id}~2`;
   * its n-th turn, n > 1, from that and `/turn${n}`.
   */
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
 * Samples `groupSize` episodes of each problem and turns each into a scored rollout. An episode is one completion, or with `parts.turns`
 * several: the policy is told what the solver said of its program, and writes another. Those that go on are sampled together, turn by turn.
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
  const tasks = request.problems.map((problem) => parts.task(problem));
  const { maxTokens } = request.sampling;
  for (const task of tasks) if (!fits(parts.policy, task, maxTokens)) throw tooLong(parts.policy, task, request);
  const names = distinctNames(request.problems);
  const failures: unknown[] = [];
  // A rejection before the loop below awaits it must not end the process.
  const noted = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch((error: unknown) => failures.push(error));
    return promise;
  };
  const verifications: Verification[] = [];
  const places = tasks.map((task, p) =>
    Array.from({ length: request.groupSize }, (_, k): Place => {
      let end: Place['end'] = () => {};
      const ended = new Promise<VerifiedRollout>((resolve) => {
        end = resolve;
      });
      return { task, sampleIndex: k, seed: `${request.seedKey}/${names[p]}/${k}`, episode: new Episode(task.prompt), ended, end };
    }),
  );
  // A group is scored together, as soon as it is whole: one program's better point may refute another's optimum.
  const scored = places.map((ofProblem, p) =>
    noted(
      scoreGroup(
        parts,
        tasks[p] as Task,
        ofProblem.map(({ ended }) => ended),
        maxTokens,
      ),
    ),
  );

  const room: TurnRoom = { maxTokens, maxLength: parts.policy.maxLength };
  const started = performance.now();
  let sampleMs = 0;
  /** [requests][samples]: one request a problem in the first turn, one an episode later, since their texts are no longer the same. */
  let open: readonly (readonly Place[])[] = places;
  while (open.length > 0) {
    const began = performance.now();
    const taken = await sampleTurn(parts.policy, request, open, (place, completion) =>
      noted(
        verifyCompletion({ ...parts, verify: timed(parts.verify, place, verifications) }, place, completion).then((answer) =>
          takeTurn(parts, room, place, answer),
        ),
      ),
    );
    sampleMs += performance.now() - began;
    if (failures.length > 0) throw failures[0];
    const isGoing = await unlessAborted(Promise.all(taken.map(({ goesOn }) => goesOn)), request.signal);
    open = taken.flatMap(({ place }, i) => (isGoing[i] ? [[place]] : []));
  }

  const groups: RolloutGroup[] = [];
  for (const [p, task] of tasks.entries()) {
    groups.push({
      groupId: `${request.genStep}/${names[p]}`,
      problem: task.problem,
      prompt: task.prompt,
      genStep: request.genStep,
      rollouts: await unlessAborted(scored[p] as Promise<Rollout[]>, request.signal),
    });
  }
  const done = performance.now();
  const all = groups.flatMap((group) => group.rollouts);
  return {
    groups,
    times: {
      sampleS: sampleMs / 1000,
      verifyTailS: (done - started - sampleMs) / 1000,
      tokens: all.reduce((sum, r) => sum + ownTokens(r.completion), 0),
      programs: all.reduce((sum, { program, turns = [{ program }] }) => sum + turns.filter((turn) => turn.program !== null).length, 0),
      verifications,
    },
  };
}

/** Where one episode stands. */
interface Place {
  readonly task: Task;
  readonly sampleIndex: number;
  readonly seed: string;
  readonly episode: Episode;
  readonly ended: Promise<VerifiedRollout>;
  readonly end: (rollout: VerifiedRollout) => void;
}

/**
 * Samples one turn of episodes.
 *
 * @param answered takes each answer as it ends, while others are still sampled, and tells whether its episode goes on.
 * @throws {EvomError} E_POLICY where an answer is missing.
 */
async function sampleTurn(
  policy: Policy,
  { sampling, signal }: RolloutRequest,
  open: readonly (readonly Place[])[],
  answered: (place: Place, completion: Completion) => Promise<boolean>,
): Promise<{ readonly place: Place; readonly goesOn: Promise<boolean> }[]> {
  const requests = open.map((places): SampleRequest => {
    const [first] = places as [Place];
    const turn = first.episode.turns + 1;
    return { promptIds: first.episode.tokenIds, seeds: places.map(({ seed }) => (turn === 1 ? seed : `${seed}/turn${turn}`)) };
  });
  const taken = open.map(() => new Map<number, Promise<boolean>>());
  await policy.sample(requests, sampling, {
    onCompletion: (i, k, completion) => taken[i]?.set(k, answered(open[i]?.[k] as Place, completion)),
    ...(signal ? { signal } : {}),
  });
  return open.flatMap((places, i) =>
    places.map((place, k) => {
      const goesOn = taken[i]?.get(k);
      if (goesOn !== undefined) return { place, goesOn };
      const { id } = place.task.problem;
      throw new EvomError('E_POLICY', `the policy returned ${taken[i]?.size} of ${places.length} completions of problem ${id}`);
    }),
  );
}

/** Adds an answer to its episode. @returns whether another turn follows; where none does, the episode has ended. */
function takeTurn({ turns }: RolloutParts, room: TurnRoom, place: Place, answer: Answered): boolean {
  const { episode, task, end, sampleIndex, seed } = place;
  episode.add(answer);
  if (turns !== undefined && task.tell !== undefined && episode.goesOn(turns, room, task.tell)) return true;
  end(episode.rollout({ sampleIndex, seed }));
  return false;
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
function timed(verify: RolloutParts['verify'], { task, sampleIndex }: Place, into: Verification[]): RolloutParts['verify'] {
  return async (program) => {
    const began = performance.now();
    const outcome = await verify(program);
    into.push({ problem: task.problem.id, sampleIndex, seconds: (performance.now() - began) / 1000 });
    return outcome;
  };
}

/** A rollout that waits for its reward. */
type VerifiedRollout = Omit<Rollout, 'reward'>;

async function verifyCompletion(parts: RolloutParts, { task }: Place, completion: Completion): Promise<Answered> {
  const text = parts.decode(completion.tokenIds);
  const program = task.extract(text);
  const isTruncated = completion.finishReason === 'length';
  const outcome = await completionOutcome({ text, program, isTruncated }, task, parts.verify);
  return { completion, text, program, outcome };
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
      // Of the turn that the limit is about, where there were several.
      completionTokens: completion.turnLengths?.at(-1) ?? completion.tokenIds.length,
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
