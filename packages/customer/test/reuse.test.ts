import { randomBytes } from '@bitdust/crypto'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { describe, expect, it } from 'vitest'
import type { RemoteSuppliers } from '../src/ports.ts'
import { createReuseIndex } from '../src/reuse/reuse-index.ts'
import type { SourceEntry } from '../src/upload/types.ts'
import { customerOf, storing } from './customers.ts'
import { meddled } from './lies.ts'
import type { TestCustomer } from './network.ts'
import { inTime, MIB, until } from './setup.ts'
import { linesIn } from './trees.ts'

/** A customer that counts the bytes and blocks which it sends. */
function counting(node: TestCustomer, before: (block: number) => void = () => {}) {
  const sent = { bytes: 0, blocks: new Set<string>(), fragments: 0 }
  const counted = meddled(node, (remotes: RemoteSuppliers) => ({
    async putFragments(peer, fragments, options) {
      const name = Buffer.from(fragments.layout).toString('base64')
      sent.blocks.add(name)
      before(sent.blocks.size)
      sent.fragments += 1
      sent.bytes += fragments.data.length + fragments.parity.length
      return remotes.putFragments(peer, fragments, options)
    },
  }))
  const reset = () => {
    sent.bytes = 0
    sent.fragments = 0
    sent.blocks.clear()
  }
  return { counted, sent, reset }
}

function folder(files: Readonly<Record<string, Uint8Array>>): { readonly entries: readonly SourceEntry[] } {
  const top: SourceEntry = { path: '', kind: 'folder', mode: 0o755, mtime: 1 }
  const entries = Object.entries(files).map(
    ([path, bytes]): SourceEntry => ({ path, kind: 'file', mode: 0o644, mtime: 1, open: () => [bytes] }),
  )
  return { entries: [top, ...entries.sort((a, b) => (a.path < b.path ? -1 : 1))] }
}

const SMALL_FILES = process.env.BITDUST_LONG === '1' ? 20_000 : 2_000
/** Time for a test that moves many MiB on a machine that has much else to do, in ms. */
const PATIENCE_MS = 60_000

async function counted(count: 2 | 4 = 4) {
  const { node, customer, network } = await storing(count, { bytes: (count / 4) * 100 * MIB })
  await customer.stop()
  const tools = counting(node)
  const { customer: other } = await customerOf(tools.counted)
  return { ...tools, node, network, customer: other }
}

describe('storing again', { timeout: PATIENCE_MS }, () => {
  it('an unchanged folder sends no fragment at all, and comes back', async () => {
    const { customer, sent, reset } = await counted()
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, randomBytes(3000)]))
    const tree = folder({ large: randomBytes(10 * MIB), text: new Uint8Array(Buffer.alloc(2 * MIB, 'text ')), ...many })
    const first = await customer.put('x', tree, inTime())
    expect(first).toMatchObject({ reused: 0, state: 'complete' })
    expect(first.blocks).toBe(sent.blocks.size)
    reset()
    const second = await customer.put('x', tree, inTime())
    expect(sent).toMatchObject({ bytes: 0, fragments: 0 })
    expect(second).toMatchObject({ blocks: 0, reused: first.blocks, storedBytes: 0, state: 'complete' })
    const read = await linesIn(await customer.get('x', inTime()))
    expect(read).toHaveLength(103)
    expect(read.find(({ path }) => path === 'large')!.content).toBe(
      Buffer.from(await (await customer.get('x/large', inTime())).bytes()).toString('base64'),
    )
  })

  it('a large file of which one byte in the middle changed sends two blocks at most', async () => {
    const { customer, sent, reset } = await counted()
    // Pieces are 1 to 4 MiB here; that a GiB changes no more is in cut-pieces.test.ts.
    const bytes = randomBytes(16 * MIB)
    await customer.put('x', bytes, inTime())
    reset()
    bytes[8 * MIB]! ^= 1
    await customer.put('x', bytes, inTime())
    expect(sent.blocks.size).toBeLessThanOrEqual(2)
    expect(sent.blocks.size).toBeGreaterThanOrEqual(1)
    expect(Buffer.compare(await (await customer.get('x', inTime())).bytes(), bytes)).toBe(0)
  })

  it('the same content twice in one put is sent once', async () => {
    const { customer, sent } = await counted()
    const large = randomBytes(3 * MIB)
    const small = randomBytes(4000)
    const { blocks } = await customer.put(
      'x',
      folder({ a: large, b: large.slice(), c: small, d: small.slice() }),
      inTime(),
    )
    expect(blocks).toBeLessThanOrEqual(4)
    // Both fragments of n positions are twice the block.
    expect(sent.bytes).toBeLessThan(2.1 * 3 * MIB)
    expect(await linesIn(await customer.get('x', inTime()))).toHaveLength(5)
  })

  it(`${SMALL_FILES} files of 4 KiB are few blocks, and one of them is read alone`, async () => {
    const { customer, sent, node } = await counted()
    const pool = randomBytes(MIB)
    const files = Object.fromEntries(
      Array.from({ length: SMALL_FILES }, (_, i) => {
        const bytes = pool.slice((i * 37) % 900_000, ((i * 37) % 900_000) + 4096)
        new DataView(bytes.buffer).setUint32(0, i)
        return [`d${i % 20}/f${i}`, bytes]
      }),
    )
    const { blocks } = await customer.put('x', folder(files), inTime())
    expect(blocks).toBe(sent.blocks.size)
    expect(blocks).toBeLessThanOrEqual(SMALL_FILES / 250)
    await customer.stop()
    const read = new Set<string>()
    const watched = meddled(node, (remotes: RemoteSuppliers) => ({
      getFragment(peer, query, options) {
        read.add(query.block)
        return remotes.getFragment(peer, query, options)
      },
    }))
    const { customer: reader } = await customerOf(watched)
    const one = await (await reader.get('x/d7/f7', inTime())).bytes()
    expect(Buffer.compare(one, files['d7/f7']!)).toBe(0)
    // Its own, that of its folder, and those of the folders above.
    expect(read.size).toBeLessThanOrEqual(4)
  })

  it('what the suppliers have lost is sent anew, and nothing else', async () => {
    const { customer, sent, reset, network } = await counted()
    const bytes = randomBytes(12 * MIB)
    await customer.put('x', bytes, inTime())
    const total = sent.blocks.size
    reset()
    // Two of four forget a block, so that less than H have it.
    for (const { books } of network.suppliers.slice(0, 2)) {
      const blocks: string[] = []
      for await (const [key] of books.list({ prefix: 'block/' })) blocks.push(key)
      const lost = blocks.sort()[0]!
      const changes: { readonly delete: string }[] = []
      for await (const [key] of books.list({ prefix: '' }))
        if (key === lost || (key.startsWith('at/') && key.includes(lost.split('/')[2]!))) changes.push({ delete: key })
      await books.batch(changes)
    }
    const again = await customer.put('x', bytes, inTime())
    expect(total).toBeGreaterThan(2)
    expect(again).toMatchObject({ blocks: 1, reused: total - 1 })
    expect(Buffer.compare(await (await customer.get('x', inTime())).bytes(), bytes)).toBe(0)
  })

  it('goes on where it was interrupted, whatever kind of end it was', async () => {
    const { node, customer: first } = await storing(4, { bytes: 100 * MIB })
    await first.stop()
    // At most 4 MiB each: there is a sixth block, and at most three are under way at once.
    const bytes = randomBytes(24 * MIB)
    const dying = new AbortController()
    const half = counting(node, (block) => {
      if (block === 6) dying.abort()
    })
    const { customer } = await customerOf(half.counted)
    await expect(customer.put('x', bytes, { signal: dying.signal })).rejects.toMatchObject({ code: 'Cancelled' })
    await customer.stop()
    const rest = counting(node)
    const { customer: next } = await customerOf(rest.counted)
    expect((await Array.fromAsync(next.list('', inTime()))).length).toBe(0)
    const { blocks, reused } = await next.put('x', bytes, inTime())
    expect(reused).toBeGreaterThanOrEqual(3)
    expect(blocks).toBe(rest.sent.blocks.size)
    expect(Buffer.compare(await (await next.get('x', inTime())).bytes(), bytes)).toBe(0)
    // What was begun and never confirmed stays known, for whoever frees it.
    const location = await next.locations.master(inTime())
    const index = createReuseIndex(node.store, node.clock)
    const known = await Array.fromAsync(index.blocks(location.id))
    expect(known.filter(({ state }) => state === 'stored').length).toBe(blocks + reused)
    expect(known.some(({ state }) => state === 'begun')).toBe(true)
  })

  it('what H suppliers have and others lack is made whole soon after the next start', async () => {
    const { node, customer: first, network } = await storing(4)
    network.suppliers[0]!.down()
    expect(await first.put('x', randomBytes(MIB), inTime())).toMatchObject({ state: 'stored' })
    await first.stop()
    network.suppliers[0]!.up()
    const files = async () => (await Array.fromAsync(network.suppliers[0]!.fragments.list())).length
    expect(await files()).toBe(0)
    await customerOf(node)
    // Repair runs every ten minutes, and at the start.
    await until(async () => (await files()) === 1)
  })

  it('without its memory it sends everything again, and with a damaged one too', async () => {
    const { node, customer: first } = await storing(4, { bytes: 100 * MIB })
    const bytes = randomBytes(6 * MIB)
    const { blocks } = await first.put('x', bytes, inTime())
    await first.stop()
    const changes = []
    for await (const [key] of node.store.list({ prefix: 'reuse/' }))
      changes.push({ put: key, value: Uint8Array.of(1, 2) })
    await node.store.batch(changes)
    const { customer } = await customerOf(node)
    expect(await customer.put('x', bytes, inTime())).toMatchObject({ blocks, reused: 0 })
    expect(await customer.put('x', bytes, inTime())).toMatchObject({ blocks: 0, reused: blocks })
  })
})

describe('the index', () => {
  it('forgets blocks with what is in them, and no others', async () => {
    const store = memoryKeyValueStore()
    const { customer } = await storing(2)
    const location = await customer.locations.master(inTime())
    const index = createReuseIndex(store, { now: () => 5 } as never)
    const digestOf = index.digestsOf(location)
    const contents = [randomBytes(10), randomBytes(10), randomBytes(10)]
    const blocks = contents.map(() => Buffer.from(randomBytes(32)).toString('hex') as never)
    for (const [i, content] of contents.entries())
      await index.stored(location.id, { block: blocks[i]!, key: new Uint8Array(32).fill(i) }, 2, [
        { digest: digestOf(content), offset: i, length: 10 },
      ])
    expect(await index.find(location.id, digestOf(contents[1]!), 2)).toEqual({
      block: blocks[1],
      key: new Uint8Array(32).fill(1),
      offset: 1,
      length: 10,
    })
    expect(await index.find(location.id, digestOf(contents[1]!), 4)).toBeNull()
    await index.forget(location.id, [blocks[0]!, blocks[1]!])
    const found = await Promise.all(contents.map((content) => index.find(location.id, digestOf(content), 2)))
    expect(found.map((extent) => extent?.block ?? null)).toEqual([null, null, blocks[2]])
    expect(await Array.fromAsync(index.blocks(location.id))).toEqual([{ block: blocks[2], state: 'stored', at: 5 }])
    expect((await Array.fromAsync(store.list({ prefix: 'reuse/' }))).length).toBe(2)
  })
})
