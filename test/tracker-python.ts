/** The Python with trackio, mlflow, wandb and tensorboard that tests read figures back with: EVOM_TRACKERS, where it can import them. */
import { execFileSync } from 'node:child_process';

const found = ((): { python: string } | { reason: string } => {
  const python = process.env.EVOM_TRACKERS;
  if (python === undefined || python === '')
    return { reason: 'EVOM_TRACKERS names no Python with the trackers (scripts/setup-trackers.sh makes one)' };
  try {
    execFileSync(python, ['-c', 'import trackio, mlflow, wandb, tensorboard'], { stdio: 'pipe', timeout: 240_000 });
    return { python };
  } catch (error) {
    return {
      reason: `${python}, of EVOM_TRACKERS, cannot import trackio, mlflow, wandb and tensorboard: ${String(error).split('\n').at(-1)}`,
    };
  }
})();

export const trackerPython = 'python' in found ? found.python : '';
/** Why such tests are skipped; null where they run. */
export const noTrackerPython = 'reason' in found ? found.reason : null;
