import type { Fingerprint } from '@bitdust/crypto'
import type { JournalId, LocationId } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import { type StoredJournalHead, storedHeadField } from '../protocol/journals.ts'
import { keyOf, prefixOf, sixteenDigits } from './keys.ts'
import { storedValue } from './stored-value.ts'

/** Where the journals of a location are. */
export interface JournalPlace {
  readonly customer: Fingerprint
  readonly location: LocationId
}

/** An entry to be stored. */
export interface PlacedEntry {
  readonly journal: JournalId
  readonly sequence: number
  readonly bytes: Uint8Array
}

/** The journals of the customers' locations. What is put was verified before. */
export interface JournalBook {
  heads(place: JournalPlace): Promise<StoredJournalHead[]>
  head(place: JournalPlace, journal: JournalId): Promise<StoredJournalHead | null>
  entry(place: JournalPlace, journal: JournalId, sequence: number): Promise<Uint8Array | null>
  /** At most `limit` entries from the given sequence number on. */
  entries(place: JournalPlace, journal: JournalId, from: number, limit: number): AsyncIterable<Uint8Array>
  /** Stores entries and new heads, all or nothing. */
  append(place: JournalPlace, entries: readonly PlacedEntry[], heads: readonly StoredJournalHead[]): Promise<void>
  /** Locations of a customer that have a journal. */
  locations(customer: Fingerprint): Promise<LocationId[]>
  /** Bytes of each entry of a customer. */
  sizes(customer: Fingerprint): AsyncIterable<number>
}

const value = storedValue(storedHeadField)

/** The part of the books that holds journals. */
export function createJournalBook(store: KeyValueStore): JournalBook {
  return {
    async heads({ customer, location }) {
      const stored = await Array.fromAsync(store.list({ prefix: prefixOf('head', customer, location) }))
      return stored.map(([key, bytes]) => value.decode(bytes, key))
    },

    async head({ customer, location }, journal) {
      const key = keyOf('head', customer, location, journal)
      const bytes = await store.get(key)
      return bytes === null ? null : value.decode(bytes, key)
    },

    entry: (place, journal, sequence) => store.get(entryKey(place, journal, sequence)),

    async *entries(place, journal, from, limit) {
      const prefix = prefixOf('entry', place.customer, place.location, journal)
      const range = { prefix, limit }
      const after = from === 0 ? range : { ...range, after: entryKey(place, journal, from - 1) }
      for await (const [, bytes] of store.list(after)) yield bytes
    },

    append: (place, entries, heads) =>
      store.batch([
        ...entries.map(({ journal, sequence, bytes }) => ({ put: entryKey(place, journal, sequence), value: bytes })),
        ...heads.map((head) => ({
          put: keyOf('head', place.customer, place.location, head.journal),
          value: value.encode(head),
        })),
      ]),

    async locations(customer) {
      const prefix = prefixOf('head', customer)
      const found = new Set<LocationId>()
      for await (const [key] of store.list({ prefix })) found.add(locationIn(key, prefix))
      return [...found]
    },

    async *sizes(customer) {
      for await (const [, bytes] of store.list({ prefix: prefixOf('entry', customer) })) yield bytes.length
    },
  }
}

function entryKey({ customer, location }: JournalPlace, journal: JournalId, sequence: number): string {
  return keyOf('entry', customer, location, journal, sixteenDigits(sequence))
}

/** The key was made of a location id. */
function locationIn(key: string, prefix: string): LocationId {
  return key.slice(prefix.length, key.indexOf('/', prefix.length)) as LocationId
}
