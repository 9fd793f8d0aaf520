import { randomBytes } from '@bitdust/crypto'
import { describe, expect, it } from 'vitest'
import type { Customer } from '../src/customer.ts'
import { customerOf, type RunningCustomer, storing } from './customers.ts'
import { manifestAt } from './journal-tools.ts'
import { meddled } from './lies.ts'
import type { TestNetwork, TestSupplier } from './network.ts'
import { inTime } from './setup.ts'
import { entriesOf, type TestTree } from './trees.ts'

function at(network: TestNetwork, customer: Customer, position: number): TestSupplier {
  return network.supplierOf(customer.family.current()!.body.positions[position]!)
}

/** Forgets all fragments that a supplier has. */
async function lose({ fragments }: TestSupplier): Promise<void> {
  for (const { name } of await Array.fromAsync(fragments.list())) await fragments.delete(name)
}

/** The same customer, to whom the suppliers at these positions say that they have nothing. */
function withoutSuppliers({ node, customer }: RunningCustomer, lacking: ReadonlySet<number>): Promise<RunningCustomer> {
  const peers = customer.family.current()!.body.positions
  const lacks = ({ fingerprint }: { fingerprint: string }) =>
    lacking.has(peers.findIndex((peer) => peer.fingerprint === fingerprint))
  return customerOf(
    meddled(node, (remotes) => ({
      async *listFragments(peer, ...query) {
        if (!lacks(peer)) yield* remotes.listFragments(peer, ...query)
      },
      getFragment: async (peer, ...query) => (lacks(peer) ? null : remotes.getFragment(peer, ...query)),
      putFragments: () => Promise.reject(new Error('nothing is repaired')),
    })),
  )
}

/** Turns a bit over in what a supplier has stored: of the Data fragments, or of both. */
async function rot({ fragments }: TestSupplier): Promise<void> {
  for (const { name, size } of await Array.fromAsync(fragments.list())) {
    const bytes = Buffer.concat(await Array.fromAsync((await fragments.read(name))!))
    bytes[9 + bytes.readUInt32BE(1) + 100]! ^= 1
    await fragments.put(name, size, [bytes])
  }
}

const tree: TestTree = {
  'a.bin': randomBytes(60_000),
  docs: { 'b.bin': randomBytes(60_000), 'small.txt': 'inline', link: { link: 'b.bin' }, empty: {} },
}

async function storingTree(count: 2 | 4 | 7): Promise<RunningCustomer & { readonly network: TestNetwork }> {
  const running = await storing(count)
  await running.customer.put('tree', { entries: entriesOf(tree) }, inTime())
  await running.customer.put('note', new TextEncoder().encode('stands in the manifest'), inTime())
  return running
}

const states = (report: Awaited<ReturnType<Customer['health']>>) =>
  report.items.map(({ item, blocks, spare, losses, state }) => [item.path, blocks, spare, losses, state])

describe('health', () => {
  it('tells how many more losses everything survives, by one question to each supplier', async () => {
    const running = await storingTree(4)
    const { node } = running
    let lists = 0
    let fetched = 0
    const { customer } = await customerOf(
      meddled(node, (remotes) => ({
        listFragments(peer, query, options) {
          // Repair asks about all locations.
          if (query.location !== null) lists += 1
          return remotes.listFragments(peer, query, options)
        },
        getFragment(...query) {
          fetched += 1
          return remotes.getFragment(...query)
        },
      })),
    )
    const report = await customer.health('', inTime())
    expect(states(report)).toEqual([
      ['note', 0, null, null, 'complete'],
      ['tree', expect.any(Number), 4, 2, 'complete'],
    ])
    expect(report.suppliers.map(({ answered }) => answered)).toEqual([true, true, true, true])
    expect(lists).toBe(4)
    // Lists of folders, nothing else.
    expect(fetched).toBeLessThanOrEqual(8)
  })

  it('counts what the suppliers lack', async () => {
    const running = await storingTree(4)
    const lacking = new Set([1])
    const { customer } = await withoutSuppliers(running, lacking)
    expect(states(await customer.health('tree', inTime()))).toEqual([
      ['tree/a.bin', expect.any(Number), 2, 1, 'stored'],
      ['tree/docs', expect.any(Number), 2, 1, 'stored'],
    ])
    lacking.add(2)
    expect(states(await customer.health('tree/a.bin', inTime()))).toEqual([
      ['tree/a.bin', expect.any(Number), 0, 0, 'weak'],
    ])
    lacking.add(3)
    expect(states(await customer.health('tree/docs', inTime())).map(([path, , ...rest]) => [path, ...rest])).toEqual([
      ['tree/docs/b.bin', -2, 0, 'lost'],
      // These stand in the manifest, which is in the journal.
      ['tree/docs/empty', null, null, 'complete'],
      ['tree/docs/link', null, null, 'complete'],
      ['tree/docs/small.txt', null, null, 'complete'],
    ])
  })

  it('counts the lists on the way to a file: without them nobody finds it', async () => {
    const running = await storing(2)
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f${index}`, 'x'.repeat(500)]))
    await running.customer.put('tree', { entries: entriesOf({ large: randomBytes(3_000_000), ...many }) }, inTime())
    const location = await running.customer.locations.master(inTime())
    const { content } = (await manifestAt(running.node, location, 'tree')).root
    if (!('extents' in content)) throw new Error('inline')
    const list = content.extents[0]!.block
    const first = running.customer.family.current()!.body.positions[0]!
    const { customer } = await customerOf(
      meddled(running.node, (remotes) => ({
        async *listFragments(peer, ...query) {
          for await (const listed of remotes.listFragments(peer, ...query))
            if (listed.block !== list || peer.fingerprint !== first.fingerprint) yield listed
        },
      })),
    )
    const { items } = await customer.health('tree', inTime())
    expect(items.find(({ item }) => item.name === 'f1')).toMatchObject({ blocks: 1, spare: 0, state: 'weak' })
    const large = items.find(({ item }) => item.name === 'large')
    expect(large).toMatchObject({ spare: 0, losses: 0, state: 'weak' })
    expect(large!.blocks).toBeGreaterThan(2)
    // The same when it is looked at alone.
    const alone = await customer.health('tree/large', inTime())
    expect(alone.items).toEqual([large])
  })

  it('says who did not answer, of an empty location nothing, and stops when it is told to', async () => {
    const { network, customer } = await storing(2)
    expect(await customer.health('', inTime())).toEqual({ suppliers: [], items: [] })
    await customer.put('x', randomBytes(50_000), inTime())
    await expect(customer.health('y', inTime())).rejects.toMatchObject({ code: 'NotFound' })
    await expect(customer.health('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Cancelled' })
    at(network, customer, 0).down()
    const report = await customer.health('x', inTime())
    expect(report.suppliers.map(({ answered }) => answered)).toEqual([false, true])
    expect(states(report)).toEqual([['x', 1, 0, 0, 'weak']])
  })
})

describe('verify', () => {
  it('fetches and checks every fragment, and finds nothing wrong where nothing is', async () => {
    const { customer, problems } = await storingTree(4)
    const progress: number[] = []
    const report = await customer.verify('', { ...inTime(), onProgress: ({ done }) => progress.push(done) })
    const { blocks } = report
    expect(report).toMatchObject({ files: 5, checked: blocks, lost: [] })
    expect(report.suppliers).toMatchObject(Array(4).fill({ answered: true, good: 2 * blocks, missing: 0, corrupt: 0 }))
    expect(progress).toEqual(Array.from({ length: blocks + 1 }, (_, done) => done))
    expect(problems).toEqual([])
    expect(await customer.verify('note', inTime())).toMatchObject({ files: 1, blocks: 0, checked: 0, lost: [] })
  })

  it('T25 names who holds wrong fragments and who lacks them, and repair makes it good', async () => {
    const { network, node, customer: writer } = await storingTree(4)
    await rot(at(network, writer, 1))
    await lose(at(network, writer, 2))
    const { customer, problems } = await customerOf(node)
    const { blocks, lost, suppliers } = await customer.verify('', inTime())
    expect(lost).toEqual([])
    expect(suppliers.map(({ good, missing, corrupt }) => [good, missing, corrupt])).toEqual([
      [2 * blocks, 0, 0],
      [blocks, 0, blocks],
      [0, 2 * blocks, 0],
      [2 * blocks, 0, 0],
    ])
    const culprit = at(network, writer, 1).self.fingerprint
    expect(problems.map((problem) => [problem.code, problem.culprit])).toEqual(
      Array(blocks).fill(['FragmentCorrupt', culprit]),
    )
    expect(await customer.repair.run(inTime())).toMatchObject({ complete: true })
    const again = await customer.verify('', inTime())
    expect(again.suppliers).toMatchObject(Array(4).fill({ good: 2 * blocks, missing: 0, corrupt: 0 }))
  })

  it('T26 names what is lost, and all the rest is whole', async () => {
    const { network, customer } = await storing(4)
    await customer.put('lost', randomBytes(60_000), inTime())
    await customer.put('folder', { entries: entriesOf({ x: randomBytes(60_000), y: 'inline' }) }, inTime())
    for (const position of [0, 1, 2]) await lose(at(network, customer, position))
    await customer.put('kept', randomBytes(60_000), inTime())
    const { lost, files } = await customer.verify('', inTime())
    const missing = { have: 2, need: 4, unknown: 0 }
    expect(lost.filter(({ path }) => path !== 'folder')).toEqual([
      { path: 'folder/x', ...missing },
      ...(lost.some(({ path }) => path === 'folder/y') ? [{ path: 'folder/y', ...missing }] : []),
      { path: 'lost', ...missing },
    ])
    expect(files).toBe(4)
    at(network, customer, 3).down()
    const silent = await customer.verify('kept', inTime())
    expect(silent).toMatchObject({ lost: [], suppliers: [{}, {}, {}, { answered: false, good: 0 }] })
  })

  it('goes on where the list of a folder is lost', async () => {
    const { network, node, customer: writer } = await storing(2)
    // Too many entries for the manifest: the list of the folder stands in a block.
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f${index}`, 'x'.repeat(500)]))
    await writer.put('gone', { entries: entriesOf({ a: many, b: { c: randomBytes(20_000) } }) }, inTime())
    for (const position of [0, 1]) await lose(at(network, writer, position))
    await writer.put('here', randomBytes(60_000), inTime())
    const { customer } = await customerOf(node)
    const { lost, files } = await customer.verify('', inTime())
    const missing = { have: 0, need: 2, unknown: 0 }
    expect(lost).toEqual([
      { path: 'gone/a', ...missing },
      { path: 'gone/b/c', ...missing },
    ])
    // Nobody knows how many there were in the folder.
    expect(files).toBe(2)
    await expect(Array.fromAsync((await customer.get('gone', inTime())).walk())).rejects.toMatchObject({
      code: 'NotEnoughFragments',
    })
    const { items } = await customer.health('', inTime())
    expect(items.map(({ item, state }) => [item.path, state])).toEqual([
      ['gone', 'lost'],
      ['here', 'complete'],
    ])
  })

  it('looks at as many blocks as it was asked to, and finds all that is missing all the same', async () => {
    const running = await storing(2)
    const { customer } = running
    for (const name of ['a', 'b', 'c', 'd', 'e']) await customer.put(name, randomBytes(20_000), inTime())
    const some = await customer.verify('', { ...inTime(), percent: 30 })
    expect(some).toMatchObject({ blocks: 5, checked: 2, suppliers: [{ good: 4 }, { good: 4 }] })
    const lacking = await withoutSuppliers(running, new Set([1]))
    const { suppliers } = await lacking.customer.verify('', { ...inTime(), percent: 1 })
    expect(suppliers).toMatchObject([
      { good: 2, missing: 0 },
      { good: 0, missing: 10 },
    ])
    for (const percent of [0, -1, 101, Number.NaN])
      await expect(customer.verify('', { ...inTime(), percent })).rejects.toMatchObject({ code: 'LimitExceeded' })
  })
})
