import { randomBytes } from '@bitdust/crypto'
import { hashOf, isRecordError, MAX_JOURNAL_ENTRY_BYTES, type Message } from '@bitdust/records'
import { flipBits } from '@bitdust/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSupplierError } from '../src/index.ts'
import { MAX_ENTRIES, MAX_ENTRIES_BYTES } from '../src/limits.ts'
import { challengeReply, proofRequest } from '../src/protocol/access.ts'
import { decodeEntries, encodeEntries, framedSize, inPackets } from '../src/protocol/entries.ts'
import {
  deleteBlocksRequest,
  deletedBlocksReply,
  filesReply,
  fragmentsReply,
  listFilesRequest,
  retainedBlocksReply,
  retainRequest,
  retrieveRequest,
  storeFragmentsRequest,
} from '../src/protocol/fragments.ts'
import {
  appendRequest,
  entriesReply,
  headsReply,
  journalEvent,
  retrieveJournalRequest,
} from '../src/protocol/journals.ts'
import { MAX_PAYLOAD_BYTES } from '../src/protocol/message-limits.ts'
import { locationsReply, recordReply, retrieveRecordRequest, storeRecordRequest } from '../src/protocol/records.ts'
import {
  cancelRequest,
  contractReply,
  customerRequest,
  doneReply,
  locationRequest,
  offerReply,
  receiptReply,
  serviceRequest,
  stateReply,
} from '../src/protocol/services.ts'

/** Any id; all of them are hashes. */
const id = hashOf<never>(Uint8Array.of(1))
const some = Uint8Array.of(1, 2, 3)
const place = { customer: id, location: id }

/** A message and a value of it, whatever its type: only here are different messages treated alike. */
function sample<T>(message: Message<T>, value: T) {
  return { message: message as Message<unknown>, value: value as unknown }
}

/** Each message once; `size` times what it can hold many of. */
function samples(size: number) {
  const ids = (most: number) => Array.from({ length: Math.min(size, most) }, () => id)
  const after = 'x'.repeat(Math.min(size, 137))
  const file = { block: id, location: id, n: 64, position: 63, bytes: 2 ** 40 }
  const head = { journal: id, writer: id, device: id, epoch: 2 ** 32 - 1, sequence: 2 ** 50, hash: id }
  return {
    offer: sample(serviceRequest, { supplier: { offer: 'please' } }),
    contract: sample(serviceRequest, { supplier: { contract: { contract: some, customerKey: some } } }),
    events: sample(serviceRequest, { events: place }),
    offerReply: sample(offerReply, { offer: some }),
    contractReply: sample(contractReply, { contract: some, supplierKey: some }),
    cancel: sample(cancelRequest, { service: 'supplier', customer: id }),
    customer: sample(customerRequest, { customer: id }),
    location: sample(locationRequest, place),
    state: sample(stateReply, { free: 1, used: 2, granted: 3, familyRevision: null }),
    receipt: sample(receiptReply, { receipt: some }),
    done: sample(doneReply, {}),
    data: sample(storeFragmentsRequest, { customer: id, layout: randomBytes(Math.min(size, 8192)), position: 63 }),
    retrieve: sample(retrieveRequest, { customer: id, block: id, n: 64, position: 63, want: 'both' }),
    fragments: sample(fragmentsReply, { layout: some }),
    list: sample(listFilesRequest, { customer: id, location: null, after, limit: 512 }),
    files: sample(filesReply, { items: ids(512).map(() => file), next: after }),
    delete: sample(deleteBlocksRequest, { customer: id, blocks: ids(256) }),
    deleted: sample(deletedBlocksReply, { freed: ids(256), refused: ids(256) }),
    retain: sample(retainRequest, { ...place, blocks: ids(256) }),
    retained: sample(retainedBlocksReply, { held: ids(256) }),
    record: sample(storeRecordRequest, { customer: id, kind: 'family' }),
    retrieveRecord: sample(retrieveRecordRequest, { customer: id, kind: 'header', location: id }),
    recordReply: sample(recordReply, { found: true }),
    locations: sample(locationsReply, { locations: ids(1024) }),
    append: sample(appendRequest, { ...place, backfill: false }),
    retrieveJournal: sample(retrieveJournalRequest, { ...place, journal: id, from: 2 ** 50, limit: 512 }),
    entries: sample(entriesReply, { next: 7 }),
    heads: sample(headsReply, { heads: ids(256).map(() => head) }),
    event: sample(journalEvent, { ...place, head: { journal: id, sequence: 0, hash: id } }),
    challenge: sample(challengeReply, { nonce: randomBytes(32), proven: true }),
    proof: sample(proofRequest, { ...place, proof: some }),
  }
}

test.each(Object.entries(samples(2000)))('%s: comes back as it was, and fits a packet', (_, { message, value }) => {
  expect(message.decode(message.encode(value), MAX_PAYLOAD_BYTES)).toEqual(value)
})

test.each(Object.entries(samples(2)))(
  '%s: any bit flipped gives another message or a named error',
  (_, { message, value }) => {
    for (const { bytes } of flipBits(message.encode(value))) {
      try {
        expect(message.decode(bytes, MAX_PAYLOAD_BYTES)).not.toEqual(value)
      } catch (error) {
        if (!isRecordError(error)) throw error
      }
    }
  },
)

test('bytes at random are never a message by accident', () => {
  const messages = Object.values(samples(1)).map(({ message }) => message)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...messages), (bytes, message) => {
      try {
        const decoded = message.decode(bytes, MAX_PAYLOAD_BYTES)
        return Buffer.compare(message.encode(decoded), bytes) === 0
      } catch (error) {
        return isRecordError(error)
      }
    }),
  )
})

describe('entries in a body', () => {
  const entryList = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 60 })

  test('come back as they were', () => {
    fc.assert(
      fc.property(entryList, (entries) => {
        expect(decodeEntries(Buffer.concat(encodeEntries(entries)))).toEqual(entries.map((entry) => Buffer.from(entry)))
      }),
    )
  })

  test('are cut into packets without loss, none too large', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: MAX_JOURNAL_ENTRY_BYTES }), { maxLength: 1200 })
    fc.assert(
      fc.property(sizes, (lengths) => {
        const blank = new Uint8Array(MAX_JOURNAL_ENTRY_BYTES)
        const entries = lengths.map((length) => blank.subarray(0, length))
        const groups = [...inPackets(entries)]
        expect(groups.flat()).toEqual(entries)
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(MAX_ENTRIES)
          expect(group.reduce((sum, entry) => sum + framedSize(entry), 0)).toBeLessThanOrEqual(MAX_ENTRIES_BYTES)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('that end early, are too long or too many are refused', () => {
    const body = Buffer.concat(encodeEntries([randomBytes(50), randomBytes(9)]))
    for (let length = 0; length < body.length; length++) {
      if (length === 0 || length === 54) continue
      expect(() => decodeEntries(body.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'PacketMalformed' }),
      )
    }
    expect(() => decodeEntries(Uint8Array.of(255, 255, 255, 255, 1))).toThrow(
      expect.objectContaining({ code: 'PacketMalformed' }),
    )
    expect(() => decodeEntries(new Uint8Array(4 * (MAX_ENTRIES + 1)))).toThrow(
      expect.objectContaining({ code: 'LimitExceeded' }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeEntries(bytes)
          return true
        } catch (error) {
          return isSupplierError(error)
        }
      }),
    )
  })
})
