import { encodeCanonical, fromHex, importDevicePublicKey, randomBytes } from '@bitdust/crypto'
import { fragmentName, receiptRecord } from '@bitdust/records'
import { expect, test } from 'vitest'
import { fillBooks } from './fill-books.ts'
import { codeOf, DAY_MS, hire, MIB, masterOf, sampleBlock, shareOf } from './samples.ts'
import { createWorld } from './world.ts'

async function alicesSupplier(options = {}) {
  const world = createWorld()
  const supplier = await world.supplier('sam', options)
  const alice = await world.person('alice')
  await hire(alice, supplier, world.clock.now())
  const customer = alice.ref.fingerprint
  return { ...world, supplier, alice, customer, to: supplier.ref }
}

test('stores both fragments of a position and gives back what is wanted', async () => {
  const { alice, customer, to } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice), { n: 4, fragmentBytes: 100_001 })
  await alice.client.putFragments(to, { customer, ...block.at(3) })
  const query = { customer, block: block.id, n: 4, position: 3 } as const
  const { layout } = block
  const [data, parity] = [block.fragments[3]!, block.fragments[7]!]
  expect(await alice.client.getFragment(to, { ...query, want: 'layout' })).toEqual({ layout })
  expect(await alice.client.getFragment(to, { ...query, want: 'data' })).toEqual({ layout, data })
  expect(await alice.client.getFragment(to, { ...query, want: 'parity' })).toEqual({ layout, parity })
  expect(await alice.client.getFragment(to, { ...query, want: 'both' })).toEqual({ layout, data, parity })
  expect(await alice.client.getFragment(to, { ...query, position: 2, want: 'both' })).toBeNull()
  expect(await alice.client.getFragment(to, { ...query, n: 2, position: 1, want: 'both' })).toBeNull()
})

test('signs a receipt that anybody can check later', async () => {
  const { alice, customer, to, supplier, clock } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  const receipt = await alice.client.putFragments(to, { customer, ...block.at(1) })
  await receiptRecord.verify(
    receiptRecord.open(receipt.bytes),
    'device',
    importDevicePublicKey(supplier.deviceKey.publicKey.bytes),
  )
  expect(receipt.body).toMatchObject({
    supplier: to.fingerprint,
    customer,
    kind: 'fragments',
    subject: block.id,
    position: 1,
    date: clock.now(),
  })
  expect(receipt.body.bytes).toBe(supplier.supplier.usage(customer)?.used)
})

test('keeps one file for each position, under a name made of hashes', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  await alice.client.putFragments(to, { customer, ...block.at(1) })
  const names = [0, 1].map((position) => fragmentName({ customer, block: block.id, n: 2, position })).toSorted()
  expect((await Array.fromAsync(supplier.fragments.list())).map(({ name }) => name)).toEqual(names)
})

test('storing again gives a receipt and changes nothing', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice), { fragmentBytes: 300_000 })
  const first = await alice.client.putFragments(to, { customer, ...block.at(0) })
  const usage = supplier.supplier.usage(customer)
  const again = await Promise.all([1, 2, 3].map(() => alice.client.putFragments(to, { customer, ...block.at(0) })))
  for (const { body } of again) expect(body).toEqual(first.body)
  expect(supplier.supplier.usage(customer)).toEqual(usage)
  // Also when the second sender would send other bytes: they are not looked at.
  const wrong = { ...block.at(0), data: randomBytes(300_000) }
  expect(await codeOf(alice.client.putFragments(to, { customer, ...wrong }))).toBe('done')
  expect(
    (await alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 0, want: 'data' }))?.data,
  ).toEqual(block.fragments[0])
})

test('a receipt for what is stored already means that the stored bytes were checked: rotten ones are replaced', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  const usage = supplier.supplier.usage(customer)
  const [file] = await Array.fromAsync(supplier.fragments.list())
  await supplier.fragments.put(file!.name, file!.size, [randomBytes(file!.size)])
  expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0) }))).toBe('done')
  expect(
    (await alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 0, want: 'both' }))?.data,
  ).toEqual(block.fragments[0])
  await supplier.fragments.delete(file!.name)
  expect(await alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 0, want: 'both' })).toBeNull()
  expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0) }))).toBe('done')
  expect(supplier.supplier.usage(customer)).toEqual(usage)
})

test('fragments that do not match their layout leave nothing behind', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice), { fragmentBytes: 20_000 })
  const damaged = Uint8Array.from(block.fragments[2]!)
  damaged[19_999]! ^= 1
  for (const wrong of [
    { ...block.at(0), parity: damaged },
    { ...block.at(0), data: block.fragments[1]! },
    { ...block.at(0), data: block.fragments[2]!, parity: block.fragments[0]! },
  ])
    expect(await codeOf(alice.client.putFragments(to, { customer, ...wrong }))).toBe('FragmentCorrupt')
  for (const data of [new Uint8Array(0), randomBytes(19_999), randomBytes(20_001), randomBytes(500_000)])
    expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0), data }))).toBe('PacketMalformed')
  expect(await Array.fromAsync(supplier.fragments.list())).toEqual([])
  expect(supplier.supplier.usage(customer)).toMatchObject({ used: 0, reserved: 0, files: 0 })
})

test('layouts that are not signed, or do not fit together, are refused', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  const forged = Uint8Array.from(block.layout)
  forged[forged.length - 1]! ^= 1
  expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0), layout: forged }))).toBe(
    'RecordInvalid',
  )
  const byStranger = await sampleBlock(alice, masterOf(alice), { owner: supplier.masterKey })
  expect(await codeOf(alice.client.putFragments(to, { customer, ...byStranger.at(0) }))).toBe('RecordInvalid')
  expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0), position: 2 }))).toBe('RecordInvalid')
  const odd = await sampleBlock(alice, masterOf(alice), { n: 3 })
  expect(await codeOf(alice.client.putFragments(to, { customer, ...odd.at(0) }))).toBe('RecordInvalid')
  expect(supplier.supplier.usage(customer)).toMatchObject({ used: 0, reserved: 0, files: 0 })
})

test('the owner stores any consistent layout: his own signature, or what another writer signed', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const byOwner = await sampleBlock(alice, masterOf(alice), { owner: alice.masterKey })
  const ofMember = await sampleBlock(supplier, shareOf(alice))
  for (const block of [byOwner, ofMember]) await alice.client.putFragments(to, { customer, ...block.at(0) })
  expect(supplier.supplier.usage(customer)?.files).toBe(2)
})

test('lists what is stored, page by page, of one location or of all', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const blocks = await Promise.all(
    Array.from({ length: 9 }, (_, i) =>
      sampleBlock(alice, i % 3 === 0 ? shareOf(alice) : masterOf(alice), { fragmentBytes: 1 }),
    ),
  )
  for (const block of blocks)
    for (const position of [0, 1]) await alice.client.putFragments(to, { customer, ...block.at(position) })
  const list = (location: ReturnType<typeof masterOf> | null) =>
    Array.fromAsync(alice.client.listFragments(to, { customer, location }))
  const all = await list(null)
  expect(new Set(all.map(({ block, position }) => `${block}${position}`)).size).toBe(18)
  expect(all.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(supplier.supplier.usage(customer)?.used)
  expect((await list(masterOf(alice))).length).toBe(12)
  expect(new Set((await list(shareOf(alice))).map(({ location }) => location))).toEqual(new Set([shareOf(alice)]))
})

test('lists more than one page without repeating or leaving out anything', async () => {
  const { alice, customer, to, supplier, clock } = await alicesSupplier()
  await supplier.supplier.stop()
  const blocks = await fillBooks(supplier, customer, masterOf(alice), 1100, clock.now())
  await supplier.supplier.start()
  const listed = await Array.fromAsync(alice.client.listFragments(to, { customer, location: masterOf(alice) }))
  expect(listed.map(({ block }) => block)).toEqual(blocks.toSorted())
})

test('frees blocks on the wish of their owner, but not those that came within 7 days', async () => {
  const { alice, customer, to, supplier, clock } = await alicesSupplier()
  const old = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...old.at(0) })
  await alice.client.putFragments(to, { customer, ...old.at(1) })
  await clock.advance(7 * DAY_MS - 1)
  const young = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...young.at(0) })
  const unknown = await sampleBlock(alice, masterOf(alice))
  const blocks = [old.id, young.id, unknown.id]
  expect(await alice.client.deleteBlocks(to, { customer, blocks })).toEqual({
    freed: [unknown.id],
    refused: [old.id, young.id],
  })
  await clock.advance(1)
  expect(await alice.client.deleteBlocks(to, { customer, blocks })).toEqual({
    freed: [old.id, unknown.id],
    refused: [young.id],
  })
  expect(await alice.client.getFragment(to, { customer, block: old.id, n: 2, position: 0, want: 'layout' })).toBeNull()
  expect(supplier.supplier.usage(customer)?.files).toBe(1)
  expect((await Array.fromAsync(supplier.fragments.list())).length).toBe(1)
})

test('a block is freed whole or not at all', async () => {
  const { alice, customer, to, clock } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  await clock.advance(7 * DAY_MS)
  await alice.client.putFragments(to, { customer, ...block.at(1) })
  const blocks = [block.id]
  expect(await alice.client.deleteBlocks(to, { customer, blocks })).toEqual({ freed: [], refused: blocks })
  expect((await Array.fromAsync(alice.client.listFragments(to, { customer, location: null }))).length).toBe(2)
})

test('what is stored again is kept as if it were new', async () => {
  const { alice, customer, to, clock } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  await clock.advance(7 * DAY_MS)
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  const blocks = [block.id]
  expect(await alice.client.deleteBlocks(to, { customer, blocks })).toEqual({ freed: [], refused: blocks })
  await clock.advance(7 * DAY_MS)
  expect(await alice.client.deleteBlocks(to, { customer, blocks })).toEqual({ freed: blocks, refused: [] })
})

test('freeing and storing the same block at once end in one of the two', async () => {
  const { alice, customer, to, clock, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  await clock.advance(7 * DAY_MS)
  const [, { freed }] = await Promise.all([
    alice.client.putFragments(to, { customer, ...block.at(0) }),
    alice.client.deleteBlocks(to, { customer, blocks: [block.id] }),
  ])
  const files = await Array.fromAsync(supplier.fragments.list())
  const listed = await Array.fromAsync(alice.client.listFragments(to, { customer, location: null }))
  expect(files.length).toBe(1)
  expect(listed.length).toBe(1)
  expect(freed.length).toBeLessThanOrEqual(1)
  expect(supplier.supplier.usage(customer)).toMatchObject({ files: 1, used: files[0]!.size })
})

test('T47 what is not an id never reaches the stores, and asking creates nothing', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const odd = [
    '../x',
    '/etc/passwd',
    'a'.repeat(300),
    'a\0b',
    '\u202etxt.exe',
    new Uint8Array(31),
    new Uint8Array(33),
    7,
  ]
  const owner = fromHex(customer)
  const location = fromHex(masterOf(alice))
  for (const name of odd) {
    const requests = {
      Retrieve: { customer: owner, block: name, n: 2, position: 0, want: 'data' },
      ListFiles: { customer: owner, location, after: name, limit: 10 },
      DeleteFile: { customer: name, blocks: [] },
      RetrieveRecord: { customer: owner, kind: 'header', location: name },
      RetrieveJournal: { customer: owner, location, journal: name, from: 0, limit: 1 },
    }
    for (const [command, request] of Object.entries(requests)) {
      const packet = { command, owner: customer, payload: encodeCanonical(request) }
      expect([command, name, await codeOf(alice.transport.request(to, packet))]).toEqual([
        command,
        name,
        'PacketMalformed',
      ])
    }
  }
  expect(await Array.fromAsync(supplier.fragments.list())).toEqual([])
  expect(supplier.supplier.usage(customer)).toMatchObject({ used: 0, files: 0, recordsAndJournals: 0 })
})

test('a member or owner moves megabytes through without the supplier gathering them', async () => {
  const { alice, customer, to, supplier } = await alicesSupplier()
  const block = await sampleBlock(alice, masterOf(alice), { fragmentBytes: 2 * MIB })
  await alice.client.putFragments(to, { customer, ...block.at(1) })
  const found = await alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 1, want: 'both' })
  expect(found?.parity).toEqual(block.fragments[3])
  expect(supplier.supplier.usage(customer)?.used).toBeGreaterThan(4 * MIB)
})
