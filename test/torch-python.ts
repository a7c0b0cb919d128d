/** The Python with torch that tests of the PyTorch parts run on: EVOM_PYTHON, where it can import what they need. */
import { execFileSync } from 'node:child_process';
import { describe } from 'vitest';
import { torchHostDirectory } from '../src/servers/python-process.ts';

const found = ((): { python: string } | { reason: string } => {
  const python = process.env.EVOM_PYTHON;
  if (python === undefined)
    return { reason: 'EVOM_PYTHON names no Python with torch, transformers and pyarrow (scripts/setup-torch.sh makes one)' };
  try {
    execFileSync(python, ['-c', 'import torch, transformers, pyarrow, safetensors'], { stdio: 'pipe', timeout: 120_000 });
    return { python };
  } catch (error) {
    return { reason: `${python} cannot import torch, transformers, pyarrow and safetensors: ${String(error).split('\n').at(-1)}` };
  }
})();

export const torchPython = 'python' in found ? found.python : '';
/** Why tests are skipped; null where they run. */
export const noTorch = 'reason' in found ? found.reason : null;

/** A suite that needs that Python; without it, the reason stands in the suite's name. */
export function describeTorch(name: string, body: () => void): void {
  if ('python' in found) describe(name, body);
  else describe.skip(`${name} (skipped: ${found.reason})`, body);
}

/** Environment of a Python process of ours. */
export const torchEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PYTHONPATH: torchHostDirectory,
  TRANSFORMERS_VERBOSITY: 'error',
  OMP_NUM_THREADS: '1',
});
