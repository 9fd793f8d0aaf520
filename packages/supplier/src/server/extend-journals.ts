import { devicePublicKeyOf } from '@bitdust/crypto'
import {
  hashOf,
  type JournalEntry,
  type JournalId,
  journalEntryRecord,
  journalIdOf,
  type Opened,
  verifyJournalStart,
} from '@bitdust/records'
import { SupplierError } from '../errors.ts'
import { MAX_JOURNALS } from '../limits.ts'
import type { StoredJournalHead } from '../protocol/journals.ts'
import type { LocationRequest } from '../protocol/services.ts'
import type { Desk } from './desk.ts'
import { requireRoomForLocation } from './location-limit.ts'

/** What one journal grows by. */
export interface Addition {
  /** Where it ends then. */
  readonly head: StoredJournalHead
  /** Without those that are stored already. */
  readonly entries: readonly Opened<JournalEntry>[]
}

/**
 * Finds out which entries are new, and verifies those: each follows the one before in its journal, and the device of the
 * journal signed it. Changes nothing.
 *
 * @param entries - Of one location, in the order of each journal.
 * @throws {SupplierError} `RecordInvalid` for a gap or a fork, `LimitExceeded`.
 * @throws {RecordError} `SignatureInvalid` and what is wrong with the first entry of a journal.
 */
export async function extendJournals(
  desk: Desk,
  place: LocationRequest,
  entries: readonly Opened<JournalEntry>[],
): Promise<readonly Addition[]> {
  const byJournal = Map.groupBy(entries, ({ body }) => journalIdOf(body))
  const additions: Addition[] = []
  for (const [journal, own] of byJournal) {
    const addition = await extend(desk, place, journal, own)
    if (addition !== null) additions.push(addition)
  }
  const started = additions.filter(({ entries: [first] }) => first?.body.sequence === 0)
  if (started.length > 0) await requireRoom(desk, place, started.length)
  return additions
}

async function extend(
  { books }: Desk,
  place: LocationRequest,
  journal: JournalId,
  entries: readonly Opened<JournalEntry>[],
): Promise<Addition | null> {
  let head = await books.journals.head(place, journal)
  const added: Opened<JournalEntry>[] = []
  for (const entry of entries) {
    const { sequence } = entry.body
    const next = head === null ? 0 : head.sequence + 1
    if (sequence > next)
      throw new SupplierError('RecordInvalid', `the journal has ${next} entries, number ${sequence} leaves a gap`)
    if (sequence < next) {
      const known =
        added.find(({ body }) => body.sequence === sequence)?.bytes ??
        (await books.journals.entry(place, journal, sequence))
      if (known === null || hashOf(known) !== entry.hash) throw fork(sequence)
      continue
    }
    await verifyNext(head, entry)
    const { writer, device, epoch } = entry.body
    head = { journal, writer, device, epoch, sequence, hash: entry.hash }
    added.push(entry)
  }
  return head === null || added.length === 0 ? null : { head, entries: added }
}

/** The first entry proves whose the device is; the journal id holds the later ones to the same device. */
async function verifyNext(head: StoredJournalHead | null, entry: Opened<JournalEntry>): Promise<void> {
  if (head === null) {
    await verifyJournalStart(entry)
    return
  }
  if (entry.body.previous !== head.hash) throw fork(head.sequence)
  await journalEntryRecord.verify(entry, 'device', devicePublicKeyOf(entry.body.device))
}

function fork(sequence: number): SupplierError {
  return new SupplierError('RecordInvalid', `another entry number ${sequence} of this journal is stored`)
}

async function requireRoom(desk: Desk, place: LocationRequest, started: number): Promise<void> {
  const { length } = await desk.books.journals.heads(place)
  if (length + started > MAX_JOURNALS)
    throw new SupplierError('LimitExceeded', `${length} journals in this location already`)
  await requireRoomForLocation(desk, place.customer, place.location)
}
