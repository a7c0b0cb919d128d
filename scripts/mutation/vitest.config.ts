/** The suite's configuration with the test folders of the module under mutation alone (`EVOM_MUTATION_TESTS`, globs with commas). */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';
import { keptThread } from './kept-thread.mjs';

// Stryker asks for threads by name, which goes before the configuration file: the pool is changed after it.
const keep = {
  name: 'kept-thread',
  configureVitest({ project }: { project: { config: { pool: string; poolRunner?: unknown } } }): void {
    project.config.pool = keptThread.name;
    project.config.poolRunner = keptThread;
  },
};
const merged = mergeConfig(base, defineConfig({ plugins: [keep] }));
merged.test.isolate = false;
merged.test.reporters = [];
merged.test.include = (process.env.EVOM_MUTATION_TESTS ?? '').split(',');
export default merged;
