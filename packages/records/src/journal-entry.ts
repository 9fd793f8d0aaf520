import { type DeviceId, type Fingerprint, LABELS } from '@bitdust/crypto'
import { compareText } from './compare.ts'
import { defineRecord, type Opened, type RecordKind } from './define-record.ts'
import { bytesUpTo, choice, optional, refine, row, sortedList, struct, text, uint } from './fields.ts'
import {
  deviceId,
  entryHash,
  fingerprint,
  generationNumber,
  journalId,
  locationId,
  revisionNumber,
  timestamp,
} from './id-fields.ts'
import { type EntryHash, type JournalId, journalIdOf, type LocationId } from './ids.ts'
import { MAX_CERTIFICATE_BYTES, MAX_HEADS, MAX_JOURNAL_ENTRY_BYTES, MAX_SPKI_BYTES } from './limits.ts'

/** What an entry records. */
export type JournalEntryKind = 'put' | 'delete' | 'release' | 'checkpoint'

/** One step in the journal that a device of a writer keeps in a location. */
export interface JournalEntry {
  /** Who owns the location. */
  readonly owner: Fingerprint
  readonly location: LocationId
  /** Whose device writes; a member may write in another's location. */
  readonly writer: Fingerprint
  readonly device: DeviceId
  /**
   * 0 in the first journal that the device keeps in the location. A device which finds that its journal goes on elsewhere
   * (its disk, or an image of it, is used twice) starts another one, under a random number up to 2^32 - 1.
   */
  readonly epoch: number
  /** From 0, without gaps. */
  readonly sequence: number
  /** Hash of the entry before; null in the first. */
  readonly previous: EntryHash | null
  /** The ends of all other journals of the location that the author had merged, several of one that was forked; written sorted. */
  readonly heads: readonly JournalHead[]
  /** Revision of the family that holds the blocks of this entry. */
  readonly family: number
  /** Milliseconds since the Unix epoch; for people, order never comes from it. */
  readonly date: number
  readonly kind: JournalEntryKind
  /** Generation of the location whose secret encrypts the payload. */
  readonly generation: number
  /** Encrypted; see `sealPayload` and `openPayload`. */
  readonly payload: Uint8Array
  /** The device's certificate as text, in the first entry only. */
  readonly certificate: string | null
  /** SPKI bytes of the writer's master key, in the first entry only. */
  readonly writerKey: Uint8Array | null
}

/** The end of a journal as somebody saw it. */
export interface JournalHead {
  readonly journal: JournalId
  readonly sequence: number
  readonly hash: EntryHash
}

/** Codec of {@link JournalHead}. */
export const journalHeadField = row<JournalHead>({ journal: journalId, sequence: uint(), hash: entryHash })

/** Codec of the number of a journal among those of one device. */
export const epochNumber = uint(0xffff_ffff)

const journalEntryField = refine(
  struct<JournalEntry>({
    owner: fingerprint,
    location: locationId,
    writer: fingerprint,
    device: deviceId,
    epoch: epochNumber,
    sequence: uint(),
    previous: optional(entryHash),
    heads: sortedList(journalHeadField, MAX_HEADS, compareHeads),
    family: revisionNumber,
    date: timestamp,
    kind: choice('put', 'delete', 'release', 'checkpoint'),
    generation: generationNumber,
    payload: bytesUpTo(MAX_JOURNAL_ENTRY_BYTES),
    certificate: optional(text(MAX_CERTIFICATE_BYTES)),
    writerKey: optional(bytesUpTo(MAX_SPKI_BYTES)),
  }),
  ({ sequence, previous, certificate, writerKey }) => {
    const first = sequence === 0
    if (first !== (previous === null)) return 'exactly the first entry has no previous'
    if (first !== (certificate !== null)) return 'exactly the first entry has a certificate'
    return first === (writerKey !== null) ? null : "exactly the first entry has the writer's key"
  },
)

/** Signed by the `device` that it names; whose device that is, the first entry proves (`verifyJournalStart`). */
export const journalEntryRecord: RecordKind<JournalEntry, 'device'> = defineRecord({
  kind: 'journal-entry',
  label: LABELS.journalEntry,
  maxBytes: MAX_JOURNAL_ENTRY_BYTES,
  signers: { device: { key: 'device', name: ({ device }) => device } },
  versions: { 1: journalEntryField },
})

/** Journals in order, and the ends of one that was forked. */
function compareHeads(a: JournalHead, b: JournalHead): number {
  return compareText(a.journal, b.journal) || compareText(a.hash, b.hash)
}

/** Whether `next` stands directly behind `previous` in one journal: same journal, next number, and it names its hash. */
export function continuesJournal(previous: Opened<JournalEntry>, next: Opened<JournalEntry>): boolean {
  return (
    next.body.owner === previous.body.owner &&
    journalIdOf(next.body) === journalIdOf(previous.body) &&
    next.body.sequence === previous.body.sequence + 1 &&
    next.body.previous === previous.hash
  )
}
