/** Which worker samples what: fixed by the requests alone, so that timing never changes a batch's composition. */

import type { SampleRequest } from '../../policy/policy.ts';
import type { SampleUnit } from './batch-sampler.ts';

/**
 * Spreads requests over workers: whole requests in turn, and those left over after the last full turn in equal parts,
 * so that no worker waits while another samples the last prompts. A request larger than a batch is cut.
 *
 * @returns [workers] lists of units; every sample of every request is in exactly one.
 */
export function planSampling(requests: readonly SampleRequest[], workers: number, batchRows: number): SampleUnit[][] {
  const plan: SampleUnit[][] = Array.from({ length: workers }, () => []);
  const whole = requests.length - (requests.length % workers);
  for (const [requestIndex, { promptIds, seeds }] of requests.entries()) {
    const samples = seeds.map((seed, index) => ({ index, seed }));
    const parts = requestIndex < whole ? 1 : Math.min(workers, samples.length);
    let at = 0;
    for (let part = 0; part < parts; part++) {
      const end = Math.floor((samples.length * (part + 1)) / parts);
      const worker = plan[requestIndex < whole ? requestIndex % workers : (requestIndex + part) % workers] as SampleUnit[];
      for (; at < end; at += batchRows) worker.push({ requestIndex, promptIds, samples: samples.slice(at, Math.min(end, at + batchRows)) });
      at = end;
    }
  }
  return plan;
}
