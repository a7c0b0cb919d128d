import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adamwUpdate } from '../../../src/embedded/learner/adamw.ts';
import { Muon } from '../../../src/embedded/learner/muon.ts';
import { shareParameters } from '../../../src/embedded/learner/optimizer.ts';
import { parameterLayout } from '../../../src/embedded/learner/parameters.ts';
import { adamwDefaults, checkOptimizerConfig, muonDefaults } from '../../../src/policy/optimizer-config.ts';
import { goldenModel, goldenTensors, relativeError } from '../../../src/testing/golden-case.ts';

describe('adamwUpdate', () => {
  it('moves each weight by the learning rate at first, whatever the gradient', () => {
    const w = Float32Array.of(1, 1);
    const options = { lr: 0.1, betas: [0.9, 0.999], eps: 0, weightDecay: 0, step: 1, gradientScale: 1 } as const;
    adamwUpdate(w, Float32Array.of(3, -0.01), new Float32Array(2), new Float32Array(2), options);
    expect([...w].map((x) => Number(x.toFixed(6)))).toEqual([0.9, 1.1]);
  });

  it("equals torch.optim.AdamW's three steps", async () => {
    const golden = await goldenTensors('optimizers.safetensors');
    const tensor = (name: string) => (golden.get(`adamw.${name}`) as Float32Array).slice();
    const w = tensor('w0');
    const [m, v] = [new Float32Array(w.length), new Float32Array(w.length)];
    for (let step = 1; step <= 3; step++) {
      adamwUpdate(w, tensor(`g${step - 1}`), m, v, { lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1, step, gradientScale: 1 });
    }
    expect(relativeError(w, tensor('w3'))).toBeLessThan(1e-6);
  });
});

describe('Muon', () => {
  it.each([
    ['tall', 24, 16],
    ['wide', 16, 24],
    ['square', 16, 16],
  ])('equals a plain PyTorch implementation on a %s matrix', async (name, rows, columns) => {
    const golden = await goldenTensors('optimizers.safetensors');
    const tensor = (key: string) => (golden.get(`muon.${name}.${key}`) as Float32Array).slice();
    const muon = new Muon(5);
    const weights = tensor('w0');
    const start = weights.slice();
    const momentum = new Float32Array(weights.length);
    for (let step = 0; step < 3; step++) {
      const matrix = { weights, gradient: tensor(`g${step}`), momentum };
      await muon.update([matrix], rows, columns, { lr: 0.02, momentum: 0.95, weightDecay: 0.01, gradientScale: 1 });
    }
    await muon.close();
    const change = (to: Float32Array) => to.map((value, i) => value - (start[i] as number));
    expect(relativeError(change(weights), change(tensor('w3')))).toBeLessThan(1e-4);
  });

  it('updates stacked matrices as it updates each alone', async () => {
    const golden = await goldenTensors('optimizers.safetensors');
    const matrix = (gradient: string) => ({
      weights: new Float32Array(256),
      gradient: golden.get(`muon.square.${gradient}`) as Float32Array,
      momentum: new Float32Array(256),
    });
    const options = { lr: 1, momentum: 0.9, weightDecay: 0, gradientScale: 1 };
    const muon = new Muon(5);
    const together = [matrix('g0'), matrix('g1')];
    await muon.update(together, 16, 16, options);
    const alone = matrix('g1');
    await muon.update([alone], 16, 16, options);
    await muon.close();
    expect(together[1]?.weights).toEqual(alone.weights);
  });
});

describe('shareParameters', () => {
  it('gives each parameter to one thread', async () => {
    const { parameters } = parameterLayout((await goldenModel('qwen3')).config);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.constantFrom(muonDefaults, adamwDefaults), (threads, config) => {
        const shares = shareParameters(config, parameters, threads);
        expect(shares).toHaveLength(threads);
        expect(shares.flat().sort((a, b) => a - b)).toEqual(parameters.map((_, i) => i));
      }),
    );
  });
});

describe('checkOptimizerConfig', () => {
  it('accepts the defaults and names what is out of range', () => {
    checkOptimizerConfig(muonDefaults);
    checkOptimizerConfig(adamwDefaults);
    expect(() => checkOptimizerConfig({ ...muonDefaults, nsSteps: 0 })).toThrow(/optimizer\.nsSteps is 0/);
    expect(() => checkOptimizerConfig({ ...adamwDefaults, betas: [1, 0.9] })).toThrow(/optimizer\.betas\[0\] is 1/);
  });
});
