// One configuration for every test. The sections of `npm test` pick by folder (scripts/test.mjs).

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/fixtures/**', 'test/vscode/**'],
    // Nothing is timed; this only ends a test that hangs, also on a machine that is busy with something else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
