import { beforeAll, describe, expect, test } from 'vitest'
import { type Coder, createCoder } from '../../src/index.ts'
import { allLosses, randomLosses, survive } from '../losses.ts'

/** These go through hundreds of thousands of sets; `pnpm test:long` asks for them. */
const HOUR_MS = 3_600_000

describe.runIf(process.env.BITDUST_LONG === '1')('T27 in full', () => {
  let coder: Coder
  beforeAll(async () => {
    coder = await createCoder()
  })

  test('every set of lost suppliers of 18', { timeout: HOUR_MS }, async () => {
    expect(await survive(coder, 18, allLosses(18))).toEqual({ survived: 155_382, refused: 106_762 })
  })

  test.each([26, 64] as const)('20 000 random sets of lost suppliers of %i', { timeout: HOUR_MS }, async (n) => {
    const { survived, refused } = await survive(coder, n, randomLosses(n, 20_000, 1))
    expect(survived + refused).toBe(20_000)
  })
})
