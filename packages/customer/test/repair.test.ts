import { setTimeout as pause } from 'node:timers/promises'
import { generateDeviceKey, randomBytes } from '@bitdust/crypto'
import { type BlockId, type Layout, layoutRecord, parseHash } from '@bitdust/records'
import { createVirtualClock } from '@bitdust/testing'
import { verifyFragment } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import { createFamily } from '../src/family/family.ts'
import type { FoundFragment, RemoteSuppliers } from '../src/ports.ts'
import type { RepairProgress } from '../src/repair/types.ts'
import type { TestCustomer } from './network.ts'
import { HOUR_MS, hired, holdersOf, inTime, locationsOf, MIB, repairOf, storeBlock, until } from './setup.ts'

/** The customer's way to suppliers of whom one lies about fragments. */
function lying(
  { remotes }: TestCustomer,
  liar: { readonly fingerprint: string },
  lie: (found: FoundFragment) => Promise<FoundFragment>,
): RemoteSuppliers {
  return {
    ...remotes,
    async getFragment(to, query, options) {
      const found = await remotes.getFragment(to, query, options)
      return found === null || to.fingerprint !== liar.fingerprint ? found : lie(found)
    },
  }
}

describe('repair', () => {
  it.each([
    { count: 2, held: [1] },
    { count: 4, held: [0, 3] },
    { count: 7, held: [0, 2, 4, 6] },
  ] as const)('rebuilds what is missing at $count suppliers without any content key', async ({ count, held }) => {
    const { customer, family } = await hired(count)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const partial = await storeBlock(customer, family, location, { positions: held, bytes: 100_000 })
    const whole = await storeBlock(customer, family, location)
    const repair = await repairOf(customer, family)
    const progress: RepairProgress[] = []
    const report = await repair.run({ ...inTime(), onProgress: (step) => progress.push(step) })
    expect(report).toEqual({
      blocks: 2,
      rebuilt: count - held.length,
      missing: [],
      culprits: [],
      behind: [],
      complete: true,
    })
    expect(progress.at(-1)).toEqual({ done: 1, total: 1, rebuilt: count - held.length })
    for (const block of [partial, whole])
      expect(await holdersOf(customer, family, block)).toEqual([...Array(count).keys()])
    expect(await repair.run(inTime())).toMatchObject({ rebuilt: 0, complete: true })
  })

  it('T42 fills the position of a replaced supplier by itself, and then lets the old one go', async () => {
    const { network, customer, family } = await hired(4, { spare: 1 })
    const location = (await locationsOf(customer, family).master(inTime())).id
    const blocks = [await storeBlock(customer, family, location), await storeBlock(customer, family, location)]
    const repair = await repairOf(customer, family)
    repair.start()
    const old = network.supplierOf(family.current()!.body.positions[1]!)
    await family.replace(1, inTime())
    await until(() => old.supplier.customers().length === 0)
    for (const block of blocks) expect(await holdersOf(customer, family, block)).toEqual([0, 1, 2, 3])
    const fresh = network.supplierOf(family.current()!.body.positions[1]!)
    expect(fresh.supplier.usage(customer.self.fingerprint)?.used).toBeGreaterThan(0)
    const query = { customer: customer.self.fingerprint, kind: 'header', location } as const
    expect(await customer.remotes.getRecord(fresh.peer, query, inTime())).not.toBeNull()
  })

  it('T41 stores nothing but what is right when a source lies, and names the liar', async () => {
    const { customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location, { positions: [0, 1, 2] })
    const liar = family.current()!.body.positions[0]!
    const remotes = lying(customer, liar, async (found) => ({
      layout: found.layout,
      ...(found.data === undefined ? {} : { data: randomBytes(found.data.length) }),
      ...(found.parity === undefined ? {} : { parity: randomBytes(found.parity.length) }),
    }))
    const report = await (await repairOf(customer, family, { remotes })).run(inTime())
    expect(report).toMatchObject({ rebuilt: 1, missing: [], complete: false })
    expect(report.culprits.length).toBeGreaterThan(0)
    for (const culprit of report.culprits)
      expect(culprit).toEqual({ position: 0, fingerprint: liar.fingerprint, block, code: 'FragmentCorrupt' })
    expect(await holdersOf(customer, family, block)).toEqual([0, 1, 2, 3])
    const query = { customer: customer.self.fingerprint, block, n: 4 }
    const [, honest, , rebuilt] = await Promise.all(
      family
        .current()!
        .body.positions.map((peer, position) =>
          customer.remotes.getFragment(peer, { ...query, position, want: 'both' }, inTime()),
        ),
    )
    const layout = layoutRecord.open(honest!.layout).body
    expect(verifyFragment(layout, 3, rebuilt!.data!)).toBe(true)
    expect(verifyFragment(layout, 7, rebuilt!.parity!)).toBe(true)
  })

  it('T41 believes no layout that does not give the block, however well it is signed', async () => {
    const { customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location, { positions: [0, 1, 2] })
    const device = await generateDeviceKey()
    const remotes = lying(customer, family.current()!.body.positions[0]!, async (found) => {
      const { body } = layoutRecord.open(found.layout)
      const roots = body.roots.map((root, index) => (index === 3 ? parseHash('0'.repeat(64)) : root))
      const layout: Layout = { ...body, roots, device: device.publicKey.id }
      return { ...found, layout: (await layoutRecord.sign(layout, device)).bytes }
    })
    const report = await (await repairOf(customer, family, { remotes })).run(inTime())
    expect(report).toMatchObject({ rebuilt: 1, missing: [], complete: true })
    expect(await holdersOf(customer, family, block)).toEqual([0, 1, 2, 3])
  })

  it('T28 takes no layout of another block', async () => {
    const { customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const other = await storeBlock(customer, family, location)
    const block = await storeBlock(customer, family, location, { positions: [0, 1, 2] })
    const liar = family.current()!.body.positions[0]!
    const query = { customer: customer.self.fingerprint, block: other, n: 4, position: 0, want: 'layout' } as const
    const { layout } = (await customer.remotes.getFragment(liar, query, inTime()))!
    const remotes = lying(customer, liar, async (found) => ({ ...found, layout }))
    expect(await (await repairOf(customer, family, { remotes })).run(inTime())).toMatchObject({
      rebuilt: 1,
      missing: [],
    })
    expect(await holdersOf(customer, family, block)).toEqual([0, 1, 2, 3])
  })

  it('passes over a layout whose signature suppliers would refuse', async () => {
    const { customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    await storeBlock(customer, family, location, { positions: [0, 1, 2] })
    const remotes = lying(customer, family.current()!.body.positions[0]!, async (found) => {
      const layout = found.layout.slice()
      layout[layout.length - 1]! ^= 1
      return { ...found, layout }
    })
    expect(await (await repairOf(customer, family, { remotes })).run(inTime())).toMatchObject({
      rebuilt: 1,
      complete: true,
    })
  })

  it('counts only what stands at the position of its supplier', async () => {
    const { customer, family } = await hired(2)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location, { positions: [0] })
    const remotes: RemoteSuppliers = {
      ...customer.remotes,
      async *listFragments(to, query, options) {
        for await (const file of customer.remotes.listFragments(to, query, options)) yield file
        if (to.fingerprint !== family.current()!.body.positions[1]!.fingerprint) return
        yield { block, location, n: 2, position: 0, bytes: 1 }
        yield { block, location, n: 4, position: 1, bytes: 1 }
      },
    }
    expect(await (await repairOf(customer, family, { remotes })).run(inTime())).toMatchObject({ rebuilt: 1 })
  })

  it('T42 keeps the old supplier until everybody has what is his', async () => {
    const { network, customer, family } = await hired(4, { spare: 1 })
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location)
    const { positions } = family.current()!.body
    const old = network.supplierOf(positions[1]!)
    const away = network.supplierOf(positions[3]!)
    await family.replace(1, inTime())
    away.down()
    const repair = await repairOf(customer, family)
    expect(await repair.run(inTime())).toMatchObject({ rebuilt: 1, behind: [3], complete: false })
    // Time enough to let him go.
    await pause(50)
    expect(old.supplier.customers()).toHaveLength(1)
    away.up()
    expect(await repair.run(inTime())).toMatchObject({ rebuilt: 0, behind: [], complete: true })
    await until(() => old.supplier.customers().length === 0)
    expect(await holdersOf(customer, family, block)).toEqual([0, 1, 2, 3])
  })

  it('T41 gives up a block all of whose layouts lie', async () => {
    const { customer, family } = await hired(2)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location, { positions: [0] })
    const device = await generateDeviceKey()
    const remotes = lying(customer, family.current()!.body.positions[0]!, async (found) => {
      const { body } = layoutRecord.open(found.layout)
      const layout = { ...body, roots: body.roots.toReversed(), device: device.publicKey.id }
      return { ...found, layout: (await layoutRecord.sign(layout, device)).bytes }
    })
    const report = await (await repairOf(customer, family, { remotes })).run(inTime())
    expect(report).toMatchObject({ rebuilt: 0, missing: [{ block, need: 2 }], complete: false })
    expect(await holdersOf(customer, family, block)).toEqual([0])
  })

  it('T26 reports blocks with too few fragments and repairs the others', async () => {
    const { customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const lost = await storeBlock(customer, family, location, { positions: [2] })
    const good = await storeBlock(customer, family, location, { positions: [2, 3] })
    const report = await (await repairOf(customer, family)).run(inTime())
    expect(report).toMatchObject({
      blocks: 2,
      rebuilt: 2,
      missing: [{ block: lost, have: 2, need: 4 }],
      complete: false,
    })
    expect(await holdersOf(customer, family, good)).toEqual([0, 1, 2, 3])
  })

  it('leaves alone what an upload is just placing', async () => {
    const { customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location, { positions: [0, 1] })
    const repair = await repairOf(customer, family, { inFlight: new Set<BlockId>([block]) })
    expect(await repair.run(inTime())).toMatchObject({ blocks: 1, rebuilt: 0 })
    expect(await holdersOf(customer, family, block)).toEqual([0, 1])
  })

  it('T25 stores again what turned out to be damaged at its supplier', async () => {
    const { network, customer, family } = await hired(4)
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location)
    const peer = family.current()!.body.positions[2]!
    const { fragments } = network.supplierOf(peer)
    for await (const { name, size } of fragments.list()) {
      const bytes: Uint8Array[] = []
      for await (const part of (await fragments.read(name)) ?? []) bytes.push(part.slice())
      bytes.at(-1)!.fill(1)
      await fragments.delete(name)
      await fragments.put(name, size, bytes)
    }
    const query = { customer: customer.self.fingerprint, block, n: 4, position: 2, want: 'both' } as const
    const before = await customer.remotes.getFragment(peer, query, inTime()).catch(() => null)
    const repair = await repairOf(customer, family)
    repair.suspect(block, 2)
    expect(await repair.run(inTime())).toMatchObject({ rebuilt: 1, complete: true })
    const after = await customer.remotes.getFragment(peer, query, inTime())
    expect(after?.parity).toBeDefined()
    expect(after?.parity).not.toEqual(before?.parity)
  })

  it('says who has no room', async () => {
    const { customer, family } = await hired(2)
    const location = (await locationsOf(customer, family).master(inTime())).id
    // Each supplier granted 4 MiB and has one of the two blocks; none has room for the other one too.
    const blocks = [0, 1].map((position) =>
      storeBlock(customer, family, location, { positions: [position], bytes: 3 * MIB }),
    )
    await Promise.all(blocks)
    expect(await (await repairOf(customer, family)).run(inTime())).toMatchObject({
      blocks: 2,
      rebuilt: 0,
      missing: [],
      behind: [0, 1],
      complete: false,
    })
  })

  it('brings a supplier up to date that was away, as soon as it is back', async () => {
    const clock = createVirtualClock()
    const settings = { pingEveryMs: 60_000, replaceAfterMs: 48 * HOUR_MS }
    const { network, customer, family } = await hired(4, { clock }, { clock, settings })
    const repair = await repairOf(customer, family, { clock })
    const away = network.supplierOf(family.current()!.body.positions[3]!)
    await until(() => family.links().every(({ state }) => state === 'connected'))
    away.down()
    await until(() => !family.online(3), { clock, stepMs: 60_000 })
    const location = (await locationsOf(customer, family).master(inTime())).id
    const block = await storeBlock(customer, family, location, { positions: [0, 1, 2] })
    repair.start()
    expect(await repair.run(inTime())).toMatchObject({ rebuilt: 0, behind: [3], complete: false })
    away.up()
    await until(async () => (await holdersOf(customer, family, block)).length === 4, { clock, stepMs: 60_000 })
    const query = { customer: customer.self.fingerprint, kind: 'header', location } as const
    expect(await customer.remotes.getRecord(away.peer, query, inTime())).not.toBeNull()
  })

  it('needs a family, and can be called off', async () => {
    const { network, customer, family } = await hired(2)
    const repair = await repairOf(customer, family)
    await expect(repair.run({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Cancelled' })
    const stranger = await network.customer()
    const none = await repairOf(stranger, createFamily(stranger))
    await expect(none.run(inTime())).rejects.toMatchObject({ code: 'NotFound', retryable: true })
    const stopped = repair.run(inTime())
    await Promise.all([expect(stopped).rejects.toMatchObject({ code: 'Cancelled' }), repair.stop()])
  })
})
