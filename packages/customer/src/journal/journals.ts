import type { DeviceId, Fingerprint } from '@bitdust/crypto'
import type { Clock } from '@bitdust/machine'
import {
  type JournalEntry,
  type JournalHead,
  journalEntryRecord,
  type LocationId,
  MAX_HEADS,
  type Opened,
  openPayload,
} from '@bitdust/records'
import { type KeyValueStore, storeQuorum } from '@bitdust/upkeep'
import { CustomerError, isCustomerError } from '../errors.ts'
import type { OwnedLocations } from '../locations/locations.ts'
import type { QuorumReached } from '../locations/quorum.ts'
import type { Location } from '../locations/types.ts'
import type { CallOptions, RemoteSuppliers, Self } from '../ports.ts'
import { createTurns } from '../turns.ts'
import { composeEntry } from './compose-entry.ts'
import { createJournalBooks } from './journal-books.ts'
import { createJournalTree, type JournalTree } from './journal-tree.ts'
import { knownEntry } from './known-entry.ts'
import { goneOn, holdersOf, type OwnJournal, ownJournal, tipsOf } from './own-journal.ts'
import { type CountedEntries, countedEntries } from './revoked-entries.ts'
import { EntriesRefused, sendEntries } from './send-entries.ts'
import { type HeadsBySupplier, type SyncOutcome, syncJournals } from './sync-journals.ts'
import type { AppendedEntry, AppendOptions, EntryDraft, Journals, KnownEntry, SyncReport } from './types.ts'

export interface JournalsOptions {
  readonly self: Self
  readonly remotes: RemoteSuppliers
  readonly store: KeyValueStore
  readonly clock: Clock
  /** Asks for newer headers and member lists of a location. */
  readonly refresh: (location: Location, options: CallOptions) => Promise<void>
  /** Asks for a newer header; tells whether there can be none that is newer. */
  readonly refreshHeader: OwnedLocations['refreshHeader']
}

/** Keeps the journals of all locations. Nothing is read or asked before the first call. */
export function createJournals({ self, remotes, store, clock, refresh, refreshHeader }: JournalsOptions): Journals {
  const books = createJournalBooks(store)
  const turns = createTurns()
  const trees = new Map<LocationId, Promise<JournalTree>>()
  const counted = new Map<LocationId, CountedEntries & { readonly settled: unknown; readonly revoked: unknown }>()

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

  const thisDevice = { writer: self.fingerprint, device: self.deviceKey.publicKey.id }

  /** Where to write next. */
  async function ownOf(location: Location): Promise<OwnJournal> {
    return ownJournal(await treeOf(location), location, self, await books.own(location.id))
  }

  /** What counts, worked out once for each state of entries and header. */
  function countedOf(location: Location, tree: JournalTree): CountedEntries {
    const { revoked } = location
    const settled = tree.settled()
    const known = counted.get(location.id)
    if (known !== undefined && known.settled === settled && known.revoked === revoked) return known
    const fresh = { ...countedEntries(tree, location), settled, revoked }
    counted.set(location.id, fresh)
    return fresh
  }

  /** Journals and header are asked for side by side: a newer header says what counts, and under which secret to write. */
  async function syncNow(
    location: Location,
    { forWriting = false, ...options }: CallOptions & { readonly forWriting?: boolean },
  ): Promise<SyncOutcome & { readonly isHeaderSure: boolean }> {
    const tree = await treeOf(location)
    let lost: CustomerError | undefined
    const [outcome, isHeaderSure] = await Promise.all([
      syncJournals({ ...options, location, remotes, tree, books, clock, refresh }),
      refreshHeader(location, { ...options, forWriting }).catch((error: unknown): boolean => {
        options.signal.throwIfAborted()
        if (forWriting || !isCustomerError(error)) throw error
        // What was known before can still be read.
        if (!error.retryable) lost = error
        return false
      }),
    ])
    const { family, heads } = outcome
    // Suppliers also get entries from each other, by repair.
    const arrived = tipsOf(tree, thisDevice).flatMap((tip) => {
      const chain = tree.chain(tip)
      return chain.filter(
        (entry) =>
          tree.isPending(entry.hash) && family !== null && holdersOf(entry, chain, heads) >= storeQuorum(family.body.n),
      )
    })
    await acknowledge(location, arrived)
    const fork = goneOn(tree, location, self, await books.own(location.id))
    const problems = [
      ...outcome.report.problems,
      ...(lost === undefined ? [] : [lost]),
      ...(fork === null ? [] : [fork]),
      ...countedOf(location, tree).problems,
    ]
    return { ...outcome, report: { ...outcome.report, problems }, isHeaderSure }
  }

  async function acknowledge(location: Location, entries: readonly KnownEntry[]): Promise<void> {
    if (entries.length === 0) return
    const tree = await treeOf(location)
    await books.acknowledge(location.id, entries)
    for (const { hash } of entries) tree.acknowledge(hash)
  }

  async function appendNow(location: Location, draft: EntryDraft, options: AppendOptions): Promise<AppendedEntry> {
    const { report, heads, refusal, isHeaderSure } = await syncNow(location, {
      signal: options.signal,
      forWriting: true,
    })
    if (!report.fresh || !isHeaderSure) throw refusal ?? notFresh(location, report)
    await sendWaiting(location, heads, options)
    const { entry, sent } = await write(location, draft, heads, options)
    return { entry, rest: sent.rest }
  }

  /** Sends entries again that reached too few suppliers; what cannot be stored any more as it is, is written anew. */
  async function sendWaiting(location: Location, heads: HeadsBySupplier, options: AppendOptions): Promise<void> {
    const tree = await treeOf(location)
    const waiting = [
      ...new Set(tipsOf(tree, thisDevice).flatMap((tip) => tree.chain(tip).filter(({ hash }) => tree.isPending(hash)))),
    ]
    if (waiting.length === 0) return
    const { epoch, chain } = await ownOf(location)
    const from = chain.findIndex(isWaiting)
    // What nobody has yet is not sent any more under a secret that has been replaced.
    const isReplaced = waiting.some(
      (entry) => entry.generation < location.generation && holdersOf(entry, chain, heads) === 0,
    )
    try {
      if (from >= 0 && !isReplaced) await send(location, chain, from, heads, { ...options, waiting: true })
    } catch (error) {
      if (!(error instanceof EntriesRefused)) throw error
      if (error.stored > 0) throw error.cause
    }
    const left = waiting.filter(isWaiting)
    if (left.length === 0) return
    const drafts = await Promise.all(left.map((entry) => draftOf(location, entry)))
    await withdraw(location, { epoch, chain }, left)
    for (const draft of drafts) await write(location, draft, heads, options)

    function isWaiting({ hash }: KnownEntry): boolean {
      return tree.isPending(hash)
    }
  }

  /** Takes back what nobody has; what somebody went on with stays. */
  async function withdraw(
    location: Location,
    { epoch, chain }: OwnJournal,
    entries: readonly KnownEntry[],
  ): Promise<void> {
    const tree = await treeOf(location)
    const gone = new Set<KnownEntry>()
    for (const entry of entries.toReversed()) {
      const isLast = tree.tips(entry.journal).some(({ hash }) => hash === entry.hash)
      if (!isLast) continue
      tree.remove(entry)
      gone.add(entry)
    }
    const end = chain.findLast((entry) => !gone.has(entry))
    await books.forget(location.id, [...gone], end === undefined ? null : { epoch, hash: end.hash })
    await acknowledge(
      location,
      entries.filter((entry) => !gone.has(entry)),
    )
  }

  async function journalEnds(
    location: Location,
    devices: readonly DeviceId[],
    options: CallOptions,
  ): Promise<ReadonlyMap<DeviceId, readonly JournalHead[]>> {
    const { report, family, heads } = await syncNow(location, options)
    if (!report.fresh || family === null) throw notFresh(location, report)
    const tree = await treeOf(location)
    const ends = new Map<DeviceId, readonly JournalHead[]>()
    for (const device of devices) {
      const tips = tipsOf(tree, { writer: self.fingerprint, device }).filter(({ hash }) => !tree.isPending(hash))
      for (const [journal, [tip, ...branches]] of Map.groupBy(tips, ({ journal: of }) => of)) {
        // Of a journal that was forked no branch can be at all suppliers.
        if (tip !== undefined && branches.length === 0 && tree.tips(journal).length === 1)
          await spread(location, tree.chain(tip), heads, { ...options, family })
      }
      ends.set(
        device,
        tips.slice(0, MAX_HEADS).map(({ journal, sequence, hash }) => ({ journal, sequence, hash })),
      )
    }
    return ends
  }

  /** Brings the journal of another device of ours to H suppliers as far as it is known here. */
  async function spread(
    location: Location,
    chain: readonly KnownEntry[],
    heads: HeadsBySupplier,
    options: AppendOptions,
  ): Promise<void> {
    try {
      await sendEntries({ ...options, location, remotes, books, chain, from: chain.length, heads })
    } catch (error) {
      // Somebody holds another branch, or more of it than we were shown.
      if (!(error instanceof EntriesRefused)) throw error
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
    const { epoch, chain: before } = await ownOf(location)
    const family = options.family.body.revision
    const opened = await composeEntry(draft, {
      self,
      location,
      tree,
      ignored: countedOf(location, tree).ignored,
      epoch,
      before: before.at(-1) ?? null,
      family,
    })
    const entry = knownEntry(opened)
    await books.write(location.id, opened)
    tree.add(entry, { pending: true })
    const chain = [...before, entry]
    try {
      return { entry, sent: await send(location, chain, before.length, heads, options) }
    } catch (error) {
      if (!(error instanceof EntriesRefused)) throw error
      // Family or key change at this very moment: some suppliers took the entry, the others get it as one that waited.
      if (error.stored > 0 && location.mine) {
        await refreshHeader(location, { signal: options.signal, forWriting: true })
        return { entry, sent: await send(location, chain, before.length, heads, { ...options, waiting: true }) }
      }
      if (error.stored > 0) throw error.cause
      await withdraw(location, { epoch, chain }, [entry])
      throw new CustomerError('RecordRollback', 'the suppliers know a newer family or key, or a fork of our journal', {
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
    entries: async (location) => countedOf(location, await treeOf(location)).entries,
    ignored: async (location) => countedOf(location, await treeOf(location)).ignored,
    journalEnds: (location, devices, options) => turns.take(location.id, () => journalEnds(location, devices, options)),
    payload,
    async isAuthor(location, writer: Fingerprint, device: DeviceId) {
      if (writer === thisDevice.writer && device === thisDevice.device) return true
      return tipsOf(await treeOf(location), { writer, device }).length > 0
    },
  }
}

function notFresh(location: Location, { answered: have, need }: SyncReport): CustomerError {
  const message = `${have} of ${need} suppliers told where the journals of ${location.alias} end`
  return new CustomerError('CatalogFreshnessUnknown', message, { have, need, subject: location.id, retryable: true })
}
