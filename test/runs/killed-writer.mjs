/** Writes a run as training does: a line of metrics a step, a checkpoint every second one. Argument: directory, steps. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const dist = new URL('../../dist/', import.meta.url).href;
const { publishDirectory, verifyDirectory } = await import(`${dist}checkpoint/publish.js`);
const { openCheckpoints } = await import(`${dist}runs/checkpoints.js`);
const { acquireRunLock } = await import(`${dist}runs/lock.js`);
const { openMetricsLog } = await import(`${dist}runs/metrics.js`);
const { createRun, discardStepsAfter, readResolvedConfig } = await import(`${dist}runs/run-directory.js`);

const [directory, steps] = [process.argv[2], Number(process.argv[3])];
process.stdout.write('started\n');
const lock = await acquireRunLock(directory);
try {
  await readResolvedConfig(directory);
} catch {
  await createRun(directory, { config: 'seed: 1\n', resolvedConfig: 'seed: 1\n', versions: {} });
}
const checkpoints = openCheckpoints(directory, { format: { publish: publishDirectory, verify: verifyDirectory }, keepLast: 2 });
const from = (await checkpoints.newest((checkpoint, cause) => console.error(checkpoint.step, cause)))?.step ?? 0;
await checkpoints.removeAfter(from);
await discardStepsAfter(directory, from - 1);
const metrics = await openMetricsLog(directory, { lastStep: from === 0 ? -1 : from });
for (let step = from + 1; step <= steps; step++) {
  await metrics.append(step, { loss: 1 / step, 'time/step_s': performance.now() });
  if (step % 2 === 0) {
    await metrics.sync();
    await checkpoints.save(step, async (at) => {
      await writeFile(join(at, 'state.json'), JSON.stringify({ step }));
      await writeFile(join(at, 'model.safetensors'), Buffer.alloc(100_000, step));
    });
  }
}
await metrics.close();
await lock.release();
