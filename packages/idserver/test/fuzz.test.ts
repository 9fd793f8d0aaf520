import { join } from 'node:path'
import { fuzz, readCorpus, tryInput } from '@bitdust/testing'
import { describe, expect, test } from 'vitest'
import { targets } from './fuzz-targets.ts'

const CORPUS = join(import.meta.dirname, 'corpus')
/** For each parser; `npm run fuzz` is for more. */
const RUNS = 150

describe.each(targets)('parser $name', (target) => {
  test('takes its seeds', async () => {
    for (const seed of target.seeds) expect(await tryInput(target, seed)).toBe(true)
  })

  test('keeps its promises for the corpus', async () => {
    for (const [file, input] of await readCorpus(CORPUS, target))
      await expect(tryInput(target, input), file).resolves.toBeTypeOf('boolean')
  })

  test('keeps its promises for what is made from its seeds', async () => {
    const { executions, failure } = await fuzz(target, { runs: RUNS, seed: 1 })
    expect(failure).toBeNull()
    expect(executions).toBe(RUNS)
  })
})
