import { generateDeviceKey } from '@bitdust/crypto'
import { type EntryHash, hashOf, type JournalEntry, journalEntryRecord, type LocationId } from '@bitdust/records'
import { flipBits } from '@bitdust/testing'
import { memoryKeyValueStore } from '@bitdust/upkeep'
import { expect, it } from 'vitest'
import { createJournalBooks } from '../src/journal/journal-books.ts'

const named = (text: string) => hashOf(new TextEncoder().encode(text)) as string
const location = named('location') as LocationId

it('T35 what was written last is remembered exactly or not at all, whatever bit of it is flipped', async () => {
  const deviceKey = await generateDeviceKey()
  const owner = named('owner') as JournalEntry['owner']
  const body: JournalEntry = {
    owner,
    location,
    writer: owner,
    device: deviceKey.publicKey.id,
    epoch: 77,
    sequence: 1,
    previous: named('before') as EntryHash,
    heads: [],
    family: 1,
    date: 0,
    kind: 'delete',
    generation: 1,
    payload: new Uint8Array(50),
    certificate: null,
    writerKey: null,
  }
  const entry = await journalEntryRecord.sign(body, deviceKey)
  const store = memoryKeyValueStore()
  const books = createJournalBooks(store)
  expect(await books.own(location)).toBeNull()
  await books.write(location, entry)
  const end = { epoch: 77, hash: entry.hash }
  expect(await books.own(location)).toEqual(end)
  const key = `own/${location}`
  const bytes = (await store.get(key))!
  for (const { bytes: flipped } of flipBits(bytes)) {
    await store.batch([{ put: key, value: flipped }])
    expect(await books.own(location)).not.toEqual(end)
  }
  await books.write(location, entry)
  await books.forget(location, [{ ...body, journal: named('journal') as never, hash: entry.hash }], null)
  expect(await books.own(location)).toBeNull()
})
