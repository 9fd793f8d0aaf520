import { parseFingerprint, randomBytes, toHex } from '@bitdust/crypto'
import { familyRecord, hashOf, membersRecord, type RecordHash } from '@bitdust/records'
import { expect, test } from 'vitest'
import { createRecordBook } from '../src/books/record-book.ts'
import { MAX_LOCATIONS } from '../src/limits.ts'
import { fillAllowance } from './fill-books.ts'
import { codeOf, DAY_MS, hire, MIB, masterOf, sampleFamily, sampleHeader, sampleMembers, shareOf } from './samples.ts'
import { createWorld } from './world.ts'

async function aliceAndSam() {
  const world = createWorld()
  const sam = await world.supplier('sam')
  const alice = await world.person('alice')
  await hire(alice, sam, world.clock.now())
  const customer = alice.ref.fingerprint
  const to = sam.ref
  const put = (kind: 'family' | 'header' | 'members', record: { readonly bytes: Uint8Array }) =>
    codeOf(alice.client.putRecord(to, { customer, kind, record: record.bytes }))
  return { ...world, sam, alice, customer, to, put, master: masterOf(alice) }
}

test('keeps family, headers and member lists, and gives them back', async () => {
  const { alice, sam, customer, to, put, master } = await aliceAndSam()
  const share = shareOf(alice)
  const family = await sampleFamily(alice, sam, 1)
  const header = await sampleHeader(alice, master, 1)
  const members = await sampleMembers(alice, share, { keys: [], lines: [] })
  const get = (kind: 'family' | 'header' | 'members', location: typeof master | null) =>
    alice.client.getRecord(to, { customer, kind, location })
  expect(await get('family', null)).toBeNull()
  expect(await get('header', master)).toBeNull()
  expect([await put('family', family), await put('header', header), await put('members', members)]).toEqual([
    'done',
    'done',
    'done',
  ])
  expect(await get('family', null)).toEqual(family.bytes)
  expect(await get('header', master)).toEqual(header.bytes)
  expect(await get('members', share)).toEqual(members.bytes)
  expect(await get('header', share)).toBeNull()
  expect(await alice.client.listLocations(to, { customer })).toEqual([master])
  expect((await alice.client.ping(to, { customer })).familyRevision).toBe(1)
})

test('signs a receipt for what it keeps', async () => {
  const { alice, sam, customer, to } = await aliceAndSam()
  const family = await sampleFamily(alice, sam, 3)
  const receipt = await alice.client.putRecord(to, { customer, kind: 'family', record: family.bytes })
  expect(receipt.body).toMatchObject({
    kind: 'family',
    subject: family.hash,
    revision: 3,
    bytes: family.bytes.length,
    position: null,
  })
})

test('the family is for everybody who asks', async () => {
  const { person, alice, sam, customer, to, put } = await aliceAndSam()
  const carl = await person('carl')
  const family = await sampleFamily(alice, sam, 1)
  await put('family', family)
  expect(await carl.client.getRecord(to, { customer, kind: 'family', location: null })).toEqual(family.bytes)
  expect(await carl.client.getRecord(to, { customer: carl.ref.fingerprint, kind: 'family', location: null })).toBeNull()
})

test.each(['family', 'header', 'members'] as const)(
  '%s: revisions rise, each names the one before, and of two the first stays',
  async (kind) => {
    const { alice, sam, customer, to, put, master } = await aliceAndSam()
    /** Differs from every other one; `previous` as told, else of a record that nobody has. */
    function make(revision: number, previous = revision === 1 ? null : hashOf<RecordHash>(randomBytes(32))) {
      if (kind === 'family') return sampleFamily(alice, sam, revision, previous)
      if (kind === 'header') return sampleHeader(alice, master, revision, { previous })
      const who = { identity: parseFingerprint(toHex(randomBytes(32))) }
      return sampleMembers(alice, master, { revision, previous, keys: [], lines: [{ who }] })
    }
    const one = await make(1)
    expect(await put(kind, one)).toBe('done')
    expect(await put(kind, one)).toBe('done')
    expect(await put(kind, await make(1))).toBe('RecordRollback')
    expect(await put(kind, await make(2))).toBe('RecordInvalid')
    expect(await put(kind, await make(2, one.hash))).toBe('done')
    expect(await put(kind, await make(2, one.hash))).toBe('RecordRollback')
    expect(await put(kind, one)).toBe('RecordRollback')
    // A supplier that was away takes the newest at once.
    const seven = await make(7)
    expect(await put(kind, seven)).toBe('done')
    const location = kind === 'family' ? null : master
    expect(await alice.client.getRecord(to, { customer, kind, location })).toEqual(seven.bytes)
  },
)

test('records of somebody else, or of another kind, or damaged, are refused', async () => {
  const { alice, sam, person, customer, to, put, master } = await aliceAndSam()
  const bob = await person('bob')
  expect(await put('family', await sampleFamily(bob, sam, 1))).toBe('RecordInvalid')
  const family = await sampleFamily(alice, sam, 1)
  const forged = await familyRecord.sign(family.body, alice.masterKey)
  const unsigned = await familyRecord.sign(family.body, {})
  expect(await put('family', unsigned)).toBe('RecordInvalid')
  const damaged = Uint8Array.from(forged.bytes)
  damaged[damaged.length - 1]! ^= 1
  expect(await put('family', { bytes: damaged })).toBe('RecordInvalid')
  expect(await put('header', family)).toBe('RecordInvalid')
  const listOfBob = await sampleMembers(bob, masterOf(bob), { keys: [], lines: [] })
  const renamed = await membersRecord.sign({ ...listOfBob.body, owner: customer, location: master }, {})
  expect(await put('members', renamed)).toBe('RecordInvalid')
  expect(await alice.client.getRecord(to, { customer, kind: 'family', location: null })).toBeNull()
})

test('records have an allowance of their own, also after a restart', async () => {
  const { alice, sam, customer, put, master } = await aliceAndSam()
  const small = await sampleHeader(alice, master, 1)
  const room = 1000 + small.bytes.length
  await sam.supplier.stop()
  await fillAllowance(sam, customer, 16 * MIB - room)
  await sam.supplier.start()
  expect(await put('header', await sampleHeader(alice, master, 1, { size: 5000 }))).toBe('QuotaExceeded')
  expect(await put('header', small)).toBe('done')
  expect(sam.supplier.usage(customer)).toMatchObject({ used: 0, recordsAndJournals: 16 * MIB - 1000 })
  expect(await put('header', await sampleHeader(alice, shareOf(alice), 1, { size: 1000 }))).toBe('QuotaExceeded')
  // What takes the place of another counts by its growth.
  const { hash: previous } = small
  expect(await put('header', await sampleHeader(alice, master, 2, { previous }))).toBe('done')
})

test('a customer has so many locations', async () => {
  const { alice, sam, customer, put, to } = await aliceAndSam()
  const book = createRecordBook(sam.books)
  for (let i = 0; i < MAX_LOCATIONS; i++)
    await book.put(customer, { kind: 'header', location: shareOf(alice, `share_${i}`) }, new Uint8Array(1))
  expect(await put('header', await sampleHeader(alice, masterOf(alice), 1))).toBe('LimitExceeded')
  expect((await alice.client.listLocations(to, { customer })).length).toBe(MAX_LOCATIONS)
})

test('an ended contract takes no new header, and gives the old one', async () => {
  const { alice, customer, to, put, master, clock } = await aliceAndSam()
  const header = await sampleHeader(alice, master, 1)
  await put('header', header)
  await clock.advance(31 * DAY_MS)
  const { hash: previous } = header
  expect(await put('header', await sampleHeader(alice, master, 2, { previous }))).toBe('QuotaExceeded')
  expect(await alice.client.getRecord(to, { customer, kind: 'header', location: master })).toEqual(header.bytes)
})
