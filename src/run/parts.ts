/** What both kinds of runs are made of: learner, rollout and store, opened on a session. */
import { join } from 'node:path';
import { type BuiltRollout, buildRollout, type RolloutConfig } from '../config/build/build.ts';
import { buildLearner } from '../config/build/build-learner.ts';
import { buildUnsampledPolicy } from '../config/build/build-policy.ts';
import { buildTrackers } from '../config/build/build-trackers.ts';
import type { EvalSetConfig } from '../config/schema/schema.ts';
import type { Problem } from '../core/problem.ts';
import type { Learner } from '../policy/learner.ts';
import type { TrainState } from '../train/loop.ts';
import { DiskRunStore, optimizerStateDirectory, readTrainState } from '../train/run-store.ts';
import { initialTrainState } from '../train/sft.ts';
import type { ProblemSet } from './check-data.ts';
import type { Report, RunFacts } from './events.ts';
import type { Lifetime } from './lifetime.ts';
import { type RunConfig, type RunSession, samplesNothing } from './session.ts';

export interface EvalSet {
  readonly config: EvalSetConfig;
  readonly problems: readonly Problem[];
}

export interface RunParts {
  readonly learner: Learner;
  readonly rollout: BuiltRollout;
  readonly store: DiskRunStore;
  /** Where training begins, or goes on. */
  readonly state: TrainState;
  readonly sets: readonly EvalSet[];
}

export interface PartsRequest {
  readonly session: RunSession;
  /** Model folder that the run began from. */
  readonly initial: string;
  readonly rollout: RolloutConfig;
  readonly evaluation: readonly ProblemSet[];
  /** For the model cards of checkpoints. */
  readonly card: { readonly summary: string; readonly command: string };
  readonly lifetime: Lifetime;
  readonly report: Report;
  readonly signal: AbortSignal | undefined;
}

export async function openParts({
  session,
  initial,
  rollout: config,
  evaluation,
  card,
  lifetime,
  report,
  signal,
}: PartsRequest): Promise<RunParts> {
  const { paths, from } = session;
  const directory = from?.directory ?? initial;
  const state = from === null ? initialTrainState : await readTrainState(from.directory);
  let shared: Awaited<ReturnType<typeof buildLearner>>['policy'] = null;
  const learner = await lifetime.open(
    buildLearner(session.config, {
      directory,
      stateDirectory: from === null ? null : join(from.directory, optimizerStateDirectory),
      initial,
      root: paths.directory,
      onWaiting: (command) => report({ type: 'waiting_for_learner', command }),
      ...(signal === undefined ? {} : { signal }),
    }).then((built) => {
      shared = built.policy;
      return built.learner;
    }),
  );
  const onNotice = (message: string): void => report({ type: 'service', message });
  const policy = shared ?? (samplesNothing(session.config) ? await buildUnsampledPolicy(directory, learner.version) : null);
  const rollout = await lifetime.open(buildRollout(config, directory, learner.version, policy, { onNotice, signal }));
  const { keep_last: keepLast, keep_steps: keepSteps } = session.config.run;
  const trackers = await buildTrackers(session.config, {
    paths,
    firstStep: state.step + 1,
    onFault: (message) => report({ type: 'tracker', message }),
  });
  const store = await lifetime.open(DiskRunStore.open({ paths, keepLast, keepSteps, trackers, modelFrom: initial, card }, from));
  if (store.lostMetrics !== null) report({ type: 'lost_metrics', message: store.lostMetrics });
  const sets = session.config.dataset.eval.map((set, i): EvalSet => ({ config: set, problems: evaluation[i]?.problems ?? [] }));
  return { learner, rollout, store, state, sets };
}

export const factsOf = (config: RunConfig, directory: string, { rollout, sets }: RunParts, problems: number | null): RunFacts => ({
  directory,
  modelId: rollout.policy.modelId,
  backend: config.backend,
  template: rollout.template,
  problems,
  sets: sets.map((set) => ({ name: set.config.name, problems: set.problems.length })),
});
