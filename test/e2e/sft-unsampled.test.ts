/** A supervised run without evaluation sets opens no policy: nobody samples with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evom } from './tiny-run.ts';

const config = (name: string, evaluation: string): string => `kind: sft
run: { name: ${name}, seed: 1, steps: 2 }
model: { hidden_size: 32, layers: 1, heads: 2, intermediate_size: 64, max_length: 1024 }
tokenizer: { vocab_size: 600, sample_problems: 6 }
policy: { type: ./opened.mjs }
learner: { threads: 1 }
sandbox: { workers: 1 }
dataset: { train: [{ type: generated, families: [diet], difficulties: [1], check: none }], eval: [${evaluation}] }
batch_tokens: 1024
schedule: { type: constant, warmup_steps: 0 }
output: model
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evom-sft-unsampled-'));
  writeFileSync(join(folder, 'opened.mjs'), 'export default () => { throw new Error("the policy was opened"); };\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('trains without opening the policy', async () => {
  writeFileSync(join(folder, 'plain.yaml'), config('plain', ''));
  const { code, err } = await evom(['sft', '--config', 'plain.yaml', '--quiet'], folder);
  expect(err).toBe('');
  expect(code).toBe(0);
}, 120_000);

it('opens it for an evaluation set', async () => {
  writeFileSync(
    join(folder, 'evaluated.yaml'),
    config('evaluated', '{ name: few, type: generated, families: [diet], count: 2, check: none }'),
  );
  const { code, err } = await evom(['sft', '--config', 'evaluated.yaml', '--quiet'], folder);
  expect(err).toMatch(/the policy was opened/);
  expect(code).not.toBe(0);
}, 120_000);
