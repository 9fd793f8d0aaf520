import { encodeCanonical, randomBytes } from '@bitdust/crypto'
import { temporaryFolder } from '@bitdust/testing'
import { type KeyValueStore, memoryKeyValueStore } from '@bitdust/upkeep'
import { expect, onTestFinished, test } from 'vitest'
import { type FragmentStore, memoryFragmentStore } from '../src/index.ts'
import { fileFragmentStore } from '../src/node.ts'
import {
  codeOf,
  hire,
  masterOf,
  type SampleBlock,
  sampleBlock,
  sampleFamily,
  sampleHeader,
  sampleJournal,
} from './samples.ts'
import { createWorld } from './world.ts'

const ORPHAN = 'ef'.repeat(32)

async function aliceAndSam(stores: { fragments?: FragmentStore; books?: KeyValueStore } = {}) {
  const world = createWorld()
  const sam = await world.supplier('sam', stores)
  const alice = await world.person('alice')
  await hire(alice, sam, world.clock.now())
  const customer = alice.ref.fingerprint
  const to = sam.ref
  const put = (block: SampleBlock, position = 0) =>
    codeOf(alice.client.putFragments(to, { customer, ...block.at(position) }))
  const get = (block: SampleBlock, position = 0) =>
    alice.client.getFragment(to, { customer, block: block.id, n: 2, position, want: 'both' })
  async function restart(between: () => Promise<void> = async () => {}) {
    await sam.supplier.stop()
    await between()
    await sam.supplier.start()
  }
  return { ...world, sam, alice, customer, to, put, get, restart, usage: () => sam.supplier.usage(customer) }
}

async function newFolder(): Promise<string> {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  return `${folder.path}/fragments`
}

test('everything acknowledged is there after a restart, and the usage is exact', async () => {
  const folder = await newFolder()
  const { alice, sam, customer, to, put, get, restart, usage } = await aliceAndSam({
    fragments: fileFragmentStore(folder),
  })
  const location = masterOf(alice)
  const blocks = await Promise.all([1, 2, 3].map(() => sampleBlock(alice, location)))
  for (const block of blocks) await put(block)
  const header = await sampleHeader(alice, location, 1)
  const family = await sampleFamily(alice, sam, 1)
  const entries = await sampleJournal(alice, { location }, 3)
  await alice.client.putRecord(to, { customer, kind: 'header', record: header.bytes })
  await alice.client.putRecord(to, { customer, kind: 'family', record: family.bytes })
  await alice.client.appendJournal(to, { customer, location, entries })
  const before = {
    usage: usage(),
    customers: sam.supplier.customers(),
    files: await Array.fromAsync(sam.fragments.list()),
  }
  await restart()
  expect({
    usage: usage(),
    customers: sam.supplier.customers(),
    files: await Array.fromAsync(sam.fragments.list()),
  }).toEqual(before)
  for (const block of blocks) expect((await get(block))?.data).toEqual(block.fragments[0])
  expect(await alice.client.getRecord(to, { customer, kind: 'header', location })).toEqual(header.bytes)
  const [head] = await alice.client.journalHeads(to, { customer, location })
  const query = { customer, location, journal: head!.journal, from: 0 }
  expect(await Array.fromAsync(alice.client.getJournal(to, query))).toEqual(entries)
})

test('files that nobody acknowledged are removed', async () => {
  const { alice, sam, put, restart, usage } = await aliceAndSam()
  const block = await sampleBlock(alice, masterOf(alice))
  await put(block)
  const before = usage()
  for (const name of [ORPHAN, '00'.repeat(32), 'ff'.repeat(32)]) await sam.fragments.put(name, 5, [randomBytes(5)])
  await restart()
  expect((await Array.fromAsync(sam.fragments.list())).length).toBe(1)
  expect(usage()).toEqual(before)
})

test('files that are lost or cut are no longer listed, so the customer repairs them', async () => {
  const { alice, sam, customer, to, put, get, restart, usage } = await aliceAndSam()
  const [lost, cut, whole] = await Promise.all([1, 2, 3].map(() => sampleBlock(alice, masterOf(alice))))
  const names: string[] = []
  for (const block of [lost!, cut!, whole!]) {
    await put(block)
    names.push(
      (await Array.fromAsync(sam.fragments.list())).map(({ name }) => name).find((name) => !names.includes(name))!,
    )
  }
  await restart(async () => {
    await sam.fragments.delete(names[0]!)
    await sam.fragments.put(names[1]!, 100, [randomBytes(100)])
  })
  const listed = await Array.fromAsync(alice.client.listFragments(to, { customer, location: null }))
  expect(listed.map(({ block }) => block)).toEqual([whole!.id])
  expect(usage()?.files).toBe(1)
  expect(await get(cut!)).toBeNull()
  expect(await put(cut!)).toBe('done')
  expect(await put(lost!)).toBe('done')
  expect((await get(lost!))?.data).toEqual(lost!.fragments[0])
})

test('damage inside a file is told to whoever asks for it', async () => {
  const { alice, sam, customer, to, put, get } = await aliceAndSam()
  const block = await sampleBlock(alice, masterOf(alice))
  await put(block)
  const [file] = await Array.fromAsync(sam.fragments.list())
  await sam.fragments.put(file!.name, file!.size, [new Uint8Array(file!.size)])
  expect(await codeOf(get(block))).toBe('FragmentCorrupt')
  expect(
    await codeOf(alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 0, want: 'layout' })),
  ).toBe('FragmentCorrupt')
})

test('what a drop left behind when it was cut off is removed', async () => {
  const { alice, sam, customer, to, put, restart } = await aliceAndSam()
  await put(await sampleBlock(alice, masterOf(alice)))
  const header = await sampleHeader(alice, masterOf(alice), 1)
  await alice.client.putRecord(to, { customer, kind: 'header', record: header.bytes })
  await alice.client.appendJournal(to, {
    customer,
    location: masterOf(alice),
    entries: await sampleJournal(alice, { location: masterOf(alice) }, 2),
  })
  // The contract goes first.
  await restart(() => sam.books.batch([{ delete: `contract/${customer}` }]))
  expect(await Array.fromAsync(sam.books.list({ prefix: '' }))).toEqual([])
  expect(await Array.fromAsync(sam.fragments.list())).toEqual([])
})

/** Stops everything after so many changes of the stores, as a power cut does. */
function cutOffAfter(changes: number, fragments: FragmentStore, books: KeyValueStore) {
  let left = changes
  async function change<T>(work: () => Promise<T>): Promise<T> {
    if (left <= 0) throw new Error('no power')
    left -= 1
    return work()
  }
  return {
    fragments: {
      ...fragments,
      put: (...args: Parameters<typeof fragments.put>) => change(() => fragments.put(...args)),
      delete: (name: string) => change(() => fragments.delete(name)),
    },
    books: { ...books, batch: (ops: Parameters<typeof books.batch>[0]) => change(() => books.batch(ops)) },
    wasCut: () => left <= 0,
  }
}

test('a power cut between any two changes: what was acknowledged is there, the rest is gone or whole', async () => {
  for (let changes = 1; ; changes++) {
    const fragments = memoryFragmentStore()
    const books = memoryKeyValueStore()
    const stores = cutOffAfter(changes, fragments, books)
    const world = createWorld()
    const first = await world.supplier('sam', stores)
    const alice = await world.person('alice')
    const customer = alice.ref.fingerprint
    const location = masterOf(alice)
    const blocks = await Promise.all([1, 2].map(() => sampleBlock(alice, location)))
    const entries = await sampleJournal(alice, { location }, 2)
    const outcomes = [
      await codeOf(hire(alice, first, world.clock.now())),
      await codeOf(alice.client.putFragments(first.ref, { customer, ...blocks[0]!.at(0) })),
      await codeOf(alice.client.appendJournal(first.ref, { customer, location, entries })),
      await codeOf(alice.client.putFragments(first.ref, { customer, ...blocks[1]!.at(0) })),
    ]
    await first.supplier.stop()
    const second = await world.supplier('second', { fragments, books })
    const found = await Array.fromAsync(fragments.list())
    const stored = await Array.fromAsync(books.list({ prefix: 'file/' }))
    expect(stored.map(([key]) => key)).toEqual(found.map(({ name }) => `file/${name}`))
    const usage = second.supplier.usage(customer)
    expect(usage !== null).toBe(outcomes[0] === 'done')
    expect(usage?.used ?? 0).toBe(found.reduce((sum, { size }) => sum + size, 0))
    expect(found.length).toBe(outcomes.filter((outcome, i) => outcome === 'done' && (i === 1 || i === 3)).length)
    expect((await Array.fromAsync(books.list({ prefix: 'entry/' }))).length).toBe(outcomes[2] === 'done' ? 2 : 0)
    if (!stores.wasCut()) return
  }
})

test('books of a later version are not touched', async () => {
  const { sam, customer, restart } = await aliceAndSam()
  const key = `contract/${customer}`
  const later = encodeCanonical([2, {}])
  expect(await codeOf(restart(() => sam.books.batch([{ put: key, value: later }])))).toBe('VersionUnsupported')
  expect(await sam.books.get(key)).toEqual(later)
  const damaged = encodeCanonical([1, { contract: 7 }])
  expect(await codeOf(restart(() => sam.books.batch([{ put: key, value: damaged }])))).toBe('StorageCorrupt')
})
