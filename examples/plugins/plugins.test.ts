/** Each module meets its suite, and all of them train together. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Learner, loadConfig, openRun, type Policy, type SolverBackend } from 'evom';
import { readSafetensors } from 'evom/lib';
import { describeBackend, describeLearner, describePolicy } from 'evom/testing';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'evom-plugins-'));
process.env.EVOM_DIARY = join(scratch, 'diary.jsonl');

/** Calls the default export of a module, as a run does. */
async function made<Part>(module: string, context: object): Promise<Part> {
  const { default: create } = (await import(/* @vite-ignore */ `./${module}`)) as { default: (context: object) => Promise<Part> };
  return create(context);
}

describeBackend('two-solvers.mjs', () => made<SolverBackend>('two-solvers.mjs', {}));

describePolicy('diary-policy.mjs', async () => {
  const directory = join(root, 'test/golden/policy/llama');
  const policy = await made<Policy>('diary-policy.mjs', { directory, threads: 1, version: 0 });
  const { vocab_size: vocabSize } = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as { vocab_size: number };
  return { policy, vocabSize, stopIds: [1] };
});

describeLearner('averaging-learner.mjs', (start) => {
  const config = { optimizer: { lr: 0.02 }, learner: { micro_batch_tokens: 24 } };
  return made<Learner>('averaging-learner.mjs', { ...start, threads: 2, config });
});

describe('short-program.mjs', () => {
  it('pays right completions by their lines', async () => {
    const { score } = await made<{ score(input: object, verdict: object): number | null }>('short-program.mjs', { name: 'short' });
    expect(score({ completionText: 'a\n'.repeat(40) }, { correct: true })).toBe(0.5);
    expect(score({ completionText: 'a' }, { correct: false })).toBe(0);
    expect(score({ completionText: 'a' }, { correct: null })).toBeNull();
  });
});

describe('plugins.yaml', () => {
  it('trains with all four modules', async () => {
    const { config, source } = loadConfig(join(root, 'examples/plugins/plugins.yaml'), { cwd: scratch });
    const run = await openRun(config, { cwd: scratch, source });
    try {
      const { steps, checkpoint } = await run.train();
      expect(steps).toBe(2);
      const average = await readSafetensors(join(checkpoint ?? '', 'evom_state', 'average.safetensors'));
      expect(average.tensors.size).toBeGreaterThan(10);
    } finally {
      await run.close();
    }
    const diary = readFileSync(join(scratch, 'diary.jsonl'), 'utf8').trim().split('\n');
    expect(diary.filter((line) => line.includes('"policyVersion":1')).length).toBeGreaterThanOrEqual(8);
  });
});
