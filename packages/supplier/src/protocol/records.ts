import {
  choice,
  defineMessage,
  fingerprint,
  flag,
  type LocationId,
  list,
  locationId,
  optional,
  struct,
} from '@bitdust/records'
import { MAX_LOCATIONS } from '../limits.ts'
import type { CustomerRequest } from './services.ts'

/** The records of an owner that suppliers keep beside journals. */
export type StoredRecordKind = 'family' | 'header' | 'members'

/** `Record`: a record to store. It is the body. */
export interface StoreRecordRequest extends CustomerRequest {
  readonly kind: StoredRecordKind
}

/** `RetrieveRecord`. */
export interface RetrieveRecordRequest extends CustomerRequest {
  readonly kind: StoredRecordKind
  /** Null for the family. */
  readonly location: LocationId | null
}

const kind = choice('family', 'header', 'members')

/** Message of {@link StoreRecordRequest}. */
export const storeRecordRequest = defineMessage(struct<StoreRecordRequest>({ customer: fingerprint, kind }))

/** Message of {@link RetrieveRecordRequest}. */
export const retrieveRecordRequest = defineMessage(
  struct<RetrieveRecordRequest>({ customer: fingerprint, kind, location: optional(locationId) }),
)

/** Answer to `RetrieveRecord`; the body is the record, if it is here. */
export const recordReply = defineMessage(struct<{ readonly found: boolean }>({ found: flag }))

/** Answer to `ListLocations`. */
export const locationsReply = defineMessage(
  struct<{ readonly locations: readonly LocationId[] }>({ locations: list(locationId, MAX_LOCATIONS) }),
)
