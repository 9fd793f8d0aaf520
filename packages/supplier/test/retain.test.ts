import { randomBytes } from '@bitdust/crypto'
import { type BlockId, hashOf } from '@bitdust/records'
import { expect, test } from 'vitest'
import { SupplierError } from '../src/index.ts'
import { retainedBlocksReply } from '../src/protocol/fragments.ts'
import { codeOf, DAY_MS, hire, masterOf, sampleBlock } from './samples.ts'
import { aliceAndBob } from './share.ts'
import { createWorld } from './world.ts'

async function alicesSupplier() {
  const world = createWorld()
  const supplier = await world.supplier('sam')
  const alice = await world.person('alice')
  await hire(alice, supplier, world.clock.now())
  return { ...world, supplier, alice, customer: alice.ref.fingerprint, to: supplier.ref, location: masterOf(alice) }
}

const anyBlock = () => hashOf<BlockId>(randomBytes(32))

test('tells which blocks are here, and keeps them for 7 days from now', async () => {
  const { alice, customer, to, location, clock } = await alicesSupplier()
  const [kept, left] = [await sampleBlock(alice, location), await sampleBlock(alice, location)]
  for (const block of [kept, left])
    for (const position of [0, 1]) await alice.client.putFragments(to, { customer, ...block.at(position) })
  await clock.advance(6 * DAY_MS)
  const blocks = [anyBlock(), kept.id, anyBlock()]
  expect(await alice.client.retainBlocks(to, { customer, location, blocks })).toEqual([kept.id])
  await clock.advance(DAY_MS)
  const both = [kept.id, left.id]
  expect(await alice.client.deleteBlocks(to, { customer, blocks: both })).toEqual({
    freed: [left.id],
    refused: [kept.id],
  })
  expect(await alice.client.retainBlocks(to, { customer, location, blocks: both })).toEqual([kept.id])
  await clock.advance(7 * DAY_MS)
  expect(await alice.client.deleteBlocks(to, { customer, blocks: both })).toEqual({
    freed: both,
    refused: [],
  })
})

test('retaining and freeing the same block at once end in one of the two', async () => {
  const { alice, customer, to, location, clock, supplier } = await alicesSupplier()
  for (let round = 0; round < 3; round++) {
    const { id, at } = await sampleBlock(alice, location)
    await alice.client.putFragments(to, { customer, ...at(0) })
    await clock.advance(7 * DAY_MS)
    const [held, { freed }] = await Promise.all([
      alice.client.retainBlocks(to, { customer, location, blocks: [id] }),
      alice.client.deleteBlocks(to, { customer, blocks: [id] }),
    ])
    const found = await alice.client.getFragment(to, { customer, block: id, n: 2, position: 0, want: 'both' })
    expect([held.length, freed.length, found !== null]).toEqual(held.length === 1 ? [1, 0, true] : [0, 1, false])
  }
  expect(supplier.supplier.usage(customer)?.files).toBe((await Array.fromAsync(supplier.fragments.list())).length)
})

test('what is listed and freed by several devices at once is listed or gone, and nobody is told of corrupt books', async () => {
  const { alice, customer, to, location, clock, supplier } = await alicesSupplier()
  const blocks = await Promise.all(Array.from({ length: 12 }, () => sampleBlock(alice, location)))
  for (const { at } of blocks) await alice.client.putFragments(to, { customer, ...at(0) })
  await clock.advance(7 * DAY_MS)
  const ids = blocks.map(({ id }) => id)
  const free = () => alice.client.deleteBlocks(to, { customer, blocks: ids })
  const list = () => Array.fromAsync(alice.client.listFragments(to, { customer, location: null }))
  const [first, ...lists] = await Promise.all([free(), list(), list(), list(), free(), list()])
  expect(first).toEqual({ freed: ids, refused: [] })
  expect(lists).toHaveLength(5)
  expect(await list()).toEqual([])
  expect(supplier.supplier.usage(customer)).toMatchObject({ used: 0, files: 0 })
})

test('T18 a clock that went back shortens nothing', async () => {
  const { alice, customer, to, location, clock } = await alicesSupplier()
  await clock.advance(4 * DAY_MS)
  const block = await sampleBlock(alice, location)
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  clock.jump(-3 * DAY_MS)
  expect(await alice.client.retainBlocks(to, { customer, location, blocks: [block.id] })).toEqual([block.id])
  await clock.advance(7 * DAY_MS)
  expect(await alice.client.deleteBlocks(to, { customer, blocks: [block.id] })).toMatchObject({ refused: [block.id] })
})

test('T21 only whoever may write in the location is told, and only of what is in it', async () => {
  const { alice, bob, carl, customer, to, share } = await aliceAndBob()
  const [inside, outside] = [await sampleBlock(alice, share), await sampleBlock(alice, masterOf(alice))]
  for (const block of [inside, outside]) await alice.client.putFragments(to, { customer, ...block.at(0) })
  const blocks = [outside.id, inside.id]
  expect(await bob.client.retainBlocks(to, { customer, location: share, blocks })).toEqual([inside.id])
  expect(await codeOf(bob.client.retainBlocks(to, { customer, location: masterOf(alice), blocks }))).toBe('NotFound')
  for (const location of [share, masterOf(alice)])
    expect(await codeOf(carl.client.retainBlocks(to, { customer, location, blocks }))).toBe('NotFound')
})

test('T21 a member who only reads retains nothing', async () => {
  const { alice, bob, customer, to, share } = await aliceAndBob({ line: { rights: ['read'] } })
  const block = await sampleBlock(alice, share)
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  const blocks = [block.id]
  expect(await codeOf(bob.client.retainBlocks(to, { customer, location: share, blocks }))).toBe('NotFound')
})

test('asks for at most 256 blocks', async () => {
  const { alice, customer, to, location } = await alicesSupplier()
  const ask = (count: number) =>
    alice.client.retainBlocks(to, { customer, location, blocks: Array.from({ length: count }, anyBlock) })
  expect(await ask(256)).toEqual([])
  await expect(ask(257)).rejects.toMatchObject({ code: 'RecordInvalid' })
})

test('a supplier that holds what nobody asked for is named', async () => {
  const world = createWorld()
  const liar = await world.supplier('liar', { attach: false })
  const alice = await world.person('alice')
  const customer = alice.ref.fingerprint
  const [a, b] = [anyBlock(), anyBlock()]
  let held: readonly BlockId[] = []
  liar.transport.handle('Retain', async () => ({ command: 'Ack', payload: retainedBlocksReply.encode({ held }) }))
  for (held of [[b], [a, a], [a, b]]) {
    const asked = alice.client.retainBlocks(liar.ref, { customer, location: masterOf(alice), blocks: [a] })
    const error = await asked.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SupplierError)
    expect(error).toMatchObject({ code: 'PacketMalformed', culprit: liar.ref.fingerprint })
  }
})
