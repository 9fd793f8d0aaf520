import type { Clock } from '@bitdust/machine'
import {
  type JournalEntry,
  journalEntryRecord,
  journalIdOf,
  type LocationId,
  type Opened,
  openPayload,
} from '@bitdust/records'
import { type KeyValueStore, storeQuorum } from '@bitdust/upkeep'
import { CustomerError } from '../errors.ts'
import type { QuorumReached } from '../locations/quorum.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import { createTurns } from '../turns.ts'
import { composeEntry } from './compose-entry.ts'
import { createJournalBooks } from './journal-books.ts'
import { createJournalTree, type JournalTree } from './journal-tree.ts'
import { knownEntry } from './known-entry.ts'
import { holdersOf, ownChain } from './own-chain.ts'
import { EntriesRefused, sendEntries } from './send-entries.ts'
import { type HeadsBySupplier, type SyncOutcome, syncJournals } from './sync-journals.ts'
import type { AppendedEntry, AppendOptions, EntryDraft, Journals, KnownEntry } from './types.ts'

export interface JournalsOptions {
  readonly self: Self
  readonly remotes: RemoteSuppliers
  readonly store: KeyValueStore
  readonly clock: Clock
  /** Asks for newer headers and member lists of a location. */
  readonly refresh: (location: Location, options: CallOptions) => Promise<void>
}

/** Keeps the journals of all locations. Nothing is read or asked before the first call. */
export function createJournals({ self, remotes, store, clock, refresh }: JournalsOptions): Journals {
  const books = createJournalBooks(store)
  const turns = createTurns()
  const trees = new Map<LocationId, Promise<JournalTree>>()

  function treeOf(location: Location): Promise<JournalTree> {
    const known = trees.get(location.id)
    if (known !== undefined) return known
    const loading = load(location.id)
    trees.set(location.id, loading)
    loading.catch(() => trees.delete(location.id))
    return loading
  }

  async function load(location: LocationId): Promise<JournalTree> {
    const tree = createJournalTree()
    const pending = await books.pending(location)
    for await (const opened of books.load(location)) {
      const entry = knownEntry(opened)
      // What stands behind a damaged entry is found again at the suppliers, together with it.
      if (tree.connects(entry)) tree.add(entry, { pending: pending.has(entry.hash) })
    }
    return tree
  }

  function ownJournal(location: Location) {
    return journalIdOf({ location: location.id, writer: self.fingerprint, device: self.deviceKey.publicKey.id })
  }

  async function syncNow(location: Location, options: CallOptions): Promise<SyncOutcome> {
    const tree = await treeOf(location)
    const outcome = await syncJournals({ ...options, location, remotes, tree, books, clock, refresh })
    const { family, heads } = outcome
    const chain = ownChain(tree, ownJournal(location), heads)
    // Suppliers also get entries from each other, by repair.
    const arrived = chain.filter(
      (entry) =>
        tree.isPending(entry.hash) && family !== null && holdersOf(entry, chain, heads) >= storeQuorum(family.body.n),
    )
    await acknowledge(location, arrived)
    return outcome
  }

  async function acknowledge(location: Location, entries: readonly KnownEntry[]): Promise<void> {
    if (entries.length === 0) return
    const tree = await treeOf(location)
    await books.acknowledge(location.id, entries)
    for (const { hash } of entries) tree.acknowledge(hash)
  }

  async function appendNow(location: Location, draft: EntryDraft, options: AppendOptions): Promise<AppendedEntry> {
    const { report, heads } = await syncNow(location, options)
    if (!report.fresh)
      throw new CustomerError(
        'CatalogFreshnessUnknown',
        `${report.answered} of ${report.need} suppliers told where the journals of ${location.alias} end`,
        { have: report.answered, need: report.need, subject: location.id, retryable: true },
      )
    await sendWaiting(location, heads, options)
    const { entry, sent } = await write(location, draft, heads, options)
    return { entry, rest: sent.rest }
  }

  /** Sends entries again that reached too few suppliers; what cannot be stored any more as it is, is written anew. */
  async function sendWaiting(location: Location, heads: HeadsBySupplier, options: AppendOptions): Promise<void> {
    const tree = await treeOf(location)
    const waiting = tree.tips(ownJournal(location)).flatMap((tip) => tree.chain(tip).filter(isWaiting))
    if (waiting.length === 0) return
    const chain = ownChain(tree, ownJournal(location), heads)
    const from = chain.findIndex(isWaiting)
    try {
      if (from >= 0) await send(location, chain, from, heads, { ...options, waiting: true })
    } catch (error) {
      if (!(error instanceof EntriesRefused)) throw error
      if (error.stored > 0) throw error.cause
    }
    const left = waiting.filter(isWaiting)
    if (left.length === 0) return
    const drafts = await Promise.all(left.map((entry) => draftOf(location, entry)))
    await books.forget(location.id, left)
    for (const entry of left.toReversed()) tree.remove(entry)
    for (const draft of drafts) await write(location, draft, heads, options)

    function isWaiting({ hash }: KnownEntry): boolean {
      return tree.isPending(hash)
    }
  }

  async function draftOf(location: Location, entry: KnownEntry): Promise<EntryDraft> {
    return { payload: await payload(location, entry), date: entry.date }
  }

  /** Writes one entry. It is in the store before it is sent, so that whatever happens it is never replaced by another. */
  async function write(
    location: Location,
    draft: EntryDraft,
    heads: HeadsBySupplier,
    options: AppendOptions,
  ): Promise<{ readonly entry: KnownEntry; readonly sent: QuorumReached<void> }> {
    const tree = await treeOf(location)
    const before = ownChain(tree, ownJournal(location), heads)
    const family = options.family.body.revision
    const opened = await composeEntry(draft, { self, location, tree, before: before.at(-1) ?? null, family })
    const entry = knownEntry(opened)
    await books.keep(location.id, [opened], { pending: true })
    tree.add(entry, { pending: true })
    const chain = [...before, entry]
    try {
      return { entry, sent: await send(location, chain, before.length, heads, options) }
    } catch (error) {
      if (!(error instanceof EntriesRefused)) throw error
      // The family changes at this very moment: some suppliers took the entry, the others get it as one that waited.
      if (error.stored > 0 && location.mine)
        return { entry, sent: await send(location, chain, before.length, heads, { ...options, waiting: true }) }
      if (error.stored > 0) throw error.cause
      await books.forget(location.id, [entry])
      tree.remove(entry)
      throw new CustomerError('RecordRollback', 'the suppliers know a newer family, or a fork of our journal', {
        cause: error.cause,
        subject: location.id,
        retryable: true,
      })
    }
  }

  async function send(
    location: Location,
    chain: readonly KnownEntry[],
    from: number,
    heads: HeadsBySupplier,
    options: AppendOptions & { readonly waiting?: boolean },
  ): Promise<QuorumReached<void>> {
    const sent = await sendEntries({ ...options, location, remotes, books, chain, from, heads })
    await acknowledge(location, chain.slice(from))
    return sent
  }

  async function payload(location: Location, entry: KnownEntry) {
    const bytes = await books.read(location.id, entry)
    if (bytes === null)
      throw new CustomerError('StorageCorrupt', `entry ${entry.sequence} of a journal is damaged in the store`, {
        subject: entry.hash,
      })
    const { body }: Opened<JournalEntry> = journalEntryRecord.open(bytes)
    return openPayload(location.secret(entry.generation), body)
  }

  return {
    sync: (location, options) => turns.take(location.id, async () => (await syncNow(location, options)).report),
    async append(location, draft, options) {
      try {
        return await turns.take(location.id, () => appendNow(location, draft, options))
      } catch (error) {
        throw error instanceof EntriesRefused ? error.cause : error
      }
    },
    entries: async (location) => (await treeOf(location)).settled(),
    payload,
    async isAuthor(location, writer, device) {
      if (writer === self.fingerprint && device === self.deviceKey.publicKey.id) return true
      const tree = await treeOf(location)
      return tree.tips(journalIdOf({ location: location.id, writer, device })).length > 0
    },
  }
}
