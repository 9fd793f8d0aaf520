import { defineConfig } from 'vitest/config'

const MINUTE_MS = 60_000

/** Resolves `@bitdust/*` to `src`, so that unit tests need no build and coverage lands on the sources. */
const sourceConditions = ['@bitdust/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        resolve: { conditions: sourceConditions },
        ssr: { resolve: { conditions: sourceConditions } },
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          benchmark: { include: ['packages/*/bench/**/*.bench.ts'] },
          testTimeout: 20_000,
          maxWorkers: '100%',
          // Not 0, the default: with one worker vitest puts that group last.
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Runs against what is built in `dist`, after the unit tests, so that neither starves the other.
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          benchmark: { include: ['bench/**/*.bench.ts'] },
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 10 * MINUTE_MS,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['packages/testing/src/keys.ts'],
      thresholds: { lines: 80 },
    },
  },
})
