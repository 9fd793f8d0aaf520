import type { Fingerprint } from '@bitdust/crypto'
import type { LocationId } from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { StoredRecordKind } from '../protocol/records.ts'
import { keyOf, lastPart, prefixOf } from './keys.ts'

/** Which record of a customer: his family, or header or member list of a location. */
export type RecordPlace =
  | { readonly kind: 'family' }
  | { readonly kind: Exclude<StoredRecordKind, 'family'>; readonly location: LocationId }

/** The customers' records, as they came. They were verified before they were put. */
export interface RecordBook {
  get(customer: Fingerprint, place: RecordPlace): Promise<Uint8Array | null>
  put(customer: Fingerprint, place: RecordPlace, record: Uint8Array): Promise<void>
  /** Locations that have a header. */
  locations(customer: Fingerprint): Promise<LocationId[]>
  /** Bytes of each record of a customer. */
  sizes(customer: Fingerprint): AsyncIterable<number>
}

/** The part of the books that holds records. */
export function createRecordBook(store: KeyValueStore): RecordBook {
  return {
    get: (customer, place) => store.get(keyAt(customer, place)),
    put: (customer, place, record) => store.batch([{ put: keyAt(customer, place), value: record }]),
    async locations(customer) {
      const headers = await Array.fromAsync(store.list({ prefix: prefixOf('record', customer, 'header') }))
      return headers.map(([key]) => lastPart(key) as LocationId) // The key was made of a location id.
    },
    async *sizes(customer) {
      for await (const [, record] of store.list({ prefix: prefixOf('record', customer) })) yield record.length
    },
  }
}

function keyAt(customer: Fingerprint, place: RecordPlace): string {
  return place.kind === 'family'
    ? keyOf('record', customer, 'family')
    : keyOf('record', customer, place.kind, place.location)
}
