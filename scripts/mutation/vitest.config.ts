/** The suite's configuration with the test folders of the module under mutation alone (`EVOM_MUTATION_TESTS`, globs with commas). */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

const merged = mergeConfig(base, defineConfig({}));
// One thread, its modules kept: a mutant costs its tests and not a second of imports.
merged.test.isolate = false;
merged.test.include = (process.env.EVOM_MUTATION_TESTS ?? '').split(',');
export default merged;
