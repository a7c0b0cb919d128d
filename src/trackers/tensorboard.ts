/** TensorBoard: an event file in the run's directory, with a few samples as texts. */
import { openScalarWriter } from '../lib/tensorboard.ts';
import type { SampleText, Tracker } from './tracker.ts';

export interface TensorboardOptions {
  readonly directory: string;
  /** Sample texts a step. */
  readonly samples: number;
  readonly firstStep: number;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** After a resume TensorBoard forgets what an earlier attempt wrote from `firstStep` on. */
export async function tensorboardTracker({ directory, samples, firstStep, now }: TensorboardOptions): Promise<Tracker> {
  const writer = await openScalarWriter(directory, { now, firstStep });
  return {
    name: 'tensorboard',
    write: async ({ step, metrics, samples: some, alarms }) => {
      await writer.write(step, metrics);
      const texts = some.slice(0, samples).map((sample, i): [string, string] => [`samples/${i}/text_summary`, markdown(sample)]);
      if (alarms.length > 0) texts.push(['alarms/text_summary', alarms.join('\n\n')]);
      await writer.writeTexts(step, Object.fromEntries(texts));
    },
    close: () => writer.close(),
  };
}

function markdown({ problem, prompt, completion, reward, status, flags }: SampleText): string {
  const block = (text: string): string =>
    text
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n');
  return `**${problem}**, reward ${reward ?? 'none'}, ${status}${flags.length === 0 ? '' : `, ${flags.join(', ')}`}\n\n${block(prompt)}\n\n${block(completion)}`;
}
