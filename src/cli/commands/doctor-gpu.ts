/** The checks of `evom doctor` about GPUs: devices and PyTorch. */

import { checkTorch } from '../../run/check-services.ts';
import type { Check } from '../../run/finding.ts';
import { missing, ok } from '../../run/finding.ts';
import { gpus } from '../../run/gpus.ts';

export const gpuChecks: Readonly<Record<string, Check>> = {
  'gpu (optional)': async () => {
    const found = await gpus();
    if (found === null) return missing('nvidia-smi shows none; the embedded engine needs none');
    const [first] = found;
    return ok(
      `${found.length} x ${first?.name}, driver ${first?.driver}, ${found.map((gpu) => gpu.freeGib.toFixed(0)).join('/')} GiB free; scripts/gpu-check.sh measures it`,
    );
  },
  'torch (optional)': async () => {
    const { cuda: _, ...finding } = await checkTorch();
    return finding;
  },
};
