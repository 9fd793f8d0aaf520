import { isBitdustError } from '@bitdust/crypto'
import type { PeerRef } from '@bitdust/identity'
import { type JournalEntry, type JournalId, journalEntryRecord, type Opened } from '@bitdust/records'
import { CustomerError } from '../errors.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers } from '../ports.ts'
import type { JournalBooks } from './journal-books.ts'
import type { JournalTree } from './journal-tree.ts'
import { knownEntry } from './known-entry.ts'
import { connects, verifyEntries } from './verify-entries.ts'

/** Entries that are verified side by side and stored at once. */
const BATCH_ENTRIES = 64

export interface FetchOptions extends CallOptions {
  readonly location: Location
  readonly journal: JournalId
  readonly peer: PeerRef
  readonly remotes: Pick<RemoteSuppliers, 'getJournal'>
  readonly tree: JournalTree
  readonly books: JournalBooks
}

/**
 * Takes over the entries of a journal that one supplier has beyond what is known. Batches which verified are kept even
 * when a later one does not.
 *
 * @throws {CustomerError} `CatalogSignatureInvalid` or `RecordInvalid` with the supplier as culprit. What the network throws.
 */
export async function fetchEntries(options: FetchOptions): Promise<void> {
  const { journal, peer, tree } = options
  const [top] = tree.tips(journal)
  try {
    const reached = await readFrom(top === undefined ? 0 : top.sequence + 1, options)
    // The supplier's copy leaves ours earlier: it is read from its beginning.
    if (!reached && top !== undefined) await readFrom(0, options)
  } catch (error) {
    if (!isBitdustError(error) || error.name !== 'RecordError') throw error
    const code = error.code === 'SignatureInvalid' ? 'CatalogSignatureInvalid' : 'RecordInvalid'
    throw new CustomerError(code, `journal ${journal} at ${peer.idurl}: ${error.message}`, {
      cause: error,
      culprit: peer.fingerprint,
      subject: journal,
    })
  }
}

/** @returns Whether there were entries and they connect to what is known. */
async function readFrom(from: number, options: FetchOptions): Promise<boolean> {
  const { location, journal, peer, remotes, tree, signal } = options
  const query = { customer: location.owner, location: location.id, journal, from }
  let batch: Opened<JournalEntry>[] = []
  let found = false
  for await (const bytes of remotes.getJournal(peer, query, { signal })) {
    const entry = journalEntryRecord.open(bytes)
    if (tree.has(entry.hash)) continue
    if (batch.length === 0 && !connects(tree, entry)) return false
    found = true
    batch.push(entry)
    if (batch.length < BATCH_ENTRIES) continue
    await take(batch, options)
    batch = []
  }
  await take(batch, options)
  return found
}

async function take(batch: readonly Opened<JournalEntry>[], options: FetchOptions): Promise<void> {
  if (batch.length === 0) return
  await verifyEntries(batch, options)
  await options.books.keep(options.location.id, batch)
  for (const entry of batch) options.tree.add(knownEntry(entry))
}
