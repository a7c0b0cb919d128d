import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawToken, entropyOfRow, keptTokens, likeliestToken, softmaxRow } from '../../../src/embedded/sampler/sampling.ts';
import { randomStream } from '../../../src/lib/random.ts';

const logits = fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 }).map((row) => Float32Array.from(row));
const row = fc.tuple(logits, fc.double({ min: 0.2, max: 3, noNaN: true })).map(([values, temperature]) => softmaxRow(values, temperature));
const topP = fc.double({ min: 0.01, max: 1, noNaN: true });
const sum = (values: Iterable<number>) => [...values].reduce((total, x) => total + x, 0);

/** Top-k then top-p by the definition, without shortcuts. */
function keptByDefinition(probabilities: Float32Array, topK: number, share: number): number[] {
  const order = [...probabilities.keys()].sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number) || a - b);
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const total = sum((topK > 0 ? kept : [...probabilities.keys()]).map((id) => probabilities[id] as number));
  let mass = 0;
  let size = 0;
  do mass += probabilities[kept[size++] as number] as number;
  while (size < kept.length && mass < share * total);
  return share >= 1 ? kept : kept.slice(0, size);
}

describe('drawToken', () => {
  it('walks the cumulative distribution in the order of ids', () => {
    const probabilities = Float32Array.of(0.25, 0.5, 0.25);
    const all = { temperature: 1, topK: 0, topP: 1 };
    expect([0, 0.24, 0.25, 0.74, 0.75, 0.999].map((u) => drawToken(probabilities, all, u))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('draws each token as often as its probability says', () => {
    const probabilities = softmaxRow(Float32Array.of(0, 1, 2, -1), 1);
    const stream = randomStream('sampling-test');
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) {
      const id = drawToken(probabilities, { temperature: 1, topK: 0, topP: 1 }, stream.next());
      counts[id] = (counts[id] ?? 0) + 1;
    }
    // 5 standard errors of a share at 40,000 draws are at most 0.0125.
    for (const [id, p] of probabilities.entries()) expect(Math.abs((counts[id] ?? 0) / 40_000 - p)).toBeLessThan(0.0125);
  });

  it('never draws what has no probability, even at the ends', () => {
    const probabilities = Float32Array.of(0, 0.5, 0.4999999, 0);
    for (const u of [0, 0.9999999, 1 - 2 ** -32])
      expect([1, 2]).toContain(drawToken(probabilities, { temperature: 1, topK: 0, topP: 1 }, u));
  });

  it('draws only kept tokens, with renormalised shares', () => {
    const probabilities = Float32Array.of(0.1, 0.6, 0.3);
    const filter = { temperature: 1, topK: 2, topP: 1 };
    expect([0.66, 0.67].map((u) => drawToken(probabilities, filter, u))).toEqual([1, 2]);
    fc.assert(
      fc.property(row, fc.nat(10), topP, fc.double({ min: 0, max: 0.999999, noNaN: true }), (p, k, share, u) => {
        const id = drawToken(p, { temperature: 1, topK: k, topP: share }, u);
        expect(keptTokens(p, { topK: k, topP: share })).toContain(id);
      }),
    );
  });

  it('takes the likeliest token at temperature 0, the lowest id among equals', () => {
    expect(drawToken(Float32Array.of(0.2, 0.4, 0.4), { temperature: 0, topK: 0, topP: 1 }, 0.99)).toBe(1);
  });
});

describe('keptTokens', () => {
  it('is what the definition of top-k and top-p says', () => {
    fc.assert(
      fc.property(row, fc.nat(10), topP, (p, k, share) => {
        expect(keptTokens(p, { topK: k, topP: share })).toEqual(keptByDefinition(p, k, share));
      }),
    );
  });

  it('keeps the likeliest token whatever the filter', () => {
    fc.assert(fc.property(row, topP, (p, share) => keptTokens(p, { topK: 1, topP: share })[0] === likeliestToken(p)));
  });

  it('breaks ties by the lower id', () => {
    expect(keptTokens(Float32Array.of(0.25, 0.25, 0.25, 0.25), { topK: 2, topP: 1 })).toEqual([0, 1]);
    expect(keptTokens(Float32Array.of(0.25, 0.25, 0.25, 0.25), { topK: 0, topP: 0.5 })).toEqual([0, 1]);
  });
});

describe('softmaxRow and entropyOfRow', () => {
  it('sum to one, and the entropy lies between 0 and ln V', () => {
    fc.assert(
      fc.property(row, (p) => {
        expect(Math.abs(sum(p) - 1)).toBeLessThan(1e-5);
        expect(entropyOfRow(p)).toBeGreaterThanOrEqual(-1e-6);
        expect(entropyOfRow(p)).toBeLessThanOrEqual(Math.log(p.length) + 1e-5);
      }),
    );
  });

  it('a lower temperature sharpens', () => {
    const values = Float32Array.of(0, 1, 2);
    expect(entropyOfRow(softmaxRow(values, 0.5))).toBeLessThan(entropyOfRow(softmaxRow(values, 1)));
  });

  it('bears masked logits and large ones', () => {
    expect([...softmaxRow(Float32Array.of(-Infinity, 3e4, 3e4), 1)]).toEqual([0, 0.5, 0.5]);
    expect(entropyOfRow(Float32Array.of(0, 1))).toBeCloseTo(0);
  });
});
