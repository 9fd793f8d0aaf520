import { type EntryHash, hashOf, type JournalId, journalIdOf } from '@bitdust/records'
import { expect, test } from 'vitest'
import { createJournalBook } from '../src/books/journal-book.ts'
import type { JournalGrowth } from '../src/index.ts'
import { MAX_JOURNALS } from '../src/limits.ts'
import { journalEvent } from '../src/protocol/journals.ts'
import { fillAllowance } from './fill-books.ts'
import {
  codeOf,
  hire,
  MIB,
  masterOf,
  sampleEntry,
  sampleFamily,
  sampleHeader,
  sampleJournal,
  sampleMembers,
} from './samples.ts'
import { aliceAndBob } from './share.ts'
import { createWorld, type Person } from './world.ts'

async function aliceAndSam() {
  const world = createWorld()
  const sam = await world.supplier('sam')
  const alice = await world.person('alice')
  await hire(alice, sam, world.clock.now())
  const customer = alice.ref.fingerprint
  const to = sam.ref
  const location = masterOf(alice)
  const place = { customer, location }
  const append = (entries: readonly Uint8Array[], backfill = false, who: Person = alice) =>
    codeOf(who.client.appendJournal(to, { ...place, entries, backfill }))
  const journal = journalOf(alice, location)
  const read = (from = 0) => Array.fromAsync(alice.client.getJournal(to, { ...place, journal, from }))
  return { ...world, sam, alice, customer, to, location, place, append, read, journal }
}

function journalOf(writer: Person, location: ReturnType<typeof masterOf>): JournalId {
  return journalIdOf({ location, writer: writer.ref.fingerprint, device: writer.deviceKey.publicKey.id })
}

test('appends entries and gives them back from any number on', async () => {
  const { alice, to, place, location, append, read, journal } = await aliceAndSam()
  const entries = await sampleJournal(alice, { location }, 5)
  expect(await append(entries.slice(0, 1))).toBe('done')
  expect(await append(entries.slice(1))).toBe('done')
  expect(await read()).toEqual(entries)
  expect(await read(3)).toEqual(entries.slice(3))
  expect(await read(5)).toEqual([])
  expect(await alice.client.journalHeads(to, place)).toEqual([
    {
      journal,
      writer: alice.ref.fingerprint,
      device: alice.deviceKey.publicKey.id,
      epoch: 0,
      sequence: 4,
      hash: hashOf(entries[4]!),
    },
  ])
  expect(await alice.client.listLocations(to, { customer: place.customer })).toEqual([location])
})

test('signs a receipt for the last entry', async () => {
  const { alice, to, place, location } = await aliceAndSam()
  const entries = await sampleJournal(alice, { location }, 3)
  const receipt = await alice.client.appendJournal(to, { ...place, entries })
  expect(receipt.body).toMatchObject({ kind: 'journal', subject: hashOf(entries[2]!), position: null, revision: null })
  expect(await codeOf(alice.client.appendJournal(to, { ...place, entries: [] }))).toBe('RecordInvalid')
})

test('appending again changes nothing; what overlaps is continued', async () => {
  const { alice, sam, customer, location, append, read } = await aliceAndSam()
  const entries = await sampleJournal(alice, { location }, 6)
  await append(entries.slice(0, 4))
  const usage = sam.supplier.usage(customer)
  expect(await append(entries.slice(1, 3))).toBe('done')
  expect(sam.supplier.usage(customer)).toEqual(usage)
  expect(await append([entries[3]!, entries[3]!, ...entries.slice(2)])).toBe('done')
  expect(await read()).toEqual(entries)
})

test('gaps and forks are refused whole', async () => {
  const { alice, location, append, read } = await aliceAndSam()
  const entries = await sampleJournal(alice, { location }, 5)
  const fork = await sampleEntry(alice, { location, sequence: 2, previous: hashOf(entries[1]!) })
  const otherChain = await sampleEntry(alice, { location, sequence: 3, previous: hashOf(entries[0]!) })
  expect(await append(entries.slice(1))).toBe('RecordInvalid')
  await append(entries.slice(0, 3))
  expect(await append([fork.bytes])).toBe('RecordInvalid')
  expect(await append([otherChain.bytes])).toBe('RecordInvalid')
  expect(await append([entries[4]!])).toBe('RecordInvalid')
  expect(await append([entries[3]!, fork.bytes])).toBe('RecordInvalid')
  expect(await read()).toEqual(entries.slice(0, 3))
})

test('each entry is signed by its device, and the first proves whose device it is', async () => {
  const { alice, person, location, append } = await aliceAndSam()
  const bob = await person('bob')
  const stranger = await sampleEntry({ ...bob, ref: alice.ref }, { location, sequence: 0, previous: null })
  expect(await append([stranger.bytes])).toBe('RecordInvalid')
  const [first] = await sampleJournal(alice, { location }, 1)
  await append([first!])
  const second = await sampleEntry(alice, { location, sequence: 1, previous: hashOf(first!) })
  const damaged = Uint8Array.from(second.bytes)
  damaged[damaged.length - 1]! ^= 1
  expect(await append([damaged])).toBe('RecordInvalid')
  const elsewhere = await sampleEntry(alice, {
    owner: bob.ref.fingerprint,
    location,
    sequence: 1,
    previous: hashOf(first!),
  })
  expect(await append([elsewhere.bytes])).toBe('RecordInvalid')
  const inOther = await sampleEntry(alice, { location: masterOf(bob), sequence: 0, previous: null })
  expect(await append([inOther.bytes])).toBe('RecordInvalid')
})

test('a new entry names the family that is known; copies of old ones may name an older one', async () => {
  const { alice, sam, person, customer, to, location, append } = await aliceAndSam()
  const laptop = await person('laptop', { identityOf: 'alice', device: 1 })
  const entries = await sampleJournal(alice, { location, change: { family: 1 } }, 3)
  const ofLaptop = await sampleJournal(laptop, { location, change: { family: 1 } }, 2)
  expect(await append(entries.slice(0, 1))).toBe('done')
  const family = await sampleFamily(alice, sam, 2)
  await alice.client.putRecord(to, { customer, kind: 'family', record: family.bytes })
  expect(await append(entries)).toBe('RecordRollback')
  // What is stored already is no new entry.
  expect(await append(entries.slice(0, 1))).toBe('done')
  // A journal of another device is copied, not written.
  expect(await append(ofLaptop)).toBe('done')
  expect(await append(entries, true)).toBe('done')
  const next = await sampleEntry(alice, { location, sequence: 3, previous: hashOf(entries[2]!), change: { family: 3 } })
  expect(await append([next.bytes])).toBe('done')
})

test('T52 a new entry is written under the newest key that is known; copies of old ones may name an older one', async () => {
  const { alice, person, customer, to, location, append } = await aliceAndSam()
  const laptop = await person('laptop', { identityOf: 'alice', device: 1 })
  const entries = await sampleJournal(alice, { location }, 3)
  const ofLaptop = await sampleJournal(laptop, { location }, 2)
  const first = await sampleHeader(alice, location, 1)
  await alice.client.putRecord(to, { customer, kind: 'header', record: first.bytes })
  expect(await append(entries.slice(0, 1))).toBe('done')
  const second = await sampleHeader(alice, location, 2, { previous: first.hash, generations: 2 })
  await alice.client.putRecord(to, { customer, kind: 'header', record: second.bytes })
  expect(await append(entries)).toBe('KeyRevoked')
  // What is stored already is no new entry.
  expect(await append(entries.slice(0, 1))).toBe('done')
  expect(await append(ofLaptop, false, laptop)).toBe('KeyRevoked')
  // A journal of another device is copied, not written.
  expect(await append(ofLaptop)).toBe('done')
  expect(await append(entries, true)).toBe('done')
  const change = { generation: 2 }
  const next = await sampleEntry(alice, { location, sequence: 3, previous: hashOf(entries[2]!), change })
  expect(await append([next.bytes])).toBe('done')
})

test('T52 a revoked device brings nothing any more, copies neither', async () => {
  const { alice, person, customer, to, location, append } = await aliceAndSam()
  const laptop = await person('laptop', { identityOf: 'alice', device: 1 })
  const ofLaptop = await sampleJournal(laptop, { location }, 2)
  expect(await append(ofLaptop.slice(0, 1), false, laptop)).toBe('done')
  const header = await sampleHeader(alice, location, 1, { revoked: [laptop] })
  await alice.client.putRecord(to, { customer, kind: 'header', record: header.bytes })
  expect(await append(ofLaptop, false, laptop)).toBe('KeyRevoked')
  expect(await append(ofLaptop, true, laptop)).toBe('KeyRevoked')
  // What the owner's other device copies is for readers to judge, by the heads in the header.
  expect(await append(ofLaptop, true)).toBe('done')
})

test('a member cannot call his entries copies', async () => {
  const { alice, bob, supplier, customer, to, share: location } = await aliceAndBob()
  const family = await sampleFamily(alice, supplier, 2)
  await alice.client.putRecord(to, { customer, kind: 'family', record: family.bytes })
  const entries = await sampleJournal(bob, { owner: customer, location, change: { family: 1 } }, 1)
  const place = { customer, location, entries }
  expect(await codeOf(bob.client.appendJournal(to, { ...place, backfill: true }))).toBe('RecordRollback')
  expect(await codeOf(alice.client.appendJournal(to, place))).toBe('done')
})

test('many entries travel in as many packets as they need, both ways', async () => {
  const { alice, location, append, read } = await aliceAndSam()
  const payload = new Uint8Array(50_000)
  const entries = await sampleJournal(alice, { location, change: { payload } }, 60)
  expect(await append(entries)).toBe('done')
  expect((await read()).map((entry) => hashOf(entry))).toEqual(entries.map((entry) => hashOf(entry)))
})

test('journals have an allowance, and what is over it changes nothing', async () => {
  const { alice, sam, customer, location, append, read } = await aliceAndSam()
  const payload = new Uint8Array(10_000)
  const entries = await sampleJournal(alice, { location, change: { payload } }, 4)
  await sam.supplier.stop()
  await fillAllowance(sam, customer, 16 * MIB - 35_000)
  await sam.supplier.start()
  expect(await append(entries)).toBe('QuotaExceeded')
  expect(await read()).toEqual([])
  expect(await append(entries.slice(0, 3))).toBe('done')
  const used = 16 * MIB - 35_000 + entries.slice(0, 3).reduce((sum, { length }) => sum + length, 0)
  expect(sam.supplier.usage(customer)?.recordsAndJournals).toBe(used)
  await sam.supplier.stop()
  await sam.supplier.start()
  expect(sam.supplier.usage(customer)?.recordsAndJournals).toBe(used)
})

test('a location has so many journals', async () => {
  const { alice, sam, place, location, append } = await aliceAndSam()
  const book = createJournalBook(sam.books)
  const author = { writer: alice.ref.fingerprint, device: alice.deviceKey.publicKey.id, epoch: 0, sequence: 0 }
  const heads = Array.from({ length: MAX_JOURNALS }, (_, i) => {
    const id = hashOf<JournalId>(Uint8Array.of(i, i >> 8))
    return { ...author, journal: id, hash: id as unknown as EntryHash }
  })
  await book.append(place, [], heads)
  expect(await append(await sampleJournal(alice, { location }, 1))).toBe('LimitExceeded')
  expect((await alice.client.journalHeads(sam.ref, place)).length).toBe(MAX_JOURNALS)
})

test('subscribers hear of new entries, their author does not', async () => {
  const { alice, bob, carl, customer, to, share: location, supplier } = await aliceAndBob()
  const place = { customer, location }
  const heard: [string, JournalGrowth][] = []
  const grown = Promise.withResolvers<void>()
  for (const who of [alice, bob]) {
    who.client.events.addEventListener('journal:grown', ({ detail }) => {
      heard.push([who.name, detail])
      grown.resolve()
    })
    await who.client.subscribe(to, place)
  }
  expect(await codeOf(carl.client.subscribe(to, place))).toBe('NotFound')
  const [entry] = await sampleJournal(bob, { owner: customer, location }, 1)
  await bob.client.appendJournal(to, { ...place, entries: [entry!] })
  await grown.promise
  // Nothing new, nothing to tell.
  await bob.client.appendJournal(to, { ...place, entries: [entry!] })
  const head = { journal: journalOf(bob, location), sequence: 0, hash: hashOf(entry!) }
  expect(heard).toEqual([['alice', { ...place, supplier: supplier.ref.fingerprint, head }]])
})

test('whoever lost his right, or is gone, hears nothing any more', async () => {
  const { alice, bob, customer, to, share: location, supplier, members, setLink } = await aliceAndBob()
  const place = { customer, location }
  let heard = 0
  bob.client.events.addEventListener('journal:grown', () => {
    heard += 1
  })
  await bob.client.subscribe(to, place)
  const entries = await sampleJournal(alice, { location }, 3)
  const empty = await sampleMembers(alice, location, { revision: 2, previous: members.hash, keys: [], lines: [] })
  await alice.client.putRecord(to, { customer, kind: 'members', record: empty.bytes })
  await alice.client.appendJournal(to, { ...place, entries: entries.slice(0, 1) })
  setLink(bob, supplier, { down: true })
  await alice.client.appendJournal(to, { ...place, entries })
  expect(heard).toBe(0)
})

test('events that nobody asked for are refused', async () => {
  const { alice, supplier, customer, share: location } = await aliceAndBob()
  const hash = hashOf<EntryHash>(new Uint8Array(1))
  const head = { journal: hash as unknown as JournalId, sequence: 0, hash }
  let heard = 0
  alice.client.events.addEventListener('journal:grown', () => {
    heard += 1
  })
  const packet = { command: 'Event', owner: customer, payload: journalEvent.encode({ customer, location, head }) }
  expect(await codeOf(supplier.transport.request(alice.ref, packet))).toBe('NotFound')
  expect(await codeOf(supplier.transport.request(alice.ref, { ...packet, payload: new Uint8Array(3) }))).toBe(
    'PacketMalformed',
  )
  expect(heard).toBe(0)
})
