import { importRsaPublicKey } from '@bitdust/crypto'
import { type Contract, contractRecord } from '@bitdust/records'
import { expect, test } from 'vitest'
import { memoryFragmentStore } from '../src/index.ts'
import { codeOf, DAY_MS, hire, MIB, masterOf, sampleBlock, sampleContract, sampleHeader } from './samples.ts'
import { createWorld, type Person } from './world.ts'

async function aliceAndSam(options = {}) {
  const world = createWorld()
  const sam = await world.supplier('sam', options)
  const alice = await world.person('alice')
  const contract = (change: Partial<Contract> = {}) => sampleContract(alice, sam, world.clock.now(), change)
  const ask = async (change: Partial<Contract> = {}, who: Person = alice) =>
    codeOf(who.client.requestContract(sam.ref, await sampleContract(who, sam, world.clock.now(), change)))
  return { ...world, sam, alice, to: sam.ref, customer: alice.ref.fingerprint, contract, ask }
}

test('offers what is free, signed by its device', async () => {
  const { alice, to, ask, clock } = await aliceAndSam({ offeredBytes: 100 * MIB })
  const before = await alice.client.offer(to)
  expect(before.body).toMatchObject({
    supplier: to.fingerprint,
    idurl: to.idurl,
    peerId: to.peerId,
    freeBytes: 100 * MIB,
  })
  expect(before.body.until).toBeGreaterThan(clock.now() + 365 * DAY_MS)
  expect(await ask({ bytes: 30 * MIB })).toBe('done')
  expect((await alice.client.offer(to)).body.freeBytes).toBe(70 * MIB)
})

test('signs the contract that the customer signed', async () => {
  const { alice, sam, to, contract } = await aliceAndSam()
  const sent = await contract({ position: 3, bytes: 5 * MIB })
  const signed = contractRecord.open(await alice.client.requestContract(to, sent))
  expect(signed.body).toEqual(contractRecord.open(sent.contract).body)
  await contractRecord.verify(signed, 'supplier', await importRsaPublicKey(sam.masterKey.publicKey.spki))
  const [summary] = sam.supplier.customers()
  expect(summary).toMatchObject({
    customer: alice.ref.fingerprint,
    state: 'active',
    position: 3,
    usage: { granted: 5 * MIB },
  })
  expect(sam.supplier.machines()).toEqual([{ name: 'contract', subject: alice.ref.fingerprint, state: 'active' }])
})

test('the same contract again is the same contract', async () => {
  const { alice, to, contract } = await aliceAndSam()
  const sent = await contract()
  const first = await alice.client.requestContract(to, sent)
  expect(await alice.client.requestContract(to, sent)).toEqual(first)
})

test('a renewal changes size, position and end; an older one is refused', async () => {
  const { alice, sam, to, ask, clock, contract } = await aliceAndSam()
  const old = await contract()
  await clock.advance(1000)
  expect(await ask({ position: 0 })).toBe('done')
  await clock.advance(1000)
  expect(await ask({ position: 1, bytes: MIB, until: clock.now() + DAY_MS })).toBe('done')
  expect(sam.supplier.customers()[0]).toMatchObject({
    position: 1,
    until: clock.now() + DAY_MS,
    usage: { granted: MIB },
  })
  expect(await codeOf(alice.client.requestContract(to, old))).toBe('RecordRollback')
})

test('a renewal that does not fit is refused, and the old grant stays', async () => {
  const { sam, ask, alice, customer, to } = await aliceAndSam({ offeredBytes: 20 * MIB })
  expect(await ask({ bytes: 15 * MIB })).toBe('done')
  expect(await ask({ bytes: 21 * MIB })).toBe('QuotaExceeded')
  expect(sam.supplier.usage(customer)).toMatchObject({ granted: 15 * MIB })
  expect(await alice.client.ping(to, { customer })).toEqual({
    free: 15 * MIB,
    used: 0,
    granted: 15 * MIB,
    familyRevision: null,
  })
  expect(await ask({ bytes: 20 * MIB })).toBe('done')
})

test('never promises more than is offered, also to many at once', async () => {
  const { sam, alice, person, ask } = await aliceAndSam({ offeredBytes: 20 * MIB })
  const people = [alice, await person('bob'), await person('carl'), await person('dora')]
  const outcomes = await Promise.all(people.map((who) => ask({ bytes: 8 * MIB }, who)))
  expect(outcomes.toSorted()).toEqual(['QuotaExceeded', 'QuotaExceeded', 'done', 'done'])
  expect(sam.supplier.customers().length).toBe(2)
})

test('promises only what the disk has beyond its reserve', async () => {
  const limits = { diskReserveBytes: 10 * MIB, diskReserveShare: 0.3 }
  const { alice, to, ask } = await aliceAndSam({ fragments: memoryFragmentStore({ sizeBytes: 100 * MIB }), limits })
  expect((await alice.client.offer(to)).body.freeBytes).toBe(70 * MIB)
  expect(await ask({ bytes: 71 * MIB })).toBe('QuotaExceeded')
  expect(await ask({ bytes: 70 * MIB })).toBe('done')
})

test('refuses terms that make no sense', async () => {
  const { ask, clock, alice, to, contract, sam, person } = await aliceAndSam()
  const now = clock.now()
  const bob = await person('bob')
  for (const change of [
    { supplier: bob.ref.fingerprint },
    { bytes: 0 },
    { from: now + 2 * DAY_MS },
    { from: now - DAY_MS, until: now },
    { until: now + 500 * DAY_MS },
  ])
    expect([change, await ask(change)]).toEqual([change, 'RecordInvalid'])
  const sent = await contract()
  const byBob = { ...sent, customerKey: bob.masterKey.publicKey.spki }
  expect(await codeOf(alice.client.requestContract(to, byBob))).toBe('RecordInvalid')
  expect(await codeOf(bob.client.requestContract(to, sent))).toBe('Unauthorized')
  const unsigned = await contractRecord.sign(contractRecord.open(sent.contract).body, {})
  expect(await codeOf(alice.client.requestContract(to, { ...sent, contract: unsigned.bytes }))).toBe('RecordInvalid')
  expect(sam.supplier.customers()).toEqual([])
})

test('whoever has no contract stores nothing', async () => {
  const { alice, customer, to, sam } = await aliceAndSam()
  const block = await sampleBlock(alice, masterOf(alice))
  const header = await sampleHeader(alice, masterOf(alice), 1)
  expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0) }))).toBe('NotFound')
  expect(await codeOf(alice.client.putRecord(to, { customer, kind: 'header', record: header.bytes }))).toBe('NotFound')
  expect(await alice.client.ping(to, { customer })).toEqual({ free: 0, used: 0, granted: 0, familyRevision: null })
  expect(sam.supplier.usage(customer)).toBeNull()
})

test('after its end the data stays readable for the grace, and goes only when two looks a day apart agree', async () => {
  const { alice, customer, to, sam, ask, clock } = await aliceAndSam()
  await ask({ until: clock.now() + DAY_MS })
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  const read = () => alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 0, want: 'data' })
  const state = () => sam.supplier.customers()[0]?.state
  await clock.advance(DAY_MS)
  expect(state()).toBe('ended')
  expect(
    await codeOf(alice.client.putFragments(to, { customer, ...(await sampleBlock(alice, masterOf(alice))).at(0) })),
  ).toBe('QuotaExceeded')
  expect(await read()).not.toBeNull()
  // A clock that jumps by years drops nothing.
  clock.jump(3650 * DAY_MS)
  expect(state()).toBe('overdue')
  expect(state()).toBe('overdue')
  clock.jump(-3650 * DAY_MS)
  expect(state()).toBe('ended')
  await clock.advance(90 * DAY_MS)
  expect(state()).toBe('overdue')
  expect(await read()).not.toBeNull()
  await clock.advance(DAY_MS - 3_600_000)
  expect(state()).toBe('overdue')
  await clock.advance(2 * 3_600_000)
  expect(state()).toBeUndefined()
  expect(await read()).toBeNull()
  expect(await Array.fromAsync(sam.fragments.list())).toEqual([])
})

test('a renewal after the end makes it active again', async () => {
  const { sam, ask, clock } = await aliceAndSam()
  await ask({ until: clock.now() + DAY_MS })
  await clock.advance(50 * DAY_MS)
  expect(sam.supplier.customers()[0]?.state).toBe('ended')
  expect(await ask()).toBe('done')
  expect(sam.supplier.customers()[0]?.state).toBe('active')
})

test('cancelling, and being dropped, removes everything', async () => {
  const { alice, customer, to, sam, ask } = await aliceAndSam()
  const everything = async () => (await Array.fromAsync(sam.books.list({ prefix: '' }))).map(([key]) => key)
  for (const leave of [() => alice.client.cancel(to, { customer }), () => sam.supplier.drop(customer)]) {
    expect(await ask()).toBe('done')
    const block = await sampleBlock(alice, masterOf(alice))
    await alice.client.putFragments(to, { customer, ...block.at(0) })
    const header = await sampleHeader(alice, masterOf(alice), 1)
    await alice.client.putRecord(to, { customer, kind: 'header', record: header.bytes })
    expect((await everything()).length).toBe(5)
    await leave()
    expect(await everything()).toEqual([])
    expect(await Array.fromAsync(sam.fragments.list())).toEqual([])
    expect(sam.supplier.customers()).toEqual([])
  }
  expect(await codeOf(alice.client.cancel(to, { customer }))).toBe('NotFound')
})

test('an enrolled device does not end the contract that the master key made', async () => {
  const { alice, person, customer, to, sam, ask } = await aliceAndSam()
  expect(await ask()).toBe('done')
  const laptop = await person('laptop', { identityOf: 'alice', device: 1, enrolled: true })
  expect(await codeOf(laptop.client.cancel(to, { customer }))).toBe('Unauthorized')
  expect(sam.supplier.customers()).toHaveLength(1)
  await alice.client.cancel(to, { customer })
  expect(sam.supplier.customers()).toEqual([])
})

test('a write that ends after its customer was dropped leaves nothing', async () => {
  const { alice, customer, to, sam, ask } = await aliceAndSam()
  await ask()
  const block = await sampleBlock(alice, masterOf(alice))
  const { put } = sam.fragments
  let dropped: Promise<void> | undefined
  Object.assign(sam.fragments, {
    async put(...args: Parameters<typeof put>) {
      await put(...args)
      dropped = sam.supplier.drop(customer)
      await dropped
    },
  })
  expect(await codeOf(alice.client.putFragments(to, { customer, ...block.at(0) }))).toBe('NotFound')
  expect(await Array.fromAsync(sam.fragments.list())).toEqual([])
})

test('dropping while another contract is being signed comes after it', async () => {
  const { customer, sam, ask } = await aliceAndSam()
  await ask()
  const { batch } = sam.books
  const gate = Promise.withResolvers<void>()
  const signing = Promise.withResolvers<void>()
  Object.assign(sam.books, {
    async batch(...args: Parameters<typeof batch>) {
      signing.resolve()
      await gate.promise
      await batch(...args)
    },
  })
  const renewed = ask({ bytes: MIB })
  await signing.promise
  const dropped = Promise.all([sam.supplier.drop(customer), sam.supplier.drop(customer)])
  gate.resolve()
  expect(await renewed).toBe('done')
  await dropped
  expect(sam.supplier.customers()).toEqual([])
})

test('when removing fails it is tried again, and meanwhile nothing is served', async () => {
  const { alice, customer, to, sam, ask, clock } = await aliceAndSam()
  await ask()
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer, ...block.at(0) })
  const remove = sam.fragments.delete
  Object.assign(sam.fragments, { delete: () => Promise.reject(new Error('disk trouble')) })
  await expect(sam.supplier.drop(customer)).rejects.toThrow('disk trouble')
  expect(await alice.client.getFragment(to, { customer, block: block.id, n: 2, position: 0, want: 'data' })).toBeNull()
  expect(await ask()).toBe('QuotaExceeded')
  Object.assign(sam.fragments, { delete: remove })
  await clock.advance(3_600_001)
  expect(sam.supplier.customers()).toEqual([])
  expect(await Array.fromAsync(sam.fragments.list())).toEqual([])
  expect(await ask()).toBe('done')
})

test('signing or booking that fails leaves things as they were', async () => {
  const { sam, ask, customer } = await aliceAndSam()
  const { batch } = sam.books
  const broken = { batch: () => Promise.reject(new Error('disk trouble')) }
  Object.assign(sam.books, broken)
  expect(await ask()).toBe('Internal')
  expect(sam.supplier.customers()).toEqual([])
  Object.assign(sam.books, { batch })
  expect(await ask()).toBe('done')
  Object.assign(sam.books, broken)
  expect(await ask({ bytes: MIB })).toBe('Internal')
  expect(sam.supplier.usage(customer)?.granted).toBe(10 * MIB)
  expect(sam.supplier.customers()[0]?.state).toBe('active')
})

test('before the start and after the stop it is busy', async () => {
  const { sam, alice, to } = await aliceAndSam({ start: false })
  expect(await codeOf(alice.client.offer(to))).toBe('Busy')
  await Promise.all([sam.supplier.start(), sam.supplier.start()])
  expect(await codeOf(alice.client.offer(to))).toBe('done')
  await Promise.all([sam.supplier.stop(), sam.supplier.stop()])
  expect(await codeOf(alice.client.offer(to))).toBe('Busy')
  await sam.supplier.start()
  expect(await codeOf(alice.client.offer(to))).toBe('done')
})

test('two customers know nothing of each other', async () => {
  const { clock, sam, alice, person, ask, to } = await aliceAndSam()
  const bob = await person('bob')
  await ask()
  await hire(bob, sam, clock.now())
  const block = await sampleBlock(alice, masterOf(alice))
  await alice.client.putFragments(to, { customer: alice.ref.fingerprint, ...block.at(0) })
  expect(await bob.client.ping(to, { customer: alice.ref.fingerprint })).toEqual({
    free: 0,
    used: 0,
    granted: 0,
    familyRevision: null,
  })
  expect(
    await bob.client.getFragment(to, {
      customer: bob.ref.fingerprint,
      block: block.id,
      n: 2,
      position: 0,
      want: 'data',
    }),
  ).toBeNull()
  // A block of another location goes nowhere but there.
  expect(await codeOf(bob.client.putFragments(to, { customer: bob.ref.fingerprint, ...block.at(0) }))).toBe('done')
  expect(
    await Array.fromAsync(bob.client.listFragments(to, { customer: bob.ref.fingerprint, location: null })),
  ).toMatchObject([{ block: block.id }])
})
