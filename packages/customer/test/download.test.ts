import { randomBytes, toHex } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { type BlockId, encodeExtents, layoutRecord, manifestRecord } from '@bitdust/records'
import { describe, expect, it } from 'vitest'
import type { Customer } from '../src/customer.ts'
import type { FoundFragment } from '../src/ports.ts'
import { customerOf, type RunningCustomer, storing } from './customers.ts'
import { appendTo, manifestAt } from './journal-tools.ts'
import { meddled } from './lies.ts'
import type { TestNetwork, TestSupplier } from './network.ts'
import { inTime, MIB } from './setup.ts'
import { entriesOf } from './trees.ts'

async function bytesOf(customer: Customer, path: string): Promise<Uint8Array> {
  return (await customer.get(path, inTime())).bytes()
}

function at(network: TestNetwork, { customer }: RunningCustomer, position: number): TestSupplier {
  return network.supplierOf(customer.family.current()!.body.positions[position]!)
}

/** Turns bits over in what a supplier has stored. A file: version u8, two lengths u32, layout, Data, Parity. */
async function rot({ fragments }: TestSupplier, which: 'data' | 'both'): Promise<void> {
  for (const { name, size } of await Array.fromAsync(fragments.list())) {
    const bytes = Buffer.concat(await Array.fromAsync((await fragments.read(name))!))
    const data = 9 + bytes.readUInt32BE(1)
    const parity = data + bytes.readUInt32BE(5)
    bytes[data + 100]! ^= 1
    if (which === 'both') bytes[parity + 100]! ^= 1
    await fragments.put(name, size, [bytes])
  }
}

/** Another customer on the same node, whose suppliers give what `lie` makes of their fragments. */
function withLies(
  { node }: RunningCustomer,
  lie: (found: FoundFragment, peer: PeerRef, block: BlockId) => Promise<FoundFragment | null> | FoundFragment | null,
): Promise<RunningCustomer> {
  return customerOf(
    meddled(node, (remotes) => ({
      async getFragment(peer, query, options) {
        const found = await remotes.getFragment(peer, query, options)
        return found === null ? null : lie(found, peer, query.block)
      },
    })),
  )
}

describe('reading from suppliers that fail', () => {
  it.each([2, 4, 7] as const)('T25 rotten fragments at floor(n/2) of %i suppliers change nothing', async (count) => {
    const running = await storing(count)
    const { network, node } = running
    const bytes = randomBytes(200_000)
    await running.customer.put('x', bytes, inTime())
    await rot(at(network, running, count - 1), 'data')
    const one = await customerOf(node)
    expect(Buffer.compare(await bytesOf(one.customer, 'x'), bytes)).toBe(0)
    await rot(at(network, running, count - 1), 'data')
    for (let position = 0; position < Math.floor(count / 2); position++)
      await rot(at(network, running, position), 'both')
    const { customer, problems } = await customerOf(node)
    expect(Buffer.compare(await bytesOf(customer, 'x'), bytes)).toBe(0)
    // Repair stores them again, and afterwards nothing is wrong any more.
    expect(await customer.repair.run(inTime())).toMatchObject({ complete: true, missing: [] })
    const after = await customerOf(node)
    expect(Buffer.compare(await bytesOf(after.customer, 'x'), bytes)).toBe(0)
    expect(after.problems).toEqual([])
    expect(problems.every(({ code }) => code === 'FragmentCorrupt')).toBe(true)
  })

  it('T25 names the supplier whose fragment is wrong', async () => {
    const running = await storing(4)
    const bytes = randomBytes(50_000)
    await running.customer.put('x', bytes, inTime())
    const liar = running.customer.family.current()!.body.positions[2]!
    const { customer, problems } = await withLies(running, (found, peer) => {
      if (peer.fingerprint !== liar.fingerprint) return found
      const data = found.data?.slice()
      if (data !== undefined) data[7]! ^= 4
      return { ...found, ...(data === undefined ? {} : { data }) }
    })
    expect(await bytesOf(customer, 'x')).toEqual(bytes)
    expect(problems).toMatchObject([{ code: 'FragmentCorrupt', culprit: liar.fingerprint }])
  })

  it('T26 with one more than floor(n/2) it says what is missing, gives no byte of it, and all of the rest', async () => {
    const running = await storing(4)
    const { network, customer: writer, node } = running
    await writer.put('inline', new TextEncoder().encode('safe'), inTime())
    await writer.put('lost', randomBytes(200_000), inTime())
    for (const position of [0, 1, 2]) await rot(at(network, running, position), 'both')
    const kept = randomBytes(200_000)
    await writer.put('kept', kept, inTime())

    const { customer } = await customerOf(node)
    const reader = await customer.get('lost', inTime())
    const given: Uint8Array[] = []
    const reading = (async () => {
      for await (const part of reader) given.push(part)
    })()
    await expect(reading).rejects.toMatchObject({
      name: 'CustomerError',
      code: 'NotEnoughFragments',
      have: 2,
      need: 4,
      missing: [0, 1, 2, 4, 5, 6],
    })
    expect(given).toEqual([])
    expect(await bytesOf(customer, 'kept')).toEqual(kept)
    expect(await bytesOf(customer, 'inline')).toEqual(new TextEncoder().encode('safe'))
    expect((await Array.fromAsync(customer.list('', inTime()))).map(({ path }) => path)).toEqual([
      'inline',
      'kept',
      'lost',
    ])
  })

  describe('T28 fragments of something else are never decoded', () => {
    async function twoFiles() {
      const running = await storing(4)
      const bytes = randomBytes(100_000)
      await running.customer.put('x', bytes, inTime())
      await running.customer.put('y', randomBytes(100_000), inTime())
      const stored: FoundFragment[] = []
      const { customer } = await withLies(running, (found) => {
        stored.push(found)
        return found
      })
      await bytesOf(customer, 'y')
      const others = new Map(stored.map((found) => [toHex(found.layout), found]))
      const [other] = [...others.values()]
      return { running, bytes, other: other! }
    }

    it.each([
      { of: 'another block, with its layout', whole: true },
      { of: 'another block, under the right layout', whole: false },
    ])('$of', async ({ whole }) => {
      const { running, bytes, other } = await twoFiles()
      const liars = running.customer.family.current()!.body.positions.slice(0, 2)
      const { customer, problems } = await withLies(running, (found, { fingerprint }) => {
        if (!liars.some((liar) => liar.fingerprint === fingerprint)) return found
        const swapped = { ...(found.data && { data: other.data! }), ...(found.parity && { parity: other.data! }) }
        return { layout: whole ? other.layout : found.layout, ...swapped }
      })
      expect(await bytesOf(customer, 'x')).toEqual(bytes)
      expect(problems.map(({ code }) => code)).toEqual(['FragmentCorrupt', 'FragmentCorrupt'])
      expect(new Set(problems.map(({ culprit }) => culprit))).toEqual(new Set(liars.map((liar) => liar.fingerprint)))
    })

    it('another position', async () => {
      const { running, bytes } = await twoFiles()
      let first: Uint8Array | undefined
      const { customer, problems } = await withLies(running, (found) => {
        first ??= found.data
        return found.data === undefined ? found : { ...found, data: first! }
      })
      expect(await bytesOf(customer, 'x')).toEqual(bytes)
      expect(problems).toHaveLength(3)
    })

    it.each([
      { what: 'a layout signed by a device that writes nothing here', isSigned: true },
      { what: 'a layout under a signature that is wrong', isSigned: false },
    ])('$what', async ({ isSigned }) => {
      const { running, bytes } = await twoFiles()
      const stranger = running.network.suppliers[0]!.self.deviceKey
      const liars = running.customer.family.current()!.body.positions.slice(1, 3)
      const { customer, problems } = await withLies(running, async (found, { fingerprint }) => {
        if (!liars.some((liar) => liar.fingerprint === fingerprint)) {
          // The liars are the first to answer.
          await new Promise((resolve) => setTimeout(resolve, 60))
          return found
        }
        const { body, bytes: signed } = layoutRecord.open(found.layout)
        if (!isSigned) return { ...found, layout: signed.with(-1, signed.at(-1)! ^ 1) }
        const roots = body.roots.toReversed()
        const forged = await layoutRecord.sign({ ...body, roots, device: stranger.publicKey.id }, stranger)
        return { ...found, layout: forged.bytes }
      })
      expect(await bytesOf(customer, 'x')).toEqual(bytes)
      const code = isSigned ? 'FragmentCorrupt' : 'RecordInvalid'
      expect(problems.map((problem) => problem.code)).toEqual([code, code])
      expect(new Set(problems.map(({ culprit }) => culprit))).toEqual(new Set(liars.map((liar) => liar.fingerprint)))
    })
  })

  it('T30 reads on while a supplier never answers', async () => {
    const running = await storing(2)
    const bytes = randomBytes(5 * MIB)
    await running.customer.put('x', bytes, inTime())
    const silent = running.customer.family.current()!.body.positions[1]!
    let asked = 0
    const { customer } = await customerOf(
      meddled(running.node, (remotes) => ({
        getFragment(peer, query, options) {
          if (peer.fingerprint !== silent.fingerprint) return remotes.getFragment(peer, query, options)
          asked += 1
          return new Promise((_, reject) =>
            options.signal.addEventListener('abort', () => reject(options.signal.reason)),
          )
        },
      })),
    )
    expect(Buffer.compare(await bytesOf(customer, 'x'), bytes)).toBe(0)
    // The first three blocks are under way together; after that the supplier is asked last.
    expect(asked).toBeLessThanOrEqual(3)
  })
})

describe('reading in order', () => {
  it('fetches each block of a tree once, a few ahead, and no more than it must', async () => {
    const running = await storing(2)
    const tree: Record<string, Uint8Array> = {}
    for (let i = 0; i < 60; i++) tree[`file${String(i).padStart(2, '0')}`] = randomBytes(i === 30 ? 5 * MIB : 70_000)
    const { blocks } = await running.customer.put('tree', { entries: entriesOf(tree) }, inTime())
    const fetched: string[] = []
    /** Ciphertext bytes of the blocks, in the order in which they were asked for. */
    const sizes = new Map<string, number>()
    const { customer } = await withLies(running, (found, _, block) => {
      fetched.push(block)
      sizes.set(block, layoutRecord.open(found.layout).body.block.size)
      return found
    })
    /** How many of the blocks that were fetched begin behind this byte. */
    const aheadOf = (byte: number) => {
      let begin = 0
      let count = 0
      for (const size of sizes.values()) {
        if (begin > byte) count += 1
        begin += size
      }
      return count
    }
    let read = 0
    const ahead: number[] = []
    for await (const { entry, open } of (await customer.get('tree', inTime())).walk()) {
      if (entry.kind === 'folder') continue
      for await (const part of open()) {
        read += part.length
        ahead.push(aheadOf(read))
      }
    }
    expect(new Set(fetched).size).toBe(blocks)
    expect(fetched).toHaveLength(2 * blocks)
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4)
  })

  it('stops fetching when nobody reads on', async () => {
    const running = await storing(2)
    await running.customer.put('x', randomBytes(10 * MIB), inTime())
    const fetched = new Set<string>()
    const { customer } = await withLies(running, (found, _, block) => {
      fetched.add(block)
      return found
    })
    for await (const _ of await customer.get('x', inTime())) break
    expect(fetched.size).toBeLessThanOrEqual(3)
    expect(customer.machines()).toContainEqual({ name: 'download', state: 'left', since: expect.any(Number) })
  })
})

describe('T31 manifests that do not fit their blocks', () => {
  it('a block that is not there, whose key is another one, or that is too short', async () => {
    const { customer, node } = await storing(2)
    await customer.put('x', randomBytes(50_000), inTime())
    const location = await customer.locations.master(inTime())
    const stored = await manifestAt(node, location, 'x')
    const { content } = stored.root
    if (!('extents' in content)) throw new Error('inline')
    const [extent] = content.extents
    const wrongs = {
      key: { ...extent!, key: randomBytes(32) },
      long: { ...extent!, offset: 1 },
      block: { ...extent!, block: extent!.block.replaceAll(/[0-7]/g, '8') as BlockId },
    }
    for (const [path, wrong] of Object.entries(wrongs)) {
      const root = { ...stored.root, content: { extents: [wrong] } }
      const manifest = await manifestRecord.sign({ ...stored, root }, node.self.deviceKey)
      await appendTo(node, location, { kind: 'put', path, manifest: manifest.bytes })
    }
    await expect(bytesOf(customer, 'key')).rejects.toMatchObject({ code: 'BlockAuthFailed' })
    await expect(bytesOf(customer, 'long')).rejects.toMatchObject({ code: 'ManifestInvalid' })
    await expect(bytesOf(customer, 'block')).rejects.toMatchObject({ code: 'NotEnoughFragments', have: 0 })
    // What was fetched with the right key does not open the door for a wrong one.
    expect(await bytesOf(customer, 'x')).toHaveLength(50_000)
    await expect(bytesOf(customer, 'key')).rejects.toMatchObject({ code: 'BlockAuthFailed' })
    expect(await bytesOf(customer, 'x')).toHaveLength(50_000)
  })

  it('a list of extents that gives fewer bytes than the manifest says', async () => {
    const { customer, node } = await storing(2)
    await customer.put('x', randomBytes(50_000), inTime())
    const location = await customer.locations.master(inTime())
    const stored = await manifestAt(node, location, 'x')
    const { content } = stored.root
    if (!('extents' in content)) throw new Error('inline')
    const list = encodeExtents(content.extents.map((extent) => ({ ...extent, length: 49_000 })))
    const root = { ...stored.root, content: { list: { inline: list } } }
    const manifest = await manifestRecord.sign({ ...stored, root }, node.self.deviceKey)
    await appendTo(node, location, { kind: 'put', path: 'short', manifest: manifest.bytes })
    await expect(bytesOf(customer, 'short')).rejects.toMatchObject({ code: 'ManifestInvalid' })
  })
})
