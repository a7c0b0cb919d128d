import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishDirectory, verifyDirectory } from '../../src/checkpoint/publish.ts';
import { openCheckpoints } from '../../src/runs/checkpoints.ts';

let run: string;
let root: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'evom-checkpoints-'));
  root = join(run, 'checkpoints');
});
afterEach(() => rm(run, { recursive: true }));

const format = { publish: publishDirectory, verify: verifyDirectory };
const open = (keepLast = 2) => openCheckpoints(run, { format, keepLast });
const fill = (text: string) => async (directory: string) => {
  await mkdir(join(directory, 'evom_state'));
  await writeFile(join(directory, 'model.safetensors'), text);
  await writeFile(join(directory, 'evom_state', 'state.json'), '{}');
};
const names = async () => (await readdir(root)).sort();

describe('checkpoints of a run', () => {
  it('are published, named as latest, found and pruned', async () => {
    const store = open(2);
    expect(await store.newest()).toBeNull();
    for (const step of [10, 20, 30]) await store.save(step, fill(`weights ${step}`));
    expect(await names()).toEqual(['000020', '000030']);
    expect(await store.newest()).toEqual({ step: 30, directory: join(root, '000030') });
    expect(await readFile(join(run, 'latest'), 'utf8')).toBe('checkpoints/000030\n');
  });

  it('count past six digits', async () => {
    const store = open(9);
    for (const step of [999_999, 1_000_000]) await store.save(step, fill('x'));
    expect((await store.list()).map((c) => c.step)).toEqual([999_999, 1_000_000]);
  });

  it('pass over a newer one that is broken, and say why', async () => {
    const store = open(9);
    for (const step of [1, 2, 3, 4]) await store.save(step, fill('weights'));
    await writeFile(join(root, '000004', 'model.safetensors'), 'wEights'); // same length: only the hash tells
    await rm(join(root, '000003', 'evom_state', 'state.json'));
    await rm(join(root, '000002', 'manifest.json'));
    const broken: string[] = [];
    const newest = await store.newest((checkpoint, cause) => broken.push(`${checkpoint.step}: ${(cause as Error).message}`));
    expect(newest?.step).toBe(1);
    expect(broken).toEqual([
      expect.stringMatching(/^4: .*differs/),
      expect.stringMatching(/^3: .*state.json/),
      expect.stringMatching(/^2: .*no manifest/),
    ]);
    await store.removeAfter(1);
    expect(await names()).toEqual(['000001']);
    expect(await readFile(join(run, 'latest'), 'utf8')).toBe('checkpoints/000001\n');
    await store.removeAfter(0);
    expect(await readdir(run)).toEqual(['checkpoints']); // nothing to name as latest
  });

  it('leave nothing behind, and keep the others, when filling fails', async () => {
    const store = open();
    await store.save(1, fill('one'));
    const failing = store.save(2, async (directory) => {
      await writeFile(join(directory, 'model.safetensors'), 'half');
      throw new Error('disk full');
    });
    await expect(failing).rejects.toThrow('disk full');
    expect(await names()).toEqual(['000001']);
  });

  it('ignore what a kill left, and clear it on resume', async () => {
    const store = open();
    await store.save(1, fill('one'));
    await cp(join(root, '000001'), join(root, '000002.77.abcd.tmp'), { recursive: true }); // killed before the rename
    await cp(join(root, '000001'), join(root, '000000.deleted.tmp'), { recursive: true }); // killed while deleting
    expect((await store.newest())?.step).toBe(1);
    await store.removeAfter(1);
    expect(await names()).toEqual(['000001']);
  });

  it('keep one of the same step that is whole, and replace one that is broken', async () => {
    const store = open();
    const model = join(root, '000001', 'model.safetensors');
    await store.save(1, fill('first'));
    await store.save(1, fill('second'));
    expect(await readFile(model, 'utf8')).toBe('first');
    await writeFile(model, 'broken');
    await store.save(1, fill('second'));
    expect(await readFile(model, 'utf8')).toBe('second');
  });

  it('keep at least one', () => {
    expect(() => open(0)).toThrow(/keep_last/);
  });
});
