/** One step's groups: sampling rounds until the batch is decided. */
import type { Problem } from '../core/problem.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import type { SamplingParams } from '../policy/policy.ts';
import {
  type AccuracyWeights,
  beginSamplingStep,
  type DynamicSamplingConfig,
  initialSamplingState,
  nextSamplingAction,
  offerGroups,
  type SamplingCounts,
  summarizeGroup,
} from '../rl/dynamic-sampling.ts';
import { type RolloutParts, type RolloutTimes, rollOut } from '../rollout/engine.ts';

/** Draws problems in a fixed order, epoch after epoch. */
export interface ProblemSource {
  next(): Problem;
  state(): SamplingPosition['cursor'];
}

export interface GatherParts {
  readonly rollout: RolloutParts;
  readonly problems: ProblemSource;
}

export interface GatherSettings {
  readonly seed: number;
  readonly groupSize: number;
  readonly groupsPerStep: number;
  readonly sampling: SamplingParams;
  readonly dynamicSampling: DynamicSamplingConfig;
  /** What a right answer earns (`reward.answer`): dynamic sampling measures accuracy by it. */
  readonly accuracyWeights: AccuracyWeights;
}

/** Where sampling stands between two steps. */
export interface SamplingPosition {
  /** Sampling rounds finished, over all steps. */
  readonly genStep: number;
  readonly cursor: { readonly epoch: number; readonly position: number };
  /** Accepted groups that wait for a batch. */
  readonly carry: readonly RolloutGroup[];
}

/** What was sampled for one training step. */
export interface GatheredStep {
  /** Groups to train on. */
  readonly groups: readonly RolloutGroup[];
  /** All groups sampled for the step. */
  readonly seen: readonly RolloutGroup[];
  readonly counts: SamplingCounts;
  /** Sampling rounds finished after it. */
  readonly genStep: number;
  /** Version of the weights that its rounds were sampled with. */
  readonly weightVersion: number;
}

export interface Gathering {
  readonly gathered: GatheredStep;
  readonly position: SamplingPosition;
  readonly times: RolloutTimes;
}

export const noTimes: RolloutTimes = { sampleS: 0, verifyTailS: 0, tokens: 0, programs: 0, verifications: [] };

/** Samples rounds until the batch is decided; null when the user stopped the run meanwhile. */
export async function gatherStep(
  { rollout, problems }: GatherParts,
  settings: GatherSettings,
  from: SamplingPosition,
  weightVersion: number,
  signal?: AbortSignal,
): Promise<Gathering | null> {
  const config = settings.dynamicSampling;
  const summarize = (group: RolloutGroup) => summarizeGroup(group, settings.accuracyWeights);
  let sampling = beginSamplingStep(initialSamplingState(from.carry), config, weightVersion, summarize);
  let { genStep } = from;
  let times = noTimes;
  const seen: RolloutGroup[] = [];
  for (;;) {
    const action = nextSamplingAction(sampling, config);
    switch (action.type) {
      case 'train':
      case 'skip': {
        const { carry, counts } = action.state;
        return {
          gathered: { groups: action.type === 'train' ? action.groups : [], seen, counts, genStep, weightVersion },
          position: { genStep, cursor: problems.state(), carry },
          times,
        };
      }
      case 'sample': {
        try {
          const round = await rollOut(rollout, {
            problems: Array.from({ length: settings.groupsPerStep }, () => problems.next()),
            groupSize: settings.groupSize,
            sampling: settings.sampling,
            seedKey: `${settings.seed}/sample/${genStep}`,
            genStep,
            ...(signal ? { signal } : {}),
          });
          sampling = offerGroups(sampling, config, round.groups, summarize);
          for (const group of round.groups) seen.push(group);
          times = addTimes(times, round.times);
        } catch (error) {
          if (signal?.aborted) return null;
          throw error;
        }
        genStep += 1;
        break;
      }
      default:
        return action satisfies never;
    }
  }
}

const addTimes = (a: RolloutTimes, b: RolloutTimes): RolloutTimes => ({
  sampleS: a.sampleS + b.sampleS,
  verifyTailS: a.verifyTailS + b.verifyTailS,
  tokens: a.tokens + b.tokens,
  programs: a.programs + b.programs,
  verifications: [...a.verifications, ...b.verifications],
});
