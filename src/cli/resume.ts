/** `--resume`: which run goes on, and with which configuration. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Override } from '../config/load/overrides.ts';
import { EvomError } from '../lib/errors.ts';

export interface Resumed {
  /** Configuration to load. */
  readonly config: string | undefined;
  /** Where the run is, over what that configuration says. */
  readonly overrides: readonly Override[];
  readonly resume: boolean;
}

/**
 * What `--resume` means: alone, the run that the configuration names; with a directory, that run with its own settled
 * configuration, unless `--config` gives another.
 *
 * @param resume undefined without the flag; '' for the flag alone.
 */
export function resumeFrom(resume: string | undefined, config: string | undefined, cwd: string): Resumed {
  if (resume === undefined) return { config, overrides: [], resume: false };
  if (resume === '') return { config, overrides: [], resume: true };
  const directory = resolve(cwd, resume);
  const settled = join(directory, 'config.resolved.yaml');
  if (!existsSync(settled))
    throw new EvomError('E_RUN', `${directory} is not a run directory: it has no config.resolved.yaml; evom train makes one`);
  const flag = `--resume ${resume}`;
  return {
    config: config ?? settled,
    overrides: [
      { assignment: `run.dir=${JSON.stringify(dirname(directory))}`, flag },
      { assignment: `run.name=${JSON.stringify(basename(directory))}`, flag },
    ],
    resume: true,
  };
}
