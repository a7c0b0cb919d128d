/** The GPUs of this machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly totalGib: number;
  readonly freeGib: number;
}

/** The GPUs that the driver shows; null without one. */
export async function gpus(): Promise<Gpu[] | null> {
  const query = ['--query-gpu=name,driver_version,memory.total,memory.free', '--format=csv,noheader,nounits'];
  const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 20_000 }).catch(() => ({ stdout: '' }));
  const lines = stdout.trim().split('\n').filter(Boolean);
  return lines.length === 0
    ? null
    : lines.map((line) => {
        const [name = '', driver = '', total = '0', free = '0'] = line.split(',').map((part) => part.trim());
        return { name, driver, totalGib: Number(total) / 1024, freeGib: Number(free) / 1024 };
      });
}
