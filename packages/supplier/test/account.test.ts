import { parseFingerprint } from '@bitdust/crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS, isSupplierError } from '../src/index.ts'
import { createAccount, type Reservation } from '../src/quota/account.ts'

const CUSTOMER = parseFingerprint('ab'.repeat(32))
const LIMITS = { ...DEFAULT_LIMITS, maxFiles: 12, maxConcurrentWrites: 4 }
const LINES = ['location:bob', 'location:carl']

const step = fc.oneof(
  fc.record({ do: fc.constant('reserve' as const), bytes: fc.nat(400), line: fc.option(fc.constantFrom(...LINES)) }),
  fc.record({ do: fc.constant('commit' as const), which: fc.nat(5), part: fc.nat(100) }),
  fc.record({ do: fc.constant('release' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat(5) }),
)

test('never more than granted, never more than a budget, and always the sum of what is stored', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const account = createAccount(CUSTOMER, LIMITS)
      account.grant(1000)
      const open: { readonly reservation: Reservation; readonly line: string | null }[] = []
      const stored: { readonly bytes: number; readonly line: string | null }[] = []
      for (const one of steps) {
        if (one.do === 'reserve') {
          try {
            const budget = one.line === null ? null : { line: one.line, budgetBytes: 500 }
            open.push({ reservation: account.reserve(one.bytes, budget), line: one.line })
          } catch (error) {
            if (!isSupplierError(error)) throw error
          }
        } else if (one.do === 'remove') {
          const [gone] = stored.splice(one.which, 1)
          if (gone) account.remove(gone.bytes, gone.line)
        } else {
          const [closed] = open.splice(one.which, 1)
          if (closed && one.do === 'commit') {
            const bytes = Math.floor((closed.reservation.bytes * one.part) / 100)
            closed.reservation.commit(bytes)
            stored.push({ bytes, line: closed.line })
          }
          closed?.reservation.release()
        }
        const { used, reserved, files } = account.usage()
        expect(used).toBe(stored.reduce((sum, { bytes }) => sum + bytes, 0))
        expect(reserved).toBe(open.reduce((sum, { reservation }) => sum + reservation.bytes, 0))
        expect(files).toBe(stored.length)
        expect(used + reserved).toBeLessThanOrEqual(1000)
        expect(open.length).toBeLessThanOrEqual(LIMITS.maxConcurrentWrites)
        expect(files + open.length).toBeLessThanOrEqual(LIMITS.maxFiles)
        for (const line of LINES) {
          const ofLine = stored.filter((one) => one.line === line).reduce((sum, { bytes }) => sum + bytes, 0)
          const openOfLine = open
            .filter((one) => one.line === line)
            .reduce((sum, { reservation }) => sum + reservation.bytes, 0)
          expect(ofLine + openOfLine).toBeLessThanOrEqual(500)
        }
      }
    }),
  )
})

test('a grant that shrinks below what is stored stops writing, nothing else', () => {
  const account = createAccount(CUSTOMER, LIMITS)
  account.grant(1000)
  account.add(900, null)
  account.grant(500)
  expect(() => account.reserve(1, null)).toThrow(expect.objectContaining({ code: 'QuotaExceeded' }))
  account.remove(900, null)
  expect(account.reserve(500, null).bytes).toBe(500)
})
