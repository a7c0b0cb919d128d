/** The trackers that a configuration names. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { writeFileAtomically } from '../../lib/atomic-write.ts';
import { unlessMissing } from '../../lib/file-fault.ts';
import { type MetricsLine, readMetrics } from '../../runs/metrics.ts';
import type { RunPaths } from '../../runs/run-directory.ts';
import { mlflowTracker } from '../../trackers/mlflow.ts';
import { tensorboardTracker } from '../../trackers/tensorboard.ts';
import { type TrackedStep, type Tracker, type Trackers, trackersOf } from '../../trackers/tracker.ts';
import { trackioTracker } from '../../trackers/trackio.ts';
import { wandbTracker } from '../../trackers/wandb.ts';
import { packageRoot } from '../load/find-file.ts';
import { flatConfig } from '../load/flat-config.ts';
import { resolvedYaml } from '../load/load.ts';
import type { SftConfig, TrackerConfig, TrainConfig } from '../schema/schema.ts';

export interface TrackerPlace {
  readonly paths: RunPaths;
  /** The first step that this process takes. */
  readonly firstStep: number;
  readonly onFault: (message: string) => void;
}

export async function buildTrackers(config: TrainConfig | SftConfig, { paths, firstStep, onFault }: TrackerPlace): Promise<Trackers> {
  const about = {
    run: basename(paths.directory),
    runId: config.trackers.some(({ type }) => type !== 'tensorboard') ? await trackedId(paths.directory) : '',
    config: flatConfig(resolvedYaml(config), paths.resolvedConfig),
  };
  const build = async (tracker: TrackerConfig): Promise<Tracker> => {
    switch (tracker.type) {
      case 'tensorboard':
        return tensorboardTracker({ directory: paths.tensorboard, samples: tracker.samples, firstStep, now: () => Date.now() / 1000 });
      case 'trackio':
        return trackioTracker({
          ...about,
          directory: tracker.directory ?? trackioDirectory(),
          project: tracker.project,
          samples: tracker.samples,
          now: () => new Date(),
        });
      case 'mlflow':
        return mlflowTracker({
          ...about,
          url: tracker.url,
          token: process.env[tracker.token_env] || null,
          experiment: tracker.project,
          now: () => Date.now(),
        });
      case 'wandb':
        return wandbTracker({
          ...about,
          python: tracker.python,
          script: join(packageRoot, 'scripts/trackers/wandb_process.py'),
          directory: paths.directory,
          project: tracker.project,
          mode: tracker.mode,
        });
      default:
        return tracker satisfies never;
    }
  };
  const past = async (after: number, before: number): Promise<TrackedStep[]> =>
    (await readMetrics(paths.directory)).filter(({ step }) => step > after && step < before).map(trackedStep);
  return trackersOf(await Promise.all(config.trackers.map(build)), { onFault, firstStep, past });
}

/** A step as its line of metrics tells it; its samples are not among them. */
function trackedStep({ step, alarms, ...values }: MetricsLine): TrackedStep {
  const metrics = Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
  return { step, metrics, samples: [], alarms: typeof alarms === 'string' ? alarms.split('\n') : [] };
}

const trackioDirectory = (): string => process.env.TRACKIO_DIR || join(homedir(), '.cache/huggingface/trackio');

/** Names the run to trackers for as long as it lives; another run of the same name has another. */
async function trackedId(directory: string): Promise<string> {
  const path = join(directory, 'tracked_id');
  const known = await unlessMissing(path, readFile(path, 'utf8'));
  if (known !== null) return known.trim();
  const made = randomBytes(8).toString('hex');
  await writeFileAtomically(path, `${made}\n`);
  return made;
}
