import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Threads and commands that tests start load the sources by Node itself: compiled once, not each time.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), `habitue-compile-cache-${process.getuid?.()}`)

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/faults/**'],
    globalSetup: ['test/postgres.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    // A worker keeps the modules of the files before: importing them anew for each took a tenth of the time.
    isolate: false,
  },
})
