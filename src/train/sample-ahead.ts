/** Sampling beside the learner: the batches of the next steps, each sampled with the weights of a fixed number of steps before. */

import type { PolicyWeights } from '../core/weights.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import type { RolloutTimes } from '../rollout/engine.ts';
import { type GatheredStep, type GatherParts, type GatherSettings, gatherStep, noTimes, type SamplingPosition } from './gather.ts';

/** Wall clock of one gathered step, in seconds. */
export interface AheadTimes extends RolloutTimes {
  /** The sampler stood still before it: the weights it was to sample with were not there yet. */
  readonly samplerWaitS: number;
  /** The sampler took the weights. */
  readonly updateS: number;
}

export interface Ahead {
  readonly gathered: GatheredStep;
  readonly times: AheadTimes;
}

export interface SampleAheadSettings extends GatherSettings {
  /** Steps of the run: nothing is sampled for later ones. */
  readonly steps: number;
  /** k: the batch of step s is sampled with the weights after step s - 1 - k; 0: after the step before. */
  readonly stepsAhead: number;
}

export interface SampleAheadState extends SamplingPosition {
  /** Steps finished by the learner. */
  readonly step: number;
  /** Batches of the next steps, sampled already. */
  readonly ahead: readonly GatheredStep[];
}

/**
 * Gathers steps one after another. The learner says after each step which weights there are now (`release`); that starts the
 * sampling of the batch k steps later, and of no other: so which weights sample a batch depends on its number alone, and never
 * on who was faster. No weights reach the policy while a batch is being sampled.
 *
 * With k = 0 the user's signal ends the sampling at once. With k > 0 batches that were begun are finished: the checkpoint keeps
 * them, because the weights that sampled them are gone when the run goes on.
 */
export class SampleAhead {
  readonly #parts: GatherParts;
  readonly #settings: SampleAheadSettings;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  /** Batches in order of steps, those from a checkpoint first; null: stopped. */
  #queue: Promise<Ahead | null>[];
  #tail: Promise<unknown> = Promise.resolve();
  /** Last step whose sampling was begun. */
  #begun: number;
  #position: SamplingPosition;
  #idleSince = performance.now();

  constructor(parts: GatherParts, settings: SampleAheadSettings, state: SampleAheadState, signal?: AbortSignal) {
    const { step, ahead, genStep, cursor, carry } = state;
    this.#parts = parts;
    this.#settings = settings;
    this.#signal = sharedSignal(settings.stepsAhead === 0 && signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal);
    this.#queue = ahead.map((gathered) => Promise.resolve({ gathered, times: restored }));
    this.#begun = step + ahead.length;
    this.#position = { genStep, cursor, carry };
  }

  /** Begins all sampling that may begin when the learner has finished `step` steps and stands at `weights`. */
  release(step: number, weights: PolicyWeights): void {
    const { steps, stepsAhead } = this.#settings;
    if (this.#begun >= Math.min(steps, step + 1 + stepsAhead)) return;
    const kept = stepsAhead === 0 ? weights : snapshot(weights);
    while (this.#begun < Math.min(steps, step + 1 + stepsAhead)) {
      this.#begun += 1;
      const gathering = this.#tail.then(() => this.#gather(kept));
      gathering.catch(() => undefined); // whoever takes it from the queue meets the fault
      this.#queue.push(gathering);
      this.#tail = gathering;
    }
  }

  async #gather(weights: PolicyWeights): Promise<Ahead | null> {
    const began = performance.now();
    const samplerWaitS = (began - this.#idleSince) / 1000;
    const { policy } = this.#parts.rollout;
    if (policy.version !== weights.version) await policy.update(weights);
    const updateS = (performance.now() - began) / 1000;
    const gathering = await gatherStep(this.#parts, this.#settings, this.#position, weights.version, this.#signal);
    this.#idleSince = performance.now();
    if (gathering === null) return null;
    this.#position = gathering.position;
    return { gathered: gathering.gathered, times: { ...gathering.times, samplerWaitS, updateS } };
  }

  /** The next step's batch, when it is sampled; it stays in line until `take`. Null: the user stopped the run. */
  async next(): Promise<Ahead | null> {
    return (await this.#queue[0]) ?? null;
  }

  take(): void {
    this.#queue.shift();
  }

  /**
   * Waits until all sampling that was begun is done, and says what the run goes on from. What met a fault is sampled again then;
   * whoever asks for that step meets the fault.
   */
  async settled(): Promise<SamplingPosition & { readonly ahead: readonly GatheredStep[] }> {
    const ahead = await Promise.allSettled(this.#queue);
    return {
      ...this.#position,
      ahead: ahead.flatMap((one) => (one.status === 'rejected' || one.value === null ? [] : [one.value.gathered])),
    };
  }

  /** Ends sampling that nobody wants any more, and waits for its end. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#queue);
  }
}

/** Sampled before the run was resumed. */
const restored: AheadTimes = { ...noTimes, samplerWaitS: 0, updateS: 0 };

/** Weights that outlive the learner's next step: those in memory are copied, a folder stays until no sampler needs it. */
function snapshot(weights: PolicyWeights): PolicyWeights {
  if (weights.type !== 'tensors') return weights;
  return { ...weights, tensors: new Map([...weights.tensors].map(([name, values]) => [name, values.slice()])) };
}
