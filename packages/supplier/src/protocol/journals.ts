import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import {
  defineMessage,
  deviceId,
  type EntryHash,
  entryHash,
  epochNumber,
  fingerprint,
  flag,
  integer,
  type JournalHead,
  type JournalId,
  journalHeadField,
  journalId,
  list,
  locationId,
  optional,
  row,
  struct,
  uint,
} from '@bitdust/records'
import { MAX_ENTRIES, MAX_JOURNALS } from '../limits.ts'
import type { LocationRequest } from './services.ts'

/** `Journal`: entries to append. They are the body, see `encodeEntries`. */
export interface AppendRequest extends LocationRequest {
  /** The owner copies old entries of his own device: they may name an older revision of the family. */
  readonly backfill: boolean
}

/** `RetrieveJournal`: entries of one journal. */
export interface RetrieveJournalRequest extends LocationRequest {
  readonly journal: JournalId
  /** Sequence number of the first entry. */
  readonly from: number
  /** Most entries wanted. */
  readonly limit: number
}

/** Where the supplier's copy of a journal ends. */
export interface StoredJournalHead {
  readonly journal: JournalId
  readonly writer: Fingerprint
  readonly device: DeviceId
  /** Which of the device's journals. */
  readonly epoch: number
  /** Sequence number of the last entry, from 0. */
  readonly sequence: number
  readonly hash: EntryHash
}

/** `Event`: a journal of a location has grown. */
export interface JournalEvent extends LocationRequest {
  /** The new end. */
  readonly head: JournalHead
}

/** Message of {@link AppendRequest}. */
export const appendRequest = defineMessage(
  struct<AppendRequest>({ customer: fingerprint, location: locationId, backfill: flag }),
)

/** Message of {@link RetrieveJournalRequest}. */
export const retrieveJournalRequest = defineMessage(
  struct<RetrieveJournalRequest>({
    customer: fingerprint,
    location: locationId,
    journal: journalId,
    from: uint(),
    limit: integer(1, MAX_ENTRIES),
  }),
)

/** Answer to `RetrieveJournal`; the body is the entries. `next`: where to go on, null: there are no more. */
export const entriesReply = defineMessage(struct<{ readonly next: number | null }>({ next: optional(uint()) }))

/** Field of {@link StoredJournalHead}. */
export const storedHeadField = row<StoredJournalHead>({
  journal: journalId,
  writer: fingerprint,
  device: deviceId,
  epoch: epochNumber,
  sequence: uint(),
  hash: entryHash,
})

/** Answer to `JournalHeads`. */
export const headsReply = defineMessage(
  struct<{ readonly heads: readonly StoredJournalHead[] }>({ heads: list(storedHeadField, MAX_JOURNALS) }),
)

/** Message of {@link JournalEvent}. */
export const journalEvent = defineMessage(
  struct<JournalEvent>({ customer: fingerprint, location: locationId, head: journalHeadField }),
)
