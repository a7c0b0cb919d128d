/** The suite's configuration with the test folders of the module under mutation alone (`EVOM_MUTATION_TESTS`, globs with commas), in one thread. */
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

const merged = mergeConfig(base, defineConfig({}));
Object.assign(merged.test, {
  include: (process.env.EVOM_MUTATION_TESTS ?? '').split(','),
  reporters: [],
  runner: fileURLToPath(new URL('warm-worker.mjs', import.meta.url)),
  pool: 'threads',
  isolate: false,
  maxWorkers: 1,
});
export default merged;
