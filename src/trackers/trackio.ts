/** Trackio (0.43): one file a step in its inbox, which its dashboard imports; nothing of it runs here. */
import { join } from 'node:path';
import { writeFileAtomically } from '../lib/atomic-write.ts';
import type { SampleText, Tracker } from './tracker.ts';

export interface TrackioOptions {
  /** Trackio's own directory, which holds its databases. */
  readonly directory: string;
  readonly project: string;
  readonly run: string;
  /** Names this run among all of its name. */
  readonly runId: string;
  readonly config: Readonly<Record<string, string>>;
  readonly samples: number;
  readonly now: () => Date;
}

/** A line of the same `log_id` is imported once, so that a resumed run may write its steps again. */
export function trackioTracker({ directory, project, run, runId, config, samples, now }: TrackioOptions): Tracker {
  const inbox = join(directory, 'inbox', `evom-${runId}`);
  return {
    name: 'trackio',
    write: async ({ step, metrics, samples: some, alarms }) => {
      const base = { v: 1, project, run, run_id: runId, step, timestamp: now().toISOString() };
      const finite = Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
      const traces = some.slice(0, samples).map(trace);
      const lines = [
        {
          ...base,
          kind: 'metric',
          metrics: traces.length === 0 ? finite : { ...finite, samples: traces },
          config,
          log_id: `${runId}/${step}`,
        },
        ...alarms.map((text, i) => ({
          ...base,
          kind: 'alert',
          title: `step ${step}`,
          text,
          level: 'warn',
          alert_id: `${runId}/${step}/alarm-${i}`,
        })),
      ];
      await writeFileAtomically(
        join(inbox, `${String(step).padStart(8, '0')}.jsonl`),
        lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      );
    },
    close: async () => {},
  };
}

const trace = ({ problem, prompt, completion, reward, status, flags }: SampleText) => ({
  _type: 'trackio.trace',
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: completion },
  ],
  metadata: { problem, reward, status, flags: flags.join(' ') },
  spans: [],
});
