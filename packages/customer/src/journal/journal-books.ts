import {
  defineMessage,
  type EntryHash,
  entryHash,
  epochNumber,
  hashOf,
  integer,
  isRecordError,
  type JournalEntry,
  type JournalId,
  journalEntryRecord,
  journalIdOf,
  type LocationId,
  type Opened,
  parseHash,
  struct,
} from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { KnownEntry } from './types.ts'

/** What names an entry in the store. */
export type EntryName = Pick<KnownEntry, 'journal' | 'sequence' | 'hash'>

/** The last entry that this device wrote in a location. */
export interface OwnEnd {
  /** In which of its journals. */
  readonly epoch: number
  readonly hash: EntryHash
}

/** The journal entries that this device keeps. Only verified ones get here, so reading checks nothing but their hash. */
export interface JournalBooks {
  /** All entries, those of a journal in order. What is damaged is removed: the suppliers have it. */
  load(location: LocationId): AsyncIterable<Opened<JournalEntry>>
  /** Entries of our own that too few suppliers have acknowledged. */
  pending(location: LocationId): Promise<ReadonlySet<EntryHash>>
  /** The bytes of an entry; null when they are gone or damaged. */
  read(location: LocationId, entry: EntryName): Promise<Uint8Array | null>
  keep(location: LocationId, entries: readonly Opened<JournalEntry>[]): Promise<void>
  /** Keeps an entry that was just written here, and notes that it is the last one. */
  write(location: LocationId, entry: Opened<JournalEntry>): Promise<void>
  /** What this device wrote last; null: nothing that it remembers. */
  own(location: LocationId): Promise<OwnEnd | null>
  acknowledge(location: LocationId, entries: readonly EntryName[]): Promise<void>
  /** Removes entries of our own. @param own - What is the last one then. */
  forget(location: LocationId, entries: readonly EntryName[], own: OwnEnd | null): Promise<void>
}

/** Enough digits for every safe integer, so that the order of keys is that of numbers. */
const SEQUENCE_DIGITS = 16
/** Only its being there says something. */
const MARK = Uint8Array.of(1)

// journal/<location>/<journal>/<sequence, 16 digits>/<hash>: the record · pending/<location>/<hash>: a mark
// own/<location>: OwnEnd

interface StoredEnd extends OwnEnd {
  readonly version: number
}

/** Form of {@link OwnEnd} in the store, version 1. */
const ownMessage = defineMessage(
  struct<StoredEnd>({ version: integer(1, 1), epoch: epochNumber, hash: entryHash }),
  'own journal',
)
const MAX_OWN_BYTES = 256

export function createJournalBooks(store: KeyValueStore): JournalBooks {
  async function* load(location: LocationId): AsyncGenerator<Opened<JournalEntry>> {
    const prefix = `journal/${location}/`
    for await (const [key, bytes] of store.list({ prefix })) {
      const opened = openStored(key, bytes)
      if (opened === null) await store.batch([{ delete: key }])
      else yield opened
    }
  }

  return {
    load,
    async pending(location) {
      const prefix = `pending/${location}/`
      const hashes = new Set<EntryHash>()
      for await (const [key] of store.list({ prefix })) hashes.add(parseHash(key.slice(prefix.length)))
      return hashes
    },
    async read(location, entry) {
      const bytes = await store.get(entryKey(location, entry))
      return bytes !== null && hashOf(bytes) === entry.hash ? bytes : null
    },
    keep: (location, entries) => store.batch(entries.map((entry) => putOf(location, entry))),
    write: (location, entry) =>
      store.batch([
        putOf(location, entry),
        { put: pendingKey(location, entry.hash), value: MARK },
        putOwn(location, { epoch: entry.body.epoch, hash: entry.hash }),
      ]),
    async own(location) {
      const bytes = await store.get(ownKey(location))
      try {
        if (bytes === null) return null
        const { epoch, hash } = ownMessage.decode(bytes, MAX_OWN_BYTES)
        return { epoch, hash }
      } catch (error) {
        // Whoever does not remember starts another journal.
        if (isRecordError(error)) return null
        throw error
      }
    },
    acknowledge: (location, entries) =>
      store.batch(entries.map(({ hash }) => ({ delete: pendingKey(location, hash) }))),
    forget: (location, entries, own) =>
      store.batch([
        ...entries.flatMap((entry) => [
          { delete: entryKey(location, entry) },
          { delete: pendingKey(location, entry.hash) },
        ]),
        own === null ? { delete: ownKey(location) } : putOwn(location, own),
      ]),
  }
}

/** Null: these are not the bytes that were stored under this key. */
function openStored(key: string, bytes: Uint8Array): Opened<JournalEntry> | null {
  if (!key.endsWith(`/${hashOf(bytes)}`)) return null
  try {
    return journalEntryRecord.open(bytes)
  } catch {
    return null
  }
}

function entryKey(location: LocationId, { journal, sequence, hash }: EntryName): string {
  return `journal/${location}/${journal satisfies JournalId}/${String(sequence).padStart(SEQUENCE_DIGITS, '0')}/${hash}`
}

function putOf(location: LocationId, { body, hash, bytes }: Opened<JournalEntry>) {
  return { put: entryKey(location, { journal: journalIdOf(body), sequence: body.sequence, hash }), value: bytes }
}

function putOwn(location: LocationId, own: OwnEnd) {
  return { put: ownKey(location), value: ownMessage.encode({ version: 1, ...own }) }
}

function ownKey(location: LocationId): string {
  return `own/${location}`
}

function pendingKey(location: LocationId, hash: EntryHash): string {
  return `pending/${location}/${hash}`
}
