import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The package by its name is its source: `evom`, and each door as `evom/rl`.
  resolve: {
    alias: [
      { find: /^evom$/, replacement: fileURLToPath(new URL('./src/index.ts', import.meta.url)) },
      { find: /^evom\/([^/]+)$/, replacement: fileURLToPath(new URL('./src/$1/index.ts', import.meta.url)) },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/setup/temporary-folder.ts'],
    setupFiles: ['test/setup/property-seed.ts'],
    reporters: ['default', './test/setup/skip-reporter.ts'],
    // For what hangs, not for what is slow: a busy machine takes ten times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
