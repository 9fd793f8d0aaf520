import type { Fingerprint } from '@bitdust/crypto'
import { contractRecord } from '@bitdust/records'
import { createVirtualClock } from '@bitdust/testing'
import { describe, expect, it } from 'vitest'
import { createFamilyBooks } from '../src/family/family-books.ts'
import { createRenewals } from '../src/family/renewals.ts'
import { HOUR_MS, hired } from './setup.ts'

const DAY_MS = 24 * HOUR_MS

describe('renewals', () => {
  it('are due 30 days before the end of a contract, looked at every hour and tried once a day', async () => {
    const clock = createVirtualClock()
    const { customer, family } = await hired(2, { clock }, { clock })
    await family.stop()
    const books = createFamilyBooks(customer.store)
    const current = family.current()!
    const contract = await books.contract(current.body.positions[0]!.fingerprint)
    const left = contract!.body.until - clock.now()
    const renewals = createRenewals({ books, clock })
    expect(await renewals.due(current)).toEqual([])
    await clock.advance(left - 31 * DAY_MS)
    expect(await renewals.due(current)).toEqual([])
    await clock.advance(DAY_MS + 1)
    expect(await renewals.due(current)).toEqual([0, 1])
    expect(await renewals.due(current)).toEqual([0, 1])
    renewals.attempted()
    await clock.advance(DAY_MS - 1)
    expect(await renewals.due(current)).toEqual([])
    await clock.advance(1)
    expect(await renewals.due(current)).toEqual([0, 1])
  })

  it('are due for contracts that this device does not have', async () => {
    const clock = createVirtualClock()
    const { customer, family } = await hired(2, { clock }, { clock })
    await family.stop()
    const books = createFamilyBooks(customer.store)
    const unknown: Fingerprint = family.current()!.body.positions[1]!.fingerprint
    await customer.store.batch([{ put: `family/contract/${unknown}`, value: new Uint8Array(3) }])
    const renewals = createRenewals({ books, clock })
    expect(await renewals.due(family.current()!)).toEqual([])
    await clock.advance(HOUR_MS)
    expect(await renewals.due(family.current()!)).toEqual([1])
    expect(
      contractRecord.open((await books.contract(family.current()!.body.positions[0]!.fingerprint))!.bytes).body
        .position,
    ).toBe(0)
  })
})
