import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { modulesFile } from '../kernel/modules.ts'

test('src/kernel/modules.ts is what kernel/ compiles to', { timeout: 120_000 }, async () => {
  const committed = await readFile(new URL('../src/kernel/modules.ts', import.meta.url), 'utf8')
  // Not toBe, which would print all of it.
  expect((await modulesFile()) === committed).toBe(true)
})
