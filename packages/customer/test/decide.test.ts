import { tolerance } from '@bitdust/upkeep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deadPositions, type SupplierCondition } from '../src/family/decide.ts'

const replaceAfterMs = 1000
const conditions = fc.constantFrom(2, 4, 7, 13).chain((n) =>
  fc.array(
    fc.record({
      state: fc.constantFrom('connected', 'requesting', 'refused', 'unreachable'),
      absentMs: fc.integer({ min: 0, max: 2000 }),
    }) satisfies fc.Arbitrary<SupplierCondition>,
    { minLength: n, maxLength: n },
  ),
)

describe('deadPositions', () => {
  it('gives up only suppliers that were away long enough, and never more than can be rebuilt', () => {
    fc.assert(
      fc.property(conditions, (suppliers) => {
        const dead = deadPositions(suppliers, { replaceAfterMs })
        expect(dead.length).toBeLessThanOrEqual(tolerance(suppliers.length))
        expect(new Set(dead).size).toBe(dead.length)
        for (const position of dead) {
          expect(suppliers[position]?.state).not.toBe('connected')
          expect(suppliers[position]?.absentMs).toBeGreaterThanOrEqual(replaceAfterMs)
        }
      }),
    )
  })

  it('gives up nobody while it is not known how all of them are, or while probably we are offline', () => {
    fc.assert(
      fc.property(conditions, (suppliers) => {
        const unknown = suppliers.some(({ state }) => state === 'requesting')
        const away = suppliers.filter(({ state }) => state === 'unreachable').length
        if (unknown || away > tolerance(suppliers.length))
          expect(deadPositions(suppliers, { replaceAfterMs })).toEqual([])
      }),
    )
  })

  it('begins with whoever has been away longest', () => {
    const suppliers: SupplierCondition[] = [
      { state: 'unreachable', absentMs: 1500 },
      { state: 'refused', absentMs: 9000 },
      { state: 'refused', absentMs: 2000 },
      { state: 'unreachable', absentMs: 999 },
    ]
    expect(deadPositions(suppliers, { replaceAfterMs })).toEqual([1, 2])
  })
})
