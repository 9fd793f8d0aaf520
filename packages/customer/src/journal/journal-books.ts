import {
  type EntryHash,
  hashOf,
  type JournalEntry,
  type JournalId,
  journalEntryRecord,
  journalIdOf,
  type LocationId,
  type Opened,
  parseHash,
} from '@bitdust/records'
import type { KeyValueStore } from '@bitdust/upkeep'
import type { KnownEntry } from './types.ts'

/** What names an entry in the store. */
export type EntryName = Pick<KnownEntry, 'journal' | 'sequence' | 'hash'>

/** The journal entries that this device keeps. Only verified ones get here, so reading checks nothing but their hash. */
export interface JournalBooks {
  /** All entries, those of a journal in order. What is damaged is removed: the suppliers have it. */
  load(location: LocationId): AsyncIterable<Opened<JournalEntry>>
  /** Entries of our own that too few suppliers have acknowledged. */
  pending(location: LocationId): Promise<ReadonlySet<EntryHash>>
  /** The bytes of an entry; null when they are gone or damaged. */
  read(location: LocationId, entry: EntryName): Promise<Uint8Array | null>
  keep(
    location: LocationId,
    entries: readonly Opened<JournalEntry>[],
    options?: { readonly pending?: boolean },
  ): Promise<void>
  acknowledge(location: LocationId, entries: readonly EntryName[]): Promise<void>
  forget(location: LocationId, entries: readonly EntryName[]): Promise<void>
}

/** Enough digits for every safe integer, so that the order of keys is that of numbers. */
const SEQUENCE_DIGITS = 16
/** Only its being there says something. */
const MARK = Uint8Array.of(1)

// journal/<location>/<journal>/<sequence, 16 digits>/<hash>: the record · pending/<location>/<hash>: a mark

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
    async keep(location, entries, { pending = false } = {}) {
      await store.batch(
        entries.flatMap(({ body, hash, bytes }) => [
          {
            put: entryKey(location, { journal: journalIdOf(body), sequence: body.sequence, hash }),
            value: bytes,
          },
          ...(pending ? [{ put: pendingKey(location, hash), value: MARK }] : []),
        ]),
      )
    },
    acknowledge: (location, entries) =>
      store.batch(entries.map(({ hash }) => ({ delete: pendingKey(location, hash) }))),
    forget: (location, entries) =>
      store.batch(
        entries.flatMap((entry) => [
          { delete: entryKey(location, entry) },
          { delete: pendingKey(location, entry.hash) },
        ]),
      ),
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

function pendingKey(location: LocationId, hash: EntryHash): string {
  return `pending/${location}/${hash}`
}
