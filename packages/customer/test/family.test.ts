import { createVirtualClock } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import type { HireProgress } from '../src/family/types.ts'
import { familyOf, HOUR_MS, hired, inTime, MIB, networkOf, until } from './setup.ts'

describe('hire', () => {
  it('makes a family that every supplier and the directory know', async () => {
    const network = await networkOf({ suppliers: 4 })
    const customer = await network.customer()
    const family = await familyOf(customer)
    const steps: HireProgress['step'][] = []
    const made = await family.hire({
      count: 4,
      bytes: 8 * MIB,
      ...inTime(),
      onProgress: ({ step }) => steps.push(step),
    })
    expect(made.body).toMatchObject({ customer: customer.self.fingerprint, revision: 1, n: 4, previous: null })
    expect(family.current()).toBe(made)
    expect(network.published.get(customer.self.fingerprint)).toEqual(made.bytes)
    expect([...new Set(steps)]).toEqual(['finding', 'contracting', 'announcing', 'copying'])
    for (const [position, peer] of made.body.positions.entries()) {
      const { supplier } = network.supplierOf(peer)
      expect(supplier.customers()).toMatchObject([{ customer: customer.self.fingerprint, state: 'active', position }])
      expect(supplier.usage(customer.self.fingerprint)?.granted).toBe(4 * MIB)
      const query = { customer: customer.self.fingerprint, kind: 'family', location: null } as const
      expect(await customer.remotes.getRecord(peer, query, inTime())).toEqual(made.bytes)
    }
    await until(() => family.links().every(({ state }) => state === 'connected'))
    expect(family.links()[3]).toMatchObject({ position: 3, freeBytes: 4 * MIB })
  })

  it('says how many suppliers were found when there are too few, and leaves no contracts behind', async () => {
    const network = await networkOf({ suppliers: 4 })
    const customer = await network.customer()
    const family = await familyOf(customer)
    // One of them signs nothing any more when it is asked for the contract.
    await network.suppliers[2]?.supplier.stop()
    const hiring = family.hire({ count: 4, bytes: MIB, ...inTime() })
    await expect(hiring).rejects.toMatchObject({ code: 'NotFound', retryable: true, have: 3, need: 4 })
    expect(family.current()).toBeNull()
    for (const { supplier } of network.suppliers) expect(supplier.customers()).toEqual([])
  })

  it('passes over suppliers without room and over nodes that do not answer', async () => {
    const network = await networkOf({ suppliers: 3, offeredBytes: MIB })
    const customer = await network.customer()
    network.suppliers[0]?.down()
    const family = await familyOf(customer)
    const made = await family.hire({ count: 2, bytes: MIB, ...inTime() })
    expect(made.body.positions.map(({ idurl }) => idurl).sort()).toEqual(
      network.suppliers.slice(1).map(({ peer }) => peer.idurl),
    )
    const other = await familyOf(await network.customer())
    await expect(other.hire({ count: 2, bytes: MIB, ...inTime() })).rejects.toMatchObject({ code: 'NotFound', have: 0 })
  })

  it('hires those whom the user named, in his order', async () => {
    const network = await networkOf({ suppliers: 5 })
    const family = await familyOf(await network.customer())
    const preferred = [4, 2].map((index) => network.suppliers[index]!.peer)
    const { body } = await family.hire({ count: 4, bytes: MIB, preferred, ...inTime() })
    expect(body.positions.slice(0, 2)).toMatchObject(preferred)
    expect(new Set(body.positions.map(({ fingerprint }) => fingerprint)).size).toBe(4)
  })

  it('extends contracts of the same suppliers, and does not change their number', async () => {
    const { network, customer, family } = await hired(4)
    const before = family.current()
    expect(await family.hire({ count: 4, bytes: MIB, ...inTime() })).toBe(before)
    const after = await family.hire({ count: 4, bytes: 16 * MIB, ...inTime() })
    expect(after.body).toMatchObject({ revision: 2, previous: before?.hash })
    expect(after.body.positions.map(({ peerId }) => peerId)).toEqual(before?.body.positions.map(({ peerId }) => peerId))
    for (const { supplier } of network.suppliers)
      expect(supplier.usage(customer.self.fingerprint)?.granted).toBe(8 * MIB)
    await expect(family.hire({ count: 7, bytes: MIB, ...inTime() })).rejects.toMatchObject({ code: 'LimitExceeded' })
    const odd = { count: 3 as 4, bytes: MIB, ...inTime() }
    await expect(family.hire(odd)).rejects.toMatchObject({ code: 'LimitExceeded' })
  })

  it('ends with the family', async () => {
    const network = await networkOf({ suppliers: 2 })
    const family = await familyOf(await network.customer())
    const hiring = family.hire({
      count: 2,
      bytes: MIB,
      ...inTime(),
      onProgress: ({ step }) => void (step === 'contracting' && family.stop()),
    })
    await expect(hiring).rejects.toMatchObject({ code: 'Cancelled' })
    await expect(family.hire({ count: 2, bytes: MIB, ...inTime() })).rejects.toMatchObject({ code: 'Cancelled' })
  })

  it('can be called off', async () => {
    const network = await networkOf({ suppliers: 4 })
    const customer = await network.customer()
    const family = await familyOf(customer)
    const controller = new AbortController()
    const hiring = family.hire({
      count: 4,
      bytes: MIB,
      signal: controller.signal,
      onProgress: ({ step }) => step === 'contracting' && controller.abort(),
    })
    await expect(hiring).rejects.toMatchObject({ code: 'Cancelled' })
    expect(await family.hire({ count: 4, bytes: MIB, ...inTime() })).toMatchObject({ body: { revision: 1 } })
  })
})

describe('replace', () => {
  it('puts another supplier at the position and lets the old one go when all is rebuilt', async () => {
    const { network, customer, family } = await hired(4, { spare: 1 })
    const before = family.current()!
    const changes: number[] = []
    family.events.addEventListener('change', ({ value }) => changes.push(value.body.revision))
    const after = await family.replace(2, inTime())
    expect(after.body).toMatchObject({ revision: 2, previous: before.hash, n: 4 })
    for (const position of [0, 1, 3]) expect(after.body.positions[position]).toEqual(before.body.positions[position])
    expect(before.body.positions.map(({ fingerprint }) => fingerprint)).not.toContain(
      after.body.positions[2]?.fingerprint,
    )
    await until(() => changes.length > 0)
    expect(changes).toEqual([2])

    const old = network.supplierOf(before.body.positions[2]!).supplier
    expect(old.customers()).toHaveLength(1)
    family.rebuilt()
    await until(() => old.customers().length === 0)
    expect(network.supplierOf(after.body.positions[2]!).supplier.customers()[0]?.customer).toBe(
      customer.self.fingerprint,
    )
  })

  it('refuses positions that are none, and more than can be rebuilt', async () => {
    const { family } = await hired(4, { spare: 1 })
    await expect(family.replace(4, inTime())).rejects.toMatchObject({ code: 'NotFound' })
    await expect(family.replace([0, 1, 2], inTime())).rejects.toMatchObject({ code: 'LimitExceeded' })
    await expect(family.replace([0, 1], inTime())).rejects.toMatchObject({ code: 'NotFound', have: 1, need: 2 })
    expect(family.current()?.body.revision).toBe(1)
  })

  it('is refused by too few of the old suppliers, and comes into force when they are back', async () => {
    const clock = createVirtualClock()
    const { network, customer, family } = await hired(4, { spare: 1, clock }, { clock })
    const [first, second, third] = family.current()!.body.positions.map((peer) => network.supplierOf(peer))
    // They vanish after the new supplier is ready and before the family is announced.
    const replacing = family.replace(3, {
      ...inTime(),
      onProgress({ step, done }) {
        if (step !== 'announcing' || done !== 0) return
        for (const supplier of [first, second, third]) supplier?.down()
      },
    })
    await expect(replacing).rejects.toMatchObject({ code: 'UploadIncomplete', need: 2 })
    expect(family.current()?.body.revision).toBe(1)
    first?.up()
    await until(() => family.current()?.body.revision === 2, { clock, stepMs: 10_000 })
    expect(network.published.get(customer.self.fingerprint)).toEqual(family.current()?.bytes)
  })
})

describe('watching', () => {
  const stepMs = 8 * HOUR_MS
  const settings = { pingEveryMs: stepMs, replaceAfterMs: 48 * HOUR_MS }

  it('T44 replaces a supplier that is away for 48 hours, and not before', async () => {
    const clock = createVirtualClock()
    const { network, family } = await hired(4, { spare: 1, clock }, { clock, settings })
    const lost = family.current()!.body.positions[1]!
    await until(() => family.links().every(({ state }) => state === 'connected'))
    network.supplierOf(lost).down()
    const start = clock.monotonic()
    await until(() => family.links()[1]?.state === 'unreachable', { clock, stepMs })
    expect(family.online(1)).toBe(false)
    await until(() => (family.current()?.body.revision ?? 0) > 1, { clock, stepMs })
    expect(clock.monotonic() - start).toBeGreaterThan(48 * HOUR_MS)
    const { positions } = family.current()!.body
    expect(positions.map(({ fingerprint }) => fingerprint)).not.toContain(lost.fingerprint)
    expect(new Set(positions.map(({ fingerprint }) => fingerprint)).size).toBe(4)
  })

  it('T44 forgives a supplier that comes back after a day', async () => {
    const clock = createVirtualClock()
    const { network, family } = await hired(4, { spare: 1, clock }, { clock, settings })
    const shaky = network.supplierOf(family.current()!.body.positions[0]!)
    for (let absence = 0; absence < 3; absence++) {
      shaky.down()
      const end = clock.monotonic() + 24 * HOUR_MS
      await until(() => clock.monotonic() > end, { clock, stepMs })
      expect(family.links()[0]?.state).toBe('unreachable')
      shaky.up()
      await until(() => family.links()[0]?.state === 'connected', { clock, stepMs })
    }
    expect(family.current()?.body.revision).toBe(1)
  })

  it('replaces nobody while more suppliers are away than the code tolerates: probably we are offline', async () => {
    const clock = createVirtualClock()
    const { network, family } = await hired(4, { spare: 4, clock }, { clock, settings })
    for (const peer of family.current()!.body.positions.slice(0, 3)) network.supplierOf(peer).down()
    const end = clock.monotonic() + 60 * HOUR_MS
    await until(() => clock.monotonic() > end, { clock, stepMs })
    expect(family.links().filter(({ state }) => state === 'unreachable')).toHaveLength(3)
    expect(family.current()?.body.revision).toBe(1)
  })

  it('replaces a supplier that dropped us', async () => {
    const clock = createVirtualClock()
    const { network, customer, family } = await hired(4, { spare: 1, clock }, { clock, settings })
    const lost = family.current()!.body.positions[3]!
    await network.supplierOf(lost).supplier.drop(customer.self.fingerprint)
    await until(() => family.links()[3]?.state === 'refused', { clock, stepMs })
    await until(() => (family.current()?.body.revision ?? 0) > 1, { clock, stepMs })
    expect(family.current()?.body.positions[3]?.fingerprint).not.toBe(lost.fingerprint)
  })

  it('remembers across a restart how long somebody was away', async () => {
    const clock = createVirtualClock()
    const { network, customer, family } = await hired(4, { spare: 1, clock }, { clock, settings })
    const { positions } = family.current()!.body
    network.supplierOf(positions[2]!).down()
    const half = clock.monotonic() + 30 * HOUR_MS
    await until(() => clock.monotonic() > half, { clock, stepMs })
    await family.stop()
    const again = await familyOf(customer, { clock, settings })
    const start = clock.monotonic()
    await until(() => (again.current()?.body.revision ?? 0) > 1, { clock, stepMs })
    // From nothing it would take 48 hours and the first question.
    expect(clock.monotonic() - start).toBeLessThan(48 * HOUR_MS)
  })

  it('renews contracts before they end', async () => {
    const clock = createVirtualClock()
    const day = 24 * HOUR_MS
    const { network, customer, family } = await hired(2, { clock }, { clock, settings: { pingEveryMs: 3 * day } })
    const { positions } = family.current()!.body
    const start = clock.monotonic()
    await until(() => family.current()?.body.revision === 2, { clock, stepMs: 3 * day })
    expect(clock.monotonic() - start).toBeGreaterThan(300 * day)
    expect(family.current()?.body.positions.map(({ peerId }) => peerId)).toEqual(positions.map(({ peerId }) => peerId))
    await until(
      () => network.suppliers.every(({ supplier }) => (supplier.customers()[0]?.until ?? 0) > clock.now() + 300 * day),
      { clock, stepMs: day },
    )
    for (const { supplier } of network.suppliers)
      expect(supplier.customers()).toMatchObject([{ customer: customer.self.fingerprint }])
  })
})

describe('finding the family again', () => {
  it('T36 needs the master key and the directory, and trusts the suppliers for what is newer', async () => {
    const { network, customer, family } = await hired(4, { spare: 1 })
    const old = family.current()!
    const newest = await family.replace(0, inTime())
    await family.stop()
    // A lagging directory still has the first revision.
    network.published.set(customer.self.fingerprint, old.bytes)
    const restored = await network.customer({ masterKey: customer.masterKey })
    const again = await familyOf(restored)
    expect(again.current()?.bytes).toEqual(newest.bytes)
  })

  it('believes no record that another key signed', async () => {
    const { network, customer, family } = await hired(4)
    const other = await network.customer()
    const stranger = await familyOf(other)
    const theirs = await stranger.hire({ count: 4, bytes: MIB, ...inTime() })
    await family.stop()
    network.published.set(customer.self.fingerprint, theirs.bytes)
    const restored = await network.customer({ masterKey: customer.masterKey })
    expect((await familyOf(restored)).current()).toBeNull()
  })

  it('goes on looking when the directory cannot be asked at first', async () => {
    const clock = createVirtualClock()
    const { network, customer, family } = await hired(2, { clock }, { clock })
    await family.stop()
    const restored = await network.customer({ masterKey: customer.masterKey })
    let failures = 2
    const directory = {
      ...restored.directory,
      find: async (...args: Parameters<typeof restored.directory.find>) => {
        if (failures-- > 0) throw new Error('no DHT')
        return restored.directory.find(...args)
      },
    }
    const again = await familyOf(restored, { directory })
    expect(again.current()).toBeNull()
    await until(() => again.current() !== null, { clock, stepMs: 30_000 })
  })

  it('is published again after a restart, until the directory takes it', async () => {
    const clock = createVirtualClock()
    const { network, customer, family } = await hired(2, { clock }, { clock })
    await family.stop()
    network.published.clear()
    let failures = 3
    const directory = {
      ...customer.directory,
      publish: async (...args: Parameters<typeof customer.directory.publish>) =>
        failures-- > 0 ? { stored: 0 } : customer.directory.publish(...args),
    }
    await familyOf(customer, { clock, directory })
    await until(() => network.published.has(customer.self.fingerprint), { clock, stepMs: 30_000 })
    expect(failures).toBe(-1)
  })

  it('takes over what another device of ours has changed', async () => {
    const clock = createVirtualClock()
    const { network, customer, family } = await hired(4, { spare: 1, clock }, { clock })
    const second = await network.customer({ masterKey: customer.masterKey })
    const elsewhere = await familyOf(second)
    const newest = await elsewhere.replace(1, inTime())
    await until(() => family.current()?.hash === newest.hash, { clock, stepMs: 30_000 })
  })

  it('finds the families of others, never an older one than it has seen', async () => {
    const { network, customer, family } = await hired(4, { spare: 1 })
    const old = family.current()!
    const friend = await network.customer()
    const others = await familyOf(friend)
    const owner = customer.self.fingerprint
    expect((await others.familyOf(owner, inTime())).hash).toBe(old.hash)
    const newest = await family.replace(0, inTime())
    network.published.set(owner, old.bytes)
    expect((await others.familyOf(owner, inTime())).hash).toBe(old.hash)
    expect((await others.familyOf(owner, { ...inTime(), fresh: true })).hash).toBe(newest.hash)

    // Nobody answers any more, the directory has an old record: the store knows better.
    for (const { peer } of network.suppliers) network.supplierOf(peer).down()
    const restarted = await familyOf(friend)
    expect((await restarted.familyOf(owner, { ...inTime(), hint: old.bytes })).hash).toBe(newest.hash)
    const stranger = await familyOf({ ...friend, store: memoryKeyValueStore() })
    network.published.delete(owner)
    await expect(stranger.familyOf(owner, inTime())).rejects.toMatchObject({ code: 'NotFound', retryable: true })
  })
})
