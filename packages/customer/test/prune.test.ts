import { randomBytes } from '@bitdust/crypto'
import { type EntryHash, hashOf, journalIdOf } from '@bitdust/records'
import { SupplierError } from '@bitdust/supplier'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCustomerError } from '../src/errors.ts'
import { customerOf, type RunningCustomer, storing } from './customers.ts'
import { meddled } from './lies.ts'
import type { TestCustomer, TestNetwork } from './network.ts'
import { HOUR_MS, holdersOf, inTime, storeBlock, until } from './setup.ts'
import { createShiftingClock, type ShiftingClock } from './shifting-clock.ts'

const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS
/** Larger than what stands inline. */
const content = () => randomBytes(20_000)

type Stored = RunningCustomer & { readonly network: TestNetwork; readonly clock: ShiftingClock }

async function pruning(count: 2 | 4, options: { readonly wakes?: boolean } = {}): Promise<Stored> {
  const clock = createShiftingClock(options)
  return { ...(await storing(count, { clock })), clock }
}

/** Bytes that the suppliers count, after checking that it is what they have. */
function usedAt({ suppliers }: TestNetwork, node: TestCustomer): Promise<readonly number[]> {
  return Promise.all(
    suppliers.map(async ({ supplier, fragments, peer }) => {
      const usage = supplier.usage(node.self.fingerprint)!
      const files = await Array.fromAsync(fragments.list())
      const query = { customer: node.self.fingerprint, location: null }
      const listed = await Array.fromAsync(node.remotes.listFragments(peer, query, inTime()))
      expect([files.length, listed.length]).toEqual([usage.files, usage.files])
      expect(listed.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(usage.used)
      return usage.used
    }),
  )
}

async function bytesAt({ customer }: Pick<RunningCustomer, 'customer'>, path: string, version?: string) {
  return (await customer.get(path, { ...inTime(), ...(version === undefined ? {} : { version }) })).bytes()
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)

describe('prune', () => {
  it('releases all but the newest versions, and frees a week later what they alone used', async () => {
    const { customer, network, node, clock } = await pruning(4)
    const contents = Array.from({ length: 4 }, content)
    for (const bytes of contents) {
      await customer.put('a', bytes, inTime())
      clock.shift(1000)
    }
    const whole = await usedAt(network, node)
    const now = clock.now()
    const first = await customer.prune('', inTime())
    expect(first).toMatchObject({ released: 2, freed: { blocks: 0, bytes: 0 }, unreached: 0 })
    expect(first.waiting.blocks).toBe(2)
    expect(first.waiting.bytes).toBe(sum(whole) / 2)
    expect(first.waiting.from! - now).toBeGreaterThanOrEqual(WEEK_MS)
    expect(first.waiting.until! - now).toBeLessThan(WEEK_MS + HOUR_MS)
    const versions = await customer.versions('a', inTime())
    expect(versions).toHaveLength(2)
    expect(await usedAt(network, node)).toEqual(whole)

    clock.shift(WEEK_MS - HOUR_MS)
    expect(await customer.prune('', inTime())).toMatchObject({
      released: 0,
      freed: { blocks: 0 },
      waiting: { blocks: 2 },
    })
    clock.shift(2 * HOUR_MS)
    const last = await customer.prune('', inTime())
    expect(last).toMatchObject({ released: 0, freed: { blocks: 2, bytes: first.waiting.bytes } })
    expect(last.waiting).toEqual({ blocks: 0, bytes: 0, from: null, until: null })
    const left = await usedAt(network, node)
    expect(left).toEqual(whole.map((bytes) => bytes / 2))

    const report = await customer.repair.run(inTime())
    expect(report).toMatchObject({ rebuilt: 0, missing: [], complete: true })
    expect(await usedAt(network, node)).toEqual(left)
    const fresh = await customerOf({ ...node, store: memoryKeyValueStore() })
    for (const [index, { version }] of versions.entries())
      expect(await bytesAt(fresh, 'a', version)).toEqual(contents[3 - index])
  })

  it('frees what was deleted, of one folder when asked, and nothing younger than asked', async () => {
    const { customer, network, node, clock } = await pruning(2)
    for (const path of ['in/a', 'in/b', 'out']) await customer.put(path, content(), inTime())
    await customer.put('stays', content(), inTime())
    for (const path of ['in/a', 'in/b', 'out']) await customer.remove(path, inTime())
    clock.shift(2 * DAY_MS)
    expect(await customer.prune('in', { ...inTime(), olderThanMs: 3 * DAY_MS })).toMatchObject({ released: 0 })
    expect(await customer.prune('in', { ...inTime(), olderThanMs: DAY_MS })).toMatchObject({ released: 2 })
    expect(await customer.versions('out', inTime())).toHaveLength(1)
    await expect(customer.versions('in/a', inTime())).rejects.toMatchObject({ code: 'NotFound' })
    expect(await customer.prune('', inTime())).toMatchObject({ released: 1, waiting: { blocks: 3 } })
    clock.shift(WEEK_MS + 1)
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 3 }, waiting: { blocks: 0 } })
    expect(new Set(await usedAt(network, node)).size).toBe(1)
    expect(await bytesAt({ customer }, 'stays')).toHaveLength(20_000)
  })

  it('frees blocks of puts that failed, and none that is in use or may just be coming', async () => {
    const { customer, node, clock } = await pruning(4)
    await customer.put('a', content(), inTime())
    const { id } = await customer.locations.master(inTime())
    const abandoned = await storeBlock(node, customer.family, id)
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 0 }, waiting: { blocks: 1 } })
    clock.shift(WEEK_MS + 1)
    const young = await storeBlock(node, customer.family, id)
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 1 }, waiting: { blocks: 1 } })
    expect(await holdersOf(node, customer.family, abandoned)).toEqual([])
    expect(await holdersOf(node, customer.family, young)).toEqual([0, 1, 2, 3])
    expect(await bytesAt({ customer }, 'a')).toHaveLength(20_000)
  })

  it('T18 a clock that jumps frees nothing before a day has really passed', async () => {
    const { customer, clock } = await pruning(2)
    for (let i = 0; i < 3; i++) await customer.put('a', content(), inTime())
    expect(await customer.prune('', inTime())).toMatchObject({ released: 1 })
    clock.jump(60 * DAY_MS)
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 0 }, waiting: { blocks: 1 } })
    clock.shift(DAY_MS)
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 1 } })
  })

  it('does nothing while it cannot know all versions', async () => {
    const { customer, network, node, clock } = await pruning(4)
    for (let i = 0; i < 3; i++) await customer.put('a', content(), inTime())
    await customer.prune('', inTime())
    clock.shift(WEEK_MS + 1)
    const before = await usedAt(network, node)
    for (const supplier of network.suppliers.slice(0, 2)) supplier.down()
    const refused = { code: 'CatalogFreshnessUnknown', retryable: true }
    await expect(customer.prune('', inTime())).rejects.toMatchObject(refused)
    for (const supplier of network.suppliers) supplier.up()
    // Somebody answers where the journals end, and nobody gives the entries.
    const silent = meddled(node, () => ({
      getJournal() {
        throw new SupplierError('Busy', 'later')
      },
    }))
    const fresh = await customerOf({ ...silent, store: memoryKeyValueStore() })
    await expect(fresh.customer.prune('', inTime())).rejects.toMatchObject(refused)
    expect(await usedAt(network, node)).toEqual(before)
  })

  it('T18 goes on after a crash half way; repair brings nothing back', async () => {
    const { customer, network, node, clock } = await pruning(4)
    for (let i = 0; i < 3; i++) await customer.put('a', content(), inTime())
    const whole = await usedAt(network, node)
    await customer.prune('', inTime())
    await customer.stop()
    clock.shift(WEEK_MS + 1)
    const [first, second] = network.suppliers
    const cut = meddled(node, (remotes) => ({
      async deleteBlocks(peer, query, options) {
        const isReached = [first, second].some((supplier) => supplier!.self.fingerprint === peer.fingerprint)
        if (isReached) return remotes.deleteBlocks(peer, query, options)
        throw new DOMException('cut', 'NetworkError')
      },
    }))
    const crashing = await customerOf(cut)
    expect(await crashing.customer.prune('', inTime())).toMatchObject({ freed: { blocks: 0 }, unreached: 2 })
    const half = await usedAt(network, node)
    expect(sum(half)).toBeLessThan(sum(whole))
    await crashing.customer.repair.run(inTime())
    expect(await usedAt(network, node)).toEqual(half)
    await crashing.customer.stop()

    const again = await customerOf(node)
    expect(await again.customer.repair.run(inTime())).toMatchObject({ rebuilt: 0, missing: [] })
    expect(await usedAt(network, node)).toEqual(half)
    expect(await again.customer.prune('', inTime())).toMatchObject({ freed: { blocks: 1 }, unreached: 0 })
    const left = await usedAt(network, node)
    expect(left.map((bytes, index) => whole[index]! - bytes)).toEqual(whole.map((bytes) => bytes / 3))
    expect(await Array.fromAsync(node.store.list({ prefix: 'waste/' }))).toEqual([])
  })

  it('T18 T35 a crash before or after any write of the store, or any answer of a supplier, leaves nothing undone', async () => {
    const { customer, network, node, clock } = await pruning(2)
    await customer.put('stays', content(), inTime())
    const base = sum(await usedAt(network, node))
    await customer.stop()
    let crashes = 0
    for (const when of ['before', 'after', 'answer'] as const) {
      let isOver = false
      for (let point = 1; !isOver; point++) {
        const writer = await customerOf(node)
        for (let i = 0; i < 3; i++) await writer.customer.put('stays', content(), inTime())
        await writer.customer.prune('', { ...inTime(), keep: 1 })
        await writer.customer.stop()
        clock.shift(WEEK_MS + 1)

        let left = point
        const crash = () => {
          left -= 1
          if (left === 0) throw new Error('crash')
        }
        const dying = await customerOf({
          ...meddled(node, (remotes) => ({
            async deleteBlocks(peer, query, options) {
              const answer = await remotes.deleteBlocks(peer, query, options)
              if (when === 'answer') crash()
              return answer
            },
          })),
          store: {
            ...node.store,
            async batch(changes) {
              const isPrune = changes.some((change) => JSON.stringify(change).includes('waste/') || left < point)
              if (isPrune && when === 'before') crash()
              await node.store.batch(changes)
              if (isPrune && when === 'after') crash()
            },
          },
        })
        await dying.customer.prune('', { ...inTime(), keep: 1 }).catch(() => {})
        await dying.customer.stop()
        isOver = left > 0
        if (!isOver) crashes += 1

        const again = await customerOf(node)
        expect(await again.customer.repair.run(inTime())).toMatchObject({ rebuilt: 0, missing: [] })
        expect(await again.customer.prune('', { ...inTime(), keep: 1 })).toMatchObject({ waiting: { blocks: 0 } })
        expect(sum(await usedAt(network, node))).toBe(base)
        expect(await bytesAt(again, 'stays')).toHaveLength(20_000)
        expect(again.problems).toEqual([])
        await again.customer.stop()
      }
    }
    expect(crashes).toBeGreaterThanOrEqual(6)
  }, 60_000)

  it('what a supplier that was away still has of freed blocks alarms nobody, and is freed when it is back', async () => {
    const { customer, network, node, clock } = await pruning(4)
    for (let i = 0; i < 3; i++) await customer.put('a', content(), inTime())
    const other = await customerOf({ ...node, store: memoryKeyValueStore() })
    await other.customer.sync(inTime())
    await customer.prune('', inTime())
    clock.shift(WEEK_MS + 1)
    const [away] = network.suppliers
    away!.down()
    const whole = away!.supplier.usage(node.self.fingerprint)!.used
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 1 }, unreached: 1 })
    away!.up()
    for (const one of [customer, other.customer]) expect(await one.repair.run(inTime())).toMatchObject({ missing: [] })
    expect(away!.supplier.usage(node.self.fingerprint)!.used).toBe(whole)
    expect(await customer.prune('', inTime())).toMatchObject({ freed: { blocks: 1 }, unreached: 0 })
    expect(await usedAt(network, node)).toEqual(Array(4).fill((whole / 3) * 2))
  })

  it('frees by itself, once a day, what was released a week ago', async () => {
    const { customer, network, node, clock, problems } = await pruning(2, { wakes: true })
    for (let i = 0; i < 4; i++) await customer.put('a', content(), inTime())
    const whole = await usedAt(network, node)
    await customer.prune('', inTime())
    for (let day = 1; day < 7; day++) clock.shift(DAY_MS)
    await customer.sync(inTime())
    expect(await usedAt(network, node)).toEqual(whole)
    clock.shift(2 * DAY_MS)
    await until(
      () => sum(network.suppliers.map(({ supplier }) => supplier.usage(node.self.fingerprint)!.used)) < sum(whole),
    )
    await customer.repair.run(inTime())
    expect(await usedAt(network, node)).toEqual(whole.map((bytes) => bytes / 2))
    expect(problems).toEqual([])
  })

  it('T35 frees nothing when suppliers keep a journal of somebody who may have had the right to write', async () => {
    const { customer, network, node, clock } = await pruning(4)
    for (let i = 0; i < 3; i++) await customer.put('a', content(), inTime())
    await customer.prune('', inTime())
    clock.shift(WEEK_MS + 1)
    const writer = network.suppliers[0]!.self.fingerprint
    const { id: location } = await customer.locations.master(inTime())
    const { id: device } = node.self.deviceKey.publicKey
    const journal = journalIdOf({ location, writer, device })
    const head = { journal, writer, device, epoch: 0, sequence: 0, hash: hashOf<EntryHash>(content()) }
    const claimed = (liars: number) =>
      meddled(node, (remotes) => ({
        async journalHeads(peer, query, options) {
          const heads = await remotes.journalHeads(peer, query, options)
          const isLiar = network.suppliers.slice(0, liars).some(({ self }) => self.fingerprint === peer.fingerprint)
          return isLiar ? [...heads, head] : heads
        },
      }))
    const before = await usedAt(network, node)
    const two = await customerOf(claimed(2))
    await expect(two.customer.prune('', inTime())).rejects.toMatchObject({ code: 'CatalogFreshnessUnknown' })
    expect(await usedAt(network, node)).toEqual(before)
    // One of four may lie, and holds up nobody.
    const one = await customerOf(claimed(1))
    expect(await one.customer.prune('', inTime())).toMatchObject({ freed: { blocks: 1 } })
  })

  it('a put that takes longer than suppliers keep its blocks is not recorded, and succeeds when it is made again', async () => {
    const { customer, network, node, clock } = await pruning(2)
    const bytes = content()
    async function* slow() {
      yield bytes
      clock.shift(6 * DAY_MS)
    }
    const failing = customer.put('a', slow(), inTime())
    await expect(failing).rejects.toMatchObject({ code: 'UploadIncomplete', retryable: true })
    await expect(customer.get('a', inTime())).rejects.toMatchObject({ code: 'NotFound' })
    const before = await usedAt(network, node)
    await customer.put('a', bytes, inTime())
    expect(await usedAt(network, node)).toEqual(before)
    expect(await bytesAt({ customer }, 'a')).toEqual(bytes)
  })

  it('is for the owner', async () => {
    const { customer } = await pruning(2)
    const location = Object.create(await customer.locations.master(inTime()), { mine: { value: false } })
    await expect(customer.prune('', { ...inTime(), location })).rejects.toMatchObject({ code: 'Unauthorized' })
  })

  it('takes nothing from a put that goes on with the same content on another device, whatever the order', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ put: fc.nat(1), path: fc.constantFrom('a', 'b', 'f/a'), what: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ remove: fc.constantFrom('a', 'b', 'f') }) },
      { weight: 2, arbitrary: fc.record({ days: fc.constantFrom(1, 3, 8) }) },
      { weight: 3, arbitrary: fc.record({ prune: fc.nat(1), keep: fc.integer({ min: 1, max: 2 }) }) },
    )
    const { network, clock, ...one } = await pruning(2)
    const contents = Array.from({ length: 3 }, content)
    const other = await customerOf({ ...one.node, store: memoryKeyValueStore() })
    // So that they do not make the location at the same time.
    await one.customer.put('start', content(), inTime())
    await other.customer.sync(inTime())
    const devices = [one, other] as const
    const property = fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      const running: Promise<unknown>[] = []
      for (const action of steps) {
        if ('put' in action) {
          const { customer } = devices[action.put]!
          running.push(customer.put(action.path, contents[action.what]!, inTime()))
        } else if ('prune' in action) {
          running.push(devices[action.prune]!.customer.prune('', { ...inTime(), keep: action.keep }))
        } else {
          await Promise.all(running.splice(0))
          if ('days' in action) clock.shift(action.days * DAY_MS)
          else
            await one.customer.remove(action.remove, inTime()).catch((error) => {
              if (!isCustomerError(error, 'NotFound')) throw error
            })
        }
      }
      await Promise.all(running)
      const reader = await customerOf({ ...one.node, store: memoryKeyValueStore() })
      for (const path of ['a', 'b', 'f/a']) {
        const versions = await reader.customer.versions(path, inTime()).catch(() => [])
        for (const { version } of versions) expect(await bytesAt(reader, path, version)).toHaveLength(20_000)
      }
      expect(reader.problems).toEqual([])
      await reader.customer.stop()
    })
    await fc.assert(property, { numRuns: process.env.BITDUST_LONG === undefined ? 5 : 60, endOnFailure: true })

    // In the end nothing is left that no version uses.
    await one.customer.prune('', inTime())
    clock.shift(WEEK_MS + 1)
    expect(await one.customer.prune('', inTime())).toMatchObject({ waiting: { blocks: 0 }, unreached: 0 })
    await usedAt(network, one.node)
  }, 60_000)
})
