/** Against torch's autograd: `scripts/make-surrogate-goldens.py` wrote the file. */
import { readFileSync } from 'node:fs';
import type { LossConfig } from 'evom';
import { type LossRow, lossDenominators, surrogateLoss } from 'evom/rl';
import { describe, expect, it } from 'vitest';

interface Golden {
  readonly rows: readonly {
    readonly lp: number[];
    readonly old: number[];
    readonly ref: number[];
    readonly mask: number[];
    readonly advantage: number;
    readonly kl_weights: number[];
    readonly loss_weight: number;
  }[];
  readonly cases: readonly {
    readonly loss: Extract<LossConfig, { type: 'policy_gradient' }>;
    readonly value: number;
    readonly gradients: number[][];
  }[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/surrogate.json', import.meta.url), 'utf8')) as Golden;
const rows = golden.rows.map(
  (row): LossRow => ({
    lossMask: Uint8Array.from(row.mask),
    lossWeight: row.loss_weight,
    advantage: row.advantage,
    tokenAdvantages: null,
    samplerLogprobs: new Float32Array(row.mask.length).fill(Number.NaN), // old log-probabilities are there, so these are not read
    oldLogprobs: Float32Array.from(row.old),
    refLogprobs: Float32Array.from(row.ref),
    klWeights: Float32Array.from(row.kl_weights),
  }),
);
const logprobs = golden.rows.map((row) => row.lp);

describe('surrogateLoss against torch', () => {
  it.each(
    golden.cases.map(
      (c) =>
        [
          `${c.loss.ratio} ${c.loss.surrogate} dual ${c.loss.dualClip} ${c.loss.klCoef} ${c.loss.klEstimator}${c.loss.klUnbiased ? ' unbiased' : ''} ${c.loss.aggregation}`,
          c,
        ] as const,
    ),
  )('%s', (_, { loss, value, gradients }) => {
    const result = surrogateLoss(rows, logprobs, loss, lossDenominators(rows));
    expect(Math.abs(result.loss - value)).toBeLessThan(1e-6); // token weights are float32
    for (const [r, expected] of gradients.entries())
      for (const [t, slope] of expected.entries())
        expect(Math.abs((result.gradients[r]?.[t] ?? Number.NaN) - slope), `row ${r}, token ${t}`).toBeLessThan(1e-6);
  });
});
