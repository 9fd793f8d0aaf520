import { devicePublicKeyOf } from '@bitdust/crypto'
import {
  type JournalEntry,
  type JournalId,
  journalEntryRecord,
  journalIdOf,
  type Opened,
  RecordError,
  verifyJournalStart,
} from '@bitdust/records'
import type { Location } from '../locations/types.ts'
import type { JournalTree } from './journal-tree.ts'

/** Where entries must belong. */
export interface ExpectedPlace {
  readonly location: Pick<Location, 'id' | 'owner'>
  readonly journal: JournalId
}

/** Whether an entry, or the first of some that follow each other, can be added to what is known. */
export function connects(tree: JournalTree, { body }: Opened<JournalEntry>): boolean {
  return tree.connects({ journal: journalIdOf(body), sequence: body.sequence, previous: body.previous })
}

/**
 * Checks entries of one journal that follow each other: they belong here, the chain of hashes holds, and the journal's
 * device signed each of them; the first entry of a journal also proves whose the device is.
 *
 * @param entries - The first one connects to the tree.
 * @throws {RecordError} `RecordInvalid` or `SignatureInvalid`; none of the entries is to be used then.
 */
export async function verifyEntries(
  entries: readonly Opened<JournalEntry>[],
  { location, journal }: ExpectedPlace,
): Promise<void> {
  for (const [index, { body }] of entries.entries()) {
    const before = entries[index - 1]
    if (body.owner !== location.owner || body.location !== location.id || journalIdOf(body) !== journal)
      throw new RecordError('RecordInvalid', 'the entry belongs to another journal')
    if (before !== undefined && (body.previous !== before.hash || body.sequence !== before.body.sequence + 1))
      throw new RecordError('RecordInvalid', `entry ${body.sequence} does not follow the one before it`)
  }
  await Promise.all(entries.map(verifyEntry))
}

/** The id of a journal covers the device, so the key in the entry is the right one once the id is. */
async function verifyEntry(entry: Opened<JournalEntry>): Promise<void> {
  if (entry.body.sequence === 0) await verifyJournalStart(entry)
  else await journalEntryRecord.verify(entry, 'device', devicePublicKeyOf(entry.body.device))
}
