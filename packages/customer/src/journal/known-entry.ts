import { type JournalEntry, journalIdOf, type Opened } from '@bitdust/records'
import type { KnownEntry } from './types.ts'

/** What of an entry is kept in memory. */
export function knownEntry({ body, hash }: Opened<JournalEntry>): KnownEntry {
  const { writer, device, epoch, sequence, previous, heads, family, date, kind, generation } = body
  const journal = journalIdOf(body)
  return { hash, journal, writer, device, epoch, sequence, previous, heads, family, date, kind, generation }
}
