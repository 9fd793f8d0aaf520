import type { KeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import type { TestCustomer } from './network.ts'
import { familyOf, hired, inTime, networkOf, until } from './setup.ts'

const MIB = 1024 * 1024
const settings = { retryMs: 10 }

/** The power goes after so many batches: nothing becomes durable any more, and nobody is reached. */
function powerCut({ store, down }: TestCustomer, batches: number): KeyValueStore & { readonly failed: boolean } {
  let left = batches
  let failed = false
  return {
    ...store,
    get failed() {
      return failed
    },
    async batch(changes) {
      failed ||= left-- <= 0
      if (failed) down()
      if (failed) throw new Error('power cut')
      await store.batch(changes)
    },
  }
}

describe('T42 a change of suppliers that is killed at each step', { timeout: 60_000 }, () => {
  it('hires no more than it should, whenever the first family is interrupted', async () => {
    for (let batches = 0, done = false; !done; batches++) {
      const network = await networkOf({ suppliers: 3 })
      const customer = await network.customer()
      const store = powerCut(customer, batches)
      const family = await familyOf({ ...customer, store }, { settings })
      done = await family.hire({ count: 2, bytes: MIB, ...inTime() }).then(
        () => true,
        () => false,
      )
      expect(done).toBe(!store.failed)
      await family.stop()
      customer.up()

      const again = await familyOf(customer, { settings })
      const { body, hash } = await again.hire({ count: 2, bytes: MIB, ...inTime() })
      expect(body).toMatchObject({ revision: 1, n: 2 })
      const members = new Set<string>(body.positions.map(({ fingerprint }) => fingerprint))
      expect(members.size).toBe(2)
      for (const { self, supplier, peer } of network.suppliers) {
        await until(() => (supplier.customers().length === 1) === members.has(self.fingerprint))
        if (!members.has(self.fingerprint)) continue
        const state = await customer.remotes.ping(peer, { customer: customer.self.fingerprint }, inTime())
        expect(state.familyRevision).toBe(1)
      }
      expect(again.current()?.hash).toBe(hash)
      await again.stop()
      await network.stop()
    }
  })

  it('carries a signed replacement through, and forgets one that is not signed', async () => {
    for (let batches = 0, done = false; !done; batches++) {
      const { network, customer, family: first } = await hired(2, { spare: 2 })
      await first.stop()
      const store = powerCut(customer, batches)
      const family = await familyOf({ ...customer, store }, { settings })
      const outcome = family.replace(1, inTime()).then(
        () => true,
        () => false,
      )
      await until(async () => store.failed || (await outcome))
      await family.stop()
      done = await outcome
      customer.up()

      const again = await familyOf(customer, { settings })
      // A signed change goes on by itself, in the background; any other is forgotten.
      await until(async () => (await customer.store.get('family/plan')) === null)
      const before = again.current()!.body.revision
      if (before === 1) await again.replace(1, inTime())
      await until(() => again.current()?.body.revision === 2)
      const { positions } = again.current()!.body
      expect(new Set(positions.map(({ fingerprint }) => fingerprint)).size).toBe(2)
      expect(positions[0]).toEqual(first.current()?.body.positions[0])
      for (const peer of positions)
        await until(async () => {
          const state = await customer.remotes.ping(peer, { customer: customer.self.fingerprint }, inTime())
          return state.familyRevision === 2 && state.granted > 0
        })
      again.rebuilt()
      for (const { self, supplier } of network.suppliers)
        await until(
          () =>
            (supplier.customers().length === 1) ===
            positions.some(({ fingerprint }) => fingerprint === self.fingerprint),
        )
      await again.stop()
      await network.stop()
    }
  })

  it('ends with one family when a disk is full for a while', async () => {
    const { customer, family: first } = await hired(2, { spare: 2 })
    await first.stop()
    let full = true
    const store: KeyValueStore = {
      ...customer.store,
      async batch(changes) {
        if (full) throw new Error('ENOSPC')
        await customer.store.batch(changes)
      },
    }
    const family = await familyOf({ ...customer, store }, { settings })
    await expect(family.replace(0, inTime())).rejects.toThrow()
    full = false
    expect((await family.replace(0, inTime())).body.revision).toBe(2)
  })
})
