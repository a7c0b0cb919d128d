/** Evidence for or against an answer, by the component that gives it. */

export type ComponentName =
  | 'memory'
  | 'extraction'
  | 'record'
  | 'self_consistency'
  | 'minimum_bayes_risk'
  | 'simulator'
  | 'sample_agreement'
  | 'text'
  | 'cross_solve';

/** What one component says about the answer. */
export interface Evidence {
  readonly component: ComponentName;
  readonly verdict: 'supports' | 'contradicts' | 'silent';
  readonly text: string;
}

/** Takes down one piece of evidence. */
export type Say = (component: ComponentName, verdict: Evidence['verdict'], text: string) => void;
