/** What a run tells while it works: data, for a terminal, a log or a test to show as it likes. */
import type { ChosenTemplate } from '../config/build/prompt-template.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import type { StepMetrics } from '../train/step-metrics.ts';
import type { Finding } from './finding.ts';

export type RunEvent =
  /** One answer of the preflight, as it comes. */
  | { readonly type: 'checked'; readonly finding: Finding }
  /** The generator at work; `set` is null for the training problems. */
  | { readonly type: 'making_problems'; readonly set: string | null; readonly made: number; readonly wanted: number }
  /** `run.steps` of a run that goes on was raised; `sameSchedule` is false where the learning rates of its first steps keep the old schedule. */
  | { readonly type: 'extended'; readonly from: number; readonly to: number; readonly sameSchedule: boolean; readonly stepsAhead: number }
  /** Where a resumed run goes on; step 0 without a checkpoint: its steps are made again from the first. */
  | { readonly type: 'resumed'; readonly directory: string; readonly step: number }
  | { readonly type: 'damaged_checkpoint'; readonly directory: string }
  /** Lines of the metrics end before the checkpoint that the run goes on from: they are lost. */
  | { readonly type: 'lost_metrics'; readonly message: string }
  /** A tokenizer and random weights are made, for supervised training of a new model. */
  | { readonly type: 'making_model' }
  /** The learner is started elsewhere, by this command. */
  | { readonly type: 'waiting_for_learner'; readonly command: string }
  /** All parts stand. */
  | { readonly type: 'ready'; readonly run: RunFacts }
  /** The first step of this process begins, after so many taken. */
  | { readonly type: 'training'; readonly step: number }
  | { readonly type: 'evaluating'; readonly set: string; readonly done: number; readonly total: number }
  | { readonly type: 'evaluation'; readonly step: number; readonly evaluations: readonly Evaluation[] }
  | { readonly type: 'step'; readonly step: number; readonly steps: number; readonly metrics: StepMetrics }
  /** A solver host or model server came, went or was refused; the run goes on. */
  | { readonly type: 'service'; readonly message: string }
  /** A tracker does not get its figures; the run goes on. */
  | { readonly type: 'tracker'; readonly message: string }
  /** A guard's limit is passed. */
  | { readonly type: 'alarm'; readonly step: number; readonly alarm: string };

export interface RunFacts {
  readonly directory: string;
  readonly modelId: string;
  readonly backend: string;
  /** How the policy is asked; null where that is not known. */
  readonly template: ChosenTemplate | null;
  /** Training problems; null for a stream of examples. */
  readonly problems: number | null;
  /** Evaluation sets with their sizes. */
  readonly sets: readonly { readonly name: string; readonly problems: number }[];
}

export type Report = (event: RunEvent) => void;
