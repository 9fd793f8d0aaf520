import { PRESETS } from '@bitdust/raid'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkBlock, type HolderAnswer, tolerance } from '../src/index.ts'

test('tells what is missing, what is unknown and what can be done', () => {
  expect(checkBlock(['holds', 'holds', 'holds', 'holds'])).toEqual({
    complete: true,
    healthy: true,
    missing: [],
    silent: [],
    repairable: true,
  })
  expect(checkBlock(['holds', 'lacks', 'silent', 'holds'])).toEqual({
    complete: false,
    healthy: false,
    missing: [1],
    silent: [2],
    repairable: true,
  })
  expect(checkBlock(['lacks', 'lacks', 'silent', 'holds']).repairable).toBe(false)
})

test('law: repairable exactly up to the tolerance', () => {
  const answers = fc
    .constantFrom(...PRESETS)
    .chain((n) => fc.array(fc.constantFrom<HolderAnswer>('holds', 'lacks', 'silent'), { minLength: n, maxLength: n }))
  fc.assert(
    fc.property(answers, (given) => {
      const health = checkBlock(given)
      const gone = health.missing.length + health.silent.length
      expect(health.repairable).toBe(gone <= tolerance(given.length))
      expect(health.complete).toBe(gone === 0)
    }),
  )
})
